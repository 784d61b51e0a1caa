"""The thread in which a worker looks whether term frequencies have been outgrown, and says so."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from golden_records.domain.errors import HubError
from hub.bootstrap.following import newest
from hub.services.renewal import matched, snapshots

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS = 300.0


class FrequenciesThread(threading.Thread):
    """Looks now and then, and warns once about each model that has been outgrown."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(name="frequencies", daemon=True)
        self._hub = hub
        self._told: set[tuple[str, str | None]] = set()
        self._stop_asked = threading.Event()

    def stop(self, timeout: float) -> None:
        self._stop_asked.set()
        self.join(timeout)

    def run(self) -> None:
        while not self._stop_asked.wait(LOOK_SECONDS):
            try:
                self.look()
            except HubError as error:
                log.warning("term frequencies cannot be looked after: %s", error)

    def look(self) -> None:
        """Compare numbers of records; that is all that it costs."""
        self._hub = newest(self._hub)
        with self._hub.work() as work:
            models, records = work.matching.models(active=True), work.matching.population()
        for found in snapshots(matched(self._hub.catalogue), models, records):
            if found.outgrown and (found.entity, found.version) not in self._told:
                self._told.add((found.entity, found.version))
                log.warning(
                    "the term frequencies of %s (model %s) were counted on %d records, and there"
                    " are %d now: run `mdhub match renew`",
                    found.entity,
                    found.version or "default",
                    found.counted,
                    found.records,
                )
