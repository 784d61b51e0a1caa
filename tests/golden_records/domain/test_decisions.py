"""How long a steward's value holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from golden_records.domain.decisions import OverrideMode, OverrideRefused, base_of, holds
from golden_records.domain.records import Override
from tests.golden_records.domain.population import NOW, says


def stands(mode, *, owner="a", computed="a", members=(), **facts):
    override = Override(attribute="name", value="z", mode=mode, actor="ann", set_at=NOW, **facts)
    return holds(override, computed=computed, owner_value=owner, members=members, now=NOW)


def test_forever_is_until_a_person_ends_it():
    assert stands("FOREVER", owner="other", computed="z")


def test_until_date_ends_at_the_instant():
    assert stands("UNTIL_DATE", until=NOW + timedelta(seconds=1))
    assert not stands("UNTIL_DATE", until=NOW)
    assert stands("UNTIL_DATE")


@pytest.mark.parametrize("owner, expected", [("a", True), ("z", True), ("b", False), (None, False)])
def test_until_the_owner_changes_ends_by_another_value_only(owner, expected):
    """The same value sent again, and the echo of the override, are no change."""
    assert stands("UNTIL_OWNER_CHANGES", owner=owner, base="a") is expected


def test_until_any_change_ends_when_any_source_says_something_else():
    before = [says("erp", name="a"), says("crm", name="b"), says("pim", city="x")]
    base = base_of("UNTIL_ANY_CHANGE", "name", owner_value="a", members=before)
    assert base == {"erp:1": "a", "crm:1": "b"}
    assert stands("UNTIL_ANY_CHANGE", members=before, base=base)
    echoed = [says("erp", name="z"), says("crm", name="b")]
    assert stands("UNTIL_ANY_CHANGE", members=echoed, base=base)
    changed = [says("erp", name="a"), says("crm", name="c")]
    assert not stands("UNTIL_ANY_CHANGE", members=changed, base=base)


def test_until_a_source_agrees_ends_when_the_sources_yield_it():
    assert stands("UNTIL_SOURCE_AGREES", computed="a")
    assert not stands("UNTIL_SOURCE_AGREES", computed="z")


def test_the_base_is_what_the_mode_compares_with():
    assert base_of("UNTIL_OWNER_CHANGES", "name", owner_value="a", members=()) == "a"
    assert base_of("FOREVER", "name", owner_value="a", members=()) is None


def test_an_unknown_mode_lists_the_known():
    with pytest.raises(OverrideRefused) as refusal:
        stands("SOMETIMES")
    assert all(mode in str(refusal.value) for mode in OverrideMode)
