"""`mdhub policy`: bundles of rules from a folder to being the active one, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.catalogue import check_catalogue, load_catalogue
from config.folder import read_folder
from config.problems import CatalogueBroken
from golden_records.domain.findings import Severity
from golden_records.domain.policy import PolicyState
from golden_records.domain.policy_difference import compare, touched
from hub.bootstrap.policies import activate as run_activation, policies, sweeping, validate
from hub.cli.opened import pass_hub
from hub.cli.output import FINDINGS, OK, emit, json_option, note, progress, show, table
from hub.cli.signing import signed
from hub.cli.simulate import named, simulate
from hub.cli.spelling import Time, at
from hub.services.policies import shown

if TYPE_CHECKING:
    from datetime import datetime

    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.findings import Finding
    from golden_records.domain.policy import Standing
    from golden_records.domain.policy_difference import Touched
    from hub.bootstrap.opening import Hub
    from hub.services.policies import Activated, Word

BASE = ".mdhub-base"
"""The hidden file of an exported folder that says which version it was made from."""


@click.group()
def policy() -> None:
    """Import, compare, simulate, approve and activate policies; go back to an earlier one.

    A policy is a catalogue with the hash of its files as its version. VERSION may be shortened to
    its first letters, and `active` names the active one.
    """


policy.add_command(simulate)


@policy.command("list")
@json_option
@pass_hub
def list_policies(hub: Hub, *, as_json: bool) -> None:
    """List every version with its state, oldest first."""
    rows = [
        {
            "version": standing.version if as_json else standing.short,
            "state": str(standing.state),
            "by": standing.facts[-1].actor,
            "at": standing.facts[-1].at if as_json else at(standing.facts[-1].at),
            "reason": standing.facts[-1].reason,
        }
        for standing in policies(hub).standings()
    ]
    show(rows, ("version", "state", "by", "at", "reason"), as_json=as_json, empty="no policy yet")


@policy.command("show")
@click.argument("version")
@json_option
@pass_hub
def show_policy(hub: Hub, version: str, *, as_json: bool) -> None:
    """Show the steps of a version, its files, and what its activation still has to do."""
    service = policies(hub)
    standing, files = service.standing(version), service.files(version)
    with hub.work() as work:
        left = work.policies.sweeping()
    if as_json:
        emit({**_steps(standing), "files": sorted(files), "left": left})
        return
    rows = [
        (at(f.at), str(f.state), f.actor, f.reason, shown(f.base), _figures(f.figures))
        for f in standing.facts
    ]
    table(("at", "state", "by", "reason", "against", "figures"), rows)
    note(f"{len(files)} files; left to do: {left}")


def _steps(standing: Standing) -> dict[str, object]:
    return {
        "version": standing.version,
        "state": str(standing.state),
        "active": standing.active,
        "facts": list(standing.facts),
    }


def _figures(figures: object) -> str:
    if not isinstance(figures, dict):
        return ""
    return ", ".join(f"{name} {value}" for name, value in figures.items() if value not in ({}, []))


@policy.command("validate")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@pass_hub
def validate_policy(hub: Hub, folder: Path, *, as_json: bool) -> int:
    """Check the folder, and its mappings on this hub's mirrors; nothing is kept.

    \b
    Exit codes:
      0  it may be imported; there may be warnings
      1  there are errors
    """  # noqa: D301 - click wants the backspace itself
    catalogue, findings = check_catalogue(read_folder(folder))
    found = [*findings, *(validate(hub, catalogue) if catalogue else ())]
    rows = [
        {"severity": str(f.severity), "file": f.file, "line": f.line, "message": f.message,
         "remedy": f.remedy}
        for f in found
    ]  # fmt: skip
    columns = ("severity", "file", "line", "message", "remedy")
    show(rows, columns, as_json=as_json, empty="nothing found")
    return FINDINGS if _errors(found) else OK


def _errors(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.severity is Severity.ERROR]


@policy.command("import")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--base", help="The version that the folder was made from.")
@signed
@json_option
@pass_hub
def import_policy(hub: Hub, folder: Path, base: str | None, word: Word, *, as_json: bool) -> int:
    """Store the folder as a version, validated, made from the version that is active.

    `mdhub policy export` notes in the folder which version that is; else say it with --base.
    """
    service = policies(hub)
    catalogue = load_catalogue(read_folder(folder))
    found = validate(hub, catalogue)
    if _errors(found):
        raise CatalogueBroken(found)
    known = _base(folder) if base is None else service.standing(base).version
    version = service.draft(catalogue, known, word)
    if service.standing(version).state is PolicyState.DRAFT:
        service.validated(version, word)
    standing = service.standing(version)
    if as_json:
        emit(_steps(standing))
    else:
        click.echo(f"{standing.short} is {standing.state}")
        note(f"see what it would do: mdhub simulate {standing.short}")
    return OK


def _base(folder: Path) -> str | None:
    file = folder / BASE
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


@policy.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--policy", "version", default="active", show_default=True, help="Which version.")
@click.option("--models", is_flag=True, help="Also pin the matching models that are in force.")
@pass_hub
def export_policy(hub: Hub, folder: Path, version: str, *, models: bool) -> None:
    """Write a version's files into FOLDER, which must be empty or not be there.

    Imported elsewhere, they are the same version. With --models the trained matching models become
    part of the folder, and so of the version that is made of it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty; name another folder")
    service = policies(hub)
    files = dict(service.files(version))
    if models:
        files |= _models(hub, load_catalogue(files))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    base = service.standing(version).version
    (folder / BASE).write_text(f"{base}\n", encoding="utf-8")
    click.echo(f"{len(files)} files of {shown(base)} in {folder}")


