"""`mdhub load` and `mdhub phase`: move (system, entity) pairs into the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from config.settings import Settings
from hub.bootstrap.loading import phase_service, wait_for_snapshots
from hub.bootstrap.matching import training
from hub.bootstrap.opening import Hub, open_hub
from hub.cli.output import json_option, note, progress, show
from hub.clock import SystemClock
from hub.services.phases import Phases

if TYPE_CHECKING:
    from collections.abc import Callable

FILTERS = (
    click.option("--system", "systems", multiple=True, help="Only this system; may be repeated."),
    click.option("--entity", "entities", multiple=True, help="Only this entity; may be repeated."),
)


def _chosen(hub: Hub, systems: tuple[str, ...], entities: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        (mapping.system, mapping.entity)
        for mapping in hub.catalogue.mappings
        if (not systems or mapping.system in systems)
        and (not entities or mapping.entity in entities)
    ]


@click.command()
@FILTERS[0]
@FILTERS[1]
@click.option("--timeout", default=600.0, show_default=True, help="Seconds to wait for snapshots.")
@json_option
def load(
    systems: tuple[str, ...], entities: tuple[str, ...], timeout: float, *, as_json: bool
) -> None:
    """Take what is in LOADING to SHADOW, once its snapshot has been applied.

    Workers must run (`mdhub work`). In SHADOW records are matched and merged, and nothing is
    published; look at the golden records, then say `mdhub phase live`.
    """
    hub = open_hub(Settings(), SystemClock())
    pairs = _chosen(hub, systems, entities)
    wait_for_snapshots(hub, sorted({system for system, _ in pairs}), timeout, note)
    train_new(hub, {entity for _, entity in pairs}, note)
    outcome = phase_service(hub, progress).load(pairs)
    for loaded in outcome.loaded:
        note(
            f"{loaded.entity}: {loaded.records} records are {loaded.goldens} golden records;"
            f" {loaded.set_aside} roots set aside"
        )
    _report(hub, outcome.marked, as_json=as_json)


def train_new(hub: Hub, entities: set[str], tell: Callable[[str], None]) -> None:
    """Learn matching models before anything is matched; an entity that has one keeps it."""
    service = training(hub)
    for entity in service.entities():
        with hub.work() as work:
            known = work.registry.model_version(entity.name)
        if entity.name in entities and known is None:
            tell(f"learning to match {entity.name}")
            service.train(entity)


@click.group()
def phase() -> None:
    """Show or change where (system, entity) pairs stand: LOADING, SHADOW, LIVE."""


@phase.command("list")
@json_option
def list_phases(*, as_json: bool) -> None:
    """Show the phase of every pair."""
    hub = open_hub(Settings(), SystemClock())
    _report(hub, 0, as_json=as_json)


@phase.command()
@FILTERS[0]
@FILTERS[1]
@json_option
def live(systems: tuple[str, ...], entities: tuple[str, ...], *, as_json: bool) -> None:
    """Let pairs in SHADOW be published to (a system in dry run still gets nothing)."""
    hub = open_hub(Settings(), SystemClock())
    roots = Phases(hub.work, hub.catalogue).go_live(_chosen(hub, systems, entities))
    _report(hub, roots, as_json=as_json)


def _report(hub: Hub, roots: int, *, as_json: bool) -> None:
    rows = [
        {"system": system, "entity": entity, "phase": str(phase)}
        for (system, entity), phase in sorted(Phases(hub.work, hub.catalogue).current().items())
    ]
    if roots:
        note(f"{roots} roots marked; workers resolve them now")
    show(rows, ("system", "entity", "phase"), as_json=as_json)
