"""One survivorship group: whose word counts, and which record it survives from."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from golden_records.domain.bases import Verdict, intrudes
from golden_records.domain.catalogue import OwnerSilence, Trespass
from golden_records.domain.conditions import Condition
from golden_records.domain.money import Yardstick, measure_of
from golden_records.domain.survival import NEVER, ONLY, Survival

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from golden_records.domain.catalogue import Attribute, Survivorship
    from golden_records.domain.money import Scale
    from golden_records.domain.records import SourceRecord
    from golden_records.domain.survival import Records

    Lost = list[tuple[SourceRecord, str]]

KEPT: Final = "kept"
CLEARED: Final = "cleared"
ACCEPTED: Final = "accepted"
FALLBACK: Final = "fallback"
OWNER: Final = "owner"
OWNER_SILENT: Final = "owner_silent"
NO_VALUE: Final = "no_value"


@dataclass(slots=True)
class Decision:
    """What became of a group: the record that it survives from, or the rule that left it without.

    `owner` is the owner's own record, where one spoke; after an accepted trespass it is not the
    winner.
    """

    rule: str
    lost: Lost
    verdict: Verdict
    winner: SourceRecord | None = None
    owner: SourceRecord | None = None


class Group:
    """A survivorship group, compiled. `unconditional` holds its owners if none has a condition."""

    __slots__ = (
        "_attributes", "_ranks", "_rules", "_verdicts", "measure", "names", "open_to_all", "plain",
        "policy", "reads", "single", "survival", "unconditional", "yardstick",
    )  # fmt: skip

    def __init__(
        self, policy: Survivorship, attributes: Mapping[str, Attribute], ranks: Mapping[str, int]
    ) -> None:
        self.policy = policy
        self.names = policy.attributes
        self.single = self.names[0] if len(self.names) == 1 else None
        self._attributes, self._ranks = attributes, ranks
        self.survival = Survival(policy, attributes, ranks)
        self.yardstick = Yardstick.of(policy, attributes)
        self.measure = measure_of(policy, attributes)
        self._rules = tuple(
            (rule.system, None if rule.when is None else Condition(rule.when))
            for rule in policy.owners
        )
        conditions = [condition for _system, condition in self._rules if condition]
        self.reads = frozenset(name for c in conditions for name in c.variables)
        systems = tuple(dict.fromkeys(system for system, _condition in self._rules))
        self.unconditional = None if conditions else systems
        self._verdicts: dict[tuple[tuple[str, ...], str | None], Verdict] = {}
        self.plain = None if policy.owners or policy.raises else self.single
        self.open_to_all = self._verdict((), None)

    def on(self, scale: Scale) -> Group:
        """The same group for one merge, in which amounts have an order across currencies."""
        scaled = copy(self)
        scaled.survival = Survival(self.policy, self._attributes, self._ranks, scale)
        return scaled

    def owners(self, context: Mapping[str, object]) -> tuple[str, ...]:
        """The systems that own the group while the context is what it is, in declared order."""
        if self.unconditional is not None:
            return self.unconditional
        held = (s for s, condition in self._rules if condition is None or condition.holds(context))
        return tuple(dict.fromkeys(held))

    def candidates(self, records: Records) -> Records:
        """The records that hold any value of the group."""
        if self.single is not None:
            name = self.single
            return [record for record in records if record.attrs.get(name) is not None]
        return [
            record
            for record in records
            if any(record.attrs.get(name) is not None for name in self.names)
        ]

    def decide(self, records: Records, owners: tuple[str, ...], now: datetime) -> Decision:
        """Decide among live records."""
        candidates = self.candidates(records)
        if not owners:
            return self._free(candidates, "", self.open_to_all)
        decision = self._spoken(candidates, owners) or self._silent(candidates, owners)
        if self.policy.trespass is Trespass.ACCEPT_IF_SILENT and self.policy.grace is not None:
            self._accept(decision, candidates, now)
        return decision

    def _free(self, candidates: Records, prefix: str, verdict: Verdict) -> Decision:
        if not candidates:
            return Decision(NO_VALUE, [], verdict)
        winner, step, lost = self.survival.choose(candidates)
        return Decision(prefix + step, lost, verdict, winner)

    def _spoken(self, candidates: Records, owners: tuple[str, ...]) -> Decision | None:
        for owner in owners:
            own = [record for record in candidates if record.system == owner]
            if own:
                winner, step, lost = self.survival.choose(own)
                others = [(record, OWNER) for record in candidates if record.system != owner]
                rule = OWNER if step is ONLY else f"{OWNER}:{step}"
                return Decision(rule, lost + others, self._verdict(owners, owner), winner, winner)
        return None

    def _silent(self, candidates: Records, owners: tuple[str, ...]) -> Decision:
        verdict = self._verdict(owners, None)
        if self.policy.silent is OwnerSilence.FALLBACK:
            return self._free(candidates, f"{FALLBACK}:", verdict)
        rule = KEPT if self.policy.silent is OwnerSilence.KEEP else CLEARED
        return Decision(rule, [(record, OWNER_SILENT) for record in candidates], verdict)

    def _accept(self, decision: Decision, candidates: Records, now: datetime) -> None:
        """Let the newest overdue trespass win if the owner has not spoken since.

        Its base stays behind until the owner holds the value too, so the next merge accepts it
        again instead of taking it for old.
        """
        verdict, owner = decision.verdict, decision.owner
        if verdict.open_to_all or self.policy.grace is None:
            return
        said = owner.attrs if owner else {}
        spoke_at = self.survival.changed_at(owner) if owner else NEVER
        overdue = [
            record
            for record in candidates
            if record.system not in verdict.owners
            and spoke_at <= self.survival.changed_at(record) <= now - self.policy.grace
            and intrudes(record, said, self.names)
        ]
        if overdue:
            winner = self.survival.last_word(overdue)
            lost = [(record, ACCEPTED) for record in candidates if record is not winner]
            decision.rule, decision.lost, decision.winner = ACCEPTED, lost, winner
            decision.verdict = Verdict(
                self.policy,
                verdict.owners,
                open_to_all=False,
                spoke=verdict.spoke,
                accepted=winner.id,
            )

    def _verdict(self, owners: tuple[str, ...], spoke: str | None) -> Verdict:
        found = self._verdicts.get((owners, spoke))
        if found is None:
            fallback = spoke is None and self.policy.silent is OwnerSilence.FALLBACK
            found = Verdict(self.policy, owners, open_to_all=not owners or fallback, spoke=spoke)
            self._verdicts[owners, spoke] = found
        return found
