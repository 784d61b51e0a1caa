"""Look at the sources' own catalogues for tables that have changed their shape."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from connectors.debezium.drift import misfits
from connectors.debezium.errors import SourceUnreachableError
from connectors.debezium.source_catalogue import read_catalogue
from hub.bootstrap.describing import described
from hub.bootstrap.following import newest
from hub.bootstrap.looking import LookingThread
from hub.bootstrap.places import SecretMissing
from hub.bootstrap.working import drifts

if TYPE_CHECKING:
    from collections.abc import Callable

    from golden_records.domain.drift import Misfit
    from hub.bootstrap.opening import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


def look_at_sources(hub: Hub, report: Callable[[str], None]) -> list[Misfit]:
    """Compare every source that can be read with its contracts; open and close the cases."""
    found = []
    service = drifts(hub)
    for name in sorted({system for system, _ in hub.contracts}):
        try:
            there = _look(hub, name)
        except (SecretMissing, SourceUnreachableError) as error:
            report(f"the tables of {name} cannot be looked at: {error}")
            continue
        with hub.work() as work:
            service.compare(work, name, there, hub.clock.now())
            work.commit()
        found += there
    return found


def _look(hub: Hub, name: str) -> list[Misfit]:
    system = hub.catalogue.systems[name]
    source = described(hub.settings, hub.catalogue, system)
    contracts = [contract for (owner, _), contract in hub.contracts.items() if owner == name]
    now = hub.clock.now()
    return misfits(contracts, read_catalogue(source.spec, source.password), now)


class ShapesThread(LookingThread):
    """Looks now and then; what cannot be looked at is said once."""

    def __init__(self, hub: Hub) -> None:
        super().__init__("shapes", "the sources' tables", LOOK_SECONDS)
        self._hub = hub
        self._told: set[str] = set()

    def look(self) -> None:
        self._hub = newest(self._hub)
        look_at_sources(self._hub, self._tell)

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            log.warning("%s", message)
