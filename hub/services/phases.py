"""Move (system, entity) pairs through their phases: LOADING → SHADOW → LIVE.

The first load of an entity takes all its records at once (`hub.services.loading`); where the entity
has records already, the roots of the new pairs are marked and resolved one by one.

A transaction that applies changes holds the phases for share, so a move waits for it; marking all
roots is a later transaction, which sees every row that was applied without a mark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import Phase
from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from golden_records.domain.catalogue import Catalogue
    from golden_records.ports import UnitOfWork
    from hub.services.loading.bulk import BulkLoad, Loaded

BACKFILL_PRIORITY = 5
"""Live changes (1) go first; what refers to other records comes after what it refers to (6)."""


class PhaseRefused(TerminalError):
    """A pair goes from LOADING to SHADOW by `mdhub load`, and on to LIVE by `mdhub phase live`."""


@dataclass(slots=True, kw_only=True)
class LoadOutcome:
    """What was loaded at once, and how many roots were marked for the workers."""

    loaded: list[Loaded] = field(default_factory=list)
    marked: int = 0


def in_order(catalogue: Catalogue) -> list[str]:
    """Entity names, what is referred to before what refers to it; a circle is cut by name."""
    ordered: list[str] = []

    def add(name: str, above: frozenset[str]) -> None:
        if name in ordered or name in above:
            return
        for reference in sorted(r.entity for r in catalogue.entities[name].references):
            add(reference, above | {name})
        ordered.append(name)

    for name in sorted(catalogue.entities):
        add(name, frozenset())
    return ordered


class Phases:
    """The phase service."""

    def __init__(
        self,
        work: Callable[[], UnitOfWork],
        catalogue: Catalogue,
        bulk: BulkLoad | None = None,
    ) -> None:
        self._work = work
        self._bulk = bulk
        self._order = in_order(catalogue)
        self._referring = {e.name for e in catalogue.entities.values() if e.references}

    def current(self) -> dict[tuple[str, str], Phase]:
        with self._work() as work:
            return work.registry.phases()

    def load(self, pairs: Sequence[tuple[str, str]]) -> LoadOutcome:
        """Take pairs from LOADING to SHADOW: whole entities at once, the others by marks."""
        current = self.current()
        loading = [pair for pair in pairs if current.get(pair) is Phase.LOADING]
        for system in sorted({system for system, _ in loading}):
            with self._work() as work:
                work.mirror.analyze(system)
                work.commit()
        outcome = LoadOutcome()
        for entity in self._order:
            systems = sorted(system for system, name in loading if name == entity)
            loaded = self._bulk.load(entity, systems) if self._bulk and systems else None
            if loaded is not None:
                outcome.loaded.append(loaded)
                outcome.marked += loaded.marked
            else:
                marking = [(system, entity) for system in systems]
                outcome.marked += self._move(marking, Phase.SHADOW, cause="backfill")
        return outcome

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
