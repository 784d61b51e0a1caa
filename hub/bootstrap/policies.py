"""Policies on this hub: what an activation needs of mirrors and views besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.catalogue import load_catalogue
from golden_records.domain.policy import PolicyStepRefused
from golden_records.store.views import install_views
from hub.bootstrap.opening import assemble_hub
from hub.services.policies import Policies, Word
from hub.services.resolving.by_matching import Matchings
from hub.services.sweeping import Sweeping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.findings import Finding
    from golden_records.domain.rowchange import TableContract
    from hub.bootstrap.opening import Hub
    from hub.services.policies import Activated


def policies(hub: Hub) -> Policies:
    """Return the service of policies."""
    return Policies(hub.work, hub.clock, load_catalogue)


def under(hub: Hub, catalogue: Catalogue) -> Hub:
    """Return the hub as it would be under another policy, on the same engine."""
    place = (hub.settings, hub.clock, hub.places)
    return assemble_hub(place, hub.engine, catalogue, hub.contracts, epochs=hub.epochs)


def validate(hub: Hub, catalogue: Catalogue) -> list[Finding]:
    """Try the catalogue's views in a transaction that is rolled back; return every finding."""
    check_connected(catalogue, hub.contracts)
    trial = under(hub, catalogue)
    with trial.work() as work:
        trial.mirrors.install_views(work.connection)
        return trial.mirrors.check(work.connection)


def check_connected(
    catalogue: Catalogue, contracts: Mapping[tuple[str, str], TableContract]
) -> None:
    """Refuse a policy that reads what is not mirrored yet."""
    missing = []
    for table in catalogue.tables:
        contract = contracts.get((table.system, table.name))
        known = set(contract.column_names) if contract else set()
        names = [*table.columns, *table.key]
        missing += [f"{table.system}.{table.name}.{c}" for c in names if c not in known]
    if missing:
        message = (
            f"not mirrored yet: {', '.join(missing[:10])}; a policy that mirrors more is taken into"
            " use by `mdhub connect FOLDER`, after its import and approval"
        )
        raise PolicyStepRefused(message, columns=missing)


def activate(hub: Hub, name: str, word: Word, *, back: bool = False) -> tuple[Hub, Activated]:
    """Make the views first, then switch; return the hub under the new policy."""
    service = policies(hub)
    catalogue = service.catalogue(name)
    check_connected(catalogue, hub.contracts)
    renewed = under(hub, catalogue)
    with renewed.work() as work:
        renewed.mirrors.install(work.connection)
        work.commit()
    activated = service.activate(catalogue.version, word, back=back)
    install_views(hub.engine, catalogue)
    return renewed, activated


def sweeping(hub: Hub) -> Sweeping:
    """Return the service that marks what an activation touches."""
    return Sweeping(hub.work, Matchings(hub.catalogue))
