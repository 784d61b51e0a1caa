"""`mdhub simulate`: what another policy would do, with nothing touched."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.catalogue import load_catalogue
from config.folder import read_folder
from hub.bootstrap.policies import policies
from hub.bootstrap.simulating import simulation
from hub.cli.opened import pass_hub
from hub.cli.output import emit, json_option, note, progress, table
from hub.cli.signing import signed
from hub.services.policies import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from golden_records.domain.catalogue import Catalogue
    from hub.bootstrap.opening import Hub
    from hub.services.policies import Word

COLUMNS = (
    *("kind", "entity", "golden", "attribute", "before", "after", "from", "to", "target", "key"),
    *("group", "class", "desired", "cause", "goldens", "record", "how"),
)


@click.command()
@click.argument("policy")
@click.option(
    "--rows",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write every difference to this file: CSV, or JSON lines if it ends in .jsonl.",
)
@signed
@json_option
@pass_hub
def simulate(hub: Hub, policy: str, rows: Path | None, word: Word, *, as_json: bool) -> None:
    """Recompute all golden records under POLICY, a folder or a version, and print what differs.

    Reads one snapshot and writes nothing but, for a stored version, that it was simulated. Links
    stay as they are when matching changes: merges and splits say what would differ.
    """
    catalogue = named(hub, policy)
    service = simulation(hub, catalogue)
    with _writer(rows) as write, progress("golden records", service.count()) as advance:
        figures = service.run(hub.clock.now(), advance, write).as_json()
    if not Path(policy).is_dir():
        policies(hub).simulated(catalogue.version, word, figures)
    if as_json:
        emit({"policy": catalogue.version, "against": hub.catalogue.version, **figures})
        return
    counted = ((kind, inner) for kind, inner in figures.items() if isinstance(inner, dict))
    lines = [(kind, name, value) for kind, inner in counted for name, value in inner.items()]
    table(("what", "where", "how many"), lines, empty="no difference")
    against = shown(hub.catalogue.version)
    note(f"{shown(catalogue.version)} against {against}: {figures['recomputed']} recomputed")


def named(hub: Hub, name: str) -> Catalogue:
    """Return the catalogue of a folder, or of a stored version."""
    if Path(name).is_dir():
        return load_catalogue(read_folder(Path(name)))
    return policies(hub).catalogue(name)


@contextmanager
def _writer(path: Path | None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Yield what writes a row; nothing is written where no file is named."""
    if path is None:
        yield lambda _: None
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            yield lambda row: print(json.dumps(row, ensure_ascii=False, default=str), file=file)
            return
        sheet = csv.DictWriter(file, COLUMNS)
        sheet.writeheader()
        yield lambda row: sheet.writerow({name: _cell(value) for name, value in row.items()})


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
