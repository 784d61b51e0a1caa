"""Evaluate matching on a folder of records with a known truth.

The folder holds `records.csv` (record_id, source, columns), and for scoring only `truth.csv`
(left_id, right_id) and, where present, `clusters.csv` (record_id, cluster_id). The configuration
declares the type of each column and which sources hold every entity once, nothing else.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from golden_records.domain.errors import TerminalError
from matchers import FieldKind, FieldSpec, MatchSpec, Record, SpecError, match_batch
from matchers.measure import (
    CalibrationBin,
    Quality,
    at_best,
    at_default,
    b_cubed,
    bucketed,
    calibration,
    entities,
    ordered,
    review_share,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from golden_records.domain.clock import Clock
    from matchers import BatchResult

_KNOWN = frozenset(("entity", "columns", "duplicate_free", "region"))
# Joins are followed down to this chance to find the best threshold.
_FLOOR = 0.05


class MatchFolderError(TerminalError):
    """The folder or its configuration cannot be read; correct what the message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What `mdhub match evaluate` says about one folder."""

    name: str
    records: int
    default: Quality
    best: Quality
    best_at: float
    b_cubed: Quality
    review_share: float
    blocking_recall: float
    estimated_blocking_recall: float
    candidates: int
    largest_cluster: int
    sizes: Mapping[str, int]
    calibration: tuple[CalibrationBin, ...]
    seconds: float
    megabytes: float
    model: str

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)


def read_spec(path: Path) -> MatchSpec:
    """Read a configuration; every problem is named at once."""
    try:
        body = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise MatchFolderError(f"{path}: {error}") from error
    problems = _problems(body)
    if problems:
        raise MatchFolderError(f"{path}: " + "; ".join(problems))
    fields = tuple(
        FieldSpec(name=name, kind=FieldKind(kind), region=body.get("region"))
        for name, kind in body["columns"].items()
    )
    try:
        return MatchSpec(
            entity=str(body["entity"]),
            fields=fields,
            duplicate_free=frozenset(map(str, body.get("duplicate_free") or ())),
        )
    except SpecError as error:
        raise MatchFolderError(f"{path}: {error}") from error


def _problems(body: object) -> list[str]:
    if not isinstance(body, dict) or not isinstance(body.get("columns"), dict):
        return ["it must have `entity` and `columns` (column: type)"]
    kinds = {str(kind) for kind in FieldKind}
    found = [f"unknown setting {key!r}" for key in sorted(set(map(str, body)) - _KNOWN)]
    found += [
        f"column {name}: unknown type {kind!r}, choose from {', '.join(sorted(kinds))}"
        for name, kind in body["columns"].items()
        if kind not in kinds
    ]
    return found if "entity" in body else [*found, "`entity` is missing"]


def read_records(folder: Path, spec: MatchSpec) -> list[Record]:
    """The records of `records.csv`; empty text is None."""
    rows = _rows(folder / "records.csv")
    names = [field.name for field in spec.fields]
    absent = [name for name in ("record_id", "source", *names) if rows and name not in rows[0]]
    if absent:
        raise MatchFolderError(f"{folder / 'records.csv'} lacks the columns {', '.join(absent)}")
    return [
        Record(row["record_id"], row["source"], {name: row[name] or None for name in names})
        for row in rows
    ]


def read_truth(folder: Path) -> set[tuple[str, str]]:
    """The true pairs."""
    return {ordered(row["left_id"], row["right_id"]) for row in _rows(folder / "truth.csv")}


def _entities(folder: Path, records: list[Record], truth: set[tuple[str, str]]) -> dict[str, str]:
    path = folder / "clusters.csv"
    if path.exists():
        return {row["record_id"]: row["cluster_id"] for row in _rows(path)}
    return entities((record.id for record in records), truth)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))
    except OSError as error:
        raise MatchFolderError(f"{path}: {error.strerror}") from error


def evaluate(
    folder: Path, spec: MatchSpec, clock: Clock, memory: Callable[[], float]
) -> Evaluation:
    """Match the folder's records and score the outcome; labels are read after matching."""
    records = read_records(folder, spec)
    started = clock.monotonic()
    result = match_batch(spec, records)
    seconds = clock.monotonic() - started
    megabytes = memory()
    truth = read_truth(folder)
    best, cut = at_best(_followed_down(spec, records, result), truth)
    default = at_default(result, truth)
    stats = result.stats
    return Evaluation(
        name=folder.name,
        records=len(records),
        default=default,
        best=max(best, default, key=lambda item: item.f1),
        best_at=cut,
        b_cubed=b_cubed(result.clusters, _entities(folder, records, truth)),
        review_share=review_share(result),
        blocking_recall=_blocking_recall(result, truth),
        estimated_blocking_recall=stats["estimated_recall"],
        candidates=int(stats["candidates"]),
        largest_cluster=max(map(len, result.clusters), default=0),
        sizes=bucketed(Counter(map(len, result.clusters))),
        calibration=calibration(result.pairs, truth),
        seconds=seconds,
        megabytes=megabytes,
        model=result.model.version,
    )


def _followed_down(spec: MatchSpec, records: list[Record], result: BatchResult) -> BatchResult:
    """The same model, joined on below the match line, only to know what other cuts would give."""
    lower = replace(spec, review=_FLOOR, match=_FLOOR)
    return match_batch(lower, records, model=result.model)


def _blocking_recall(result: BatchResult, truth: set[tuple[str, str]]) -> float:
    """Share of the true pairs that were close enough to take part in clustering."""
    reached = {ordered(pair.left, pair.right) for pair in result.pairs}
    return len(truth & reached) / len(truth) if truth else 1.0


def figures(item: Evaluation) -> dict[str, float]:
    """What is frozen of an evaluation, and compared with the next."""
    return {
        "f1": round(item.default.f1, 4),
        "precision": round(item.default.precision, 4),
        "recall": round(item.default.recall, 4),
        "best_f1": round(item.best.f1, 4),
        "b_cubed": round(item.b_cubed.f1, 4),
    }


def frozen(path: Path) -> dict[str, dict[str, float]]:
    """The figures that were frozen last, by set; empty before the first."""
    try:
        known: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MatchFolderError(f"{path} holds no frozen figures: {error}") from error
    return known


def freeze(path: Path, evaluations: list[Evaluation]) -> None:
    """Keep these figures; those of other sets stay."""
    kept = frozen(path) | {item.name: figures(item) for item in evaluations}
    path.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def table(
    evaluations: list[Evaluation], before: Mapping[str, Mapping[str, float]] | None = None
) -> list[Mapping[str, object]]:
    """One row a set, for people; `before` are the figures that were frozen."""
    known = before or {}
    return [
        {
            "set": item.name,
            "precision": f"{item.default.precision:.4f}",
            "recall": f"{item.default.recall:.4f}",
            "F1": f"{item.default.f1:.4f}",
            "change": _change(item, known),
            "best F1": f"{item.best.f1:.4f}",
            "B3": f"{item.b_cubed.f1:.4f}",
            "review": f"{item.review_share:.1%}",
            "reached": f"{item.blocking_recall:.4f}",
            "est.": f"{item.estimated_blocking_recall:.4f}",
            "seconds": f"{item.seconds:.1f}",
            "MB": f"{item.megabytes:.0f}",
        }
        for item in evaluations
    ]


def _change(item: Evaluation, before: Mapping[str, Mapping[str, float]]) -> str:
    last = before.get(item.name)
    return "new" if last is None else f"{figures(item)['f1'] - last['f1']:+.4f}"
