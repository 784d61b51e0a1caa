"""After an activation: mark what it touches, batch by batch, while the feed goes on.

Any number of workers may do this; each step is a transaction of its own, and one that is lost is
done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.domain.catalogue import Phase
from golden_records.domain.policy import PolicyChanged
from hub.services.resolving.by_matching import match_record
from matchers import key_codes, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from golden_records.ports import Sweep, UnitOfWork
    from hub.services.resolving.by_matching import Matchings

MOST: Final = 5000
MOST_KEYED: Final = 500
"""A part of a second's length at most, for resolvers wait for it."""
MAPPING_PRIORITY: Final = 7


class Sweeping:
    """The sweeping service."""

    def __init__(
        self, work: Callable[[], UnitOfWork], matchings: Matchings, most: int = MOST
    ) -> None:
        self._work = work
        self._matchings = matchings
        self._most = most

    def step(self) -> bool:
        """Take one step; False when nothing is left. PolicyChanged: take up the new rules first."""
        with self._work() as work:
            work.hold_policy()
            _, sweep = work.policies.step(self._most)
            if sweep is not None and sweep.kind == "mapping":
                self._mapping(work, sweep)
            elif sweep is not None and sweep.kind == "keys":
                self._keys(work, sweep)
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

    def _keys(self, work: UnitOfWork, sweep: Sweep) -> None:
        """Write the keys of a part anew, where the model in force gives others.

        Nobody resolves meanwhile: else keys of what a record said before would be written after
        those of what it says now.
        """
        work.marks.wait_for_shards()
        matching = self._matchings.of(work, sweep.entity)
        part = work.policies.part(sweep, MOST_KEYED)
        stored = work.matching.keys_of(part)
        changed = {}
        for record_id, known in work.sources.by_id(part).items():
            record = known.record
            values = match_record(matching.spec, record_id, record.system, record.attrs)
            found = key_codes(matching.spec, matching.model, prepare(matching.spec, values))
            if found != stored.get(record_id, frozenset()):
                changed[record_id] = found
        work.sources.write_keys(changed)
