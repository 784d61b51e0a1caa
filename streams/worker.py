"""Runs one worker in this process, from its topics to a clean stop.

Several workers may run on one machine: they share nothing but Kafka and PostgreSQL.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from typing import TYPE_CHECKING

import uvloop
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from golden_records.domain.errors import TransientError
from golden_records.domain.feed import TopicSpec
from streams.app import build_app
from streams.processing import EXIT_FAILED, EXIT_STOPPED

if TYPE_CHECKING:
    from streams.app import HubApp
    from streams.ports import StreamServices
    from streams.settings import StreamSettings

log = logging.getLogger(__name__)

HINTS_RETENTION_MS = 10 * 60 * 1000
COLLECTOR_THRESHOLDS = (100_000, 20, 50)


class KafkaUnreachableError(TransientError):
    """Kafka did not answer; check its address and that it runs, then start the worker again."""


def run_worker(settings: StreamSettings, services: StreamServices) -> int:
    """Work until SIGTERM or SIGINT, and return the exit code.

    0: stopped as asked. 75: the feed's topics have changed, start again. 1: something failed that
    a person must look at; the log says what. Raises `KafkaUnreachableError` when Kafka cannot be
    reached at the start.
    """
    services.admin.ensure(wanted_topics(settings, services.topics.current()))
    _calm_the_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, services))


def wanted_topics(settings: StreamSettings, feed: frozenset[str]) -> dict[str, TopicSpec]:
    """Say which topics must exist before a worker subscribes."""
    return {
        settings.hints_topic: TopicSpec(
            partitions=settings.shards,
            may_widen=True,
            configs={"retention.ms": str(HINTS_RETENTION_MS)},
        ),
        settings.quarantine_topic: TopicSpec(partitions=1),
        **{topic: TopicSpec(partitions=settings.feed_partitions) for topic in sorted(feed)},
    }


def _calm_the_collector() -> None:
    # Fetched records make no cycles but many objects: with Python's own thresholds every chunk
    # sets off full collections, each of which stops the event loop for 30 ms and more.
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


async def _serve(settings: StreamSettings, services: StreamServices) -> int:
    app = build_app(settings, services)
    halt = app.runtime.halt
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, halt.request, EXIT_STOPPED, f"Told to by {number.name}")
    try:
        await _start(app)
        crashed = await _wait(app)
    finally:
        stopped = await _stop(app, settings.stop_timeout)
    if crashed or not stopped:
        return EXIT_FAILED
    return halt.code


async def _start(app: HubApp) -> None:
    try:
        await app.start()
    except KafkaError as error:
        raise KafkaUnreachableError(None, bootstrap=app.runtime.settings.bootstrap) from error


async def _wait(app: HubApp) -> bool:
    """Wait for the request to stop, or for Faust to crash; True says that it crashed."""
    halt = asyncio.ensure_future(app.runtime.halt.wait())
    crash = asyncio.ensure_future(app.wait_until_stopped())
    await asyncio.wait([halt, crash], return_when=asyncio.FIRST_COMPLETED)
    crashed = crash.done() and not halt.done()
    for waiting in (halt, crash):
        waiting.cancel()
    log.info("Stopping: %s", app.crash_reason or app.runtime.halt.reason)
    return crashed


async def _stop(app: HubApp, seconds: float) -> bool:
    try:
        await asyncio.wait_for(app.stop(), seconds)
    except TimeoutError:
        log.error("The worker did not stop within %.0f s and is ended as it is", seconds)  # noqa: TRY400
        return False
    finally:
        app.runtime.close()
    return True
