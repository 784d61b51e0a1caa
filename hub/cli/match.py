"""`mdhub match`: evaluate, train and report matching."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.bootstrap.matching import explaining, renewal, training
from hub.bootstrap.policies import sweeping
from hub.cli.match_report import FOLDER, SETS, peak_megabytes, report_matching, tell_set
from hub.cli.match_words import tell_golden, tell_pair
from hub.cli.opened import pass_hub
from hub.cli.output import FINDINGS, OK, emit, json_option, progress, show
from hub.clock import SystemClock
from hub.services.match_evaluate import evaluate, read_spec, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.bootstrap.opening import Hub
    from hub.services.renewal import Looked
    from hub.services.training import Trained
    from matchers import MatchModel

_TRAINED = ("entity", "model", "records", "learnt from", "same", "different", "not used")
_DRIFT = ("entity", "model", "counted", "records", "due", "why")
_EVALUATED = tuple(name for name in SETS if name != "change")
_PAIR = 2
_OUT = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def match() -> None:
    """Train, explain and report matching."""


@match.command("evaluate")
@click.argument("folder", type=FOLDER)
@click.option("--config", type=_FILE, required=True, help="The types of the columns, as YAML.")
@json_option
def evaluate_folder(folder: Path, config: Path, *, as_json: bool) -> None:
    """Match the records of a folder and score them against its truth.csv."""
    found = evaluate(folder, read_spec(config), SystemClock(), peak_megabytes)
    if as_json:
        emit(found.as_json())
        return
    show(table([found]), _EVALUATED, as_json=False)
    tell_set(found)


@match.command("train")
@click.option("--entity", "entities", multiple=True, help="Only this entity; may be repeated.")
@click.option("--out", type=_OUT, help="Write the models into an exported policy instead.")
@json_option
@pass_hub
def train_models(hub: Hub, entities: tuple[str, ...], out: Path | None, *, as_json: bool) -> None:
    """Learn a model from the records and make it the active one.

    No labels are needed. What stewards decided about pairs is known, and steadies the weights as
    far as so many decisions may. A model that the policy holds is not replaced but by a policy:
    `mdhub policy export FOLDER`, train with --out FOLDER, `mdhub policy import FOLDER`.
    """
    service = training(hub)
    wanted = [e for e in service.entities() if not entities or e.name in entities]
    found = [(e.name, service.learn(e) if out else service.train(e)) for e in wanted]
    _keep(hub, out, {name: trained.model for name, trained in found if trained is not None})
    show([_trained(name, one) for name, one in found], _TRAINED, as_json=as_json)


def _trained(name: str, found: Trained | None) -> dict[str, object]:
    if found is None:
        return {"entity": name, "model": None, "records": 0}
    return {
        "entity": name,
        "model": found.model.version,
        "records": found.model.records,
        "learnt from": found.sampled,
        "same": found.same,
        "different": found.different,
        "not used": found.unused,
    }


@match.command("drift")
@click.option("--entity", "entities", multiple=True, help="Only this entity; may be repeated.")
@json_option
@pass_hub
def show_drift(hub: Hub, entities: tuple[str, ...], *, as_json: bool) -> int:
    """Say whether the model's term frequencies still are those of the records.

    Everything is counted anew and compared. Exit code 1: a snapshot should be renewed.
    """
    service = renewal(hub)
    found = [service.look(e) for e in service.entities() if not entities or e in entities]
    show([_looked(one) for one in found], _DRIFT, as_json=as_json)
    return FINDINGS if any(one.due for one in found) else OK


@match.command("renew")
@click.option("--entity", "entities", multiple=True, help="Only this entity; may be repeated.")
@click.option("--always", is_flag=True, help="Also where nothing has drifted.")
@click.option("--out", type=_OUT, help="Write the models into an exported policy instead.")
@json_option
@pass_hub
def renew_frequencies(
    hub: Hub, entities: tuple[str, ...], out: Path | None, *, always: bool, as_json: bool
) -> None:
    """Count the term frequencies anew where they have drifted; weights stay as they were learnt.

    The renewed model is a version of its own, and is in force at once.
    """
    service = renewal(hub)
    wanted = [e for e in service.entities() if not entities or e in entities]
    found = [service.look(e) if out else service.renew(e, always=always) for e in wanted]
    new = [one for one in found if one.due or always]
    _keep(hub, out, {one.entity: one.renewed for one in new})
    rows = [
        {**_looked(one), "renewed": one.renewed.version if one in new else None} for one in found
    ]
    show(rows, (*_DRIFT, "renewed"), as_json=as_json)


def _looked(found: Looked) -> dict[str, object]:
    return {
        "entity": found.entity,
        "model": found.version,
        "counted": found.drift.then,
        "records": found.drift.now,
        "due": found.due,
        "why": "; ".join(found.drift.reasons()),
        "crowded": list(found.drift.crowded),
        "shifts": list(found.drift.shifts),
    }


def _keep(hub: Hub, out: Path | None, models: Mapping[str, MatchModel]) -> None:
    """Write models into a folder, or let the keys of stored records follow those in force."""
    if out is None:
        with progress("parts whose keys were looked at") as advance:
            sweeping(hub).finish(advance)
        return
    for name, model in models.items():
        (out / "models").mkdir(parents=True, exist_ok=True)
        (out / "models" / f"{name}.json").write_text(model.to_json(), encoding="utf-8")


@match.command("models")
@json_option
@pass_hub
def list_models(hub: Hub, *, as_json: bool) -> None:
    """List every model that was ever in force, the latest last."""
    with hub.work() as work:
        rows = [asdict(one) for one in work.matching.models(active=False)]
    show(rows, ("entity", "version", "records", "trained_at", "active"), as_json=as_json)


@match.command("explain")
@click.argument("records", nargs=-1, metavar="[RECORD RECORD]")
@click.option("--golden", help="A golden id, or SYSTEM:ENTITY:KEY: how it came together.")
@click.option("--entity", help="What the two records are, where several entities are matched.")
@json_option
@pass_hub
def explain_match(
    hub: Hub, records: tuple[str, ...], golden: str | None, entity: str | None, *, as_json: bool
) -> None:
    """Say why two source records are together or apart, or how a golden record came together.

    A RECORD is SYSTEM:KEY, or SYSTEM:ENTITY:KEY.
    """
    service = explaining(hub)
    if golden is not None and not records:
        story = service.golden(golden)
        emit(story) if as_json else tell_golden(story)
    elif golden is None and len(records) == _PAIR:
        found = service.pair((records[0], records[1]), entity)
        emit(found) if as_json else tell_pair(found)
    else:
        raise click.UsageError("name two records, or one golden record with --golden")


match.add_command(report_matching)
