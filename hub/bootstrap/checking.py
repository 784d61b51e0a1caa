"""Check a catalogue's mappings against the mirrors as they are, without keeping anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.mirror.mirrors import Mirrors
from hub.bootstrap.opening import open_hub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import Settings
    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.clock import Clock
    from golden_records.domain.findings import Finding


def check_mirrors(settings: Settings, clock: Clock, catalogue: Catalogue) -> Sequence[Finding]:
    """Install the catalogue's views in a transaction that is rolled back, and examine them there.

    The contracts are those of the last `mdhub connect`: tables that are new in the catalogue are
    not known yet and are reported as missing.
    """
    hub = open_hub(settings, clock)
    mirrors = Mirrors(catalogue, hub.contracts, settings.shards)
    with hub.work() as work:
        mirrors.install(work.connection)
        return mirrors.check(work.connection)
