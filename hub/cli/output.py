"""How commands speak: tables and progress for people, JSON for programs, errors with a remedy.

What was asked for goes to stdout; everything else (progress, notes, errors) goes to stderr, so that
`mdhub ... --json | jq` always works.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from golden_records.domain.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from golden_records.domain.errors import HubError

OK = 0
FINDINGS = 1
USAGE = 2
UNREACHABLE = 3
REFUSED = 4
INTERRUPTED = 130

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
"""The one `--json` flag; the command's parameter is `as_json`."""

Advance = Callable[[int], None]


def emit(value: object) -> None:
    """Print a value as JSON: dataclasses, pydantic models, dates, decimals and ids included."""
    click.echo(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    for kinds, convert in _PLAIN:
        if isinstance(value, kinds):
            return convert(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


_PLAIN: tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...] = (
    (Mapping, dict),
    ((set, frozenset), sorted),
    (Enum, lambda value: value.value),
    ((datetime, date), lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    ((UUID, Decimal, Path), str),
)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    empty: str = "nothing to show",
) -> None:
    """Print rows under their columns; cell texts are taken literally, never as markup."""
    shown = Table(*columns, title=title, title_justify="left", highlight=False)
    for row in rows:
        shown.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    if shown.row_count:
        console().print(shown)
    else:
        click.echo(empty)


def show(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    as_json: bool,
    empty: str = "nothing to show",
) -> None:
    """Print rows as JSON with all their keys, or as a table of the named columns."""
    if as_json:
        emit(list(rows))
        return
    table(columns, ([row.get(column) for column in columns] for row in rows), empty=empty)


def console(*, stderr: bool = False) -> Console:
    """Return a console on the stream as it is now; wide enough not to wrap where nobody looks."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=200)


def note(message: str) -> None:
    """Say something on stderr."""
    click.echo(message, err=True)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Advance]:
    """Yield `advance(count)`; a bar on a terminal, one closing line on stderr elsewhere."""
    screen = console(stderr=True)
    done = 0
    if screen.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=screen) as bar:
            task = bar.add_task(label, total=total)
            yield lambda count: bar.advance(task, count)
        return

    def count_up(count: int) -> None:
        nonlocal done
        done += count

    yield count_up
    note(f"{label}: {done}")


def report_error(error: HubError, *, as_json: bool = False) -> int:
    """Print the error on stderr and return the exit code that it stands for."""
    code = UNREACHABLE if isinstance(error, TransientError) else REFUSED
    if as_json:
        facts = {name: str(value) for name, value in error.facts.items()}
        body = {"error": type(error).__name__, "message": str(error), "facts": facts, "exit": code}
        click.echo(json.dumps(body, ensure_ascii=False), err=True)
    else:
        click.secho(f"error: {error}", fg="red", err=True)
        remedy = _remedy(error)
        if remedy and remedy not in str(error):
            click.echo(f"remedy: {remedy}", err=True)
    return code


def _remedy(error: HubError) -> str:
    """What the error says itself, or else what its class's sentence says after the semicolon."""
    own = getattr(error, "remedy", None)
    if own:
        return str(own)
    sentence = (type(error).__doc__ or "").strip().splitlines()
    return sentence[0].partition("; ")[2].rstrip(".") if sentence else ""
