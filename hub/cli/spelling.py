"""How commands spell ages, values and times, and read the latter two."""

from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from config.durations import SYNTAX, duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

LONGEST = 60
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(seconds: float | None) -> str:
    """Spell an age in its greatest unit."""
    if not seconds:
        return "" if seconds is None else "at once"
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004


def share(lane: Mapping[str, Any]) -> str:
    """Spell a freshness, where anything waits."""
    return "" if lane["oldest"] is None else f"{lane['freshness']:.1f}"


def value(found: object, longest: int = LONGEST) -> str:
    """Spell a value so that null, text and numbers are told apart, not longer than a cell."""
    if found is None:
        return "null"
    text = found if isinstance(found, str) else json.dumps(found, default=str, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def at(found: datetime | str | None) -> str:
    """Spell a time in UTC to the second."""
    if found is None:
        return ""
    time = datetime.fromisoformat(found) if isinstance(found, str) else found
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


class Time(click.ParamType):
    """A time in ISO form; without an offset it is UTC."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no ISO time, for example 2026-01-31T12:00:00Z", param, ctx)
        return time if time.tzinfo else time.replace(tzinfo=UTC)


class Span(click.ParamType):
    """A length of time, as in the catalogue."""

    name = "span"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        try:
            return duration(value)
        except ValueError:
            self.fail(f"{value!r} is no length of time; {SYNTAX}", param, ctx)


def account() -> str:
    """Name the account that runs the command, for what is signed by nobody else."""
    return pwd.getpwuid(os.getuid()).pw_name
