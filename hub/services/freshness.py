"""How far targets are behind what their lanes promise."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from golden_records.domain.frequency import next_due

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from golden_records.domain.catalogue import Catalogue

    Rows = list[dict[str, Any]]


def freshness(catalogue: Catalogue, rows: Rows, now: datetime) -> Rows:
    """One row a lane: counts by state, and the freshness of its worst class."""
    lanes: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row["target"], row["entity"], row["group"], row["lane"])
        names = ("target", "entity", "group", "lane")
        lane = lanes.setdefault(
            key,
            {**dict(zip(names, key, strict=True)), "states": defaultdict(int)}
            | {"oldest": None, "promised": None, "freshness": 0.0},
        )
        lane["states"][row["state"]] += row["rows"]
        if row["state"] == "PENDING":
            _judge(catalogue, lane, row, now)
    return [{**lane, "states": dict(lane["states"])} for _, lane in sorted(lanes.items())]


def _judge(
    catalogue: Catalogue, lane: dict[str, Any], row: Mapping[str, Any], now: datetime
) -> None:
    age = now - row["oldest"]
    promised = _promised(catalogue, row)
    fresh = None if promised is None else age.total_seconds() / max(_seconds(promised), 1.0)
    lane["oldest"] = max(lane["oldest"] or 0.0, age.total_seconds())
    if fresh is not None and fresh >= lane["freshness"]:
        lane["freshness"], lane["promised"] = fresh, _seconds(promised)


def _promised(catalogue: Catalogue, row: Mapping[str, Any]) -> timedelta | None:
    """The greatest age that the class promises; None where the catalogue lacks it now."""
    lane: str = row["lane"]
    since: datetime = row["oldest"]
    classes = [c for item in catalogue.lanes if item.name == lane for c in item.classes]
    frequency = next((c.frequency for c in classes if c.name == row["class"]), None)
    if frequency is None or frequency.every is not None:
        return frequency.every if frequency else None
    return next_due(frequency, since, since, lane) - since


def _seconds(span: timedelta | None) -> float:
    return span.total_seconds() if span else 0.0
