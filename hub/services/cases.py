"""A case as a steward sees it: what it concerns, what can be decided, and the hash of both.

The hash covers the versions of the golden records, their members with their values, and the
overrides in force; a decision carries it, so nobody decides on what he has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from golden_records.domain.errors import TerminalError
from golden_records.domain.records import ConflictKind, GoldenRecord, Override
from golden_records.ports import LinkWrite, StoredRecord
from hub.services.queries import ReadingWork
from hub.services.resolving.disputes import PROPOSED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

PAIRS_MOST = 2500
"""Pairs of records that one decision may write; two larger clusters need another look first."""

IDENTITY = frozenset({ConflictKind.AMBIGUOUS_MATCH, ConflictKind.POSSIBLE_DUPLICATE})
CONTRADICTED = ConflictKind.MANUAL_LINK_CONTRADICTED
ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    ConflictKind.RAISE_HELD: ("approve", "refuse"),
    ConflictKind.DELETE_OF_OWNED: ("accept", "refuse"),
}
VALUES = frozenset({ConflictKind.TRESPASS, ConflictKind.VALUE_CONTEST, ConflictKind.OSCILLATION})


class StaleDecision(TerminalError):
    """What the decision was based on has changed; look at the case again, then decide."""


class DecisionRefused(TerminalError):
    """This cannot be decided so; `mdhub case show` names what can be."""


class Facts(Protocol):
    """What people decide, as facts that are added and closed."""

    def act_as(self, actor: str) -> None: ...

    def moment(self) -> datetime: ...

    def lock_case(self, case_id: int) -> bool: ...

    def changed_since(
        self, golden_ids: Sequence[UUID], since: datetime
    ) -> list[dict[str, Any]]: ...

    def decide_pairs(
        self, entity: str, pairs: Sequence[tuple[int, int]], word: Mapping[str, object]
    ) -> None: ...

    def set_override(
        self, golden_id: UUID, override: Override, reason: str, decision: int | None = None
    ) -> None: ...

    def end_overrides(self, golden_id: UUID, attributes: Sequence[str], because: str) -> int: ...

    def touch(self, golden_ids: Sequence[UUID]) -> None: ...

    def close_case(self, case_id: int, resolution: str) -> None: ...

    def settle_case(self, case_id: int, resolution: str, until: datetime) -> None: ...

    def refuse_case(self, case_id: int) -> None: ...

    def close_between(
        self, record_ids: Sequence[int], golden_ids: Sequence[UUID], resolution: str
    ) -> None: ...

    def defer_case(self, case_id: int, until: datetime) -> bool: ...

    def assign_case(self, case_id: int, assignee: str | None) -> bool: ...

    def member_ids(self, golden_ids: Sequence[UUID]) -> list[int]: ...

    def retry(self, publication_ids: Sequence[int], now: datetime) -> dict[int, UUID]: ...


class StewardWork(ReadingWork, Protocol):
    """A transaction that also reaches the facts."""

    @property
    def decisions(self) -> Facts: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who says so, and why."""

    actor: str
    reason: str

    def __str__(self) -> str:
        return f"by {self.actor}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case with everything that a decision rests on; `inputs` is the hash that it must carry."""

    row: Mapping[str, Any]
    goldens: Mapping[UUID, GoldenRecord]
    members: Mapping[UUID, Sequence[StoredRecord]]
    overrides: Mapping[UUID, Sequence[Override]]
    links: Sequence[Mapping[str, Any]] = ()
    waiting: StoredRecord | None = None
    """The case's record, where it belongs to no golden record and waits to open one."""
    seen_at: datetime | None = None
    """When it was read, by the database's clock."""

    @property
    def id(self) -> int:
        return int(self.row["id"])

    @property
    def entity(self) -> str:
        return str(self.row["entity"])

    @property
    def own(self) -> UUID | None:
        """The golden record of the case; of an identity case, that of its record."""
        found: UUID | None = self.row["golden_id"]
        return found

    @property
    def candidate(self) -> UUID | None:
        found: UUID | None = self.row["candidate_id"]
        return found

    @property
    def token(self) -> str:
        """What a decision must carry: the hash, and when it was taken, to tell what changed."""
        at = self.seen_at or datetime.fromtimestamp(0, UTC)
        return f"{self.inputs}.{int(at.timestamp()):x}"

    @property
    def options(self) -> tuple[str, ...]:
        """The decisions that the kind of case knows."""
        kind = self.row["kind"]
        if kind in IDENTITY or kind == CONTRADICTED:
            return ("same", "different")
        if kind in ANSWERS:
            return ANSWERS[kind]
        if kind == ConflictKind.CREATION_HELD:
            return ("accept", "same") if self.candidate else ("accept",)
        if kind == ConflictKind.TRESPASS and self.row["outcome"] in PROPOSED:
            return ("accept", "refuse", "choose", "override")
        return ("choose", "override") if kind in VALUES and self.row["attribute"] else ()

    @property
    def inputs(self) -> str:
        """Equal exactly if the golden records' versions, their members and these' values are."""
        about = [self.id, self.row["kind"]]
        if self.waiting is not None:
            about.append(dict(self.waiting.record.attrs))
        return inputs_of(about, self.goldens, self.members, self.overrides)


