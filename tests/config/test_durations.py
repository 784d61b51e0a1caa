"""Lengths of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from config.durations import duration, spell


@pytest.mark.parametrize(("text", "length"), [
    ("30s", timedelta(seconds=30)),
    ("15 min", timedelta(minutes=15)),
    ("15min", timedelta(minutes=15)),
    ("1h", timedelta(hours=1)),
    ("1h 30min", timedelta(minutes=90)),
    ("1h30min", timedelta(minutes=90)),
    ("500ms", timedelta(milliseconds=500)),
    ("2d", timedelta(days=2)),
    ("1w", timedelta(weeks=1)),
    ("0s", timedelta()),
    ("  5s ", timedelta(seconds=5)),
])  # fmt: skip
def test_a_duration_is_a_number_and_a_unit(text, length):
    assert duration(text) == length


@pytest.mark.parametrize("text", [
    "", " ", "5", "s", "5 parsecs", "5m", "-5s", "1.5h", "5s and more", "1h 5", "five s", "٣s",
    "999999999999999w",
    "99999w 99999w",
])  # fmt: skip
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says what is wrong
        duration(text)


@given(st.integers(min_value=0, max_value=10**10))
def test_a_spelt_duration_reads_the_same(milliseconds):
    length = timedelta(milliseconds=milliseconds)

    assert duration(spell(length)) == length


@given(st.text())
def test_no_text_raises_anything_but_value_error(text):
    try:
        length = duration(text)
    except ValueError:
        return
    assert length >= timedelta()
