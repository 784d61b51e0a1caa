"""What an examination of a source or a connector found, in words an operator acts on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """ERROR: the feed cannot run or would be wrong; WARNING: it may lie; NOTE: good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem: what it is about, what may happen, and what to do."""

    severity: Severity
    subject: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.subject}: {self.problem}; {self.remedy}"


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then notes, each in the order found."""
    rank = list(Severity)
    return sorted(findings, key=lambda finding: rank.index(finding.severity))


def error(subject: str, problem: str, remedy: str) -> Finding:
    """A finding that must be mended before the source is connected."""
    return Finding(severity=Severity.ERROR, subject=subject, problem=problem, remedy=remedy)


def warning(subject: str, problem: str, remedy: str) -> Finding:
    """A finding under which single values may be unknown or wrong."""
    return Finding(severity=Severity.WARNING, subject=subject, problem=problem, remedy=remedy)


def note(subject: str, problem: str, remedy: str) -> Finding:
    """A finding without danger."""
    return Finding(severity=Severity.NOTE, subject=subject, problem=problem, remedy=remedy)
