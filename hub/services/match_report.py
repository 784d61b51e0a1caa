"""What matching does on this hub, in figures, under the active policy or another one.

Where people decided, their word is the truth: but they only ever see doubtful pairs, so precision
and recall over their decisions say less than they would over all pairs. What needs no label stands
beside it: the model's own chance of what it linked, estimated blocking recall, sizes, records that
no key can bring along. A frozen report is what the next one is compared with.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from golden_records.domain.policy import FrozenReport
from hub.services.policies import fits
from hub.services.renewal import matched
from hub.services.resolving.by_matching import (
    MOST_CANDIDATES,
    match_record,
    match_spec,
)
from hub.services.resolving.scene import largest_blocks
from matchers import (
    MatchModel,
    ScoredPair,
    default_model,
    key_code,
    keys,
    prepare,
    score_pairs,
)
from matchers.blocking import key_parts
from matchers.explain import band
from matchers.keycodes import code
from matchers.measure import CalibrationBin, Quality, bucketed, calibration, ordered, quality
from matchers.reach import reach
from matchers.score import scorer_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from golden_records.domain.catalogue import Catalogue, Entity
    from golden_records.domain.clock import Clock
    from golden_records.ports import DecidedPair, KeyFigures, UnitOfWork
    from hub.services.policies import Word
    from matchers import MatchSpec, PairScore, Prepared

SAMPLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """As `KeyFigures`, with the worst keys in words."""

    keys: int
    hot: int
    hottest: list[str]
    without_keys: int
    only_hot: int
    stranded: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityReport:
    """One entity's figures; None where there is nothing to tell them from."""

    entity: str
    model: str
    counted: int
    review: float
    match: float
    records: int
    sizes: Mapping[str, int]
    largest: int
    asked: int
    """Open cases that ask whether records are the same."""
    same: int
    different: int
    """Pairs that people decided."""
    decided: Quality | None
    calibration: Sequence[CalibrationBin]
    linked_chance: float | None
    """The model's mean chance of what it linked: expected precision, if it is calibrated."""
    blocking_recall: float | None
    """Estimated without labels: the share of all matches that share a key that counts."""
    keys: KeyReport
    bands: Mapping[str, int]
    """Of a sample of records: what the best candidate of each would be, alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure now, and in the report that was frozen last."""

    entity: str
    figure: str
    before: float | None
    now: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All entities under one policy, beside the last frozen report."""

    policy: str
    active: str | None
    entities: Sequence[EntityReport]
    frozen: FrozenReport | None
    changes: Sequence[Change]


class MatchReporting:
    """The reporting service."""

    def __init__(self, work: Callable[[], UnitOfWork], catalogue: Catalogue, clock: Clock) -> None:
        """Report under this catalogue, active or not."""
        self._work = work
        self._catalogue = catalogue
        self._clock = clock

    def report(self) -> Report:
        """Read and compare; nothing is written."""
        with self._work() as work:
            records = work.matching.population()
            found = [
                _Look(work, self._catalogue.entities[name], self._catalogue).report(
                    records.get(name, 0)
                )
                for name in matched(self._catalogue)
            ]
            frozen = work.policies.last_report()
            return Report(
                policy=self._catalogue.version,
                active=work.policies.active(),
                entities=found,
                frozen=frozen,
                changes=_changes(frozen, found),
            )

    def freeze(self, report: Report, word: Word) -> None:
        """Keep the report: what the next is compared with, and what an approval asks for."""
        figures = {item.entity: {**asdict(item), **headline(item)} for item in report.entities}
        kept = FrozenReport(
            version=report.policy,
            actor=word.actor,
            reason=word.reason,
            base=report.active,
            figures=figures,
            at=self._clock.now(),
        )
        with self._work() as work:
            work.policies.keep_report(kept)
            work.commit()


def headline(item: EntityReport) -> dict[str, float | None]:
    """The figures that reports are compared by."""
    decided = item.decided
    looked = sum(item.bands.values())
    return {
        "review line": item.review,
        "match line": item.match,
        "precision of decided pairs": decided.precision if decided else None,
        "recall of decided pairs": decided.recall if decided else None,
        "expected precision": item.linked_chance,
        "estimated blocking recall": item.blocking_recall,
        "largest golden record": item.largest,
        "cases that ask": item.asked,
        "records without a usable key": item.keys.without_keys + item.keys.only_hot,
        "share that would match": item.bands["MATCH"] / looked if looked else None,
        "share that would be asked": item.bands["REVIEW"] / looked if looked else None,
    }


def _changes(frozen: FrozenReport | None, found: Sequence[EntityReport]) -> list[Change]:
    known: Mapping[str, Any] = frozen.figures if frozen else {}
    return [
        Change(
            entity=item.entity,
            figure=name,
            before=known.get(item.entity, {}).get(name),
            now=None if value is None else round(value, 4),
        )
        for item in found
        for name, value in headline(item).items()
    ]


class _Look:
    """One entity under the reported policy, on the keys and links as they are."""

    def __init__(self, work: UnitOfWork, entity: Entity, catalogue: Catalogue) -> None:
        self._work = work
        self._entity = entity.name
        self._spec: MatchSpec = match_spec(entity)
        body = catalogue.models.get(entity.name) or work.registry.model(entity.name)
        usable = body is not None and fits(entity, body)
        self._model = MatchModel.from_json(body) if body and usable else default_model(self._spec)
        self._caps = largest_blocks(self._spec)

    def report(self, records: int) -> EntityReport:
        facts, spec = self._work.matching, self._spec
        decided = facts.decided(self._entity)
        judged = self._judged(decided)
        linked = self._linked()
        sizes = facts.sizes(self._entity)
        return EntityReport(
            entity=self._entity,
            model=self._model.version,
            counted=self._model.records,
            review=spec.review,
            match=spec.match,
            records=records,
            sizes=bucketed(sizes),
            largest=max(sizes, default=0),
            asked=facts.asked(self._entity),
            same=sum(pair.same for pair in decided),
            different=sum(not pair.same for pair in decided),
            decided=_quality(spec, judged, decided),
            calibration=_calibration(judged, decided),
            linked_chance=_mean(score.probability for _, score in linked),
            blocking_recall=self._reach([pair for pair, score in linked if score.weight >= 0.0]),
            keys=self._keys(facts.key_figures(self._entity, self._caps)),
            bands=self._bands(),
        )

    def _prepared(self, ids: Iterable[int]) -> dict[int, Prepared]:
        found = {}
        for record_id, stored in self._work.sources.by_id(sorted(set(ids))).items():
            record = stored.record
            if not record.deleted:
                values = match_record(self._spec, record_id, record.system, record.attrs)
                found[record_id] = prepare(self._spec, values)
        return found

    def _scored(
        self, pairs: Sequence[tuple[int, int]]
    ) -> list[tuple[tuple[Prepared, Prepared], PairScore]]:
        known = self._prepared(i for pair in pairs for i in pair)
        there = [(known[a], known[b]) for a, b in pairs if a in known and b in known]
        return list(zip(there, score_pairs(self._spec, self._model, there), strict=True))

    def _judged(self, decided: Sequence[DecidedPair]) -> dict[tuple[int, int], PairScore]:
        found = self._scored([(pair.a, pair.b) for pair in decided])
        return {(int(one.id), int(other.id)): score for (one, other), score in found}

    def _linked(self) -> list[tuple[tuple[Prepared, Prepared], PairScore]]:
        return self._scored(self._work.matching.linked_pairs(self._entity, SAMPLE))

    def _reach(self, pairs: Sequence[tuple[Prepared, Prepared]]) -> float | None:
        if not pairs:
            return None
        scorer = scorer_for(self._spec, self._model)
        shared = {
            "&".join(parts): parts
            for one, other in pairs
            for parts in key_parts(scorer, one) & key_parts(scorer, other)
        }
        stored = {key_code(self._entity, text): parts for text, parts in shared.items()}
        sizes = self._work.matching.blocks(sorted(stored), self._caps)
        hot = frozenset(
            code(stored[key]) for key, size in sizes.items() if size > self._caps[key & 3]
        )
        return reach(self._spec, self._model, pairs, hot)

    def _keys(self, found: KeyFigures) -> KeyReport:
        """Name the worst keys by those of a record that holds them."""
        holders = self._work.sources.by_id([each.holder for each in found.hottest])
        names: dict[int, str] = {}
        for known in holders.values():
            record = known.record
            values = match_record(self._spec, record.id, record.system, record.attrs)
            texts = keys(self._spec, self._model, prepare(self._spec, values))
            names.update((key_code(self._entity, text), text) for text in texts)
        return KeyReport(
            keys=found.keys,
            hot=found.hot,
            hottest=[
                f"{names.get(each.code, each.code)} ({each.records} records)"
                for each in found.hottest
            ],
            without_keys=found.without_keys,
            only_hot=found.only_hot,
            stranded=found.stranded,
        )

    def _bands(self) -> dict[str, int]:
        ids = self._work.matching.some(self._entity, SAMPLE)
        near = self._work.sources.nearest(ids, caps=self._caps, most=MOST_CANDIDATES)
        pairs = [(one, other) for one, others in near.items() for other in others]
        best: dict[str, float] = dict.fromkeys(map(str, ids), 0.0)
        for (one, _), score in self._scored(pairs):
            best[one.id] = max(best[one.id], score.probability)
        counts = Counter(band(self._spec, chance) for chance in best.values())
        return {name: counts[name] for name in ("MATCH", "REVIEW", "NEW")}


def _quality(
    spec: MatchSpec, judged: Mapping[tuple[int, int], PairScore], decided: Sequence[DecidedPair]
) -> Quality | None:
    """Of the pairs alone; those of one decision count together as one."""
    rows = [(pair, judged[pair.a, pair.b]) for pair in decided if (pair.a, pair.b) in judged]
    if not rows:
        return None
    size = Counter(pair.decision for pair, _ in rows)
    said = [
        (pair, 1.0 / size[pair.decision], score.probability >= spec.match) for pair, score in rows
    ]
    return quality(
        sum(weight for pair, weight, match in said if match and pair.same),
        sum(weight for _, weight, match in said if match),
        sum(weight for pair, weight, _ in said if pair.same),
    )


def _calibration(
    judged: Mapping[tuple[int, int], PairScore], decided: Sequence[DecidedPair]
) -> tuple[CalibrationBin, ...]:
    truth = {ordered(str(pair.a), str(pair.b)) for pair in decided if pair.same}
    pairs = (
        ScoredPair(score.left, score.right, score.weight, score.probability)
        for score in judged.values()
    )
    return calibration(pairs, truth)


def _mean(values: Iterable[float]) -> float | None:
    told = list(values)
    return sum(told) / len(told) if told else None
