"""Stage one: chunks of the feed go through the apply service, then are acked, then hints go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.agents.acks import handed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faust.types import StreamT

    from golden_records.domain.feed import ApplyOutcome
    from streams.agents.acks import Handed
    from streams.outgoing import Outgoing
    from streams.runtime import Runtime


class ApplyAgent:
    """Takes chunks in; its loops (one a thread) work them off in shared transactions."""

    def __init__(self, runtime: Runtime, outgoing: Outgoing) -> None:
        self._runtime = runtime
        self._outgoing = outgoing
        self._attempts = runtime.attempts("apply")

    async def receive(self, stream: StreamT[object]) -> None:
        """The agent's body: only puts aside what it is given, so it cannot fail."""
        async for item in handed(stream):
            self._runtime.backlog.add(item)
            self._runtime.delivered.set()

    async def work(self) -> None:
        """Apply batches for ever, one at a time."""
        while True:
            batch = await self._next_batch()
            with self._runtime.gate.work():
                await self._apply(batch)
            self._runtime.backlog.release(batch)
            self._runtime.delivered.set()

    async def _next_batch(self) -> Sequence[Handed]:
        runtime = self._runtime
        while True:
            await runtime.gate.wait_open()
            if batch := runtime.backlog.take(lambda item: runtime.ledger.holds(item.ticket)):
                return batch
            runtime.delivered.clear()
            await runtime.delivered.wait()

    async def _apply(self, batch: Sequence[Handed]) -> None:
        def call() -> ApplyOutcome:
            return self._runtime.services.apply.apply([item.chunk() for item in batch])

        outcome = await self._attempts.run(call, f"Applying {describe(batch)}")
        if outcome is None:
            return
        # Invariant "ack last": the service has committed before it returned.
        for item in batch:
            item.ack()
        for shard, count in outcome.hints.items():
            if not self._runtime.hint(shard):
                await self._outgoing.hint(shard, count)
        await self._outgoing.quarantine(outcome.quarantined)


def describe(batch: Sequence[Handed]) -> str:
    """Name the chunks for a log line."""
    return ", ".join(
        f"{item.partition[0]}[{item.partition[1]}] up to {item.ticket.last_offset}"
        for item in batch
    )
