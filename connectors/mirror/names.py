"""Names of what the mirror keeps in PostgreSQL.

`mirror_<system>` holds a system's tables. Live views and mapping views belong to one catalogue,
so that workers of two versions can run side by side: their schemas carry a digest of the
catalogue's version, the contracts and the mappings.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.rowchange import TableContract

LAYOUT: Final = "1"
"""Raised when the views are built in another way, so that old ones are not taken for new."""

NAME_LIMIT: Final = 63


def quoted(name: str) -> str:
    """The name as an SQL identifier, whatever letters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL literal; only for DDL and cached statements, never for feed values."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Names:
    """The names that belong to one catalogue."""

    digest: str

    @classmethod
    def of(cls, catalogue: Catalogue, contracts: Mapping[tuple[str, str], TableContract]) -> Names:
        """Names for this catalogue with these contracts."""
        parts = [LAYOUT, catalogue.version]
        parts += [repr(contracts[key]) for key in sorted(contracts)]
        parts += sorted(f"{m.system}/{m.entity}/{m.sql}/{m.record}" for m in catalogue.mappings)
        return cls(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12])

    @staticmethod
    def mirror_schema(system: str) -> str:
        return f"mirror_{system}"

    @classmethod
    def mirror(cls, system: str, table: str) -> str:
        return f"{quoted(cls.mirror_schema(system))}.{quoted(table)}"

    @classmethod
    def truncations(cls, system: str) -> str:
        """The table of the newest truncation of each table of the system."""
        return f"{quoted(cls.mirror_schema(system))}.{quoted('_truncation')}"

    def live_schema(self, system: str) -> str:
        return f"live_{self.digest}_{system}"

    def live(self, system: str, table: str) -> str:
        return f"{quoted(self.live_schema(system))}.{quoted(table)}"

    @property
    def mapping_schema(self) -> str:
        return f"map_{self.digest}"

    def mapping(self, system: str, entity: str) -> str:
        return f"{quoted(self.mapping_schema)}.{quoted(f'{system}.{entity}')}"

    @property
    def forms(self) -> str:
        """The table of the evaluation forms that the growth check chose."""
        return f"{quoted(self.mapping_schema)}.{quoted('_form')}"
