from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.errors import TerminalError, TransientError
from streams.agents.gate import Gate
from streams.processing import (
    EXIT_FAILED,
    EXIT_RESTART,
    EXIT_STOPPED,
    Attempts,
    Backoff,
    Halt,
    stop_on_failure,
)


def attempts(gate, backoff=Backoff(first=0.001, limit=0.001)):  # noqa: B008
    executor = ThreadPoolExecutor(1)
    return Attempts(executor=executor, gate=gate, backoff=backoff, jitter=lambda: 0.5)


def opened():
    gate = Gate()
    gate.open()
    return gate


class Flaky:
    def __init__(self, *errors):
        self.errors = list(errors)

    def __call__(self):
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_a_transient_failure_is_tried_again_until_it_succeeds():
    async def story():
        call = Flaky(TransientError(), TransientError(), TransientError())
        return await attempts(opened()).run(call, "Testing")

    assert asyncio.run(story()) == "done"


def test_a_terminal_failure_passes():
    async def story():
        await attempts(opened()).run(Flaky(TerminalError()), "Testing")

    with pytest.raises(TerminalError):
        asyncio.run(story())


def test_a_revocation_ends_the_attempts_without_an_answer():
    async def story():
        gate = opened()
        asyncio.get_running_loop().call_later(0.02, gate.close)
        slow = attempts(gate, Backoff(first=60, limit=60))
        async with asyncio.timeout(5):
            return await slow.run(Flaky(*[TransientError()] * 9), "Testing")

    assert asyncio.run(story()) is None


@given(attempt=st.integers(0, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_a_pause_is_a_random_part_of_a_bounded_exponential(attempt, jitter):
    delay = Backoff(first=0.2, limit=30).delay(attempt, jitter)
    assert 0 <= delay <= min(30, 0.2 * 2 ** min(attempt, 32))


def test_an_unexpected_failure_halts_the_worker_and_goes_no_further():
    async def broken():
        raise ZeroDivisionError

    async def story():
        halt = Halt()
        await stop_on_failure(broken(), halt, "The apply loop")
        return halt

    halt = asyncio.run(story())
    assert halt.code == EXIT_FAILED
    assert "The apply loop failed: ZeroDivisionError" in halt.reason


def test_the_first_request_to_halt_wins_but_a_failure_always_counts():
    async def story():
        halt = Halt()
        halt.request(EXIT_RESTART, "topics")
        halt.request(EXIT_STOPPED, "told to")
        assert (halt.code, halt.reason) == (EXIT_RESTART, "topics")
        halt.request(EXIT_FAILED, "broken")
        assert (halt.code, halt.reason) == (EXIT_FAILED, "broken")

    asyncio.run(story())
