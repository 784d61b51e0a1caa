"""What a worker is made of."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import uuid_utils.compat

from connectors.kafka.admin import KafkaAdmin
from golden_records.domain.casework import Stakes
from hub.bootstrap.following import FollowingApply, FollowingResolve
from hub.failpoints import failpoint
from hub.services.apply import Apply
from hub.services.drift import Drifts
from hub.services.resolve import Identifiers, Resolve, ResolveContext
from hub.services.resolving.by_matching import ByMatching, Matchings
from hub.services.resolving.by_reference import ByReference
from hub.services.resolving.rules import compile_rules
from streams.ports import StreamServices
from streams.settings import StreamSettings

if TYPE_CHECKING:
    from uuid import UUID

    from hub.bootstrap.opening import Hub


class CatalogueTopics:
    """`streams.ports.FeedTopics`: asked of the database, so a later `connect` is noticed."""

    def __init__(self, hub: Hub) -> None:
        self._work = hub.work

    def current(self) -> frozenset[str]:
        with self._work() as work:
            return frozenset(str(row["body"]["topic"]) for row in work.registry.contracts())


def new_id() -> UUID:
    """Return a UUIDv7: ids sort by time of birth, so their index grows at one end."""
    return uuid_utils.compat.uuid7()


def resolver(hub: Hub) -> Resolve:
    """Return the resolve service on this hub."""
    identifiers = Identifiers(
        by_matching=ByMatching(Matchings(hub.catalogue), new_id),
        by_reference=ByReference(new_id),
    )
    context = ResolveContext(
        rules=compile_rules(hub.catalogue),
        policy=hub.catalogue.version,
        clock=hub.clock,
        ids=new_id,
        batch=hub.settings.resolve_batch,
        reached=failpoint(hub.settings.failpoint),
    )
    return Resolve(hub.work, identifiers, context)


def applier(hub: Hub) -> Apply:
    """Return the apply service on this hub."""
    reached = failpoint(hub.settings.failpoint)
    return Apply(hub.work, hub.decoder(), reached=reached, drifts=drifts(hub))


def drifts(hub: Hub) -> Drifts:
    """Return the service of schema drift on this hub."""
    classes = hub.catalogue.case_classes
    stakes = {name: Stakes(entity, classes) for name, entity in hub.catalogue.entities.items()}
    return Drifts(hub.contracts, stakes)


def stream_settings(hub: Hub) -> StreamSettings:
    """Return the stream's settings out of the hub's."""
    settings = hub.settings
    return StreamSettings(
        bootstrap=hub.places.kafka,
        prefix=settings.topic_prefix,
        shards=settings.shards,
        chunk_records=settings.chunk_records,
        transaction_records=settings.transaction_records,
        resolve_threads=settings.resolve_threads,
        apply_threads=settings.apply_threads,
    )


def stream_services(hub: Hub) -> StreamServices:
    """Return everything that a worker's Faust application is handed."""
    return StreamServices(
        apply=FollowingApply(hub, applier),
        resolve=FollowingResolve(hub, resolver),
        topics=CatalogueTopics(hub),
        admin=KafkaAdmin(hub.places.kafka),
        clock=hub.clock,
        jitter=random.SystemRandom().random,
    )
