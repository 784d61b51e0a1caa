"""What people decided steadies training, and cannot wreck it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from matchers import Label, Record, prepare, score_pairs, train, usable_labels
from matchers.labels import MOST_BITS, most_bits, moved
from tests.matchers.people import PERSON, people

PREPARED = [prepare(PERSON, record) for record in people(60, seed=3)]
PLAIN = train(PERSON, PREPARED)
IDS = [record.id for record in PREPARED]
BY_ID = {record.id: record for record in PREPARED}

decided = st.lists(
    st.builds(
        Label,
        left=st.sampled_from(IDS),
        right=st.sampled_from(IDS),
        same=st.booleans(),
        decision=st.integers(1, 30).map(str),
    ),
    max_size=60,
)


def label(one, other, *, same, decision=None):
    return Label(one, other, same=same, decision=decision or f"{one}/{other}")


def weight(model, one, other):
    (score,) = score_pairs(PERSON, model, [(BY_ID[one], BY_ID[other])])
    return score.weight


@settings(deadline=None, max_examples=20)
@given(decided)
def test_whatever_people_say_moves_no_weight_farther_than_so_many_decisions_may(labels):
    model = train(PERSON, PREPARED, labels=labels)
    decisions = {item.decision for item in usable_labels(PERSON, PREPARED, labels)}
    assert moved(PLAIN, model) <= most_bits(len(decisions))
    for item in model.comparisons:
        assert sum(item.m) == pytest.approx(1.0)
        assert sum(item.u) == pytest.approx(1.0)
        assert min(*item.m, *item.u) > 0.0


@settings(deadline=None, max_examples=10)
@given(decided, st.randoms(use_true_random=False))
def test_the_order_of_decisions_does_not_count(labels, random):
    labels = usable_labels(PERSON, PREPARED, labels)
    shuffled = random.sample(labels, len(labels))
    assert train(PERSON, PREPARED, labels=shuffled) == train(PERSON, PREPARED, labels=labels)


def test_no_decision_is_no_influence():
    assert train(PERSON, PREPARED, labels=[]).version == PLAIN.version


def test_one_decision_hardly_counts_and_no_number_of_them_exceeds_the_bound():
    assert most_bits(1) < 0.1
    assert all(most_bits(n) < most_bits(n + 1) < MOST_BITS for n in range(1, 1000))


def test_what_the_model_knows_already_changes_nothing_worth_naming():
    """Those who have the same number are one person; the model is sure of them."""
    both = {i.partition(":")[2] for i in IDS if i.startswith("s1")}
    known = [label(f"s0:{n}", f"s1:{n}", same=True) for n in sorted(both)]
    assert moved(PLAIN, train(PERSON, PREPARED, labels=known)) < 0.25


def phones():
    """People of whom the two systems' telephone numbers never agree, though they are the same."""
    found = []
    for record in people(60, seed=3):
        values = dict(record.values)
        if record.system == "s1":
            values["phone"] = f"+44 20 {sum(map(ord, record.id)) * 7919 % 10**7:07d}"
        found.append(prepare(PERSON, Record(record.id, record.system, values)))
    return found


def test_known_matches_that_disagree_make_disagreement_weigh_less():
    prepared = phones()
    plain = train(PERSON, prepared)
    both = sorted(i.partition(":")[2] for i in IDS if i.startswith("s1"))
    hard = [label(f"s0:{n}", f"s1:{n}", same=True) for n in both]
    taught = train(PERSON, prepared, labels=hard)

    def against(model):
        item = next(c for c in model.comparisons if c.name == "phone")
        return math.log2(item.m[-1] / item.u[-1])

    assert against(taught) >= against(plain)


def lookalikes():
    """Twenty pairs that share their street, postcode, surname and telephone, and are two people."""
    home = {"street": "Mill Lane 5", "postcode": "12345", "surname": "quartz"}
    pairs = []
    for number in range(20):
        shared = home | {"phone": f"+49 30 55{number:05d}", "postcode": f"{20000 + number}"}
        one = shared | {"given": "anna", "born": f"19{40 + number}-01-10"}
        two = shared | {"given": "hanna", "born": f"19{60 + number}-05-20"}
        pairs.append(
            tuple(
                prepare(PERSON, Record(f"{system}:twin{number}", system, values))
                for system, values in (("s0", one), ("s1", two))
            )
        )
    return pairs


def test_known_non_matches_lower_the_weight_of_pairs_like_them():
    pairs = lookalikes()
    prepared = [*PREPARED, *(record for pair in pairs for record in pair)]
    labels = [label(a.id, b.id, same=False) for a, b in pairs]
    plain, taught = train(PERSON, prepared), train(PERSON, prepared, labels=labels)
    before = [score.weight for score in score_pairs(PERSON, plain, pairs)]
    after = [score.weight for score in score_pairs(PERSON, taught, pairs)]
    assert sum(after) < sum(before) - 0.5 * len(pairs)
    known = [("s0:1", "s1:1"), ("s0:4", "s1:4")]
    there = [pair for pair in known if set(pair) <= BY_ID.keys()]
    assert there
    for one, other in there:
        assert weight(taught, one, other) > 5.0


def test_the_pairs_of_one_decision_count_as_one():
    one, *others = IDS[:9]
    act = [label(one, other, same=True, decision="7") for other in others]
    model = train(PERSON, PREPARED, labels=act)
    assert moved(PLAIN, model) <= most_bits(1)


def test_labels_of_records_that_are_not_there_or_within_a_clean_source_are_left_out():
    spec = replace(PERSON, duplicate_free=frozenset({"s0"}))
    inside = label("s0:1", "s0:2", same=True)
    gone = label("s0:1", "s9:1", same=True)
    itself = label("s0:1", "s0:1", same=True)
    good = label("s0:1", next(i for i in IDS if i.startswith("s1")), same=False)
    assert usable_labels(spec, PREPARED, [inside, gone, itself, good]) == [good]
    assert usable_labels(PERSON, PREPARED, [inside]) == [inside]
