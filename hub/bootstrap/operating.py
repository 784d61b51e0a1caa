"""The hub as operators and stewards open it: PostgreSQL is enough, Kafka may be down.

Whoever looks after the hub looks most when something does not run, so only the database is asked
for here; what needs Kafka says so itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import uuid_utils.compat

from config.catalogue import load_catalogue
from connectors.kafka.admin import KafkaAdmin
from connectors.mirror.origin import feed_rows
from golden_records.domain.catalogue import Phase
from golden_records.domain.errors import TransientError
from golden_records.store.work import StoreUnavailable, make_engine, work_factory
from hub.bootstrap.loading import lag
from hub.bootstrap.opening import NotConnected, assemble_hub, contract_of, no_mirror
from hub.bootstrap.places import Places, ServersUnknown, with_database
from hub.bootstrap.working import drifts
from hub.services.apply import Apply, QuarantineLimit
from hub.services.approving import Approvals
from hub.services.deletes import Deletes
from hub.services.existence import Existence
from hub.services.identity.operations import GoldenOperations
from hub.services.identity.undoing import Undoing
from hub.services.identity.work import Context
from hub.services.quarantine import Quarantine
from hub.services.queries import Queries
from hub.services.rates import ExchangeRateDesk
from hub.services.resolving.by_matching import Matchings
from hub.services.resolving.rules import compile_rules
from hub.services.stewardship import Stewardship
from hub.stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings
    from connectors.mirror.mirrors import ProofReport
    from golden_records.domain.catalogue import WritePlan
    from golden_records.domain.clock import Clock
    from golden_records.domain.findings import Finding
    from hub.bootstrap.opening import Hub
    from hub.services.queries import Golden
    from hub.stack.model import ServiceInfo

NO_LIMIT = QuarantineLimit(open_rows=2**62)
"""A replay sets nothing aside that was not there before, so it stops at no limit."""

ASK_SECONDS = 5.0


class ProofDisturbed(TransientError):
    """The feed changed a row that a trial needed; try again, with fewer trials or on a copy."""


class FeedUnknown(TransientError):
    """Kafka does not run; run `mdhub stack up`, or set MDHUB_KAFKA_BOOTSTRAP."""


def open_operating(settings: Settings, clock: Clock) -> Hub:
    """Open the hub on its database alone; ServersUnknown or NotConnected where that is missing."""
    places = _places(settings, clock)
    engine = make_engine(places.postgres)
    with work_factory(engine, no_mirror, 1)() as work:
        try:
            files, rows = work.registry.active(), work.registry.contracts()
        except psycopg.errors.UndefinedTable as error:
            raise NotConnected from error
    if files is None:
        raise NotConnected
    contracts = {(r["system"], r["table_name"]): contract_of(r["body"]) for r in rows}
    epochs = {r["system"]: r["epoch"] for r in rows}
    catalogue = load_catalogue(files)
    return assemble_hub((settings, clock, places), engine, catalogue, contracts, epochs=epochs)


def _places(settings: Settings, clock: Clock) -> Places:
    info = Stack(settings, clock).status()
    if info.postgres.state in {"stopped", "unhealthy"}:
        message = "PostgreSQL is not running: run `mdhub stack up`, or set MDHUB_POSTGRES_URL"
        raise ServersUnknown(message, services=["postgres"])
    return Places(
        postgres=with_database(info.postgres_url, settings.hub_database),
        postgres_admin=info.postgres_url,
        kafka=_where(info.kafka),
        connect=_where(info.connect),
    )


def _where(service: ServiceInfo) -> str:
    return service.url or "" if service.usable else ""


def feed_lag(hub: Hub) -> dict[str, int]:
    """Return how many records of each system's feed no worker has committed yet."""
    if not hub.places.kafka:
        raise FeedUnknown
    with KafkaAdmin(hub.places.kafka, request_timeout=ASK_SECONDS) as admin:
        systems = sorted({system for system, _ in hub.contracts})
        return {system: lag(hub, admin, [system]) for system in systems}


