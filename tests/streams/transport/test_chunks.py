from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given, strategies as st

from streams.transport.chunks import RECORD_OVERHEAD, ChunkLimits, Delivery, cut
from streams.transport.ledger import Ticket


def record(offset, size=10):
    return SimpleNamespace(
        key=b"k",
        value=b"v" * size,
        headers=(("h", b"1"),),
        timestamp=1_700_000_000_000,
        offset=offset,
        serialized_key_size=1,
        serialized_value_size=size,
    )


@given(
    sizes=st.lists(st.integers(0, 5_000), max_size=60),
    records=st.integers(1, 20),
    size=st.integers(1, 20_000),
)
def test_cutting_keeps_every_record_once_in_order_within_the_limits(sizes, records, size):
    fetched = [record(offset, length) for offset, length in enumerate(sizes)]
    pieces = list(cut(fetched, ChunkLimits(records, size)))
    assert [one for piece in pieces for one in piece.records] == fetched
    for piece in pieces:
        assert 1 <= len(piece.records) <= records
        assert len(piece.records) == 1 or piece.size <= size
        expected = sum(len(one.value) + 1 + RECORD_OVERHEAD for one in piece.records)
        assert piece.size == expected


def test_a_tombstone_counts_as_its_key():
    tombstone = record(1)
    tombstone.value, tombstone.serialized_value_size = None, -1
    (piece,) = cut([tombstone], ChunkLimits(10, 10_000))
    assert piece.size == 1 + RECORD_OVERHEAD


def test_a_delivery_becomes_the_domains_chunk():
    delivery = Delivery(Ticket(("erp.customer", 2), 1, 8, 100), [record(7), record(8)])
    chunk = delivery.chunk()
    assert (chunk.topic, chunk.partition) == ("erp.customer", 2)
    assert (chunk.first_offset, chunk.last_offset, len(chunk)) == (7, 8, 2)
    assert chunk.records[0].key == b"k"
    assert chunk.records[0].headers == (("h", b"1"),)
    assert chunk.records[0].timestamp_ms == 1_700_000_000_000
