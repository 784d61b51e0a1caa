"""Wait until the first snapshot of a system lies in the mirrors, and load it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from connectors.debezium.connect import ConnectClient
from connectors.debezium.source_spec import connector_name
from connectors.kafka.admin import KafkaAdmin
from golden_records.domain.errors import TransientError
from hub.bootstrap.working import new_id
from hub.failpoints import failpoint
from hub.services.loading.bulk import BulkLoad, LoadContext
from hub.services.phases import Phases
from hub.services.resolving.by_matching import Matchings
from hub.services.resolving.rules import compile_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hub.bootstrap.opening import Hub
    from hub.services.loading.bulk import Step

POLL_SECONDS = 0.5


@contextmanager
def silent(_label: str, _total: int | None) -> Iterator[Callable[[int], None]]:
    """A step that nobody watches."""
    yield lambda _count: None


def phase_service(hub: Hub, step: Step = silent) -> Phases:
    """Return the phase service, which loads whole entities at once where it can."""
    context = LoadContext(
        rules=compile_rules(hub.catalogue),
        matchings=Matchings(hub.catalogue),
        policy=hub.catalogue.version,
        clock=hub.clock,
        ids=new_id,
        step=step,
        reached=failpoint(hub.settings.failpoint),
    )
    return Phases(hub.work, hub.catalogue, BulkLoad(hub.work, context))


class SnapshotUnfinished(TransientError):
    """The snapshot is not in the mirrors yet: look at the connectors, and run `mdhub work`."""


def wait_for_snapshots(
    hub: Hub, systems: Sequence[str], timeout: float, report: Callable[[str], None]
) -> None:
    """Return when every connector streams and the workers have applied all that was sent.

    A connector's offsets say whether it is still in its snapshot; what it sent before is applied
    when the consumer group has committed up to the ends of its topics.
    """
    deadline = hub.clock.monotonic() + timeout
    prefix = hub.settings.topic_prefix
    report(f"waiting for the snapshots of {', '.join(systems)}")
    admin, client = KafkaAdmin(hub.places.kafka), ConnectClient(hub.places.connect, hub.clock)
    try:
        while True:
            waiting = [s for s in systems if not client.streaming(connector_name(prefix, s))]
            behind = 0 if waiting else lag(hub, admin, systems)
            if not waiting and not behind:
                return
            if hub.clock.monotonic() > deadline:
                message = (
                    f"in its snapshot: {', '.join(waiting) or 'none'}; records not yet applied:"
                    f" {behind}. Look at the connectors' status, and run `mdhub work`"
                )
                raise SnapshotUnfinished(message, systems=waiting, behind=behind)
            hub.clock.sleep(POLL_SECONDS)
    finally:
        admin.close()
        client.close()


def lag(hub: Hub, admin: KafkaAdmin, systems: Sequence[str]) -> int:
    """Return how many records of the systems' topics no worker has committed yet."""
    topics = [c.topic for (system, _), c in hub.contracts.items() if system in systems]
    committed = admin.committed(f"{hub.settings.topic_prefix}.hub")
    ends = admin.end_offsets(topics)
    return sum(max(0, end - committed.get(place, 0)) for place, end in ends.items())
