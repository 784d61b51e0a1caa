"""A system as its connector, and whoever reads its catalogue, must have it described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from connectors.debezium.source_spec import (
    Engine,
    Secret,
    SourceSpec,
    SourceTable,
    server_id,
)
from hub.bootstrap.places import find_secret

if TYPE_CHECKING:
    from config.settings import Settings
    from golden_records.domain.catalogue import Catalogue, System

DEFAULT_PORTS = {"postgresql": 5432, "mariadb": 3306}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A system as its connector is told of it, with its plain password for our own reading."""

    spec: SourceSpec
    password: str


def described(settings: Settings, catalogue: Catalogue, system: System) -> Source:
    """Describe a system's database, and the tables of it that are mirrored.

    SecretMissing where nobody says where it is.
    """
    parts = urlsplit(find_secret(settings, system.secret))
    password = unquote(parts.password or "")
    spec = SourceSpec(
        hub=settings.topic_prefix,
        name=system.name,
        engine=Engine(str(system.engine)),
        host=parts.hostname or "127.0.0.1",
        port=parts.port or DEFAULT_PORTS[str(system.engine)],
        database=parts.path.lstrip("/"),
        user=unquote(parts.username or ""),
        password=Secret(password),
        tables=tuple(SourceTable.of(table) for table in catalogue.tables_of(system.name)),
        topic_prefix=f"{settings.topic_prefix}.{system.name}",
        server_id=server_id(settings.topic_prefix, system.name),
        partitions=system.partitions,
    )
    return Source(spec=spec, password=password)
