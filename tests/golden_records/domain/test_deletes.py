"""Which deletions count, how many are too many, and what a decision makes of them."""

from __future__ import annotations

from hypothesis import given, strategies as st

from golden_records.domain.deletes import (
    Owned,
    Waiting,
    Why,
    WithheldState,
    counted,
    let_through,
    limit,
)
from golden_records.domain.rulebook import DeleteGuard

GUARDS = st.builds(
    DeleteGuard,
    rows=st.integers(50, 2000),
    share=st.integers(0, 100),
    always=st.integers(0, 50),
)
KEYS = st.sampled_from("abcdefgh")
PAIRS = st.sets(st.tuples(st.sampled_from("XYZ"), KEYS)).map(
    lambda pairs: {key: root for root, key in pairs}
)
WAITING = st.dictionaries(
    KEYS,
    st.builds(
        Waiting,
        st.just("X"),
        st.sampled_from([WithheldState.HELD, WithheldState.RELEASED, WithheldState.DISCARDED]),
        st.sampled_from(Why),
    ),
)
OWNED = st.builds(Owned, kept=st.frozensets(KEYS), replaced=st.frozensets(KEYS)).map(
    lambda owned: Owned(kept=owned.kept - owned.replaced, replaced=owned.replaced)
)


@given(GUARDS, st.integers(0, 10**7))
def test_the_limit_lies_between_what_always_goes_and_the_number_of_rows(guard, records):
    assert guard.always <= limit(guard, records) <= max(guard.always, guard.rows)


@given(GUARDS, st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_records_never_allow_fewer_deletions(guard, records, more):
    assert limit(guard, records) <= limit(guard, records + more)


def test_a_hundredth_is_a_hundredth():
    guard = DeleteGuard(rows=1000, share=1, always=5)
    assert [limit(guard, n) for n in (0, 100, 2000, 10**6)] == [5, 5, 20, 1000]


@given(PAIRS)
def test_where_nothing_appears_everything_that_went_is_lost(roots):
    assert counted(((root, key) for key, root in roots.items()), {}) == set(roots)


@given(PAIRS, st.dictionaries(st.sampled_from("XYZ"), st.integers(0, 3)))
def test_a_root_that_brings_as_many_new_records_as_it_loses_loses_none(roots, appeared):
    lost = counted(((root, key) for key, root in roots.items()), appeared)
    for key, root in roots.items():
        gone = sum(other == root for other in roots.values())
        assert (key in lost) == (gone > appeared.get(root, 0))


@given(st.sets(KEYS), WAITING, OWNED, st.booleans())
def test_a_deletion_is_applied_or_withheld_or_was_decided_before(keys, waiting, owned, tripped):
    applied, held = let_through(keys, waiting, owned, tripped=tripped)
    assert not applied & held.keys()
    rest = keys - applied - held.keys()
    assert all(waiting[key].state is not WithheldState.RELEASED for key in rest)
    assert not held.keys() & waiting.keys(), "what is withheld already is not withheld again"
    assert tripped or held.keys() <= owned.kept
    released = {k for k in keys if k in waiting and waiting[k].state is WithheldState.RELEASED}
    assert released <= applied


@given(st.sets(KEYS), OWNED)
def test_what_the_guard_holds_is_not_asked_of_the_owner(keys, owned):
    _, held = let_through(keys, {}, owned, tripped=True)
    assert held == dict.fromkeys(keys, Why.GUARD)


def test_what_may_not_be_deleted_waits_and_what_is_there_under_another_key_does_not():
    owned = Owned(kept=frozenset("a"), replaced=frozenset("b"))
    applied, held = let_through({"a", "b"}, {}, owned, tripped=False)
    assert (applied, held) == ({"b"}, {"a": Why.OWNER})


def test_a_deletion_that_waited_goes_when_the_system_may_delete_or_has_the_record_again():
    waiting = {
        "a": Waiting("X", WithheldState.HELD, Why.OWNER),
        "b": Waiting("X", WithheldState.DISCARDED, Why.OWNER),
        "c": Waiting("X", WithheldState.HELD, Why.GUARD),
    }
    applied, _ = let_through(set(waiting), waiting, Owned(), tripped=False)
    assert applied == {"a"}, "a person's word and the guard hold whatever the policy says"
    replaced = Owned(replaced=frozenset(waiting))
    applied, _ = let_through(set(waiting), waiting, replaced, tripped=False)
    assert applied == {"a", "b"}
