"""Two watches beside the work: is the event loop free, and are the topics still the right ones."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from streams.processing import EXIT_RESTART

if TYPE_CHECKING:
    from streams.runtime import Runtime

log = logging.getLogger(__name__)

LAG_INTERVAL = 0.05


class LoopLag:
    """A gauge of how late the event loop runs what is due; logs when it is above the limit."""

    def __init__(self, runtime: Runtime) -> None:
        self._clock = runtime.services.clock
        self._limit = runtime.settings.loop_lag_limit
        self.worst = 0.0

    async def watch(self) -> None:
        """Measure for ever."""
        while True:
            before = self._clock.monotonic()
            await asyncio.sleep(LAG_INTERVAL)
            self._note(self._clock.monotonic() - before - LAG_INTERVAL)

    def _note(self, lag: float) -> None:
        self.worst = max(self.worst, lag)
        if lag > self._limit:
            log.warning("The event loop was blocked for %.0f ms", lag * 1000)


class TopicsWatch:
    """Asks for a restart when the catalogue wants other topics than the worker subscribed to.

    A restart is the simplest change of subscription that is certainly whole: the group
    rebalances once in either case.
    """

    def __init__(self, runtime: Runtime, subscribed: frozenset[str]) -> None:
        self._runtime = runtime
        self._subscribed = subscribed
        self._attempts = runtime.attempts("watch")

    async def watch(self) -> None:
        """Compare for ever."""
        while True:
            await asyncio.sleep(self._runtime.settings.topics_interval)
            wanted = await self._attempts.run(
                self._runtime.services.topics.current, "Asking for the feed's topics"
            )
            if wanted is not None and wanted != self._subscribed:
                changed = ", ".join(sorted(wanted ^ self._subscribed))
                self._runtime.halt.request(
                    EXIT_RESTART, f"The feed's topics have changed ({changed}); start again."
                )
