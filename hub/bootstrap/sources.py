"""The systems as feeds: what their connectors are told, how they fare, what stands in their way."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connectors.debezium.catalogue import followed
from connectors.debezium.connect import ConnectClient
from connectors.debezium.doctor import diagnose
from connectors.debezium.findings import worst_first
from connectors.debezium.preflight import preflight
from connectors.debezium.retained import Retained, retained
from connectors.debezium.source_catalogue import read_catalogue
from connectors.debezium.source_spec import Secret, connector_name
from golden_records.domain.errors import HubError
from hub.bootstrap.describing import described

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from config.settings import Settings
    from connectors.debezium.connect import ConnectorStatus
    from connectors.debezium.findings import Finding
    from golden_records.domain.catalogue import Catalogue, System
    from hub.bootstrap.describing import Source
    from hub.bootstrap.opening import Hub

ASK_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How a feed fares. What could not be asked is None, and `problems` says why."""

    system: str
    connector: str
    state: str | None = None
    log: Retained | None = None
    problems: Sequence[str] = field(default=())

    @property
    def healthy(self) -> bool:
        """Whether the connector runs, and its log holds all that it has not read."""
        return self.state == "RUNNING" and self.log is not None and self.log.whole


def find_sources(settings: Settings, catalogue: Catalogue) -> list[Source]:
    """Return the systems of which tables are followed, by name; SecretMissing for one without."""
    return [described(settings, catalogue, system) for system in _followed_systems(catalogue)]


def _followed_systems(catalogue: Catalogue) -> list[System]:
    systems = sorted(catalogue.systems.values(), key=lambda s: s.name)
    return [system for system in systems if catalogue.tables_of(system.name)]


def kept_secret(settings: Settings, connector: str, password: str) -> Secret:
    """Keep the password in a file that only its owner reads; the connector gets a reference."""
    if settings.connect_url is not None:
        return Secret(password)
    folder = settings.state_dir / "connect" / "secrets"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{connector}.properties"
    escaped = password.replace("\\", "\\\\")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"password={escaped}\n")
    return Secret.in_file(path, "password")


def source_states(hub: Hub) -> list[SourceState]:
    """Ask Kafka Connect and every source; one that does not answer hides no other."""
    client = ConnectClient(hub.places.connect, hub.clock, ASK_SECONDS)
    try:
        return [_state(hub, client, system) for system in _followed_systems(hub.catalogue)]
    finally:
        client.close()


def _state(hub: Hub, client: ConnectClient, system: System) -> SourceState:
    name = connector_name(hub.settings.topic_prefix, system.name)
    found = SourceState(system=system.name, connector=name)
    offset: Mapping[str, object] = {}
    try:
        status = client.status(name)
        if status is None:
            message = f"{name} is not registered: run `mdhub connect`"
            return replace(found, state="MISSING", problems=(message,))
        offset = client.offset(name)
        found = replace(found, state=_word(status), problems=status.failures)
    except HubError as error:
        found = replace(found, problems=(str(error),))
    try:
        source = described(hub.settings, hub.catalogue, system)
        return _with_log(found, retained(source.spec, source.password, offset))
    except HubError as error:
        return replace(found, problems=(*found.problems, str(error)))


def _word(status: ConnectorStatus) -> str:
    if status.running or status.failures:
        return "RUNNING" if status.running else "FAILED"
    return status.state if status.tasks else "WITHOUT TASKS"


def _with_log(found: SourceState, log: Retained) -> SourceState:
    problems = found.problems if log.problem is None else (*found.problems, log.problem)
    return replace(found, log=log, problems=problems)


def source_findings(hub: Hub) -> dict[str, list[Finding]]:
    """Return by system what its catalogue and its connector's settings let go wrong, worst first.

    SourceUnreachableError or ConnectUnreachableError where one does not answer.
    """
    client = ConnectClient(hub.places.connect, hub.clock, ASK_SECONDS)
    try:
        return {
            source.spec.name: _findings(hub, client, source)
            for source in find_sources(hub.settings, hub.catalogue)
        }
    finally:
        client.close()


def _findings(hub: Hub, client: ConnectClient, source: Source) -> list[Finding]:
    spec = source.spec
    contracts = [c for (system, _), c in hub.contracts.items() if system == spec.name]
    wanted = replace(spec, tables=followed(spec, tuple(contracts)))
    found = preflight(wanted, read_catalogue(wanted, source.password))
    if client.status(spec.connector) is not None:
        found += diagnose(client.config(spec.connector), contracts)
    return worst_first(found)
