"""The one way in which a message is acked: by hand, after its transaction committed.

Faust acks a message when the agent moves on or raises. `noack()` turns that off; its types do not
know it, hence the cast that nobody has to repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from faust.types import EventT, StreamT

    from golden_records.domain.feed import Chunk
    from streams.transport.chunks import Delivery
    from streams.transport.ledger import Ticket


@dataclass(frozen=True, slots=True)
class Handed:
    """A chunk in an agent's hands, not acked until `ack` is called."""

    delivery: Delivery
    event: EventT[object]

    @property
    def ticket(self) -> Ticket:
        return self.delivery.ticket

    @property
    def partition(self) -> tuple[str, int]:
        return self.delivery.partition

    @property
    def count(self) -> int:
        return self.delivery.count

    def chunk(self) -> Chunk:
        return self.delivery.chunk()

    def ack(self) -> None:
        """Make the chunk committable; without effect after its partition was revoked."""
        self.event.ack()


async def handed(stream: StreamT[object]) -> AsyncIterator[Handed]:
    """Iterate over the stream's chunks with acks by hand."""
    manual = cast("StreamT[object]", stream.noack())  # type: ignore[attr-defined]
    async for event in manual.events():
        yield Handed(cast("Delivery", event.value), event)
