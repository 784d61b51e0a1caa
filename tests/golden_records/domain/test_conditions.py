"""Conditions in CEL."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import pytest

from golden_records.domain.conditions import (
    Condition,
    ConditionFailed,
    ConditionRefused,
    context_of,
)
from tests.golden_records.domain.population import customer

HELD = [
    ("segment == 'B2B'", {"segment": "B2B"}, True),
    ("segment == 'B2B'", {"segment": "B2C"}, False),
    ("segment == 'B2B'", {"segment": None}, False),
    ("segment == 'B2B'", {}, False),
    ("segment != 'B2B'", {}, False),
    ("amount > 10.0", {"amount": 9.0}, False),
    ("amount > 9", {"amount": 10.0}, True),
    ("amount > 9.5", {"amount": 10}, True),
    ("amount > 9", {"amount": None}, False),
    ("amount > 9 || vip", {"amount": None, "vip": True}, True),
    ("golden.amount < current.amount", {"golden": {"amount": 5.0}, "current": {"amount": 6}}, True),
    ("golden.amount < current.amount", {"golden": {"amount": 5.0}, "current": {}}, False),
    ("golden.amount < current.amount", {"golden": {"amount": 5.0}}, False),
    ("golden.segment == null", {"golden": {"segment": None}}, True),
    ("has(golden.segment)", {"golden": {"other": 1}}, False),
    ("golden['segment'] == 'B2B'", {"golden": {"segment": "B2B"}}, True),
    ("golden.segment in ['B2B', 'B2G']", {"golden": {"segment": "B2G"}}, True),
    ("since < '2026-01-01'", {"since": "2025-12-31"}, True),
    ("name.startsWith('A')", {"name": "Acme"}, True),
    ("name.startsWith('A')", {"name": None}, False),
    ("tags.exists(t, t == 'x')", {"tags": ["x", "y"]}, True),
    ("name == 'a.b golden.x'", {"name": "a.b golden.x"}, True),
    ("flag", {"flag": None}, False),
]


@pytest.mark.parametrize("text, context, expected", HELD)
def test_a_condition_holds(text, context, expected):
    assert Condition(text).holds(context) is expected


@pytest.mark.parametrize("text", ["segment ==", "", "((", "now() > 1", "name.lowerAscii() == 'a'"])
def test_what_cannot_work_is_refused_when_it_is_compiled(text):
    with pytest.raises(ConditionRefused, match="condition"):
        Condition(text)


@pytest.mark.parametrize("text, context", [
    ("name > 3", {"name": "x"}),
    ("amount / 0 > 1", {"amount": 1}),
    ("amount", {"amount": 1}),
    ("amount - 1 > 1", {"amount": 2.0}),
])  # fmt: skip
def test_an_error_of_the_author_is_raised_with_the_text(text, context):
    with pytest.raises(ConditionFailed) as failure:
        Condition(text).holds(context)
    assert text in str(failure.value)
    assert failure.value.facts["condition"] == text


def test_it_says_what_it_reads():
    condition = Condition("golden.amount > 1.0 && segment == 'x.y' && tags.exists(t, t == 'a')")
    assert condition.variables == {"golden", "segment", "tags"}
    assert condition.paths == {"golden.amount", "segment", "tags"}


def test_any_mapping_is_a_context():
    context = MappingProxyType({"golden": MappingProxyType({"segment": "B2B"})})
    assert Condition("golden.segment == 'B2B'").holds(context)


def test_decimals_are_doubles_in_the_context():
    context = context_of(customer(), {"amount": "9", "name": "10", "count": 2, "street": None})
    assert context == {"amount": 9.0, "name": "10", "count": 2, "street": None}
    assert not Condition("amount > 10.0").holds(context)


def test_it_is_a_value():
    condition = Condition("a == 1")
    assert pickle.loads(pickle.dumps(condition)) == condition  # noqa: S301
    assert len({condition, Condition("a == 1"), Condition("a == 2")}) == 2
    assert repr(condition) == "Condition('a == 1')"


def test_threads_may_share_it():
    condition = Condition("a > 5")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda a: condition.holds({"a": a}), range(200)))
    assert found == [a > 5 for a in range(200)]
