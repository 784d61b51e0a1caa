"""`mdhub source`: how the feeds fare, and what at the systems may make them wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from connectors.debezium.findings import Severity
from hub.bootstrap.sources import source_findings, source_states
from hub.cli.opened import pass_hub
from hub.cli.output import FINDINGS, OK, emit, json_option, note, show, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.bootstrap.opening import Hub
    from hub.bootstrap.sources import SourceState

MEBIBYTE = 2**20


@click.group()
def source() -> None:
    """Look at the feeds of the systems."""


@source.command("list")
@json_option
@pass_hub
def list_sources(hub: Hub, *, as_json: bool) -> int:
    """Show every connector, how much of its source's log is unread, and whether that is kept.

    left is how much more the source will keep before it throws unread changes away.

    \b
    Exit codes:
      0  all run, and no log has lost anything unread
      1  one does not, or could not be asked
    """  # noqa: D301 - click wants the backspace itself
    found = source_states(hub)
    if as_json:
        emit([{**asdict(state), "healthy": state.healthy} for state in found])
    else:
        _show(found)
    return OK if all(state.healthy for state in found) else FINDINGS


def _show(found: Sequence[SourceState]) -> None:
    rows = [
        [
            state.system,
            state.connector,
            state.state or "?",
            "?" if state.log is None else "whole" if state.log.whole else "LOST",
            _size(None if state.log is None else state.log.behind),
            _size(None if state.log is None else state.log.left),
        ]
        for state in found
    ]
    table(("system", "connector", "state", "log", "behind", "left"), rows, empty="no source")
    for state in found:
        for problem in state.problems:
            click.echo(f"{state.system}: {problem}")


def _size(size: int | None) -> str:
    return "" if size is None else f"{size / MEBIBYTE:,.1f} MB"


@source.command()
@json_option
@pass_hub
def check(hub: Hub, *, as_json: bool) -> int:
    """Read the systems' own catalogues and the connectors' settings: what may go wrong with them?

    \b
    Exit codes:
      0  nothing stands in the way; there may be warnings
      1  there are errors
    """  # noqa: D301 - click wants the backspace itself
    rows = [
        {"system": system, "severity": str(f.severity), "subject": f.subject}
        | {"problem": f.problem, "remedy": f.remedy}
        for system, findings in source_findings(hub).items()
        for f in findings
    ]
    columns = ("system", "severity", "subject", "problem", "remedy")
    show(rows, columns, as_json=as_json, empty="nothing found")
    errors = sum(row["severity"] == Severity.ERROR for row in rows)
    note(f"{errors} error(s), {len(rows) - errors} warning(s) and note(s)")
    return FINDINGS if errors else OK