def _models(hub: Hub, catalogue: Catalogue) -> dict[str, str]:
    with hub.work() as work:
        found = {name: work.registry.model(name) for name in catalogue.entities}
    return {f"models/{name}.json": body for name, body in found.items() if body is not None}


@policy.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@json_option
@pass_hub
def diff_policies(hub: Hub, old: str, new: str | None, *, as_json: bool) -> None:
    """Show which settings differ, and what an activation would touch.

    OLD and NEW are versions or folders; with one alone it is compared with the active policy.
    """
    before, after = ("active", old) if new is None else (old, new)
    one, other = named(hub, before), named(hub, after)
    changes = compare(one, other)
    reach = touched(one, other, changes)
    if as_json:
        emit({"before": one.version, "after": other.version, "changes": list(changes),
              "touched": _touched(reach)})  # fmt: skip
        return
    rows = [(c.part, c.name, c.setting, _short(c.before), _short(c.after)) for c in changes]
    table(("part", "name", "setting", "before", "after"), rows, empty="no setting differs")
    note("; ".join(f"{name}: {value}" for name, value in _touched(reach).items() if value))


def _touched(reach: Touched) -> dict[str, object]:
    return {
        "merged anew": {entity: sorted(names) for entity, names in reach.entities.items()},
        "read anew": sorted(reach.values),
        "identified anew": sorted(reach.rekeyed),
        "what waits is looked at again": sorted(reach.existence),
        "matched otherwise from now on": sorted(reach.matching),
        "mappings through LOADING and SHADOW": sorted("/".join(pair) for pair in reach.mappings),
        "lanes that wait": sorted("/".join(lane) for lane in reach.lanes),
    }


def _short(text: str | None, most: int = 120) -> str:
    if text is None:
        return "-"
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


@policy.command("approve")
@click.argument("version")
@signed
@pass_hub
def approve_policy(hub: Hub, version: str, word: Word) -> None:
    """Approve a version that was simulated against the active policy.

    Where the version or the active policy says `policy: {four_eyes: true}` in hub.yaml, somebody
    else than who imported it must do so.
    """
    approved = policies(hub).approve(version, word)
    click.echo(f"{shown(approved)} is approved")


@policy.command("activate")
@click.argument("version")
@click.option("--at", "moment", type=Time(), help="Later: a worker does it at that time.")
@signed
@json_option
@pass_hub
def activate_policy(
    hub: Hub, version: str, moment: datetime | None, word: Word, *, as_json: bool
) -> None:
    """Make an approved version the active policy, and mark what it touches.

    Workers take it up by themselves. What is to be published of it waits until all that it touches
    has been looked at again; `mdhub policy show active` says how much is left.
    """
    if moment is not None:
        done = policies(hub).schedule(version, moment.isoformat(), word)
        click.echo(f"{shown(done)} becomes active at {at(moment)}")
        return
    _activate(hub, version, word, back=False, as_json=as_json)


@policy.command("rollback")
@click.argument("version", required=False)
@signed
@json_option
@pass_hub
def rollback_policy(hub: Hub, version: str | None, word: Word, *, as_json: bool) -> None:
    """Make a version that was active once the active policy again; by default the last one.

    It needs no new approval. Simulate it first where there is time: `mdhub simulate VERSION`.
    """
    service = policies(hub)
    previous = version or service.standing("active").facts[-1].base
    if previous is None:
        raise click.UsageError("no policy was active before this one")
    _activate(hub, previous, word, back=True, as_json=as_json)


def _activate(hub: Hub, version: str, word: Word, *, back: bool, as_json: bool) -> None:
    renewed, activated = run_activation(hub, version, word, back=back)
    with progress("sweep steps") as advance:
        sweeping(renewed).finish(advance)
    with renewed.work() as work:
        left = work.policies.sweeping()
    if as_json:
        emit({**_activated(activated), "left": left})
        return
    click.echo(f"{shown(activated.version)} is active instead of {shown(activated.before)}")
    note(f"{left['marks']} roots marked, {left['lanes']} lanes wait; workers go on from here")
    loading = [s for s in activated.sweeps if s.kind == "mapping"]
    if loading:
        pairs = ", ".join(f"{s.system}/{s.entity}" for s in loading)
        note(f"in SHADOW now, look and then say `mdhub phase live`: {pairs}")


def _activated(activated: Activated) -> dict[str, object]:
    return {
        "version": activated.version,
        "before": activated.before,
        "touched": _touched(activated.touched),
        "sweeps": list(activated.sweeps),
    }
