"""Where problems of a catalogue are gathered, so that all of them are reported at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rapidfuzz import process

from golden_records.domain.errors import TerminalError
from golden_records.domain.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEAR = 60
"""Percent of likeness from which on a name is worth suggesting."""


class CatalogueBroken(TerminalError):
    """The catalogue has errors; correct each of them and run `mdhub check` again."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        """Carry every finding, warnings too, in the order of files and lines."""
        self.findings = tuple(findings)
        errors = [f for f in self.findings if f.severity is Severity.ERROR]
        lines = [f"{f.place}: {f.message}; {f.remedy}" for f in errors]
        super().__init__(
            "\n".join([f"the catalogue has {len(errors)} error(s):", *lines]),
            errors=len(errors),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A point in a file; lines and columns count from one."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(slots=True)
class Problems:
    """A list that only grows; readers add to it and go on with a stand-in value."""

    found: list[Finding] = field(default_factory=list)

    def error(self, place: Place, message: str, remedy: str) -> None:
        self._add(place, Severity.ERROR, message, remedy)

    def warn(self, place: Place, message: str, remedy: str) -> None:
        self._add(place, Severity.WARNING, message, remedy)

    def _add(self, place: Place, severity: Severity, message: str, remedy: str) -> None:
        self.found.append(
            Finding(
                file=place.file,
                line=place.line,
                column=place.column,
                severity=severity,
                message=message,
                remedy=remedy,
            ),
        )

    def sorted(self) -> tuple[Finding, ...]:
        """Return every finding once, by file, line and column."""
        unique = dict.fromkeys(self.found)
        return tuple(
            sorted(unique, key=lambda f: (f.file, f.line or 0, f.column or 0, f.message)),
        )

    @property
    def broken(self) -> bool:
        return any(f.severity is Severity.ERROR for f in self.found)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like this one, or None where nothing is like it."""
    hit = process.extractOne(word, sorted(known), score_cutoff=_NEAR)
    return hit[0] if hit else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Say what may have been meant and what there is to choose from."""
    choices = sorted(known)
    like = nearest(word, choices)
    listed = f"known: {', '.join(choices)}" if choices else "none is defined yet"
    return f"did you mean '{like}'? {listed}" if like else listed
