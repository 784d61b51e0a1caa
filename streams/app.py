"""Builds the Faust app of a worker. Nothing is built at import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import faust
from faust.transport.drivers import TRANSPORTS

from streams.agents.apply import ApplyAgent
from streams.agents.resolve import ResolveAgent
from streams.memory import MemoryWatch
from streams.outgoing import Outgoing
from streams.processing import stop_on_failure
from streams.runtime import Runtime
from streams.watch import LoopLag, TopicsWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from faust.types import Message

    from streams.outgoing import Sender
    from streams.ports import StreamServices
    from streams.settings import StreamSettings

SCHEME = "chunks"
METADATA_AGE_MS = 5_000
CLIENT_NAME = "mdhub"


class DeliverySchema(faust.Schema[Any, Any]):
    """Passes a `Delivery` through as it is: decoding is the apply service's work."""

    def loads_key(self, app: Any, message: Message, **_: Any) -> Any:  # noqa: ANN401, ARG002
        return None

    def loads_value(self, app: Any, message: Message, **_: Any) -> Any:  # noqa: ANN401, ARG002
        return message.value


class HubApp(faust.App):
    """A Faust app with a runtime, loops of its own, and nothing on disk."""

    runtime: Runtime
    lag: LoopLag
    loops: Sequence[tuple[str, Callable[[], Awaitable[None]]]] = ()

    def _create_directories(self) -> None:
        """Nothing: lasting state is in PostgreSQL, so workers share no folder."""

    async def on_started(self) -> None:
        for name, loop in self.loops:
            self.add_future(stop_on_failure(loop(), self.runtime.halt, name))
        await super().on_started()


def build_app(settings: StreamSettings, services: StreamServices) -> HubApp:
    """Build the app that reads `services.topics`; the topics must exist."""
    # The entry point says the same; this makes a source tree that is not installed work.
    TRANSPORTS.aliases.setdefault(SCHEME, "streams.transport.transport:ChunkTransport")
    app = HubApp(settings.group, **_conf(settings))
    app.runtime = runtime = Runtime(settings, services)
    app.lag = LoopLag(runtime)
    subscribed = services.topics.current()
    apply = ApplyAgent(runtime, Outgoing(cast("Sender", _LateProducer(app)), settings))
    resolve = ResolveAgent(runtime)
    if subscribed:
        _agent(app, "apply", sorted(subscribed), apply.receive)
    _agent(app, "resolve", [settings.hints_topic], resolve.receive)
    app.loops = [
        *[("The apply loop", apply.work)] * settings.apply_threads,
        *[("The resolve loop", resolve.work)] * settings.resolve_threads,
        ("The sweep", resolve.sweep),
        ("The watch over the event loop", app.lag.watch),
        ("The watch over the topics", TopicsWatch(runtime, subscribed).watch),
        ("The watch over memory", MemoryWatch(runtime).watch),
    ]
    return app


class _LateProducer:
    """The app's producer, which exists once the app is started."""

    def __init__(self, app: HubApp) -> None:
        self._app = app

    def send(self, *args: Any) -> Any:  # noqa: ANN401
        return self._app.producer.send(*args)


def _agent(app: HubApp, name: str, topics: Sequence[str], body: Callable[..., Any]) -> None:
    channel = app.topic(*topics, schema=DeliverySchema())
    app.agent(channel, name=name, concurrency=1)(body)


def _conf(settings: StreamSettings) -> dict[str, Any]:
    return {
        "broker": [f"{SCHEME}://{address}" for address in settings.bootstrap.split(",")],
        "broker_client_id": CLIENT_NAME,
        "broker_max_poll_records": settings.poll_records,
        "consumer_max_fetch_size": settings.fetch_bytes,
        "consumer_auto_offset_reset": "earliest",
        "broker_commit_interval": settings.commit_interval,
        "broker_commit_every": 2**31,
        # A worker that waits for its database fetches nothing, and shall keep its partitions.
        "broker_max_poll_interval": 86_400.0,
        "broker_session_timeout": settings.session_timeout,
        "broker_heartbeat_interval": settings.heartbeat_interval,
        "broker_request_timeout": settings.request_timeout,
        "producer_request_timeout": settings.request_timeout,
        # A leader that assigns right after a broker's restart may know no topic yet; it assigns
        # again when it learns of them, so it must not wait five minutes to ask.
        "consumer_metadata_max_age_ms": METADATA_AGE_MS,
        "producer_metadata_max_age_ms": METADATA_AGE_MS,
        "stream_wait_empty": True,
        "stream_recovery_delay": 0.0,
        "table_standby_replicas": 0,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "web_enabled": False,
        "autodiscover": False,
    }
