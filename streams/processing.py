"""How a call to a service fails: again later, or the worker stops. Nothing else.

The stream's one `except Exception` is here. Faust acks the message of an agent that raises, which
for master data is loss; so no exception leaves an agent or a loop, and a failure that is not
transient ends the worker with nothing acked.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from golden_records.domain.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from streams.agents.gate import Gate

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

#: Exit codes of a worker.
EXIT_STOPPED = 0
EXIT_FAILED = 1
EXIT_RESTART = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential pauses with full jitter: a random part of min(limit, first * 2^attempt)."""

    first: float
    limit: float

    def delay(self, attempt: int, jitter: float) -> float:
        """Return the seconds before attempt + 1; `jitter` is a number from 0 up to 1."""
        return jitter * min(self.limit, self.first * 2.0 ** min(attempt, 32))


class Halt:
    """The request to end the worker; the first one wins, except that a failure always counts."""

    def __init__(self) -> None:
        self._requested = asyncio.Event()
        self.code = EXIT_STOPPED
        self.reason = ""

    @property
    def requested(self) -> bool:
        return self._requested.is_set()

    def request(self, code: int, reason: str) -> None:
        if not self.requested or (code == EXIT_FAILED and self.code != EXIT_FAILED):
            self.code, self.reason = code, reason
        self._requested.set()

    async def wait(self) -> None:
        await self._requested.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Calls a service in a thread until it answers."""

    executor: Executor
    gate: Gate
    backoff: Backoff
    jitter: Callable[[], float]

    async def run(self, call: Callable[[], ResultT], what: str) -> ResultT | None:
        """Return the answer, or None when the gate closed while the call kept failing.

        A `TransientError` is tried again for ever, with pauses; whatever else is raised passes.
        """
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            try:
                return await loop.run_in_executor(self.executor, call)
            except TransientError as error:
                pause = self.backoff.delay(attempt, self.jitter())
                log.warning("%s failed, again in %.1f s: %s", what, pause, error)
            attempt += 1
            if not await self.gate.pause(pause):
                return None


async def stop_on_failure(job: Awaitable[None], halt: Halt, what: str) -> None:
    """Await the job; an exception ends the worker, with its reason, and goes no further."""
    try:
        await job
    except Exception as error:
        log.exception("%s failed; the worker stops and acks nothing of it", what)
        halt.request(EXIT_FAILED, f"{what} failed: {type(error).__name__}: {error}")
