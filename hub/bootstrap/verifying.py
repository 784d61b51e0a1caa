"""The verification service on this hub."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from connectors.mirror.evaluate import key_of
from golden_records.domain.catalogue import Phase
from golden_records.store.verification import PostgresVerification
from hub.services.resolving.rules import compile_rules
from hub.services.verify import Source, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hub.bootstrap.opening import Hub


def verification(hub: Hub) -> Verify:
    """Return the service for every pair that is past LOADING."""

    @contextmanager
    def snapshot() -> Iterator[PostgresVerification]:
        with hub.work() as work:
            reads = PostgresVerification(work.connection)
            reads.begin()
            yield reads

    rules = compile_rules(hub.catalogue)
    return Verify(snapshot, _sources(hub), rules, hub.catalogue.version, hub.clock)


def _sources(hub: Hub) -> list[Source]:
    found = []
    with hub.work() as work:
        phases = work.registry.phases()
        for mapping in hub.catalogue.mappings:
            pair = (mapping.system, mapping.entity)
            if phases.get(pair, Phase.LOADING) is not Phase.LOADING:
                plan = hub.mirrors.plan(work.connection, *pair)
                key = key_of(plan.mapping.record, "v")
                view = hub.mirrors.names.mapping(*pair)
                found.append(Source(system=pair[0], entity=pair[1], view=view, key=key))
    return found
