"""`mdhub verify`: recompute everything from scratch and compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.bootstrap.verifying import verification
from hub.cli.opened import pass_hub
from hub.cli.output import FINDINGS, OK, emit, json_option, note, progress, table

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

SHOWN = 50


@click.command()
@click.option(
    "--invariants",
    is_flag=True,
    help="Links, values, history and events alone.",
)
@json_option
@pass_hub
def verify(hub: Hub, *, invariants: bool, as_json: bool) -> int:
    """Recompute every source record and golden record from scratch and print what differs.

    Reads one snapshot; nothing is changed and nothing waits. Roots that are marked and not yet
    resolved are known to be behind and are left out; golden records whose time has come, and that
    no worker has looked at yet, are compared as of just before.

    \b
    Exit codes:
      0  no difference
      1  differences, printed
    """  # noqa: D301 - click wants the backspace itself
    service = verification(hub)
    check = service.invariants if invariants else service.verify
    with progress("golden records", service.count()) as advance:
        report = check(advance)
    if as_json:
        emit(
            {
                "clean": report.clean,
                **report.totals,
                "behind": report.behind,
                "found": report.found,
                "differences": report.differences,
            }
        )
    else:
        columns = ("kind", "entity", "system", "key", "attribute", "expected", "found")
        rows = [[_text(d, name) for name in columns] for d in report.differences[:SHOWN]]
        table(columns, rows, empty="no difference")
        note(f"{dict(report.totals)}; {report.behind} behind; {report.found} differences")
    return OK if report.clean else FINDINGS


def _text(difference: dict[str, object], name: str) -> object:
    if name == "kind" and "invariant" in difference:
        return difference["invariant"]
    return difference.get(name)
