"""What the client is told beside what Faust tells it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from streams.app import build_app
from streams.settings import StreamSettings


def test_a_fetch_waits_at_the_broker_as_long_as_the_settings_say():
    async def made():
        topics = SimpleNamespace(current=lambda: frozenset({"feed"}))
        services = SimpleNamespace(topics=topics, jitter=lambda: 0.5, clock=None)
        app = build_app(StreamSettings(bootstrap="127.0.0.1:9", fetch_wait=0.123), services)
        thread = app.consumer._thread
        client = thread._create_worker_consumer(app.transport)
        await client.stop()
        thread.thread_loop.close()
        return [value for name, value in vars(client).items() if "fetch_max_wait" in name]

    assert asyncio.run(made()) == [123]
