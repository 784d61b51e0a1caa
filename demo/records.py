"""What the world remembers of its systems: one record per thing per system, in plain strings.

Every value is text in one agreed form, whatever the system's own column is: money with two places
(`"19.90"`), flags `"true"`/`"false"`, instants ISO 8601 in UTC, codes in the owner's spelling, and
None where the system says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Values: TypeAlias = dict[str, str | None]


class Ref(NamedTuple):
    """Where a record lives."""

    system: str
    entity: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One system's own idea of one thing; `truth` names the thing and is told to no database."""

    ref: Ref
    truth: str
    values: Values

    def as_json(self) -> dict[str, Any]:
        return {"ref": list(self.ref), "truth": self.truth, "values": self.values}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        return cls(ref=Ref(*data["ref"]), truth=data["truth"], values=data["values"])


def joined(*parts: str) -> str:
    """Build the key of a record that has several key columns."""
    return "/".join(parts)
