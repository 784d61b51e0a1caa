"""Chunks that were delivered and wait for a transaction.

Chunks of one partition are taken in the order of their offsets, and never while an earlier
taking of that partition is still being worked on.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Waiting(Protocol):
    """What the backlog must know of an item."""

    @property
    def partition(self) -> tuple[str, int]: ...

    @property
    def count(self) -> int:
        """How many records it holds."""
        ...


ItemT = TypeVar("ItemT", bound=Waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How much one taking may hold, and among how many workers the partitions are shared.

    Chunks are not counted: where little comes at a time they hold a record or two, and a
    transaction for a few of them would fall behind what a transaction for all keeps up with.
    """

    records: int
    workers: int = 1


class Backlog(Generic[ItemT]):
    """Queues by partition, taken in turn."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._waiting: dict[tuple[str, int], deque[ItemT]] = {}
        self._busy: set[tuple[str, int]] = set()

    @property
    def is_behind(self) -> bool:
        """Whether another whole transaction waits: the feed comes faster than it is applied."""
        waiting = sum(item.count for queue in self._waiting.values() for item in queue)
        return waiting >= self._limits.records

    def add(self, item: ItemT) -> None:
        self._waiting.setdefault(item.partition, deque()).append(item)

    def take(self, is_live: Callable[[ItemT], bool]) -> list[ItemT]:
        """Take a fair share of what waits, one chunk of each partition in turn.

        Items that are not live any more (their partition was revoked) are dropped on the way.
        The first item is taken whatever its size. Call `release` with the items afterwards.
        """
        self._drop_dead(is_live)
        free = [partition for partition in self._waiting if partition not in self._busy]
        share = free[: math.ceil(len(free) / self._limits.workers)]
        taken: list[ItemT] = []
        while share and self._has_room(taken, self._waiting[share[0]][0]):
            partition = share.pop(0)
            taken.append(self._pop(partition))
            if partition in self._waiting:
                share.append(partition)
        self._busy.update(item.partition for item in taken)
        return taken

    def release(self, items: Iterable[ItemT]) -> None:
        """Let the partitions of the items be taken from again."""
        self._busy.difference_update(item.partition for item in items)

    def _has_room(self, taken: list[ItemT], item: ItemT) -> bool:
        records = sum(one.count for one in taken)
        return not taken or records + item.count <= self._limits.records

    def _pop(self, partition: tuple[str, int]) -> ItemT:
        # Back to the end of the dict, so that the next taking begins with other partitions.
        queue = self._waiting.pop(partition)
        item = queue.popleft()
        if queue:
            self._waiting[partition] = queue
        return item

    def _drop_dead(self, is_live: Callable[[ItemT], bool]) -> None:
        for partition, queue in list(self._waiting.items()):
            while queue and not is_live(queue[0]):
                queue.popleft()
            if not queue:
                del self._waiting[partition]
