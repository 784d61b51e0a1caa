"""After an activation: mark what it touches, batch by batch, while the feed goes on.

Any number of workers may do this; each step is a transaction of its own, and one that is lost is
done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.domain.catalogue import Phase
from golden_records.domain.policy import PolicyChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from golden_records.ports import Sweep, UnitOfWork

MOST: Final = 5000
MAPPING_PRIORITY: Final = 7


class Sweeping:
    """The sweeping service."""

    def __init__(self, work: Callable[[], UnitOfWork], most: int = MOST) -> None:
        self._work = work
        self._most = most

    def step(self) -> bool:
        """Take one step; False when nothing is left. PolicyChanged: take up the new rules first."""
        with self._work() as work:
            work.hold_policy()
            _, sweep = work.policies.step(self._most)
            if sweep is not None and sweep.kind == "mapping":
                self._mapping(work, sweep)
            elif sweep is None:
                work.policies.release_lanes()
            work.commit()
        return sweep is not None

    def finish(self, advance: Callable[[int], None]) -> None:
        """Take every step that is left; another policy that becomes active takes over the rest."""
        try:
            while self.step():
                advance(1)
        except PolicyChanged:
            return

    def _mapping(self, work: UnitOfWork, sweep: Sweep) -> None:
        """From LOADING to SHADOW; then, in a later transaction, every root of the mapping.

        Changes that are applied in between are marked one by one.
        """
        pair = (sweep.system or "", sweep.entity)
        if work.registry.phases().get(pair) is Phase.LOADING:
            work.registry.set_phase(*pair, Phase.SHADOW)
            return
        work.mirror.mark_all(*pair, cause="policy", priority=MAPPING_PRIORITY)
        work.policies.finish(sweep)
