"""Restarts what of the catalogue's connectors has failed, for as long as a worker runs.

A connector whose source or broker was away gives up after a while and stays FAILED for ever; what
it read is remembered, so a restart goes on where it was. Several workers may do this at once.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from connectors.debezium.connect import ConnectClient
from connectors.debezium.source_spec import connector_name
from golden_records.domain.errors import HubError

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0


class ConnectorsThread(threading.Thread):
    """Looks at the connectors now and then, until told to stop."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(name="connectors", daemon=True)
        systems = sorted({system for system, _ in hub.contracts})
        self._names = [connector_name(hub.settings.topic_prefix, system) for system in systems]
        self._url = hub.places.connect
        self._clock = hub.clock
        self._stop_asked = threading.Event()

    def stop(self, timeout: float) -> None:
        self._stop_asked.set()
        self.join(timeout)

    def run(self) -> None:
        client = ConnectClient(self._url, self._clock)
        try:
            while not self._stop_asked.wait(LOOK_SECONDS):
                self._look(client)
        finally:
            client.close()

    def _look(self, client: ConnectClient) -> None:
        for name in self._names:
            try:
                status = client.status(name)
                if status is not None and status.failures:
                    log.warning("restarting %s, which failed: %s", name, status.failures)
                    client.restart_failed(name)
            except HubError as error:
                log.warning("the connector %s cannot be looked after: %s", name, error)
