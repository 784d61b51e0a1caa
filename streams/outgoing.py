"""What a worker sends: hints, and copies of records that were set aside.

Both are sent after the commit and as well as possible. A lost hint costs the wait for a sweep; a
lost copy nothing, because the quarantine table has the record.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

import orjson
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from faust.exceptions import FaustError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from golden_records.domain.feed import QuarantinedRecord
    from streams.settings import StreamSettings

log = logging.getLogger(__name__)

SEND_TIMEOUT = 5.0


class Sender(Protocol):
    """The part of Faust's producer that is used here."""

    def send(  # noqa: PLR0913, PLR0917
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: list[tuple[str, bytes]] | None,
    ) -> Awaitable[Awaitable[object]]: ...


class Outgoing:
    """Sends to the hub's own topics."""

    def __init__(self, sender: Sender, settings: StreamSettings) -> None:
        self._sender = sender
        self._settings = settings

    async def hint(self, shard: int, count: int) -> None:
        """Tell the shard's worker that so many marks are new."""
        value = orjson.dumps({"shard": shard, "count": count})
        await self._send(self._settings.hints_topic, None, value, shard, [])

    async def quarantine(self, records: Sequence[QuarantinedRecord]) -> None:
        """Copy records that were set aside, with key, value and headers as they came."""
        for set_aside in records:
            record = set_aside.record
            headers = [*record.headers, *error_headers(set_aside)]
            await self._send(
                self._settings.quarantine_topic, record.key, record.value, None, headers
            )

    async def _send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        headers: list[tuple[str, bytes]],
    ) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                pending = await self._sender.send(topic, key, value, partition, None, headers)
        except (KafkaError, FaustError, TimeoutError) as error:
            log.warning("Nothing could be sent to %s: %s", topic, error)
            return
        asyncio.ensure_future(pending).add_done_callback(_log_failure)


def error_headers(set_aside: QuarantinedRecord) -> list[tuple[str, bytes]]:
    """Say where the record came from and what was wrong with it."""
    facts = {
        "hub.error": set_aside.error,
        "hub.message": set_aside.message,
        "hub.topic": set_aside.topic,
        "hub.partition": str(set_aside.partition),
        "hub.offset": str(set_aside.record.offset),
    }
    return [(name, value.encode()) for name, value in facts.items()]


def _log_failure(sent: asyncio.Future[object]) -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        log.warning("A message of the hub's own was not sent: %s", error)
