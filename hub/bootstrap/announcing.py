"""The thread in which a worker delivers identity events to Kafka."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from connectors.kafka.admin import KafkaAdmin
from connectors.kafka.producer import Producer
from golden_records.domain.errors import TransientError
from golden_records.domain.feed import TopicSpec
from hub.failpoints import failpoint
from hub.services.announce import Announce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.bootstrap.opening import Hub

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
FAILED_SECONDS = 2.0
KEPT_MS = 30 * 24 * 3600 * 1000


def identity_topic(prefix: str) -> str:
    """The topic of identity events; one partition, so that their order is one for all."""
    return f"{prefix}.identity"


class KafkaChannel:
    """`hub.services.announce.Channel` to one topic; the producer keeps the order by itself."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        with KafkaAdmin(bootstrap) as admin:
            spec = TopicSpec(partitions=1, configs={"retention.ms": str(KEPT_MS)})
            admin.ensure({topic: spec})
        self._topic = topic
        self._producer = Producer(bootstrap)

    def deliver(self, messages: Sequence[tuple[bytes, bytes]]) -> None:
        for key, value in messages:
            self._producer.send(self._topic, key, value, partition=0)
        self._producer.flush()

    def close(self) -> None:
        self._producer.close()


class Announcer(threading.Thread):
    """Delivers for as long as a worker runs; of several workers one at a time does it."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(name="identity-events", daemon=True)
        self._hub = hub
        self._stop_asked = threading.Event()

    def stop(self, timeout: float) -> None:
        self._stop_asked.set()
        self.join(timeout)

    def run(self) -> None:
        pause = 0.0
        while not self._stop_asked.wait(pause):
            try:
                self._serve()
            except TransientError as error:
                log.warning("identity events wait: %s", error)
            except Exception:
                log.exception("delivering identity events failed and begins again; report this")
            pause = FAILED_SECONDS

    def _serve(self) -> None:
        """Deliver until told to stop; a producer that failed is made anew."""
        hub = self._hub
        channel = KafkaChannel(hub.places.kafka, identity_topic(hub.settings.topic_prefix))
        try:
            service = Announce(hub.work, channel, hub.clock, failpoint(hub.settings.failpoint))
            while not self._stop_asked.is_set():
                if not service.tick():
                    self._stop_asked.wait(IDLE_SECONDS)
        finally:
            channel.close()
