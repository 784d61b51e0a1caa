"""Schema drift: a source table that no longer has the shape that the hub was connected with.

Two witnesses tell of it: the feed, which lacks a column or carries what the column cannot hold, and
the source's own catalogue. One cause is one column of one table (or its key, or the table), whoever
tells of it; the case is about the mapping's entity and is closed by the witness who sees it mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from golden_records.domain.records import Conflict, ConflictKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

KEY: Final = "(key)"
TABLE: Final = "(table)"


class Shape(StrEnum):
    """What is not as it was."""

    COLUMN_GONE = "column_gone"
    TYPE_CHANGED = "type_changed"
    KEY_CHANGED = "key_changed"
    TABLE_GONE = "table_gone"
    COLUMN_NEW = "column_new"
    COLUMN_NEW_REQUIRED = "column_new_required"


class Witness(StrEnum):
    """Who tells of it."""

    FEED = "feed"
    SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """A difference between a table and its contract; `at` is the source's time of what shows it."""

    system: str
    table: str
    place: str
    """The column, `KEY` or `TABLE`."""
    shape: Shape
    expected: str
    found: str
    witness: Witness
    at: datetime

    @property
    def cause(self) -> str:
        return drift_cause(self.system, self.table, self.place)


def drift_cause(system: str, table: str, place: str) -> str:
    """One cause, and so one open case, for each column of a table, its key, and the table."""
    return f"{ConflictKind.SCHEMA_DRIFT}/{system}/{table}/{place}"


SENTENCES: Final[Mapping[Shape, str]] = {
    Shape.COLUMN_GONE: "{system}.{table} no longer has the column {place}",
    Shape.TYPE_CHANGED: "{system}.{table}.{place} was {expected} and is {found}",
    Shape.KEY_CHANGED: "the key of {system}.{table} was {expected} and is {found}",
    Shape.TABLE_GONE: "{system} no longer has the table {table}",
    Shape.COLUMN_NEW: "{system}.{table} has a new column {place} ({found})",
    Shape.COLUMN_NEW_REQUIRED: (
        "{system}.{table} has a new column {place} ({found}) that must have a value"
    ),
}
OUTCOMES: Final[Mapping[Shape, str]] = {
    Shape.COLUMN_GONE: "last values kept",
    Shape.TYPE_CHANGED: "quarantined",
    Shape.KEY_CHANGED: "quarantined",
    Shape.TABLE_GONE: "last values kept",
    Shape.COLUMN_NEW: "information",
    Shape.COLUMN_NEW_REQUIRED: "creations may fail",
}
CONNECT: Final = "run `mdhub connect` and start the workers again"
REMEDIES: Final[Mapping[Shape, str]] = {
    Shape.COLUMN_GONE: (
        "the hub keeps the last values; restore the column, or take it out of tables.yaml and the"
        f" mapping and {CONNECT}"
    ),
    Shape.TYPE_CHANGED: (
        "changes that do not fit are kept in the quarantine; restore the type, or mirror the value"
        f" from a column of another name and {CONNECT}; then `mdhub quarantine replay`"
    ),
    Shape.KEY_CHANGED: (
        "changes that do not fit are kept in the quarantine; restore the key, or name the new one"
        f" in tables.yaml, {CONNECT}, then `mdhub quarantine replay`"
    ),
    Shape.TABLE_GONE: (
        "the hub keeps the last values; restore the table, or take it out of tables.yaml and the"
        f" mapping and {CONNECT}"
    ),
    Shape.COLUMN_NEW: (
        f"nothing is wrong; to use it, name it in tables.yaml and a mapping; {CONNECT} either way,"
        " and it is known"
    ),
    Shape.COLUMN_NEW_REQUIRED: (
        "rows that the hub creates there lack it and may be refused; give it a default at the"
        f" source, or a value in the write plan, and {CONNECT}"
    ),
}


def drift_case(misfit: Misfit, entities: Sequence[str]) -> Conflict:
    """Return the case of a misfit that concerns these entities; it is opened for the first."""
    facts = {
        "system": misfit.system,
        "table": misfit.table,
        "place": misfit.place,
        "expected": misfit.expected,
        "found": misfit.found,
    }
    return Conflict(
        kind=ConflictKind.SCHEMA_DRIFT,
        cause=misfit.cause,
        attribute=None,
        system=misfit.system,
        key=None,
        details={
            "message": SENTENCES[misfit.shape].format(**facts),
            "remedy": REMEDIES[misfit.shape],
            "table": misfit.table,
            "column": None if misfit.place in {KEY, TABLE} else misfit.place,
            "place": misfit.place,
            "change": str(misfit.shape),
            "expected": misfit.expected,
            "found": misfit.found,
            "entities": list(entities),
            "witness": str(misfit.witness),
            "since": misfit.at.isoformat(),
        },
        outcome=OUTCOMES[misfit.shape],
    )
