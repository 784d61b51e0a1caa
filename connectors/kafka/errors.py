"""Kafka's errors in the hub's words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kafka.errors import KafkaError, UnknownTopicOrPartitionError  # type: ignore[import-untyped]

from golden_records.domain.errors import TerminalError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator


class KafkaUnavailableError(TransientError):
    """Kafka did not answer; check that it runs and that its address is right, then try again."""


class KafkaRefusedError(TerminalError):
    """Kafka refused the request; the reason says what to change."""


class TopicMissingError(TerminalError):
    """The topic does not exist; create it, or correct its name in the catalogue."""


@contextmanager
def kafka_errors(doing: str, **facts: object) -> Iterator[None]:
    """Turn an error of the client into one of the hub's, with what was being done."""
    try:
        yield
    except UnknownTopicOrPartitionError as error:
        raise TopicMissingError(f"{doing}: {_sentence(TopicMissingError)}", **facts) from error
    except KafkaError as error:
        kind = KafkaUnavailableError if error.retriable else KafkaRefusedError
        raise kind(f"{doing}: {_sentence(kind)} ({error})", **facts) from error


def _sentence(kind: type[Exception]) -> str:
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0]
