"""Canonical values."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.catalogue import Attribute, ValueType
from golden_records.domain.values import (
    ORDER,
    ValueRefused,
    as_decimal,
    canonical,
    canonical_attrs,
    same,
)
from tests.golden_records.domain.population import customer

BERLIN = timezone(timedelta(hours=2))

CANONICAL = [
    (ValueType.TEXT, "Müller  ", "Müller"),
    (ValueType.TEXT, "Mu\u0308ller", "Müller"),
    (ValueType.TEXT, "  x", "  x"),
    (ValueType.TEXT, "", None),
    (ValueType.TEXT, "   ", None),
    (ValueType.TEXT, 70173, "70173"),
    (ValueType.TEXT, Decimal("1.50"), "1.5"),
    (ValueType.TEXT, True, "true"),
    (ValueType.TEXT, uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (ValueType.TEXT, date(2026, 1, 2), "2026-01-02"),
    (ValueType.INTEGER, "007", 7),
    (ValueType.INTEGER, 7.0, 7),
    (ValueType.INTEGER, Decimal("7.00"), 7),
    (ValueType.INTEGER, True, 1),
    (ValueType.INTEGER, "", None),
    (ValueType.DECIMAL, "1.50", "1.5"),
    (ValueType.DECIMAL, Decimal("100.00"), "100"),
    (ValueType.DECIMAL, Decimal("1E+2"), "100"),
    (ValueType.DECIMAL, Decimal("-0.00"), "0"),
    (ValueType.DECIMAL, "-0", "0"),
    (ValueType.DECIMAL, 0.1, "0.1"),
    (ValueType.DECIMAL, -3, "-3"),
    (ValueType.DECIMAL, " 01.10 ", "1.1"),
    (ValueType.DECIMAL, "9" * 40 + ".5", "9" * 40 + ".5"),
    (ValueType.BOOLEAN, 1, True),
    (ValueType.BOOLEAN, b"\x00", False),
    (ValueType.BOOLEAN, "T", True),
    (ValueType.BOOLEAN, "no", False),
    (ValueType.BOOLEAN, " ", None),
    (ValueType.DATE, date(2026, 1, 2), "2026-01-02"),
    (ValueType.DATE, "2026-01-02T00:00:00", "2026-01-02"),
    (ValueType.DATE, datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02"),
    (ValueType.DATE, "0000-00-00", None),
    (ValueType.DATE, "infinity", "infinity"),
    (ValueType.TIMESTAMP, "2026-01-02 12:00:00+02", "2026-01-02T10:00:00Z"),
    (ValueType.TIMESTAMP, "2026-01-02T12:00:00.5Z", "2026-01-02T12:00:00.500000Z"),
    (ValueType.TIMESTAMP, datetime(2026, 1, 2, 1, tzinfo=BERLIN), "2026-01-01T23:00:00Z"),
    (ValueType.TIMESTAMP, datetime(2026, 1, 2, 1), "2026-01-02T01:00:00Z"),  # noqa: DTZ001
    (ValueType.TIMESTAMP, date(2026, 1, 2), "2026-01-02T00:00:00Z"),
    (ValueType.TIMESTAMP, "-infinity", "-infinity"),
    (ValueType.JSON, '{"b": 1, "a": [1.50, 2.0]}', {"a": ["1.5", 2], "b": 1}),
    (ValueType.JSON, {"b": None, "a": True}, {"a": True, "b": None}),
    (ValueType.JSON, "red", "red"),
    (ValueType.JSON, "", None),
]

REFUSED = [
    (ValueType.TEXT, b"x"),
    (ValueType.TEXT, ["x"]),
    (ValueType.TEXT, "a\x00b"),
    (ValueType.TEXT, "\ud800"),
    (ValueType.INTEGER, "1.5"),
    (ValueType.INTEGER, "many"),
    (ValueType.INTEGER, []),
    (ValueType.DECIMAL, math.nan),
    (ValueType.DECIMAL, "Infinity"),
    (ValueType.DECIMAL, "1e999999999"),
    (ValueType.DECIMAL, "1_000"),
    (ValueType.DECIMAL, "1,5"),
    (ValueType.BOOLEAN, 2),
    (ValueType.BOOLEAN, "maybe"),
    (ValueType.DATE, "31.12.2026"),
    (ValueType.DATE, datetime(2026, 1, 2, 1, tzinfo=UTC)),
    (ValueType.DATE, 5),
    (ValueType.TIMESTAMP, "yesterday"),
    (ValueType.TIMESTAMP, 5),
    (ValueType.TIMESTAMP, datetime(1, 1, 1, tzinfo=BERLIN)),
    (ValueType.JSON, "{oops"),
    (ValueType.JSON, {"a": object()}),
]


@pytest.mark.parametrize("value_type, raw, expected", CANONICAL)
def test_a_value_has_one_form(value_type, raw, expected):
    found = canonical(value_type, raw)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("value_type, raw, expected", CANONICAL)
def test_the_canonical_form_is_its_own(value_type, raw, expected):
    found = canonical(value_type, raw)
    assert canonical(value_type, found) == found


@pytest.mark.parametrize("value_type, raw", REFUSED)
def test_what_does_not_fit_is_refused_with_the_value(value_type, raw):
    with pytest.raises(ValueRefused, match="is not "):
        canonical(value_type, raw)


@pytest.mark.parametrize("value_type", ValueType)
def test_null_is_null_in_every_type(value_type):
    assert canonical(value_type, None) is None


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(ValueRefused) as refusal:
        canonical(ValueType.INTEGER, "x" * 5000)
    assert len(str(refusal.value)) < 200


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_a_decimal_keeps_its_value_and_no_scale(number):
    text = canonical(ValueType.DECIMAL, number)
    assert Decimal(text) == number
    assert "E" not in text
    assert not (("." in text) and text.endswith(("0", ".")))
    assert same(ValueType.DECIMAL, number, f"{number:f}00" if "." in f"{number:f}" else number)


@given(st.datetimes(timezones=st.sampled_from([UTC, BERLIN]), min_value=datetime(1970, 1, 1)))  # noqa: DTZ001
def test_timestamps_order_as_their_instants(moment):
    later = moment + timedelta(microseconds=1)
    key = ORDER[ValueType.TIMESTAMP]
    a, b = canonical(ValueType.TIMESTAMP, moment), canonical(ValueType.TIMESTAMP, later)
    assert key(a) < key(b)
    assert datetime.fromisoformat(a) == moment


@given(st.text())
def test_text_is_stable(text):
    try:
        once = canonical(ValueType.TEXT, text)
    except ValueRefused:
        return
    assert canonical(ValueType.TEXT, once) == once


def test_attributes_not_said_stay_absent_and_others_are_dropped():
    entity = customer(references=("parent",))
    raw = {"name": "x ", "amount": Decimal("1.0"), "parent": 5, "city": None, "key": "K"}
    expected = {"name": "x", "amount": "1", "parent": "5", "city": None}
    assert canonical_attrs(entity, raw) == expected


def test_a_refusal_names_entity_and_attribute():
    entity = customer(attributes=[Attribute(name="amount", type=ValueType.DECIMAL)])
    with pytest.raises(ValueRefused, match=r"customer\.amount: str 'lots' is not") as refusal:
        canonical_attrs(entity, {"amount": "lots"})
    assert refusal.value.facts == {"entity": "customer", "attribute": "amount"}


def test_arithmetic_takes_canonical_numbers_alone():
    assert as_decimal("1.5") + as_decimal(2) == Decimal("3.5")
    for wrong in (True, None, "x", 1.5):
        with pytest.raises(ValueRefused):
            as_decimal(wrong)
