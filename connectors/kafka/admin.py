"""Topics: create, widen, and how far they reach. For what is not a stream."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict, cast

from kafka import KafkaAdminClient, OffsetSpec, TopicPartition  # type: ignore[import-untyped]
from kafka.errors import (  # type: ignore[import-untyped]
    CoordinatorNotAvailableError,
    TopicAlreadyExistsError,
)

from connectors.kafka.errors import KafkaUnavailableError, TopicMissingError, kafka_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from golden_records.domain.feed import TopicSpec


COORDINATOR_TRIES: Final = 40
COORDINATOR_PAUSE: Final = 0.5
WIDENED_TRIES: Final = 100
WIDENED_PAUSE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Watermarks:
    """The offset of the first record still there, and the next one to be written."""

    low: int
    high: int


class _PartitionDescription(TypedDict):
    partition_index: int


class _TopicDescription(TypedDict):
    name: str
    error_code: int
    partitions: list[_PartitionDescription]


class KafkaAdmin:
    """`streams.ports.TopicAdmin` and the questions that inspection asks; close it after use."""

    def __init__(self, bootstrap: str, *, request_timeout: float = 10.0) -> None:
        milliseconds = int(request_timeout * 1000)
        with kafka_errors("Connecting to Kafka", bootstrap=bootstrap):
            self._client = KafkaAdminClient(
                bootstrap_servers=bootstrap.split(","),
                client_id="mdhub-admin",
                request_timeout_ms=milliseconds,
                bootstrap_timeout_ms=milliseconds,
            )

    def ensure(self, wanted: Mapping[str, TopicSpec]) -> None:
        """Create missing topics, and widen narrow ones that may be; never remove or narrow.

        Safe to call from several workers at once: who comes second finds the work done. A wider
        topic is left as it is, because its reader can follow it.
        """
        present = self.partition_counts()
        missing = {name: spec for name, spec in wanted.items() if name not in present}
        narrow = {
            name: spec.partitions
            for name, spec in wanted.items()
            if name in present and spec.may_widen and present[name] < spec.partitions
        }
        if missing:
            self._create(missing)
        if narrow:
            with kafka_errors("Adding partitions", topics=sorted(narrow)):
                self._client.create_partitions(narrow)
            self._wait_until_wide(narrow)

    def partition_counts(self) -> dict[str, int]:
        """Count the partitions of every topic there is."""
        with kafka_errors("Listing topics"):
            described = cast("list[_TopicDescription]", self._client.describe_topics())
        return {topic["name"]: len(topic["partitions"]) for topic in described}

    def watermarks(self, topics: Iterable[str]) -> dict[tuple[str, int], Watermarks]:
        """Return the range of offsets of every partition of the topics."""
        partitions = self._partitions(topics)
        low = self._offsets(partitions, OffsetSpec.EARLIEST)
        high = self._offsets(partitions, OffsetSpec.LATEST)
        return {key: Watermarks(low[key], high[key]) for key in partitions}

    def end_offsets(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """Return the next offset to be written of every partition of the topics."""
        return self._offsets(self._partitions(topics), OffsetSpec.LATEST)

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """Return the next offset that the group will read, where it has ever committed."""
        found = self._group_offsets(group)
        return {
            (partition.topic, partition.partition): entry.offset
            for partition, entry in found.get(group, {}).items()
            if entry.offset >= 0
        }

    def _group_offsets(self, group: str) -> Any:  # noqa: ANN401 - kafka-python has no types
        """Ask until the coordinator is there: a new broker makes its offsets topic when asked."""
        for _ in range(COORDINATOR_TRIES):
            try:
                return self._client.list_group_offsets([group])
            except CoordinatorNotAvailableError:
                Event().wait(COORDINATOR_PAUSE)
        with kafka_errors("Reading the group's offsets", group=group):
            return self._client.list_group_offsets([group])

    def delete(self, topics: Iterable[str]) -> None:
        """Delete topics with all their records."""
        names = list(topics)
        with kafka_errors("Deleting topics", topics=names):
            self._client.delete_topics(names)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _create(self, missing: Mapping[str, TopicSpec]) -> None:
        for name, spec in missing.items():
            options = {"num_partitions": spec.partitions, "configs": dict(spec.configs)}
            with kafka_errors("Creating a topic", topic=name):
                try:
                    self._client.create_topics({name: options})
                except TopicAlreadyExistsError:
                    continue
        with kafka_errors("Waiting for topics", topics=sorted(missing)):
            self._client.wait_for_topics(sorted(missing))

    def _wait_until_wide(self, wanted: Mapping[str, int]) -> None:
        """Brokers learn of new partitions a moment after these were granted."""
        for _ in range(WIDENED_TRIES):
            counts = self.partition_counts()
            if all(counts[name] >= count for name, count in wanted.items()):
                return
            Event().wait(WIDENED_PAUSE)
        raise KafkaUnavailableError(
            f"No broker shows the partitions that were added to {', '.join(sorted(wanted))};"
            " see the broker's log, then try again"
        )

    def _partitions(self, topics: Iterable[str]) -> list[tuple[str, int]]:
        counts = self.partition_counts()
        wanted = list(topics)
        for topic in wanted:
            if topic not in counts:
                raise TopicMissingError(f"Topic {topic!r} does not exist.", topic=topic)
        return [(topic, number) for topic in wanted for number in range(counts[topic])]

    def _offsets(
        self, partitions: Iterable[tuple[str, int]], spec: OffsetSpec
    ) -> dict[tuple[str, int], int]:
        asked = {TopicPartition(topic, number): spec for topic, number in partitions}
        if not asked:
            return {}
        with kafka_errors("Asking for offsets"):
            found = self._client.list_partition_offsets(asked)
        return {(at.topic, at.partition): entry.offset for at, entry in found.items()}
