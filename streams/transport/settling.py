"""The client's thread, with one rule more: no record leaves it before positions are settled.

A call to fetch that began before a rebalance waits through it and is answered from the *new*
assignment, whose positions it moves, at a time when Faust throws away what it gets. Those records
would never be read again by this worker, and the next commit would pass them: a loss. So after
each assignment the positions are set once, explicitly and for every partition, and whatever was
fetched before that is dropped here, in the client's own thread, where nothing can come between.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from faust.transport.drivers import aiokafka

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from faust.types import TP

    from streams.transport.chunks import FetchedRecord


class Fetched(NamedTuple):
    """Records, and the assignment that they belong to (compared by identity)."""

    assignment: object | None
    records: Mapping[TP, Sequence[FetchedRecord]]


NOTHING = Fetched(None, {})


class SettlingThread(aiokafka.AIOKafkaConsumerThread):
    """Fetches only for an assignment whose positions have been settled."""

    settled: object | None = None

    def __init__(self, *args: Any, fetch_wait: float, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._fetch_wait = fetch_wait

    def _create_worker_consumer(self, transport: aiokafka.Transport) -> Any:  # noqa: ANN401
        """The client waits at the broker for so long as we say, not for Faust's second and a half.

        It has one fetch at a time on its way to a broker, and a partition that was just read is not
        in it: what comes for that partition waits until the fetch returns.
        """
        client = super()._create_worker_consumer(transport)
        client._fetch_max_wait_ms = int(self._fetch_wait * 1000)  # noqa: SLF001
        return client

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        self.settled = None
        await super().on_partitions_revoked(revoked)

    async def settle(self) -> None:
        """Set every position to the committed offset, else to the partition's beginning.

        Does nothing for an assignment that is settled already, or that is being taken away.
        """
        await self.call_thread(self._settle)

    async def _settle(self) -> None:
        client = self._ensure_consumer()
        assignment = self._assignment()
        if assignment is None or assignment is self.settled:
            return
        partitions = sorted(assignment.tps)
        committed = await asyncio.gather(*[client.committed(at) for at in partitions])
        offsets = dict(zip(partitions, committed, strict=True))
        unread = [at for at, offset in offsets.items() if offset is None]
        if unread:
            offsets |= await client.beginning_offsets(unread)
        # No await from here on: a fetch is answered either before the seeks or after the mark.
        if self._assignment() is not assignment:
            return
        for at, offset in offsets.items():
            client.seek(at, offset)
        self.settled = assignment

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        records = await super()._fetch_records(*args, **kwargs)
        # No await between the client's answer and this comparison.
        assignment = self._assignment()
        if assignment is None or assignment is not self.settled:
            return NOTHING
        return Fetched(assignment, records)

    def _assignment(self) -> Any:  # noqa: ANN401
        """Return the client's assignment, unless a rebalance is taking it away."""
        state = self._ensure_consumer()._subscription  # noqa: SLF001
        if state.subscription is None or state.reassignment_in_progress:
            return None
        return state.subscription.assignment
