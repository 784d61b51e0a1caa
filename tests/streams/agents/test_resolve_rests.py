from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass

from golden_records.domain.feed import ResolveOutcome
from hub.clock import SystemClock
from streams.agents.resolve import ResolveAgent
from streams.ports import StreamServices
from streams.runtime import Runtime
from streams.settings import StreamSettings

ENOUGH = 3


@dataclass(frozen=True)
class Waits:
    """A chunk that waits to be applied."""

    partition: tuple[str, int] = ("feed", 0)
    count: int = 10


class Counts:
    """Resolves nothing, and says how often it was asked."""

    def __init__(self):
        self.calls = 0
        self.enough = threading.Event()

    def resolve(self, *shards):
        self.calls += 1
        if self.calls >= ENOUGH:
            self.enough.set()
        return ResolveOutcome(taken=len(shards), more=True)


def worker(service, **settings):
    services = StreamServices(
        apply=None,
        resolve=service,
        topics=None,
        admin=None,
        clock=SystemClock(),
        jitter=lambda: 0.5,
    )
    chosen = StreamSettings(bootstrap="", transaction_records=10, **settings)
    runtime = Runtime(chosen, services)
    runtime.assign([(chosen.hints_topic, 0)])
    runtime.gate.open()
    return runtime


async def work_enough(runtime, service):
    """Let one resolve loop work until it has asked often enough."""
    runtime.hint(0)
    loop = asyncio.ensure_future(ResolveAgent(runtime).work())
    found = await asyncio.to_thread(service.enough.wait, 20)
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop
    runtime.close()
    return found


def test_while_the_feed_keeps_up_resolving_does_not_rest():
    service = Counts()
    runtime = worker(service, resolve_rest=1e9)
    assert asyncio.run(work_enough(runtime, service))


def test_while_the_feed_is_behind_resolving_rests_and_goes_on_when_it_has_caught_up():
    async def story():
        service = Counts()
        runtime = worker(service, resolve_rest=1e9)
        runtime.backlog.add(Waits())
        calls_while_behind = []

        def catch_up():
            calls_while_behind.append(service.calls)
            runtime.backlog.take(lambda _: True)

        asyncio.get_running_loop().call_later(0.3, catch_up)
        return await work_enough(runtime, service), calls_while_behind

    assert asyncio.run(story()) == (True, [1])


def test_a_feed_that_stays_behind_does_not_starve_resolving():
    service = Counts()
    runtime = worker(service, resolve_rest=1.0)
    runtime.backlog.add(Waits())
    assert asyncio.run(work_enough(runtime, service))


def test_a_rest_ends_when_the_partitions_are_about_to_go():
    async def story():
        runtime = worker(Counts())
        runtime.backlog.add(Waits())
        rest = asyncio.ensure_future(ResolveAgent(runtime).rest(1e9))
        await asyncio.sleep(0)
        runtime.gate.close()
        await asyncio.wait_for(rest, 20)
        runtime.close()

    asyncio.run(story())