def mappings(hub: Hub) -> list[dict[str, Any]]:
    """Return every mapping with its phase, what it reads and how many records it yielded."""
    with hub.work() as work:
        phases = work.registry.phases()
        counts = work.queries.record_counts()
        plans = hub.mirrors.plans(work.connection)
    found = []
    for mapping in hub.catalogue.mappings:
        pair = (mapping.system, mapping.entity)
        records, golden = counts.get(pair, (0, 0))
        found.append(
            {
                "system": mapping.system,
                "entity": mapping.entity,
                "phase": str(phases.get(pair, Phase.LOADING)),
                "records": records,
                "golden": golden,
                "reads": sorted(plans[pair].reads),
                "writes": ", ".join(p.group for p in hub.catalogue.plans if _writes(p, pair)),
                "file": mapping.source_file,
            }
        )
    return found


def _writes(plan: WritePlan, pair: tuple[str, str]) -> bool:
    return (plan.system, plan.entity) == pair


def check_mappings(hub: Hub) -> list[Finding]:
    """Check tables and mappings against the mirrors as they are; the forms chosen are kept."""
    with hub.work() as work:
        found = hub.mirrors.check(work.connection)
        work.commit()
    return found


def prove_mappings(
    hub: Hub, run: tuple[int, int], progress: Callable[[int, int], None]
) -> ProofReport:
    """Prove with (trials, seed) on one snapshot, in a transaction that is rolled back.

    What workers apply meanwhile is not seen, else it would look like roots that were missed.
    ProofDisturbed where a trial needs a row that a worker has changed since.
    """
    trials, seed = run
    try:
        return _prove(hub, trials, seed, progress)
    except StoreUnavailable as error:
        if isinstance(error.__cause__, psycopg.errors.SerializationFailure):
            raise ProofDisturbed from error
        raise


def _prove(hub: Hub, trials: int, seed: int, progress: Callable[[int, int], None]) -> ProofReport:
    with hub.work() as work:
        work.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return hub.mirrors.prove(work.connection, trials=trials, seed=seed, progress=progress)


def queries(hub: Hub) -> Queries:
    """Return the reading service."""
    return Queries(hub.work, hub.catalogue, hub.clock)


def positions(hub: Hub, found: Golden) -> dict[tuple[str, str], dict[str, Any]]:
    """Return, by (system, key) of the members, the feed position of what they say now.

    Mirrors keep no history, so there is none for a golden record of the past.
    """
    if found.at is not None:
        return {}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    with hub.work() as work:
        for member in found.members:
            plan = hub.mirrors.plan(work.connection, member["system"], found.entity)
            read = feed_rows(work.connection, plan, hub.contracts, member["root_key"])
            if read:
                rows[member["system"], member["key"]] = read[0]
    return rows


def quarantine(hub: Hub) -> Quarantine:
    """Return the service that replays what was set aside, through the same path as the feed."""
    return Quarantine(
        hub.work, Apply(hub.work, hub.decoder(), NO_LIMIT, drifts=drifts(hub)), hub.clock
    )


def deletes(hub: Hub) -> Deletes:
    """Return the service that lists and decides withheld deletions."""
    return Deletes(hub.held_work, context_of(hub))


def exchange_rates(hub: Hub) -> ExchangeRateDesk:
    """Return the service that imports and lists exchange rates."""
    return ExchangeRateDesk(hub.work, hub.catalogue)


def context_of(hub: Hub) -> Context:
    """Return what decisions rest on."""
    return Context(
        rules=compile_rules(hub.catalogue),
        policy=hub.catalogue.version,
        clock=hub.clock,
        ids=uuid_utils.compat.uuid7,
        matchings=Matchings(hub.catalogue),
    )


def stewardship(hub: Hub) -> Stewardship:
    """Return the service that carries out stewards' decisions."""
    return Stewardship(hub.held_work, context_of(hub))


def existence(hub: Hub) -> Existence:
    """Return the service that decides cases about whether a record is there at all."""
    return Existence(hub.held_work, context_of(hub))


def golden_operations(hub: Hub) -> GoldenOperations:
    """Return the service of link, unlink, merge, unmerge and move."""
    return GoldenOperations(hub.held_work, context_of(hub))


def undoing(hub: Hub) -> Undoing:
    """Return the service that takes decisions and identity transactions back."""
    return Undoing(hub.held_work, context_of(hub))


def approvals(hub: Hub) -> Approvals:
    """Return the service by which a second person agrees, or does not."""
    context = context_of(hub)
    operations = GoldenOperations(hub.held_work, context)
    return Approvals(hub.held_work, context, operations, Stewardship(hub.held_work, context))
