"""The life of a policy: a bundle of rules with the hash of its contents as its name.

draft → validated → simulated → approved → active → superseded. Each step is a fact that is added;
the newest fact of a version is its state. A version that was active once may be activated again:
that is a rollback, and needs no second approval.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from golden_records.domain.errors import TerminalError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

SHORT: Final = 12
"""So many letters of a version are shown, and are enough to name it."""


class PolicyState(StrEnum):
    """How far a version has come."""

    DRAFT = "draft"
    VALIDATED = "validated"
    SIMULATED = "simulated"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    SUPERSEDED = "superseded"


class PolicyChanged(TransientError):
    """Another policy became active meanwhile; run the command again."""


class PolicyStepRefused(TerminalError):
    """The policy cannot take this step; do first what the message says."""


class PolicyUnknown(TerminalError):
    """There is no such policy; `mdhub policy list` shows those that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFact:
    """One step of one version, by whom and when; `figures` hold what a simulation found."""

    version: str
    state: PolicyState
    actor: str
    at: datetime
    reason: str = ""
    base: str | None = None
    """The active version at that moment: what an import, a simulation or an approval was for."""
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenReport:
    """Figures of matching under a version, kept to compare with; `base` was active then."""

    version: str
    actor: str
    reason: str
    base: str | None
    figures: Mapping[str, object]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A version with its facts, oldest first, and the version that is active."""

    version: str
    facts: Sequence[PolicyFact]
    active: str | None

    @property
    def state(self) -> PolicyState:
        return self.facts[-1].state

    def last(self, *states: PolicyState) -> PolicyFact | None:
        return next((fact for fact in reversed(self.facts) if fact.state in states), None)

    @property
    def short(self) -> str:
        return self.version[:SHORT]


def check_base(base: str | None, active: str | None) -> None:
    """Refuse an import that was not made from the active version: it would undo what came since."""
    if active is None or base == active:
        return
    now = active[:SHORT]
    if base is None:
        message = (
            f"nothing says which version this folder was made from; the active one is {now}."
            f" Start from `mdhub policy export`, or say `--base {now}` if it was made from that"
        )
    else:
        message = (
            f"this folder was made from {base[:SHORT]}, but {now} is active now: see"
            f" `mdhub policy diff {base[:SHORT]} {now}`, export {now}, carry your change over"
            " and import again"
        )
    raise PolicyStepRefused(message, base=base, active=active)


def check_approval(standing: Standing, actor: str, *, four_eyes: bool) -> None:
    """Refuse to approve what was not simulated against today's policy, or by its own author."""
    simulated = standing.last(PolicyState.SIMULATED)
    if standing.state is PolicyState.ACTIVE:
        raise PolicyStepRefused(f"{standing.short} is active already")
    if simulated is None or simulated.base != standing.active:
        why = "has not been simulated" if simulated is None else "was simulated before the last"
        rest = "" if simulated is None else " activation"
        message = f"{standing.short} {why}{rest}; run `mdhub simulate {standing.short}`"
        raise PolicyStepRefused(message)
    drafted = standing.last(PolicyState.DRAFT)
    if four_eyes and drafted is not None and drafted.actor == actor:
        message = (
            f"{actor} imported {standing.short} and the policy asks for four eyes; somebody else"
            " must approve it"
        )
        raise PolicyStepRefused(message, actor=actor)


def check_reported(
    standing: Standing, report: FrozenReport | None, entities: Sequence[str]
) -> None:
    """Refuse to match these entities otherwise without a report of what that does to them."""
    if not entities or (report is not None and report.base == standing.active):
        return
    why = "there is no report of that" if report is None else "its report is of an earlier policy"
    message = (
        f"{standing.short} matches {', '.join(entities)} otherwise, and {why}: run"
        f" `mdhub match report --policy {standing.short} --freeze`"
    )
    raise PolicyStepRefused(message, entities=list(entities))


def check_activation(standing: Standing) -> None:
    """Refuse to activate what nobody approved for today's policy."""
    if standing.state is PolicyState.ACTIVE:
        raise PolicyStepRefused(f"{standing.short} is active already")
    approved = standing.last(PolicyState.APPROVED)
    if approved is None:
        message = f"{standing.short} is not approved; run `mdhub policy approve {standing.short}`"
        raise PolicyStepRefused(message)
    if approved.base != standing.active:
        message = (
            f"{standing.short} was approved before the last activation; run"
            f" `mdhub simulate {standing.short}` and `mdhub policy approve {standing.short}` again"
        )
        raise PolicyStepRefused(message)


def check_rollback(standing: Standing) -> None:
    """Refuse to go back to what was never active."""
    if standing.state is PolicyState.ACTIVE:
        raise PolicyStepRefused(f"{standing.short} is active already")
    if standing.last(PolicyState.ACTIVE) is None:
        message = f"{standing.short} was never active; approve it and activate it instead"
        raise PolicyStepRefused(message)
