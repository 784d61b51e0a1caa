"""Policies as stored: bundles, the steps of their lives, and the sweeps after an activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from golden_records.domain.policy import FrozenReport, PolicyFact, PolicyState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What an activation has to look at again; `kind` says how.

    goldens: golden records of the entity are merged anew. records: its records are read anew, with
    other canonical forms. identity: they are identified anew. mapping: the pair's mapping is
    another one. keys: the keys by which its records find candidates are written anew.
    """

    kind: str
    entity: str
    system: str | None = None
    id: int = 0


class Policies(Protocol):
    """The policies' life in one transaction."""

    def hold(self) -> str | None:
        """Hold the active policy until the transaction ends; return its version."""
        ...

    def take(self) -> str | None:
        """Wait until nobody holds the policy, keep all others waiting; return its version."""
        ...

    def active(self) -> str | None: ...

    def add(self, version: str, name: str, files: Mapping[str, str]) -> None:
        """Store a bundle; one that is stored stays as it is."""
        ...

    def versions(self, beginning: str) -> list[str]:
        """Return the stored versions that begin so."""
        ...

    def files(self, version: str) -> Mapping[str, str] | None: ...

    def note(self, facts: Sequence[PolicyFact]) -> None: ...

    def facts(self, version: str | None = None) -> list[PolicyFact]:
        """Return the steps of one version, or of all, oldest first."""
        ...

    def keep_report(self, report: FrozenReport) -> None: ...

    def last_report(self, version: str | None = None) -> FrozenReport | None:
        """Return the report that was frozen last, of one version or of any."""
        ...

    def switch(self, version: str) -> None:
        """Make the stored version the one active; the policy must be taken."""
        ...

    def begin_sweeps(self, version: str, sweeps: Sequence[Sweep]) -> None: ...

    def wait_lanes(self, version: str, lanes: Sequence[tuple[str, str, str]]) -> None:
        """Keep (target, entity, group) from being written until the sweeps are through."""
        ...

    def step(self, most: int) -> tuple[int, Sweep | None]:
        """Mark the next golden records of one sweep; return how many, and what is left to do.

        A sweep of kind mapping or keys is returned for the caller to carry out.
        """
        ...

    def part(self, sweep: Sweep, most: int) -> list[int]:
        """Return the next records of a sweep in the order of their ids; the last part ends it."""
        ...

    def finish(self, sweep: Sweep) -> None: ...

    def release_lanes(self) -> int:
        """Let lanes go on whose entities no sweep and no mark of a sweep is left of."""
        ...

    def sweeping(self) -> Mapping[str, int]:
        """Return unfinished sweeps, marks of sweeps left and lanes that wait."""
        ...

    def due(self, now: datetime) -> list[PolicyFact]:
        """Return the schedules whose time has come, newest step of their versions."""
        ...

    def states(self) -> Mapping[str, PolicyState]: ...
