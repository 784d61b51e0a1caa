"""What the stream needs from the hub's services.

Every method is synchronous and is called in a thread, possibly from several threads at once;
each call uses a unit of work of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from golden_records.domain.clock import Clock
    from golden_records.domain.feed import ApplyOutcome, Chunk, ResolveOutcome, TopicSpec


class ApplyService(Protocol):
    """Decode, observe, mirror and mark: one transaction for all chunks given."""

    def apply(self, chunks: Sequence[Chunk]) -> ApplyOutcome:
        """Apply the chunks; on return everything is committed, on a raise nothing is.

        Chunks of one partition come in offset order. A chunk may come again after a crash or a
        rebalance, alone or beside others, and must then change nothing. A bad record is set aside
        in the same transaction and listed in the outcome. Raise `TransientError` to be called
        again with the same chunks after a pause; anything else that is raised stops the worker,
        so isolate what kills a batch before letting it out.
        """
        ...


class ResolveService(Protocol):
    """Take the marks of shards and bring their golden records up to date."""

    def resolve(self, *shards: int) -> ResolveOutcome:
        """Resolve one batch of the shards together; `more` asks to be called again at once.

        Never called twice at a time for one shard by one worker; two workers may overlap during a
        rebalance, so an advisory lock guards each shard, and one that another worker holds is left
        out. Raise `TransientError` to be called again later; anything else stops the worker.
        """
        ...


class FeedTopics(Protocol):
    """Which topics the catalogue wants read; a new table or system changes the answer."""

    def current(self) -> frozenset[str]: ...


class TopicAdmin(Protocol):
    """Creates what the worker is about to read and write; `connectors.kafka.admin` does it."""

    def ensure(self, wanted: Mapping[str, TopicSpec]) -> None:
        """Create missing topics, and widen narrow ones that may be; never remove or narrow."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamServices:
    """Everything that `streams.app.build_app` is handed from outside.

    `jitter` returns a number from 0 up to 1, for the pauses between attempts.
    """

    apply: ApplyService
    resolve: ResolveService
    topics: FeedTopics
    admin: TopicAdmin
    clock: Clock
    jitter: Callable[[], float]
