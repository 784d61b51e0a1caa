"""Whether work may begin, and how much of it is running.

The transport closes the gate when the partitions are about to go (rebalance, stop), waits a
bounded time for what is running, commits, and opens it again with the next assignment.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Gate:
    """Closed at first; belongs to one event loop."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self._closed = asyncio.Event()
        self._idle = asyncio.Event()
        self._running = 0
        self._closed.set()
        self._idle.set()

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    def open(self) -> None:
        self._closed.clear()
        self._opened.set()

    def close(self) -> None:
        self._opened.clear()
        self._closed.set()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Count the body as running, from before its transaction until after its acks."""
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def wait_open(self) -> None:
        await self._opened.wait()

    async def wait_idle(self, seconds: float) -> bool:
        """Wait for all running work; False when it is still running after so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return self._idle.is_set()

    async def pause(self, seconds: float) -> bool:
        """Sleep; wake early and return False when the gate closes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)
        return self.is_open
