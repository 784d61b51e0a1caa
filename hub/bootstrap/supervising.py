"""Restarts what of the catalogue's connectors has failed, for as long as a worker runs.

A connector whose source or broker was away gives up after a while and stays FAILED for ever; what
it read is remembered, so a restart goes on where it was. Several workers may do this at once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from connectors.debezium.connect import ConnectClient
from connectors.debezium.source_spec import connector_name
from golden_records.domain.errors import HubError
from hub.bootstrap.looking import LookingThread

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0


class ConnectorsThread(LookingThread):
    """Looks at the connectors now and then, until told to stop."""

    def __init__(self, hub: Hub) -> None:
        super().__init__("connectors", "connectors", LOOK_SECONDS)
        systems = sorted({system for system, _ in hub.contracts})
        self._names = [connector_name(hub.settings.topic_prefix, system) for system in systems]
        self._client = ConnectClient(hub.places.connect, hub.clock)

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._client.close()

    def look(self) -> None:
        """Restart every connector that has failed."""
        for name in self._names:
            try:
                status = self._client.status(name)
                if status is not None and status.failures:
                    log.warning("restarting %s, which failed: %s", name, status.failures)
                    self._client.restart_failed(name)
            except HubError as error:
                log.warning("the connector %s cannot be looked after: %s", name, error)
