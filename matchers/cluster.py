"""Average-link clusters under constraints; never plain connected components."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matchers.decide import STRONGEST, WEAKEST, blended

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matchers.spec import MatchSpec


@dataclass(slots=True)
class _Group:
    members: list[int]
    systems: Counter[str]
    cannot: set[int] = field(default_factory=set)
    links: dict[int, tuple[float, int, float]] = field(default_factory=dict)


class Agglomeration:
    """Joins the two groups with the highest average weight until none reaches the line.

    Pairs that were never compared count as WEAKEST. Ties go to the lowest members, so the result
    does not depend on the order of the edges. Invariant: no group ever holds a cannot-link pair
    or more records of a system than the specification allows, except where must-link says so.
    """

    def __init__(
        self, spec: MatchSpec, systems: Sequence[str], cannot: Iterable[tuple[int, int]] = ()
    ) -> None:
        """Start with every record alone."""
        self._spec = spec
        self._groups = {
            number: _Group([number], Counter([system])) for number, system in enumerate(systems)
        }
        for one, other in cannot:
            self._groups[one].cannot.add(other)
            self._groups[other].cannot.add(one)
        self._heap: list[tuple[float, int, int, int, int]] = []
        self.joins: list[tuple[float, tuple[int, ...], tuple[int, ...]]] = []

    def run(
        self,
        edges: Mapping[tuple[int, int], float],
        must: Iterable[tuple[int, int]] = (),
        line: float = 0.0,
    ) -> list[list[int]]:
        """The clusters, each sorted, in order of their lowest member."""
        for (one, other), weight in edges.items():
            bounded = min(max(weight, WEAKEST), STRONGEST)
            self._groups[one].links[other] = (bounded, 1, bounded)
            self._groups[other].links[one] = (bounded, 1, bounded)
        self._command(must)
        for number in sorted(self._groups):
            self._offer(number, above=True)
        while self._heap:
            average, one, other, size_one, size_other = heapq.heappop(self._heap)
            if -average < line:
                break
            if self._current(one, size_one) and self._current(other, size_other):
                sides = tuple(tuple(self._groups[side].members) for side in (one, other))
                self.joins.append((-average, sides[0], sides[1]))
                self._join(one, other)
        return sorted(sorted(group.members) for group in self._groups.values())

    def _command(self, must: Iterable[tuple[int, int]]) -> None:
        holder = {number: number for number in self._groups}

        def find(number: int) -> int:
            while holder[number] != number:
                number = holder[number]
            return number

        for one, other in sorted(must):
            left, right = sorted((find(one), find(other)))
            if left != right:
                self._merge(left, right)
                holder[right] = left

    def _current(self, number: int, size: int) -> bool:
        group = self._groups.get(number)
        return group is not None and len(group.members) == size

    def _average(self, one: int, other: int) -> float:
        left, right = self._groups[one], self._groups[other]
        total, known, best = left.links[other]
        return blended(total, known, best, len(left.members) * len(right.members))

    def _offer(self, number: int, *, above: bool) -> None:
        group = self._groups[number]
        for other in group.links:
            if (above and other < number) or not self._allowed(number, other):
                continue
            one, two = min(number, other), max(number, other)
            heapq.heappush(
                self._heap,
                (
                    -self._average(one, two),
                    one,
                    two,
                    len(self._groups[one].members),
                    len(self._groups[two].members),
                ),
            )

    def _allowed(self, one: int, other: int) -> bool:
        left, right = self._groups[one], self._groups[other]
        small, large = (left, right) if len(left.cannot) <= len(right.cannot) else (right, left)
        if small.cannot and not small.cannot.isdisjoint(large.members):
            return False
        for system, count in left.systems.items():
            most = self._spec.per_system(system)
            if most is not None and count + right.systems[system] > max(most, count):
                return False
        return True

    def _join(self, one: int, other: int) -> None:
        self._merge(one, other)
        self._offer(one, above=False)

    def _merge(self, one: int, other: int) -> None:
        left, right = self._groups[one], self._groups.pop(other)
        left.links.pop(other, None)
        right.links.pop(one, None)
        for third, (total, known, best) in right.links.items():
            mine, count, top = left.links.get(third, (0.0, 0, WEAKEST))
            joined = (mine + total, count + known, max(best, top))
            left.links[third] = joined
            links = self._groups[third].links
            links.pop(other, None)
            links[one] = joined
        left.members += right.members
        left.systems += right.systems
        left.cannot |= right.cannot
