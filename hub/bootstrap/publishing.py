"""The publisher and its targets, and the thread in which a worker runs it."""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING

from connectors.targets.sql import SqlTarget
from golden_records.domain.casework import Stakes
from golden_records.domain.errors import TransientError
from hub.bootstrap.following import Following
from hub.bootstrap.places import SecretMissing, find_secret
from hub.failpoints import failpoint
from hub.services.publish import Publish, PublishSettings

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub

log = logging.getLogger(__name__)

IDLE_SECONDS = (0.1, 0.5)
"""How soon a queue in which nothing was due is asked again: at first, and at most."""
FAILED_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 10.0


def publisher(hub: Hub) -> Publish:
    """Return the publish service with a target for every system that a plan writes to."""
    targets = {}
    reached = failpoint(hub.settings.failpoint)
    for name in sorted({plan.system for plan in hub.catalogue.plans}):
        system = hub.catalogue.systems[name]
        try:
            url = find_secret(hub.settings, system.write_secret or system.secret)
        except SecretMissing as missing:
            log.warning("nothing will be published to %s: %s", name, missing)
            continue
        targets[name] = SqlTarget(system, hub.catalogue, url, reached)
    classes = hub.catalogue.case_classes
    stakes = {n: Stakes(e, classes) for n, e in hub.catalogue.entities.items()}
    jitter = random.SystemRandom().random
    return Publish(
        hub.work, targets, hub.clock, jitter, PublishSettings(reached=reached, stakes=stakes)
    )


class Publishers:
    """Threads of its own for each target, so that a slow one holds up nobody else.

    Those of one target share its queue: a row is in one thread's hands at a time.
    """

    def __init__(self, hub: Hub) -> None:
        self._following = Following(hub, publisher)
        self._clock = hub.clock
        self._stop_asked = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._serve, args=(name,), name=f"publish-{name}-{number}", daemon=True
            )
            for name in self._following.service.targets
            for number in range(hub.settings.publish_threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Ask all to stop; an attempt that has begun is finished first."""
        self._stop_asked.set()
        deadline = self._clock.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))

    def _serve(self, target: str) -> None:
        looked = self._clock.monotonic()
        pause = 0.0
        soonest, latest = IDLE_SECONDS
        while not self._stop_asked.wait(pause):
            try:
                busy = self._following.call(lambda publish: publish.tick(target))
                pause = 0.0 if busy else min(max(2 * pause, soonest), latest)
                if self._clock.monotonic() - looked > LOOK_AGAIN_SECONDS:
                    looked = self._clock.monotonic()
                    self._following.service.look_again()
            except TransientError as error:
                log.warning("publishing to %s pauses: %s", target, error)
                pause = FAILED_SECONDS
            except Exception:
                log.exception("publishing to %s failed and begins again; report this", target)
                pause = FAILED_SECONDS
