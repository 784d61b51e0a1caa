"""Why two source records are together or apart.

Everything is read as it stands: the model in force, the stored keys, links and decisions. Nothing
is written and nothing waits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from golden_records.domain.catalogue import IdentityMode
from golden_records.domain.clusters import Decisions, PairDecision
from golden_records.domain.errors import TerminalError
from golden_records.domain.records import LinkOrigin, LinkState
from hub.services.match_golden import GoldenStory, golden_story, named
from hub.services.queries import NotFound, find_golden
from hub.services.resolving.by_matching import (
    MOST_CANDIDATES,
    Matchings,
)
from hub.services.resolving.scene import LARGEST_CLUSTER_SCORED, largest_blocks
from matchers import Cluster, Constraints, decide, explain_pair, key_code, keys
from matchers.blocking import EXACT_MARK
from matchers.score import score_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from golden_records.domain.catalogue import Catalogue
    from golden_records.ports import StoredRecord
    from hub.services.queries import ReadingWork
    from hub.services.resolving.by_matching import Matching
    from matchers import Decision, PairExplanation, Prepared

    Rows = list[dict[str, Any]]

MATCH: Final = str(LinkState.MATCH)


class NotMatched(TerminalError):
    """This entity is recognised by reference; `mdhub golden explain` says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two records, and where it belongs: `why` are its link's origin and reasons."""

    name: str
    golden: UUID | None
    deleted: bool
    origin: str | None
    since: Any
    why: Mapping[str, Any]
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedKey:
    """A key that both hold; too hot where more records hold it than `most` (counted no further)."""

    key: str
    records: int
    most: int
    hot: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PairStory:
    """Everything that decides about two records."""

    entity: str
    left: Side
    right: Side
    pair: PairExplanation
    keys: tuple[SharedKey, ...]
    proposed: Mapping[str, int | None]
    """The place of each among the other's candidates; None where it is none of them."""
    decisions: Rows
    links: Rows
    """What else is said of them: a possible match that waits, or one that is ruled out."""
    standing: Decision
    """How the left record stands to the golden records of its candidates, and of the right one."""
    stands: str
    """What is so: together, apart, possible or gone."""
    because: tuple[str, ...]
    would_change: tuple[str, ...]


class MatchExplain:
    """The explaining service."""

    def __init__(self, work: Callable[[], ReadingWork], catalogue: Catalogue) -> None:
        self._work = work
        self._catalogue = catalogue
        self._matchings = Matchings(catalogue)

    def pair(self, names: tuple[str, str], entity: str | None) -> PairStory:
        """Explain two records, each named SYSTEM:KEY or SYSTEM:ENTITY:KEY.

        An entity that one of them names is the other's too, where that names none.
        """
        told = next((kind for name in names if (kind := self._told(name))), None)
        with self._work() as work:
            (kind, one), (other_kind, other) = (
                self._found(work, name, entity, told) for name in names
            )
            if kind != other_kind or one == other:
                raise NotFound(f"{names[0]} and {names[1]} are no two records of one entity")
            looking = _Looking(work, self._matchings.of(work, kind), kind)
            return looking.story(one, other)

    def golden(self, name: str) -> GoldenStory:
        """Explain the golden record behind a name."""
        with self._work() as work:
            way = work.queries.way(find_golden(work.queries, name))
            row = work.queries.golden(way[-1]) if way else None
            if row is None:
                raise NotFound(f"there is no golden record of {name}", name=name)
            self._check(row["entity"])
            matching = self._matchings.of(work, row["entity"])
            return golden_story(work, matching, way[-1], row["entity"])

    def _check(self, entity: str) -> None:
        known = self._catalogue.entities.get(entity)
        if known is None or known.identity.mode is not IdentityMode.MATCHING:
            raise NotMatched(entity=entity)

    def _matched(self) -> list[str]:
        entities = self._catalogue.entities.values()
        return [e.name for e in entities if e.identity.mode is IdentityMode.MATCHING]

    def _told(self, name: str) -> str | None:
        """The entity in SYSTEM:ENTITY:KEY."""
        middle, colon, _ = name.partition(":")[2].partition(":")
        return middle if colon and middle in self._catalogue.entities else None

    def _found(
        self, work: ReadingWork, name: str, entity: str | None, otherwise: str | None
    ) -> tuple[str, int]:
        system, _, key = name.partition(":")
        matched = self._matched()
        if entity is None and (entity := self._told(name)):
            key = key.removeprefix(f"{entity}:")
        entity = entity or otherwise
        if entity is None and len(matched) != 1:
            message = f"say which of {', '.join(matched)} {name} is: --entity, or SYSTEM:ENTITY:KEY"
            raise NotFound(message, name=name)
        kind = entity or matched[0]
        self._check(kind)
        found = work.matching.find(kind, system, key)
        if found is None:
            message = f"there is no {kind} {key!r} of {system!r}; name a record as SYSTEM:KEY"
            raise NotFound(message, name=name)
        return kind, found


