"""`mdhub check`: is the catalogue whole? Every problem at once, with file, line and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from config.catalogue import check_catalogue, version_of
from config.folder import read_folder
from config.settings import Settings
from golden_records.domain.findings import Severity
from hub.cli.output import FINDINGS, console, emit, json_option
from hub.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.findings import Finding

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@click.command()
@click.argument(
    "folder",
    required=False,
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option("--live", is_flag=True, help="Also against the mirrors in the hub's database.")
@json_option
@click.pass_context
def check(ctx: click.Context, folder: Path | None, *, live: bool, as_json: bool) -> None:
    """Check the catalogue in FOLDER (default: MDHUB_CATALOGUE, else ./catalogue).

    Every problem is reported, each with its file, line and remedy. Nothing is changed. With --live
    the mappings are also checked against the mirrors: names, forms, and growth with the data.

    \b
    Exit codes:
      0  the catalogue can be loaded; there may be warnings
      1  there are errors
    """  # noqa: D301 - click wants the backspace itself
    settings = Settings()
    files = read_folder(folder or settings.catalogue)
    catalogue, findings = check_catalogue(files)
    if catalogue is not None and live:
        from hub.bootstrap.checking import check_mirrors  # noqa: PLC0415 - slow, rarely asked

        findings = (*findings, *check_mirrors(settings, SystemClock(), catalogue))
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        emit(
            {
                "version": version_of(files),
                "loadable": not errors,
                "errors": errors,
                "warnings": len(findings) - errors,
                "findings": findings,
            },
        )
    else:
        _show(findings)
        _sum_up(catalogue, errors, len(findings) - errors)
    ctx.exit(FINDINGS if errors else 0)


def _show(findings: Sequence[Finding]) -> None:
    out = console()
    for finding in findings:
        colour = _COLOURS[finding.severity]
        head = f"[bold]{escape(finding.place)}[/]  [{colour}]{finding.severity}[/]"
        out.print(f"{head}  {escape(finding.message)}", soft_wrap=True)
        out.print(f"    {escape(finding.remedy)}", soft_wrap=True, style="dim")


def _sum_up(catalogue: Catalogue | None, errors: int, warnings: int) -> None:
    if catalogue is None:
        click.echo(f"{errors} error(s), {warnings} warning(s): the catalogue cannot be loaded")
        return
    parts = {
        "systems": catalogue.systems,
        "tables": catalogue.tables,
        "entities": catalogue.entities,
        "mappings": catalogue.mappings,
        "write plans": catalogue.plans,
        "lanes": catalogue.lanes,
    }
    counted = ", ".join(f"{len(part)} {name}" for name, part in parts.items())
    click.echo(f"{catalogue.name}: {counted}; {errors} error(s), {warnings} warning(s)")
    click.echo(f"version {catalogue.version}")
