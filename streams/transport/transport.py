"""Faust's transport whose unit is a fetched chunk of one partition.

Faust spends 100-140 µs on a message, whatever it holds. So one message is a chunk: its value a
`Delivery`, its offset the chunk's last one. Group membership, assignment, flow control and commit
requests stay Faust's and aiokafka's; which offset may be committed is the ledger's business.

Where this leans on Faust (0.15), and why it is safe:

- A chunk is entered in the ledger as soon as it has left the client's thread. Faust may drop a
  message on its way to the agent (a rebalance has begun); the chunk then stays un-acked and
  nothing behind it is committed, until the partition is forgotten and read again.
- Positions are settled once an assignment (`settling.py`), and the ledger forgets between two.
- Faust's own gap and ack books are left empty.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, cast

from faust.transport.drivers import aiokafka
from faust.types import TP, ConsumerMessage

from streams.transport.chunks import ChunkLimits, Delivery, cut
from streams.transport.settling import NOTHING, Fetched, SettlingThread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from faust.types import Message
    from faust.types.transports import ConsumerT, TPorTopicSet

    from streams.runtime import Runtime
    from streams.transport.chunks import Cut

#: Seconds after which a full worker looks again whether hints have come.
FULL_POLL = 0.02
#: Commits tried while draining: one may be running already, with less in it.
DRAIN_COMMITS = 3


class ChunkConsumer(aiokafka.Consumer):
    """Hands out chunks and commits exactly what is acked."""

    _thread: SettlingThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._ledger = self._runtime.ledger
        settings = self._runtime.settings
        self._limits = ChunkLimits(settings.chunk_records, settings.chunk_bytes)
        self._leaving = False

    @property
    def _runtime(self) -> Runtime:
        return cast("Runtime", self.app.runtime)  # type: ignore[attr-defined]

    # -- fetching

    def _new_consumer_thread(self) -> SettlingThread:
        wait = self._runtime.settings.fetch_wait
        return SettlingThread(self, loop=self.loop, beacon=self.beacon, fetch_wait=wait)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ANN401, ASYNC109
        if self._runtime.is_full:
            fetched = await self._fetch_hints(active_partitions or set())
        else:
            fetched = await self._fetch(active_partitions, timeout)
        if fetched.assignment is None or fetched.assignment is not self._thread.settled:
            # The assignment has ended meanwhile; the next one reads these again.
            return {}
        return {
            tp: [self._hand_out(tp, piece) for piece in cut(records, self._limits)]
            for tp, records in fetched.records.items()
        }

    async def _fetch(self, partitions: set[TP] | None, timeout: float) -> Fetched:  # noqa: ASYNC109
        return cast("Fetched", await super()._getmany(partitions, timeout) or NOTHING)

    async def _fetch_hints(self, active_partitions: set[TP]) -> Fetched:
        hints = {tp for tp in active_partitions if tp.topic == self._runtime.settings.hints_topic}
        # With no partition named, aiokafka would fetch from all.
        fetched = await self._fetch(hints, 0) if hints else NOTHING
        if not fetched.records:
            self._runtime.acked.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._runtime.acked.wait(), FULL_POLL)
        return fetched

    def _hand_out(self, tp: TP, piece: Cut) -> Delivery:
        first, last = piece.records[0], piece.records[-1]
        ticket = self._ledger.hand_out(
            (tp.topic, tp.partition),
            first_offset=first.offset,
            last_offset=last.offset,
            size=piece.size,
        )
        return Delivery(ticket, piece.records)

    def _to_message(self, tp: TP, record: Delivery) -> ConsumerMessage:
        last = record.records[-1]
        # Faust drops what is not ahead of its own idea of the position; it has none here.
        self._read_offset[tp] = None
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            0,
            None,
            None,
            cast("bytes", record),
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: the ledger needs no gaps."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: a full worker is no livelock, and the ledger shows what is stuck."""

    # -- acking and committing

    def ack(self, message: Message) -> bool:
        """Mark the message's chunk as done."""
        if message.acked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        acked = self._ledger.ack(cast("Delivery", message.value).ticket)
        self._runtime.acked.set()
        return acked

    def _filter_tps_with_pending_acks(self, topics: TPorTopicSet | None = None) -> Iterator[TP]:
        for topic, partition in self._ledger.committable():
            tp = TP(topic, partition)
            if topics is None or tp in topics or topic in topics:
                yield tp

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        committable = self._ledger.committable()
        return {tp: committable[tp] for tp in tps if tp in committable}

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,  # noqa: FBT001, FBT002
    ) -> bool:
        epoch = self._ledger.epoch
        accepted = await super()._commit_offsets(offsets, start_new_transaction)
        if accepted and self._ledger.epoch == epoch:
            self._ledger.committed(offsets.items())
        return accepted

    # -- assignment

    def stop_flow(self) -> None:
        """Begin to leave the partitions: no new transaction starts from here on."""
        self._leaving = True
        self._runtime.gate.close()
        super().stop_flow()

    def resume_flow(self) -> None:
        """Let transactions start, unless the next rebalance has begun already."""
        super().resume_flow()
        if not self._leaving:
            self._runtime.gate.open()

    async def wait_empty(self) -> None:
        """Wait a bounded time for running transactions, then commit what is acked."""
        settings = self._runtime.settings
        if not await self._runtime.gate.wait_idle(settings.drain_timeout):
            self.log.warning(
                "A transaction still runs after %.0f s; its chunks will be delivered again",
                settings.drain_timeout,
            )
        for _ in range(DRAIN_COMMITS):
            if self._ledger.committable():
                await self.commit_and_end_transactions()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Drain, commit (both through Faust's callback), and only then forget."""
        try:
            await super().on_partitions_revoked(revoked)
        finally:
            self._ledger.forget(revoked)
            self._runtime.assign(())

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._leaving = False
        self._ledger.forget_all()
        self._runtime.assign(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Settle the positions of a new assignment; otherwise there is nothing to go back for."""
        if not self._leaving:
            await self._thread.settle()


class ChunkTransport(aiokafka.Transport):
    """What Faust loads for a broker address that begins with `chunks://`."""

    Consumer: ClassVar[type[ConsumerT]] = ChunkConsumer
