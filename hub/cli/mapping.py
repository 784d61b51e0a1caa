"""`mdhub mapping`: list mappings, check them against real rows, and prove what they mark."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from golden_records.domain.drift import Shape
from hub.bootstrap import operating
from hub.bootstrap.drifting import look_at_sources
from hub.cli.opened import pass_hub
from hub.cli.output import FINDINGS, OK, emit, json_option, note, progress, show, table

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

ROOTS_SHOWN = 5


@click.group()
def mapping() -> None:
    """Look at mappings: one SQL SELECT from a system's mirrors to an entity."""


@mapping.command("list")
@json_option
@pass_hub
def list_mappings(hub: Hub, *, as_json: bool) -> None:
    """List mappings with the tables that they read and what they hold."""
    rows = operating.mappings(hub)
    columns = ("system", "entity", "phase", "records", "golden", "reads", "writes", "file")
    shown = rows if as_json else [{**row, "reads": ", ".join(row["reads"])} for row in rows]
    show(shown, columns, as_json=as_json)


@mapping.command()
@json_option
@pass_hub
def check(hub: Hub, *, as_json: bool) -> int:
    """Check every mapping against the mirrors as they are, their growth included.

    What can be checked without rows is checked by `mdhub check`.

    \b
    Exit codes:
      0  all may be loaded; there may be warnings
      1  there are errors
    """  # noqa: D301 - click wants the backspace itself
    found = operating.check_mappings(hub)
    rows = [{"place": f.place, "severity": str(f.severity)} for f in found]
    for row, finding in zip(rows, found, strict=True):
        row.update(message=finding.message, remedy=finding.remedy)
    columns = ("place", "severity", "message", "remedy")
    show(rows, columns, as_json=as_json, empty="nothing found")
    counted = Counter(row["severity"] for row in rows)
    note(f"{counted['error']} error(s), {counted['warning']} warning(s)")
    return FINDINGS if counted["error"] else OK


@mapping.command()
@json_option
@pass_hub
def drift(hub: Hub, *, as_json: bool) -> int:
    """Look whether the sources' tables still have the shape that the hub was connected with.

    Workers look by themselves, once a minute. Cases of kind schema_drift are opened and closed;
    `mdhub case show` says what to do. A source that cannot be read is named and left alone.

    \b
    Exit codes:
      0  all tables that could be read fit; there may be new columns, which are no error
      1  something that is read has changed or gone
    """  # noqa: D301 - click wants the backspace itself
    found = look_at_sources(hub, note)
    columns = ("system", "table", "place", "shape", "expected", "found")
    rows = [{name: str(getattr(one, name)) for name in columns} for one in found]
    show(rows, columns, as_json=as_json, empty="every table fits")
    return FINDINGS if any(one.shape is not Shape.COLUMN_NEW for one in found) else OK


@mapping.command()
@click.option("--trials", default=100, show_default=True, help="Trials of each mapping.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same trials.")
@json_option
@pass_hub
def prove(hub: Hub, trials: int, seed: int, *, as_json: bool) -> int:
    """Change rows of the mirrors, and fail if a root changed that was not marked.

    Every trial goes through the normal path and is rolled back. Columns whose changes never had an
    effect are listed: often a filter of the mapping is wrong.

    \b
    Exit codes:
      0  no root was missed
      1  roots were missed
    """  # noqa: D301 - click wants the backspace itself
    total = trials * len(hub.catalogue.mappings)
    with progress("trials", total) as advance:
        report = operating.prove_mappings(hub, (trials, seed), lambda _done, _of: advance(1))
    if as_json:
        emit({"passed": report.passed, "seed": seed, "report": report})
        return OK if report.passed else FINDINGS
    rows = [
        (m.system, m.entity, _some(m.roots), "\n".join(m.changes[:ROOTS_SHOWN]))
        for m in report.missed
    ]
    table(("system", "entity", "roots missed", "changes"), rows, empty="no root was missed")
    click.echo(
        f"{report.trials} trials with seed {seed}, {report.skipped} of them skipped;"
        f" {report.marked} roots marked, {report.changed} changed"
    )
    if report.silent:
        table(("system", "entity", "table", "column without any effect"), report.silent)
    return OK if report.passed else FINDINGS


def _some(roots: tuple[str, ...]) -> str:
    more = f" and {len(roots) - ROOTS_SHOWN} more" if len(roots) > ROOTS_SHOWN else ""
    return ", ".join(roots[:ROOTS_SHOWN]) + more
