"""What a worker may be told about Kafka, chunks, threads and pauses."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """Settings of one worker; seconds and bytes unless the name says otherwise.

    Memory: the feed held by a worker stays under `unacked_bytes` plus what one poll brings
    (`poll_records` records), plus the client's read-ahead of `fetch_bytes` a partition.
    """

    #: Kafka, as "host:port" or several with commas.
    bootstrap: str
    #: Names of the hub's own topics and its consumer group begin with this.
    prefix: str = "mdhub"
    #: Partitions of the hints topic. Changing it moves roots between shards: stop all workers.
    shards: int = 16
    #: Partitions of a feed topic that does not exist yet.
    feed_partitions: int = 4

    chunk_records: int = 5_000
    chunk_bytes: int = 8 * MEBIBYTE
    poll_records: int = 20_000
    fetch_bytes: int = 4 * MEBIBYTE
    #: How long a fetch waits at the broker for records to come.
    fetch_wait: float = 0.1
    #: Above either of these nothing more of the feed is fetched; hints still are.
    unacked_chunks: int = 64
    unacked_bytes: int = 64 * MEBIBYTE

    #: How much of the feed shares one database transaction.
    transaction_records: int = 10_000
    apply_threads: int = 1
    resolve_threads: int = 2
    #: While the feed is behind, a resolve loop rests so many times as long as its batch took.
    resolve_rest: float = 4.0

    commit_interval: float = 1.0
    session_timeout: float = 10.0
    heartbeat_interval: float = 2.0
    request_timeout: float = 30.0
    #: How long a rebalance or a stop waits for transactions that have begun.
    drain_timeout: float = 5.0
    #: How long a stop may take in all before the worker gives up on it.
    stop_timeout: float = 12.0

    sweep_interval: float = 1.0
    topics_interval: float = 10.0
    #: How often memory that nothing uses is given back to the system.
    trim_interval: float = 5.0
    backoff_first: float = 0.2
    backoff_limit: float = 30.0
    #: A pause of the event loop above this is logged.
    loop_lag_limit: float = 0.1

    @property
    def group(self) -> str:
        return f"{self.prefix}.hub"

    @property
    def hints_topic(self) -> str:
        return f"{self.prefix}.hints"

    @property
    def quarantine_topic(self) -> str:
        return f"{self.prefix}.quarantine"
