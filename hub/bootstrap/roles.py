"""The accounts that a hub needs, each with no more rights than it uses, as statements to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connectors.debezium.preparation import preparation
from connectors.debezium.source_spec import (
    Engine as SourceEngine,
    Secret,
    SourceSpec,
    SourceTable,
    slot_name,
)
from connectors.targets.rights import writer_rights
from hub.bootstrap.places import SecretMissing, find_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import Settings
    from golden_records.domain.catalogue import Catalogue, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account to make: where, what for, and the statements in their order."""

    server: str
    purpose: str
    statements: tuple[str, ...]


def accounts(settings: Settings, catalogue: Catalogue) -> Iterator[Account]:
    """The hub's own account, then a reader for each source and a writer for each target."""
    yield Account(
        server="the hub's PostgreSQL",
        purpose="the hub itself",
        statements=own_account(settings.hub_database),
    )
    for system in sorted(catalogue.systems.values(), key=lambda one: one.name):
        name = slot_name(settings.topic_prefix, system.name)
        if catalogue.tables_of(system.name):
            source = _source(settings, catalogue, system)
            read = f"reading the feed ({system.secret})"
            yield Account(server=system.name, purpose=read, statements=preparation(source))
        if any(plan.system == system.name for plan in catalogue.plans):
            secret = system.write_secret or system.secret
            yield Account(
                server=system.name,
                purpose=f"writing decided values ({secret})",
                statements=writer_rights(
                    catalogue, system, _database(settings, system), f"{name}_write"
                ),
            )


def own_account(database: str) -> tuple[str, ...]:
    """The hub's own account, which owns its database; and the analysts', which it grants to."""
    return (
        f"CREATE ROLE \"{database}\" LOGIN PASSWORD '<password>'",
        "CREATE ROLE mdhub_analyst NOLOGIN",
        f'CREATE DATABASE "{database}" OWNER "{database}"',
    )


def _source(settings: Settings, catalogue: Catalogue, system: System) -> SourceSpec:
    return SourceSpec(
        hub=settings.topic_prefix,
        name=system.name,
        engine=SourceEngine(str(system.engine)),
        host="",
        port=0,
        database=_database(settings, system),
        user=f"{slot_name(settings.topic_prefix, system.name)}_read",
        password=Secret(""),
        tables=tuple(SourceTable.of(table) for table in catalogue.tables_of(system.name)),
    )


def _database(settings: Settings, system: System) -> str:
    """The database that the secret's URL names; a gap to fill in where the secret is not set."""
    try:
        url = find_secret(settings, system.secret)
    except SecretMissing:
        return system.schema if str(system.engine) == "mariadb" else "<database>"
    return urlsplit(url).path.lstrip("/")
