"""Which chunks are out, and how far each partition may be committed.

Invariants, held by `tests/streams/transport/test_ledger.py`:

- What may be committed never lies past a chunk that is handed out and not acked.
- Within one assignment of a partition it never goes back.
- An ack of a chunk from before the partition was forgotten changes nothing.

Offsets missing inside or between chunks (compaction, transactions) are no special case, because
only the last offset of a chunk is ever looked at.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Ticket:
    """The receipt of one chunk handed out; `generation` tells assignments apart."""

    partition: tuple[str, int]
    generation: int
    last_offset: int
    size: int


@dataclass(slots=True)
class _Assignment:
    generation: int
    order: deque[Ticket] = field(default_factory=deque)
    open: set[Ticket] = field(default_factory=set)
    last_handed: int = -1
    committable: int | None = None
    committed: int | None = None

    def ack(self, ticket: Ticket) -> None:
        self.open.discard(ticket)
        while self.order and self.order[0] not in self.open:
            self.committable = self.order.popleft().last_offset + 1


class Ledger:
    """Chunks handed out by partition, in order; not safe for several threads."""

    def __init__(self) -> None:
        self._assignments: dict[tuple[str, int], _Assignment] = {}
        self._generation = 0
        self._epoch = 0
        self.unacked_chunks = 0
        self.unacked_bytes = 0

    @property
    def epoch(self) -> int:
        """A number that changes whenever anything is forgotten."""
        return self._epoch

    def hand_out(
        self, partition: tuple[str, int], *, first_offset: int, last_offset: int, size: int
    ) -> Ticket:
        """Enter a chunk behind those of its partition that are already out.

        An offset at or before one already handed out means that the partition was read again
        from an earlier place (a topic made anew, for example): its former chunks are forgotten.
        """
        assignment = self._assignments.get(partition)
        if assignment is not None and first_offset <= assignment.last_handed:
            self.forget([partition])
            assignment = None
        if assignment is None:
            assignment = self._begin(partition)
        ticket = Ticket(partition, assignment.generation, last_offset, size)
        assignment.order.append(ticket)
        assignment.open.add(ticket)
        assignment.last_handed = last_offset
        self.unacked_chunks += 1
        self.unacked_bytes += size
        return ticket

    def holds(self, ticket: Ticket) -> bool:
        """Tell whether the chunk is still out and its partition still this worker's."""
        assignment = self._assignments.get(ticket.partition)
        return assignment is not None and ticket in assignment.open

    def ack(self, ticket: Ticket) -> bool:
        """Mark a chunk as done; False when it was done before or has been forgotten."""
        if not self.holds(ticket):
            return False
        self._assignments[ticket.partition].ack(ticket)
        self.unacked_chunks -= 1
        self.unacked_bytes -= ticket.size
        return True

    def committable(self) -> dict[tuple[str, int], int]:
        """Return the next offset to read, for each partition where it is ahead of the commit."""
        return {
            partition: assignment.committable
            for partition, assignment in self._assignments.items()
            if assignment.committable is not None and assignment.committable != assignment.committed
        }

    def committed(self, offsets: Iterable[tuple[tuple[str, int], int]]) -> None:
        """Note what the broker has accepted; partitions forgotten meanwhile are passed over."""
        for partition, offset in offsets:
            assignment = self._assignments.get(partition)
            if assignment is not None:
                assignment.committed = offset

    def forget(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Drop the partitions: whatever of them is still out will be handed out again."""
        self._epoch += 1
        for partition in partitions:
            assignment = self._assignments.pop(partition, None)
            if assignment is not None:
                self.unacked_chunks -= len(assignment.open)
                self.unacked_bytes -= sum(ticket.size for ticket in assignment.open)

    def forget_all(self) -> None:
        """Drop every partition."""
        self.forget(list(self._assignments))

    def _begin(self, partition: tuple[str, int]) -> _Assignment:
        self._generation += 1
        assignment = self._assignments[partition] = _Assignment(self._generation)
        return assignment
