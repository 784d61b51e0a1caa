"""What a check of the catalogue found, in a form a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps the catalogue from loading; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem: where it is, what it is, what to do about it. Lines and columns count from 1."""

    file: str
    line: int | None
    severity: Severity
    message: str
    remedy: str
    column: int | None = None

    @property
    def place(self) -> str:
        """`file:line:column`, as far as it is known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)
