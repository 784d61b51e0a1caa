"""The thread in which a worker carries out sweeps and activates what is due."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hub.bootstrap.following import Following, newest
from hub.bootstrap.looking import LookingThread
from hub.bootstrap.policies import activate, sweeping
from hub.services.policies import Word

if TYPE_CHECKING:
    from hub.bootstrap.opening import Hub
    from hub.services.sweeping import Sweeping

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class PolicyThread(LookingThread):
    """Looks for sweeps and schedules now and then, until told to stop."""

    def __init__(self, hub: Hub) -> None:
        super().__init__("policy", "policies", LOOK_SECONDS)
        self._hub = hub
        self._sweeping = Following(hub, sweeping)

    def look(self) -> None:
        """Activate what is due, and carry out what is left of sweeps."""
        self._activate_due()
        while self._sweeping.call(_step) and not self._stop_asked.is_set():
            pass

    def _activate_due(self) -> None:
        with self._hub.work() as work:
            due = work.policies.due(self._hub.clock.now())
        for fact in due:
            self._hub = newest(self._hub)
            self._hub, _ = activate(self._hub, fact.version, Word(actor=fact.actor, reason="due"))
            log.info("policy %s is active, as scheduled by %s", fact.version[:12], fact.actor)


def _step(service: Sweeping) -> bool:
    return service.step()
