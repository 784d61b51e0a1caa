"""`mdhub match`: evaluate, train and report matching."""

from __future__ import annotations

import resource
from pathlib import Path

import click

from config.settings import Settings
from hub.bootstrap.opening import open_hub
from hub.cli.output import emit, json_option, note, show
from hub.clock import SystemClock
from hub.services.match_evaluate import Evaluation, evaluate, read_spec, table
from hub.services.resolving.rules import compile_rules
from hub.services.training import Training

_COLUMNS = (
    "set",
    "precision",
    "recall",
    "F1",
    "best F1",
    "B3",
    "review",
    "reached",
    "seconds",
    "MB",
)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def match() -> None:
    """Train, explain and report matching."""


@match.command("evaluate")
@click.argument("folder", type=_FOLDER)
@click.option("--config", type=_FILE, required=True, help="The types of the columns, as YAML.")
@json_option
def evaluate_folder(folder: Path, config: Path, *, as_json: bool) -> None:
    """Match the records of a folder and score them against its truth.csv."""
    found = evaluate(folder, read_spec(config), SystemClock(), peak_megabytes)
    if as_json:
        emit(found.as_json())
        return
    show(table([found]), _COLUMNS, as_json=False)
    _tell(found)


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _tell(found: Evaluation) -> None:
    note(
        f"best threshold at {found.best_at:+.1f} bits; {found.candidates} candidates,"
        f" estimated blocking recall {found.estimated_blocking_recall:.4f};"
        f" largest cluster {found.largest_cluster}; model {found.model}"
    )
    for item in found.calibration:
        note(f"said {item.said:.2f}, true {item.true:.2f}, {item.pairs} pairs")


@match.command("train")
@click.option("--entity", "entities", multiple=True, help="Only this entity; may be repeated.")
@json_option
def train_models(entities: tuple[str, ...], *, as_json: bool) -> None:
    """Learn a model from the mirrors and make it the active one; no labels are needed."""
    hub = open_hub(Settings(), SystemClock())
    training = Training(hub.work, hub.catalogue, compile_rules(hub.catalogue))
    rows = []
    for entity in training.entities():
        if entities and entity.name not in entities:
            continue
        model = training.train(entity)
        rows.append(
            {
                "entity": entity.name,
                "model": model.version if model else None,
                "records": model.records if model else 0,
            }
        )
    show(rows, ("entity", "model", "records"), as_json=as_json)


@match.command("report")
@click.argument("folder", type=_FOLDER)
@click.option("--configs", type=_FOLDER, required=True, help="One YAML per set, named alike.")
@json_option
def report_folders(folder: Path, configs: Path, *, as_json: bool) -> None:
    """Evaluate every labelled set below a folder."""
    clock = SystemClock()
    found = [
        evaluate(folder / config.stem, read_spec(config), clock, peak_megabytes)
        for config in sorted(configs.glob("*.yaml"))
        if (folder / config.stem).is_dir()
    ]
    if as_json:
        emit([item.as_json() for item in found])
        return
    show(table(found), _COLUMNS, as_json=False)
