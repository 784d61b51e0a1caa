"""`mdhub match report`: what matching does, in figures, and what changed since the last report."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from hub.bootstrap.matching import reporting
from hub.bootstrap.policies import policies
from hub.cli.opened import hub_in_use
from hub.cli.output import emit, json_option, note, show, table as print_table
from hub.cli.signing import signed
from hub.cli.spelling import at
from hub.clock import SystemClock
from hub.services.match_evaluate import evaluate, freeze, frozen, read_spec, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hub.services.match_evaluate import Evaluation
    from hub.services.match_report import Change, EntityReport, Report
    from hub.services.policies import Word
    from matchers.measure import CalibrationBin

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
_SAME = 5e-5
SETS = (
    "set",
    "precision",
    "recall",
    "F1",
    "change",
    "best F1",
    "B3",
    "review",
    "reached",
    "est.",
    "seconds",
    "MB",
)


class Options(TypedDict):
    """What the report is of, and whether it is kept."""

    folder: Path | None
    configs: Path | None
    kept: Path | None
    version: str
    keep: bool
    word: Word
    as_json: bool


@click.command("report")
@click.argument("folder", type=FOLDER, required=False)
@click.option("--configs", type=FOLDER, help="With FOLDER: one YAML per labelled set, named alike.")
@click.option("--frozen", "kept", type=FILE, help="With FOLDER: the frozen figures, as JSON.")
@click.option("--policy", "version", default="active", show_default=True, help="Which version.")
@click.option("--freeze", "keep", is_flag=True, help="Keep it, to compare the next one with.")
@signed
@json_option
def report_matching(**options: Unpack[Options]) -> None:
    """Say how good matching is on this hub, and what changed since the last frozen report.

    With FOLDER instead: on every labelled set below it. A policy that matches otherwise (lines,
    fields, models) is approved only with a frozen report of it: --policy VERSION --freeze.
    """
    if options["folder"] is None:
        _on_hub(options)
    elif options["configs"] is None:
        raise click.UsageError("say with --configs where the YAML of each set is")
    else:
        _on_sets(options["folder"], options["configs"], options)


# --- labelled sets --------------------------------------------------------------------------------


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _on_sets(folder: Path, configs: Path, options: Options) -> None:
    clock, path = SystemClock(), options["kept"] or folder / "frozen.json"
    found = [
        evaluate(folder / config.stem, read_spec(config), clock, peak_megabytes)
        for config in sorted(configs.glob("*.yaml"))
        if (folder / config.stem).is_dir()
    ]
    before = frozen(path)
    if options["as_json"]:
        emit([{**item.as_json(), "frozen": before.get(item.name)} for item in found])
    else:
        show(table(found, before), SETS, as_json=False)
        for item in found:
            tell_set(item)
    if options["keep"]:
        freeze(path, found)
        note(f"frozen in {path}")


def tell_set(found: Evaluation) -> None:
    """Say what the table has no room for."""
    note(
        f"{found.name}: best threshold at {found.best_at:+.1f} bits; {found.candidates} candidates,"
        f" estimated blocking recall {found.estimated_blocking_recall:.4f};"
        f" sizes {_sizes(found.sizes)}, largest {found.largest_cluster}; model {found.model}"
    )
    _calibration(found.calibration, note)


# --- this hub -------------------------------------------------------------------------------------


def _on_hub(options: Options) -> None:
    hub = hub_in_use()
    service = reporting(hub, policies(hub).catalogue(options["version"]))
    found = service.report()
    if options["as_json"]:
        emit(found)
    else:
        _tell(found)
    if options["keep"]:
        service.freeze(found, options["word"])
        note(f"frozen as the report of {found.policy[:12]}")


def _tell(found: Report) -> None:
    against = "the active policy" if found.policy == found.active else "not active"
    click.echo(f"matching under {found.policy[:12]} ({against})")
    for item in found.entities:
        _tell_entity(item, [c for c in found.changes if c.entity == item.entity])
    if found.frozen is None:
        click.echo("no report was frozen yet: --freeze keeps this one")
    else:
        kept = found.frozen
        click.echo(
            f"compared with the report of {kept.version[:12]} that {kept.actor} froze at"
            f" {at(kept.at)}" + (f": {kept.reason}" if kept.reason else "")
        )


def _tell_entity(item: EntityReport, changes: Sequence[Change]) -> None:
    click.echo(
        f"\n{item.entity}: {item.records} records; model {item.model}, frequencies of"
        f" {item.counted}; people decided {item.same} pairs same, {item.different} different"
    )
    rows = [(c.figure, _figure(c.now), _figure(c.before), _step(c)) for c in changes]
    print_table(("figure", "now", "frozen", "change"), rows)
    click.echo(f"golden records by size: {_sizes(item.sizes)}")
    keys = item.keys
    click.echo(f"{keys.keys} keys, {keys.hot} too hot{_worst(keys.hottest)}")
    click.echo(
        f"found by nobody: {keys.without_keys} records without a key, {keys.only_hot} with hot keys"
        f" alone{_worst(keys.stranded)}"
    )
    _calibration(item.calibration, click.echo)


def _worst(names: Sequence[str]) -> str:
    return f": {', '.join(names)}" if names else ""


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _step(change: Change) -> str:
    if change.before is None or change.now is None:
        return ""
    gap = change.now - change.before
    return f"{gap:+.4g}" if abs(gap) >= _SAME else "="


def _sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} of {size}" for size, count in sizes.items() if count) or "none"


def _calibration(bins: Sequence[CalibrationBin], tell: Callable[[str], None]) -> None:
    for item in bins:
        tell(f"  said {item.said:.2f}, true {item.true:.2f}, {item.pairs} pairs")