def inputs_of(
    about: Sequence[object],
    goldens: Mapping[UUID, GoldenRecord],
    members: Mapping[UUID, Sequence[StoredRecord]],
    overrides: Mapping[UUID, Sequence[Override]],
) -> str:
    """Hash what a decision rests on."""
    seen = [
        [
            str(golden.id),
            str(golden.status),
            golden.version,
            sorted([m.record.id, m.origin, dict(m.record.attrs)] for m in members[golden.id]),
            sorted([o.attribute, o.mode, o.value] for o in overrides.get(golden.id, ())),
        ]
        for _, golden in sorted(goldens.items())
    ]
    body = orjson.dumps([*about, seen], option=orjson.OPT_SORT_KEYS)
    return blake2b(body, digest_size=8).hexdigest()


def read_token(token: str) -> tuple[str, datetime]:
    """Split a token into the hash and its time; without a time everything counts as later."""
    inputs, _, seconds = token.partition(".")
    try:
        return inputs, datetime.fromtimestamp(int(seconds or "0", 16), UTC)
    except (ValueError, OverflowError) as error:
        message = f"{token!r} is no hash of a case; `mdhub case show` prints it"
        raise DecisionRefused(message, expected=token) from error


def stale(work: StewardWork, case: Case, since: datetime) -> StaleDecision:
    """Say what changed since the steward looked."""
    found = work.decisions.changed_since(sorted(case.goldens), since)
    lines = [f"{r['what']} {r['name']} {r['how']} at {r['at']:%H:%M:%S}" for r in found]
    changed = "; ".join(lines) or "the golden records that it concerns"
    message = f"case {case.id} is not what it was; changed: {changed}"
    return StaleDecision(message, case=case.id, expect=case.inputs, changed=changed)


def decidable(case: Case, *wanted: str) -> None:
    """Refuse a decision that this kind of case does not know."""
    if not set(wanted) & set(case.options):
        known = " or ".join(case.options) or "nothing; it closes by itself, defer or assign it"
        message = f"a case of kind {case.row['kind']} cannot be decided so; it takes {known}"
        raise DecisionRefused(message, case=case.id, options=case.options)


def two(case: Case, candidate: UUID | None = None) -> tuple[UUID, UUID]:
    """Return the golden records of the record and of its candidate, or of another one named."""
    if candidate is not None:
        if case.own is None or candidate not in case.goldens:
            known = ", ".join(str(golden_id) for golden_id in sorted(case.goldens))
            message = f"the case does not concern {candidate}; it concerns {known}"
            raise DecisionRefused(message, case=case.id)
        return case.own, candidate
    if case.own is None or case.candidate is None:
        message = "the case no longer concerns two golden records; the engine will close it"
        raise DecisionRefused(message, case=case.id)
    return case.own, case.candidate


def one(case: Case) -> UUID:
    """Return the golden record whose value is contested."""
    if case.own is None or case.own not in case.goldens:
        raise DecisionRefused("the golden record of the case is gone", case=case.id)
    return case.own


def pairs(case: Case, sides: tuple[UUID, UUID]) -> list[tuple[int, int]]:
    """Return the pairs of records across the two golden records, or within the one."""
    mine, theirs = sides
    found = [
        (a.record.id, b.record.id)
        for a, b in product(case.members.get(mine, ()), case.members.get(theirs, ()))
        if a.record.id != b.record.id
    ]
    if len(found) > PAIRS_MOST:
        message = f"{len(found)} pairs of records are too many for one decision"
        raise DecisionRefused(message, case=case.id)
    return found


def crosswalk(case: Case) -> list[tuple[str, str, str]]:
    """Return the keys by which other records may refer to these."""
    members = (stored.record for group in case.members.values() for stored in group)
    return sorted((case.entity, record.system, record.key) for record in members)


def within(case: Case) -> list[tuple[int, int]]:
    """Return the pairs of the case's record with the other records of its golden record."""
    record_id = int(case.row["record_id"])
    members = (stored.record.id for stored in case.members[one(case)])
    return [(record_id, other) for other in members if other != record_id]


def freed(case: Case, word: Word) -> LinkWrite:
    """Return the link of the case's record as one of the engine's, which the engine may change."""
    return LinkWrite(
        entity=case.entity,
        record_id=int(case.row["record_id"]),
        golden_id=one(case),
        state="MATCH",
        origin="AUTO",
        probability=None,
        reasons={"rule": "freed", "actor": word.actor, "reason": word.reason, "case": case.id},
    )