class _Looking:
    """What one explanation reads."""

    def __init__(self, work: ReadingWork, matching: Matching, entity: str) -> None:
        self._work = work
        self._matching = matching
        self._entity = entity
        self._caps = largest_blocks(matching.spec)

    def story(self, one: int, other: int) -> PairStory:
        work, spec, model = self._work, self._matching.spec, self._matching.model
        stored = work.sources.by_id([one, other])
        left, right = (named(self._matching, stored[i]) for i in (one, other))
        pair = explain_pair(spec, model, left, right)
        members = self._members(stored[i].golden_id for i in (one, other))
        said = work.matching.said(sorted({one, other, *members}))
        decisions = Decisions([PairDecision(s["a"], s["b"], s["verdict"] == "SAME") for s in said])
        links = work.matching.links([one, other])
        found = work.matching.keys_of([one, other])
        held = {i: found.get(i, frozenset()) for i in (one, other)}
        homes = (stored[one].golden_id, stored[other].golden_id)
        return PairStory(
            entity=self._entity,
            left=_side(stored[one], links, held),
            right=_side(stored[other], links, held),
            pair=pair,
            keys=(shared := self._shared(left, held[one] & held[other])),
            proposed=(proposed := self._proposed(one, other)),
            decisions=said,
            links=[link for link in links if link["state"] != MATCH and link["golden_id"] in homes],
            standing=(standing := self._standing(stored, (one, other), decisions)),
            stands=(stands := _stands(stored, links, (one, other))),
            because=_because(pair, standing, decisions, (one, other), stored),
            would_change=_would_change(pair, shared, proposed, standing, stands),
        )

    def _members(self, goldens: Iterable[UUID | None]) -> list[int]:
        ids = sorted({golden for golden in goldens if golden is not None})
        found = self._work.sources.member_heads(ids)
        return [head.id for group in found.values() for head in group]

    def _shared(self, left: Prepared, both: frozenset[int]) -> tuple[SharedKey, ...]:
        """The stored keys that both hold, in the words of the left record's keys."""
        texts = keys(self._matching.spec, self._matching.model, left)
        codes = {code: text for text in texts if (code := key_code(self._entity, text)) in both}
        sizes = self._work.matching.blocks(sorted(codes), self._caps)
        found = []
        for code, text in codes.items():
            records, most = sizes[code], self._caps[code & 3]
            found.append(SharedKey(key=text, records=records, most=most, hot=records > most))
        return tuple(sorted(found, key=_telling))

    def _proposed(self, one: int, other: int) -> dict[str, int | None]:
        near = self._work.sources.nearest([one, other], caps=self._caps, most=MOST_CANDIDATES)
        return {
            "of the left": _place(near.get(one, ()), other),
            "of the right": _place(near.get(other, ()), one),
        }

    def _standing(
        self,
        stored: Mapping[int, StoredRecord],
        pair: tuple[int, int],
        decisions: Decisions,
    ) -> Decision:
        """The decision about the left record as if it had just come."""
        one, other = pair
        spec, sources = self._matching.spec, self._work.sources
        near = sources.nearest([one], caps=self._caps, most=MOST_CANDIDATES)
        heads = sources.heads(sorted({other, *near.get(one, ())}))
        goldens = {stored[one].golden_id, *(head.golden_id for head in heads.values())}
        groups = {
            str(golden): [head.id for head in group if head.id != one][:LARGEST_CLUSTER_SCORED]
            for golden, group in sources.member_heads(sorted(g for g in goldens if g)).items()
        }
        known = sources.by_id(sorted({one, *(i for group in groups.values() for i in group)}))
        prepared = {i: named(self._matching, record) for i, record in known.items()}
        clusters = [
            Cluster(
                golden_id=golden,
                scores=score_pairs(
                    spec, self._matching.model, [(prepared[one], prepared[i]) for i in group]
                ),
                systems=Counter(prepared[i].system for i in group),
            )
            for golden, group in groups.items()
            if group
        ]
        constraints = Constraints(
            must=frozenset(g for g, group in groups.items() if decisions.same(one, group)),
            cannot=frozenset(g for g, group in groups.items() if decisions.different([one], group)),
        )
        return decide(spec, prepared[one], clusters, constraints)


