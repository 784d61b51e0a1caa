"""`mdhub connect`: from a folder of configuration to running connectors and installed mirrors.

Every step may be repeated: a second run with the same folder changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from config.catalogue import load_catalogue
from config.folder import read_folder
from connectors.debezium.catalogue import contracts_of, followed
from connectors.debezium.connect import ConnectClient
from connectors.debezium.publications import publication_mode
from connectors.debezium.registration import connector_config
from connectors.debezium.source_catalogue import read_catalogue
from connectors.kafka.admin import KafkaAdmin
from connectors.targets.tagging import FUNCTIONS, create_origins
from golden_records.domain.catalogue import Engine as Database
from golden_records.domain.feed import TopicSpec
from golden_records.store.schema import migrate
from golden_records.store.views import install_views
from golden_records.store.work import make_engine
from hub.bootstrap.drifting import look_at_sources
from hub.bootstrap.opening import Hub, assemble_hub, contract_body
from hub.bootstrap.places import find_places, find_secret
from hub.bootstrap.policies import policies
from hub.bootstrap.sources import find_sources, kept_secret
from hub.services.policies import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from config.settings import Settings
    from connectors.debezium.source_spec import SourceSpec
    from golden_records.domain.clock import Clock
    from golden_records.domain.rowchange import TableContract
    from hub.bootstrap.describing import Source

GRANT_MARK = "GRANT EXECUTE ON FUNCTION " + ", ".join(FUNCTIONS) + " to the writing role"
WAIT_SECONDS = 120.0


def connect(settings: Settings, clock: Clock, folder: Path, report: Callable[[str], None]) -> Hub:
    """Check the folder, migrate, read the sources, register connectors, install the mirrors."""
    catalogue = load_catalogue(read_folder(folder))
    places = find_places(settings, clock)
    report("preparing the hub's database")
    create_database(places.postgres_admin, settings.hub_database)
    engine = make_engine(places.postgres)
    migrate(engine)
    report("reading the sources' catalogues")
    sources = find_sources(settings, catalogue)
    contracts: dict[tuple[str, str], TableContract] = {}
    for source in sources:
        found = contracts_of(source.spec, read_catalogue(source.spec, source.password))
        contracts.update({(c.system, c.table): c for c in found})
    hub = assemble_hub((settings, clock, places), engine, catalogue, contracts, epochs={})
    report("installing mirrors and mappings")
    install(hub)
    _tag(hub, report)
    report("registering the connectors")
    _register(hub, sources, report)
    look_at_sources(hub, report)
    return hub


def _tag(hub: Hub, report: Callable[[str], None]) -> None:
    """Create the origins that mark our transactions; where that is refused, say so and go on."""
    for name in sorted({plan.system for plan in hub.catalogue.plans}):
        system = hub.catalogue.systems[name]
        if system.tags and system.engine is Database.POSTGRESQL:
            url = find_secret(hub.settings, system.write_secret or system.secret)
            problem = create_origins(url, system.tags)
            if problem is not None:
                report(
                    f"warning: writes to {name} will carry no mark ({problem}); the ledger alone"
                    f" will tell their echo. An administrator may {GRANT_MARK}"
                )


def create_database(admin_url: str, name: str) -> None:
    """Create the hub's own database where it is missing."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def install(hub: Hub, actor: str = "mdhub connect") -> None:
    """Make this catalogue the active policy, with its contracts, mirrors, views and phases."""
    catalogue = hub.catalogue
    with hub.work() as work:
        for (system, table), contract in hub.contracts.items():
            work.registry.write_contract(system, table, contract_body(contract))
        hub.mirrors.install(work.connection)
        work.commit()
    policies(hub).take_into_use(catalogue, Word(actor=actor, reason="connected"))
    install_views(hub.engine, catalogue)


def _register(hub: Hub, sources: list[Source], report: Callable[[str], None]) -> None:
    admin = KafkaAdmin(hub.places.kafka)
    client = ConnectClient(hub.places.connect, hub.clock)
    try:
        admin.ensure(_topics(hub))
        for source in sources:
            contracts = tuple(c for (s, _), c in hub.contracts.items() if s == source.spec.name)
            spec = _followed(hub, source, contracts)
            client.put(spec.connector, connector_config(spec))
        for source in sources:
            report(f"waiting for the connector of {source.spec.name}")
            client.wait_running(source.spec.connector, WAIT_SECONDS)
    finally:
        client.close()
        admin.close()


def _followed(hub: Hub, source: Source, contracts: tuple[TableContract, ...]) -> SourceSpec:
    tables = followed(source.spec, contracts)
    spec = replace(source.spec, tables=tables, kafka_bootstrap=hub.places.kafka)
    kept = kept_secret(hub.settings, spec.connector, source.password)
    mode = publication_mode(spec, source.password)
    return replace(spec, password=kept, publication_mode=mode)


def _topics(hub: Hub) -> Mapping[str, TopicSpec]:
    return {
        contract.topic: TopicSpec(partitions=hub.catalogue.systems[system].partitions)
        for (system, _), contract in hub.contracts.items()
    }
