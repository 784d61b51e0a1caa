"""Entities and members for the tests of the merge, by hand and by Hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from hypothesis import strategies as st

from golden_records.domain.catalogue import (
    Attribute,
    Entity,
    Identity,
    IdentityMode,
    OwnerRule,
    OwnerSilence,
    Reference,
    Strategy,
    Survivorship,
    ValueType,
)
from golden_records.domain.merge import merger
from golden_records.domain.records import GoldenRecord, GoldenStatus, SourceRecord
from golden_records.domain.rulebook import ValidationRule, Validity

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
GOLDEN_ID = UUID("018f0000-0000-7000-8000-000000000001")
SYSTEMS = ("billing", "commerce", "crm", "erp")
ATTRIBUTES = (
    Attribute(name="name"),
    Attribute(name="segment"),
    Attribute(name="street"),
    Attribute(name="city"),
    Attribute(name="amount", type=ValueType.DECIMAL),
    Attribute(name="currency", unit_of="amount"),
    Attribute(name="hold", type=ValueType.BOOLEAN),
    Attribute(name="since", type=ValueType.DATE),
    Attribute(name="seen_at", type=ValueType.TIMESTAMP),
    Attribute(name="count", type=ValueType.INTEGER),
)
VALUES = {
    "segment": ["B2B", "B2C"],
    "amount": ["9", "10", "9.5"],
    "currency": ["EUR", "USD"],
    "hold": [False, True],
    "since": ["2026-01-01", "2025-12-31", "infinity"],
    "seen_at": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500000Z"],
    "count": [2, 10],
}


def customer(*survivorship, attributes=ATTRIBUTES, effective=None, references=(), validation=()):
    return Entity(
        name="customer",
        attributes=tuple(attributes),
        references=tuple(Reference(name=name, entity="other") for name in references),
        identity=Identity(mode=IdentityMode.MATCHING),
        survivorship=tuple(survivorship),
        settle=timedelta(seconds=2),
        settle_limit=timedelta(seconds=10),
        effective=effective,
        validation=tuple(validation),
    )


def owned(*systems, name="name", **policy):
    rules = tuple(OwnerRule(system=system) for system in systems)
    return Survivorship(group=name, attributes=(name,), owners=rules, **policy)


def says(system, key="1", *, at=NOW, base=None, deleted=False, **attrs):
    """A record that changed all its attributes at `at`, or at the time given by attribute."""
    times = at if isinstance(at, dict) else dict.fromkeys(attrs, at)
    return SourceRecord(
        id=int.from_bytes(f"{system}:{key}".encode(), "big"),
        entity="customer",
        system=system,
        key=key,
        root_key=key,
        attrs=attrs,
        changed_at=times,
        base=base or {},
        deleted=deleted,
    )


def golden(attrs, lineage=None):
    return GoldenRecord(
        id=GOLDEN_ID,
        entity="customer",
        status=GoldenStatus.ACTIVE,
        version=1,
        attrs=attrs,
        lineage=lineage or {},
    )


def merged(entity, *records, previous=None, overrides=(), now=NOW, **options):
    return merger(entity, **options).merge(records, previous, overrides, now)


def rule(*attributes, name=None, **tests):
    return ValidationRule(name=name or "-".join(attributes), attributes=attributes, **tests)


RULES = (
    rule("name", choices=("a", "b")),
    rule("street", pattern="[ab]"),
    rule("city", required=True, systems=("erp", "crm")),
    rule("amount", least="9.5"),
    rule("amount", name="most", most="9.5", when="segment == 'B2B'"),
    rule("currency", name="terms", check="count > 5"),
    rule("segment", min_length=1, max_length=2),
    rule("count", most=5),
    rule("name", name="doubt", choices=("a",), validity=Validity.SUSPECT),
)


# Strategies are built once: to build one anew for every draw takes longer than to draw from it.


@cache
def value_of(name):
    return st.none() | st.sampled_from(VALUES.get(name, ["a", "b", "c"]))


@cache
def some_of(names, most=None):
    return st.lists(st.sampled_from(names), unique=True, max_size=most)


@cache
def times_of(names):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, TIMES))


@cache
def values_of(names):
    return st.fixed_dictionaries({name: value_of(name) for name in names})


TIMES = st.integers(0, 4).map(lambda minutes: NOW - timedelta(minutes=minutes))
NAMES = tuple(a.name for a in ATTRIBUTES)
A_SYSTEM = st.sampled_from(SYSTEMS)
DELETED = st.sampled_from([False, False, False, True])


@st.composite
def records(draw, at):
    names = tuple(sorted(draw(some_of(NAMES))))
    shared = tuple(sorted(draw(some_of(names)))) if names else ()
    return SourceRecord(
        id=at,
        entity="customer",
        system=draw(A_SYSTEM),
        key=f"{at}",
        root_key=f"{at}",
        attrs=draw(values_of(names)),
        changed_at=draw(times_of(names)),
        base=draw(values_of(shared)),
        deleted=draw(DELETED),
    )


MOST_MEMBERS = 5
A_RECORD = tuple(records(at) for at in range(MOST_MEMBERS))
HOW_MANY = st.integers(0, MOST_MEMBERS)


@st.composite
def members(draw):
    return [draw(A_RECORD[at]) for at in range(draw(HOW_MANY))]


@cache
def owner_rules(conditions):
    rule = st.builds(OwnerRule, system=A_SYSTEM, when=st.sampled_from(conditions))
    return st.lists(rule, max_size=2)


SILENCE = st.sampled_from(OwnerSilence)
STRATEGIES = some_of(Strategy, 3)
SKEW = st.sampled_from([None, timedelta(minutes=1)])


@cache
@st.composite
def policies(draw, names):
    conditions = (None,) if "segment" in names else (None, "segment == 'B2B'", "segment == 'B2C'")
    return Survivorship(
        group=names[0],
        attributes=names,
        owners=tuple(draw(owner_rules(conditions))),
        silent=draw(SILENCE),
        strategies=tuple(draw(STRATEGIES)),
        ranks=tuple(draw(some_of(SYSTEMS, 2))),
        skew=draw(SKEW),
        keep_invalid=draw(st.booleans()),
    )


GROUPS = some_of(
    (
        ("segment",), ("street", "city"), ("amount", "currency"), ("hold",), ("since",),
        ("seen_at",), ("count",),
    )
)  # fmt: skip
SOME_RULES = st.lists(st.sampled_from(RULES), max_size=3, unique_by=lambda rule: rule.name)


@st.composite
def entities(draw):
    return customer(*[draw(policies(names)) for names in draw(GROUPS)], validation=draw(SOME_RULES))
