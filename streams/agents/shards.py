"""Which shards this worker has, and which of them have work waiting.

Hints coalesce: however many arrive for a shard, one pass over it serves them all. A hint that
arrives during a pass asks for one more, because that pass may have looked before the mark.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Shards:
    """Pending shards in the order of their first hint; a shard is out at most once."""

    def __init__(self) -> None:
        self.owned: frozenset[int] = frozenset()
        self._pending: dict[int, None] = {}
        self._busy: set[int] = set()

    def own(self, shards: Iterable[int]) -> None:
        """Replace what this worker has; what it lost is no longer pending."""
        self.owned = frozenset(shards)
        self._pending = {shard: None for shard in self._pending if shard in self.owned}

    def hint(self, shard: int) -> bool:
        """Ask for a pass over the shard; False when it is another worker's."""
        if shard not in self.owned:
            return False
        self._pending[shard] = None
        return True

    def hint_all(self) -> None:
        for shard in sorted(self.owned):
            self.hint(shard)

    def take(self, threads: int = 1) -> list[int]:
        """Take one thread's part of the pending shards that no thread is working on."""
        free = [shard for shard in self._pending if shard not in self._busy]
        taken = free[: math.ceil(len(free) / threads)]
        for shard in taken:
            del self._pending[shard]
        self._busy.update(taken)
        return taken

    def done(self, shards: Iterable[int], *, more: bool) -> None:
        """Give shards back; with more waiting they go behind the other pending shards."""
        for shard in shards:
            self._busy.discard(shard)
            if more:
                self.hint(shard)
