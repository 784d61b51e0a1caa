"""Positions order as the log does, and UNKNOWN is nothing but itself."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.rowchange import (
    SNAPSHOT,
    STREAM,
    UNKNOWN,
    ColumnContract,
    Position,
    TableContract,
    Unknown,
)

POSITIONS = st.builds(
    Position,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**48 - 1),
    st.integers(0, 2**32 - 1),
    st.sampled_from([SNAPSHOT, STREAM]),
)


@given(POSITIONS, POSITIONS)
def test_positions_sort_as_text_as_they_sort(one, other):
    assert (one < other) == (one.encode() < other.encode())
    assert Position.decode(one.encode()) == one


@pytest.mark.parametrize("text", ["", "0", "z" * 45, "0" * 46])
def test_what_is_no_position_is_refused(text):
    with pytest.raises(ValueError, match=r"position|literal"):
        Position.decode(text)


def test_a_snapshot_row_stands_before_the_stream_of_the_same_place():
    assert Position(1, 9, rank=SNAPSHOT) < Position(1, 9) < Position(2, 1)


def test_unknown_stays_itself_through_copies_and_pickles():
    assert copy.deepcopy([UNKNOWN])[0] is UNKNOWN
    assert pickle.loads(pickle.dumps((UNKNOWN,)))[0] is UNKNOWN  # noqa: S301  # our own bytes
    assert Unknown() is UNKNOWN
    assert repr(UNKNOWN) == "UNKNOWN"


def test_unknown_is_neither_true_nor_false():
    with pytest.raises(TypeError, match="neither"):
        bool(UNKNOWN)


def contract(columns, key):
    return TableContract(
        system="erp",
        schema="public",
        table="t",
        topic="erp.public.t",
        columns=tuple(
            ColumnContract(name=name, type="text", source_type="text") for name in columns
        ),
        key=key,
    )


def test_a_contract_finds_its_key_among_its_columns():
    table = contract(("a", "b", "c"), ("c", "a"))
    assert table.key_positions == (2, 0)
    assert table.column("b").name == "b"


@pytest.mark.parametrize(("columns", "key"), [(("a",), ()), (("a",), ("b",)), (("a", "a"), ("a",))])
def test_a_contract_without_a_usable_key_is_refused(columns, key):
    with pytest.raises(ValueError, match="key"):
        contract(columns, key)
