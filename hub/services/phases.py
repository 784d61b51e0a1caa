"""Move (system, entity) pairs through their phases: LOADING → SHADOW → LIVE.

A transaction that applies changes holds the phases for share, so a move waits for it; marking all
roots is a later transaction, which sees every row that was applied without a mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden_records.domain.catalogue import Phase
from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from golden_records.domain.catalogue import Catalogue
    from golden_records.ports import UnitOfWork

BACKFILL_PRIORITY = 5
"""Live changes (1) go first; what refers to other records comes after what it refers to (6)."""


class PhaseRefused(TerminalError):
    """A pair goes from LOADING to SHADOW by `mdhub load`, and on to LIVE by `mdhub phase live`."""


class Phases:
    """The phase service."""

    def __init__(self, work: Callable[[], UnitOfWork], catalogue: Catalogue) -> None:
        self._work = work
        self._referring = {e.name for e in catalogue.entities.values() if e.references}

    def current(self) -> dict[tuple[str, str], Phase]:
        with self._work() as work:
            return work.registry.phases()

    def load(self, pairs: Sequence[tuple[str, str]]) -> int:
        """Take pairs from LOADING to SHADOW and mark all their roots; return how many roots."""
        current = self.current()
        loading = [pair for pair in pairs if current.get(pair) is Phase.LOADING]
        for system in sorted({system for system, _ in loading}):
            with self._work() as work:
                work.mirror.analyze(system)
                work.commit()
        return self._move(loading, Phase.SHADOW, cause="backfill")

    def go_live(self, pairs: Sequence[tuple[str, str]]) -> int:
        """Let pairs be published to; everything of their entities is looked at again."""
        current = self.current()
        for pair in pairs:
            if current.get(pair) is Phase.LOADING:
                raise PhaseRefused(system=pair[0], entity=pair[1])
        shadow = [pair for pair in pairs if current.get(pair) is Phase.SHADOW]
        moved = self._move(shadow, Phase.LIVE, cause="phase")
        entities = {entity for _, entity in shadow}
        others = [p for p, phase in current.items() if p[1] in entities and p not in shadow]
        loaded = [pair for pair in others if current[pair] is not Phase.LOADING]
        return moved + self._mark(loaded, cause="phase")

    def _move(self, pairs: Sequence[tuple[str, str]], phase: Phase, *, cause: str) -> int:
        with self._work() as work:
            for system, entity in sorted(pairs):
                work.registry.set_phase(system, entity, phase)
            work.commit()
        return self._mark(pairs, cause=cause)

    def _mark(self, pairs: Sequence[tuple[str, str]], *, cause: str) -> int:
        marked = 0
        for system, entity in sorted(pairs):
            with self._work() as work:
                priority = BACKFILL_PRIORITY + (entity in self._referring)
                marked += work.mirror.mark_all(system, entity, cause=cause, priority=priority)
                work.commit()
        return marked
