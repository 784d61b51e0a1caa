"""Memory that the C library keeps although nothing uses it any more.

What a chunk of the feed leaves behind lies scattered between what is still used, so glibc gives
none of it back by itself: after a long backlog a worker kept twice the memory that it needed.
"""

from __future__ import annotations

import asyncio
import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.runtime import Runtime


def trimmer() -> Callable[[], None] | None:
    """Return what gives unused memory back to the system; None where the C library has no such."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return None
    return lambda: trim(0)


class MemoryWatch:
    """Gives unused memory back, in a thread: the call lets the other threads run."""

    def __init__(self, runtime: Runtime) -> None:
        self._interval = runtime.settings.trim_interval
        self._attempts = runtime.attempts("watch")

    async def watch(self) -> None:
        """Give back for ever; ends at once where nothing can be given back."""
        trim = trimmer()
        while trim is not None:
            await asyncio.sleep(self._interval)
            await self._attempts.run(trim, "Giving memory back")
