"""Which shards this worker has, and which of them have work waiting.

Hints coalesce: however many arrive for a shard, one pass over it serves them all. A hint that
arrives during a pass asks for one more, because that pass may have looked before the mark.
"""

from __future__ import annotations

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

    def take(self) -> int | None:
        """Take the next pending shard that no thread is working on."""
        for shard in self._pending:
            if shard not in self._busy:
                del self._pending[shard]
                self._busy.add(shard)
                return shard
        return None

    def done(self, shard: int, *, more: bool) -> None:
        """Give the shard back; with more waiting it goes behind the other pending shards."""
        self._busy.discard(shard)
        if more:
            self.hint(shard)
