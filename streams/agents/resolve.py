"""Stage two: hints and a sweep name shards, and the resolve service works them off.

While the feed is behind, stage one goes first: what changes again before it is resolved is resolved
once. Resolving keeps a share of the time, so that a feed that stays behind starves nobody.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streams.agents.acks import handed

if TYPE_CHECKING:
    from faust.types import StreamT

    from streams.runtime import Runtime

LOOK_SECONDS = 0.05
LONGEST_REST = 5.0
"""Seconds; a batch takes long where a server did not answer, and that is no reason to rest."""


class ResolveAgent:
    """Takes hints in; its loops (one a thread) resolve some shards each at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._attempts = runtime.attempts("resolve")

    async def receive(self, stream: StreamT[object]) -> None:
        """The agent's body. A hint is acked at once: losing it costs a sweep's wait, no data."""
        async for item in handed(stream):
            self._runtime.hint(item.partition[1])
            item.ack()

    async def sweep(self) -> None:
        """Look at every shard of this worker again and again, for marks without a hint."""
        while True:
            await asyncio.sleep(self._runtime.settings.sweep_interval)
            if self._runtime.gate.is_open:
                self._runtime.shards.hint_all()
                self._runtime.hinted.set()

    async def work(self) -> None:
        """Resolve shards for ever, one batch at a time.

        Whatever is pending shares a batch: a batch of one record costs nearly what one of a hundred
        does, and the threads share the shards evenly.
        """
        service = self._runtime.services.resolve
        clock = asyncio.get_running_loop()
        while True:
            shards = await self._next_shards()
            began = clock.time()
            with self._runtime.gate.work():
                outcome = await self._attempts.run(
                    lambda shards=shards: service.resolve(*shards),  # type: ignore[misc]
                    f"Resolving shards {', '.join(map(str, shards))}",
                )
            self._runtime.shards.done(shards, more=outcome is not None and outcome.more)
            self._runtime.hinted.set()
            await self.rest((clock.time() - began) * self._runtime.settings.resolve_rest)

    async def rest(self, seconds: float) -> None:
        """Wait so long at most: until the feed is not behind any more, or the gate closes."""
        clock = asyncio.get_running_loop()
        until = clock.time() + min(seconds, LONGEST_REST)
        while self._runtime.is_behind and (left := until - clock.time()) > 0:
            if not await self._runtime.gate.pause(min(left, LOOK_SECONDS)):
                return

    async def _next_shards(self) -> list[int]:
        runtime = self._runtime
        while True:
            await runtime.gate.wait_open()
            if shards := runtime.shards.take(runtime.settings.resolve_threads):
                return shards
            runtime.hinted.clear()
            await runtime.hinted.wait()
