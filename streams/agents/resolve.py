"""Stage two: hints and a sweep name shards, and the resolve service works them off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from golden_records.domain.feed import ResolveOutcome
from streams.agents.acks import handed

if TYPE_CHECKING:
    from faust.types import StreamT

    from streams.runtime import Runtime


class ResolveAgent:
    """Takes hints in; its loops (one a thread) resolve one shard each at a time."""

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
        """Resolve shards for ever, one batch at a time, so that shards take turns."""
        while True:
            shard = await self._next_shard()
            with self._runtime.gate.work():
                outcome = await self._attempts.run(
                    lambda shard=shard: self._resolve(shard),  # type: ignore[misc]
                    f"Resolving shard {shard}",
                )
            self._runtime.shards.done(shard, more=outcome is not None and outcome.more)
            self._runtime.hinted.set()

    def _resolve(self, shard: int) -> ResolveOutcome:
        service = self._runtime.services.resolve
        if not service.owns(shard):
            return ResolveOutcome(taken=0, more=False)
        return service.resolve(shard)

    async def _next_shard(self) -> int:
        runtime = self._runtime
        while True:
            await runtime.gate.wait_open()
            if (shard := runtime.shards.take()) is not None:
                return shard
            runtime.hinted.clear()
            await runtime.hinted.wait()
