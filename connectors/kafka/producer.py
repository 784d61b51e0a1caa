"""Sends records outside the stream: the drain of set-aside records, and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from kafka import KafkaProducer  # type: ignore[import-untyped]

from connectors.kafka.errors import kafka_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class Producer:
    """Sends in the background; `flush` (or leaving the `with`) waits and tells of failures."""

    def __init__(self, bootstrap: str, *, request_timeout: float = 30.0) -> None:
        with kafka_errors("Connecting to Kafka", bootstrap=bootstrap):
            self._client = KafkaProducer(
                bootstrap_servers=bootstrap.split(","),
                client_id="mdhub-producer",
                acks="all",
                linger_ms=20,
                batch_size=256 * 1024,
                request_timeout_ms=int(request_timeout * 1000),
                bootstrap_timeout_ms=int(request_timeout * 1000),
            )
        self._failed: BaseException | None = None

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
    ) -> None:
        """Queue a record; without a partition the key chooses it, as Debezium's producer does."""
        with kafka_errors("Sending a record", topic=topic):
            sent = self._client.send(
                topic, value, key=key, headers=list(headers), partition=partition
            )
        sent.add_errback(self._note)

    def flush(self) -> None:
        """Wait until everything queued is stored; raise what the first failed record met."""
        with kafka_errors("Sending records"):
            self._client.flush()
            failed, self._failed = self._failed, None
            if failed is not None:
                raise failed

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self.close()

    def _note(self, error: BaseException) -> None:
        self._failed = self._failed or error