def _telling(item: SharedKey) -> tuple[bool, bool, int, str]:
    """Keys that count before hot ones, identifiers and small blocks first."""
    return (item.hot, not item.key.startswith(EXACT_MARK), item.records, item.key)


def _side(stored: StoredRecord, links: Rows, held: Mapping[int, frozenset[int]]) -> Side:
    record = stored.record
    link: Mapping[str, Any] = next(
        (x for x in links if x["record_id"] == record.id and x["state"] == MATCH), {}
    )
    return Side(
        name=f"{record.system}:{record.key}",
        golden=stored.golden_id,
        deleted=record.deleted,
        origin=link.get("origin"),
        since=link.get("since"),
        why=link.get("reasons") or {},
        keys=len(held[record.id]),
    )


def _place(near: Sequence[int], wanted: int) -> int | None:
    return near.index(wanted) + 1 if wanted in near else None


def _stands(stored: Mapping[int, StoredRecord], links: Rows, pair: tuple[int, int]) -> str:
    one, other = (stored[i] for i in pair)
    if one.record.deleted or other.record.deleted:
        return "gone"
    if one.golden_id is not None and one.golden_id == other.golden_id:
        return "together"
    homes = {one.golden_id, other.golden_id}
    states = {link["state"] for link in links if link["golden_id"] in homes}
    return "possible" if str(LinkState.POSSIBLE_MATCH) in states else "apart"


def _because(
    pair: PairExplanation,
    standing: Decision,
    decisions: Decisions,
    ids: tuple[int, int],
    stored: Mapping[int, StoredRecord],
) -> tuple[str, ...]:
    """What decides, the strongest first: a person's word, a veto, the lines."""
    one, other = ids
    found = []
    if decisions.same(one, [other]):
        found.append("a person declared them the same")
    if decisions.different([one], [other]):
        found.append("a person declared them different, and that outranks every score")
    found += [
        f"{side.record.system}:{side.record.key} is where a person put it, whatever it scores"
        for side in stored.values()
        if side.origin == str(LinkOrigin.MANUAL)
    ]
    found += [f"veto: two different values of {veto}" for veto in pair.vetoes]
    review, match = pair.thresholds
    found.append(
        f"alone the pair is {pair.outcome}: chance {pair.probability:.3f}, with lines at"
        f" {review:g} (review) and {match:g} (match)"
    )
    if pair.bound:
        found.append(pair.bound)
    home = str(stored[other].golden_id)
    for item in standing.alternatives:
        if item.golden_id == home:
            barred = f", barred by {', '.join(item.barred)}" if item.barred else ""
            found.append(
                f"to the golden record of {stored[other].record.system}:{stored[other].record.key}"
                f" the link is {item.weight:+.1f} bits, chance {item.probability:.3f}{barred}"
            )
    found += [f"as if new: {standing.outcome} ({', '.join(standing.reasons)})"]
    return tuple(found)


def _would_change(
    pair: PairExplanation,
    shared: Sequence[SharedKey],
    proposed: Mapping[str, int | None],
    standing: Decision,
    stands: str,
) -> tuple[str, ...]:
    found = list(pair.counterfactual)
    if stands != "together" and not any(proposed.values()):
        if not shared:
            found.append("a key that both share: they never were compared")
        elif all(key.hot for key in shared):
            found.append("a key that both share and fewer records hold: all that they share is hot")
        else:
            found.append(f"fewer records that share more: only {MOST_CANDIDATES} are compared")
    if "margin-too-small" in standing.reasons:
        found.append("a clearer lead over the next golden record")
    if "system-full" in {bar for item in standing.alternatives for bar in item.barred}:
        found.append("room for one more record of its system in the golden record")
    return tuple(found)
