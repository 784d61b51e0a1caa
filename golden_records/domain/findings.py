"""What a check found: where, what is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `file` is relative to the catalogue; `line` and `column` count from one."""

    file: str
    line: int | None
    severity: Literal["error", "warning"]
    message: str
    remedy: str
    column: int | None = None

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known."""
        return ":".join(str(p) for p in (self.file, self.line, self.column) if p is not None)
