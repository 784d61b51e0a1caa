"""What the transport, the agents and the loops of one worker share."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from streams.agents.backlog import Backlog, BatchLimits
from streams.agents.gate import Gate
from streams.agents.shards import Shards
from streams.processing import Attempts, Backoff, Halt
from streams.transport.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.agents.acks import Handed
    from streams.ports import StreamServices
    from streams.settings import StreamSettings


class Runtime:
    """The state of one worker; touched by its event loop only."""

    def __init__(self, settings: StreamSettings, services: StreamServices) -> None:
        self.settings = settings
        self.services = services
        self.ledger = Ledger()
        self.gate = Gate()
        self.halt = Halt()
        self.shards = Shards()
        self.backlog: Backlog[Handed] = Backlog(
            BatchLimits(records=settings.transaction_records, workers=settings.apply_threads)
        )
        self.delivered = asyncio.Event()
        self.hinted = asyncio.Event()
        self.acked = asyncio.Event()
        self._executors = {
            "apply": ThreadPoolExecutor(settings.apply_threads, "apply"),
            "resolve": ThreadPoolExecutor(settings.resolve_threads, "resolve"),
            "watch": ThreadPoolExecutor(1, "watch"),
        }

    @property
    def is_full(self) -> bool:
        """Whether so much is un-acked that no more of the feed may be fetched."""
        return (
            self.ledger.unacked_chunks >= self.settings.unacked_chunks
            or self.ledger.unacked_bytes >= self.settings.unacked_bytes
        )

    @property
    def is_behind(self) -> bool:
        """Whether the feed comes faster than it is applied."""
        return self.backlog.is_behind or self.is_full

    def attempts(self, executor: str) -> Attempts:
        """Return the way to call a service in the threads of that name."""
        return Attempts(
            executor=self._executors[executor],
            gate=self.gate,
            backoff=Backoff(first=self.settings.backoff_first, limit=self.settings.backoff_limit),
            jitter=self.services.jitter,
        )

    def assign(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Note the worker's partitions; those of the hints topic are its shards."""
        self.shards.own(
            partition for topic, partition in partitions if topic == self.settings.hints_topic
        )

    def hint(self, shard: int) -> bool:
        """Ask for a pass over a shard; False when it is another worker's."""
        mine = self.shards.hint(shard)
        if mine:
            self.hinted.set()
        return mine

    def close(self) -> None:
        """Let the threads go; one that is inside a transaction ends by itself."""
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
