"""Lengths of time as people write them: `30s`, `15 min`, `1h`, `2d`, `500ms`, `1h 30min`."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_PART = re.compile(r"\s*(\d+)\s*(ms|min|s|h|d|w)(?![a-z])", re.ASCII)
_MOST = timedelta(days=36500)

SYNTAX = "write a number and a unit (ms, s, min, h, d, w), for example 30s, 15 min or 1h 30min"


def duration(text: str) -> timedelta:
    """Read a duration; parts add up. Raises ValueError on anything else, a bare number too."""
    total, end = timedelta(), 0
    while part := _PART.match(text, end):
        count = int(part[1])
        if count * UNITS[part[2]].total_seconds() > _MOST.total_seconds():
            raise ValueError(text)
        total += count * UNITS[part[2]]
        end = part.end()
    if end == 0 or text[end:].strip() or total > _MOST:
        raise ValueError(text)
    return total


def spell(length: timedelta) -> str:
    """Write a duration so that `duration` reads the same; zero is `0s`."""
    rest = round(length / UNITS["ms"])
    parts = []
    for unit in ("w", "d", "h", "min", "s", "ms"):
        size = round(UNITS[unit] / UNITS["ms"])
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
