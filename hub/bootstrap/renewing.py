"""The thread in which a worker looks whether term frequencies have been outgrown, and says so."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hub.bootstrap.following import newest
from hub.bootstrap.looking import LookingThread
from hub.services.renewal import matched, snapshots

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS = 300.0


class FrequenciesThread(LookingThread):
    """Looks now and then, and warns once about each model that has been outgrown."""

    def __init__(self, hub: Hub) -> None:
        super().__init__("frequencies", "term frequencies", LOOK_SECONDS)
        self._hub = hub
        self._told: set[tuple[str, str | None]] = set()

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
