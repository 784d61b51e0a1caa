"""Look-alikes: what stands beside the matches tells what passes for one without a partner."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, strategies as st

from matchers import FieldKind, FieldSpec, MatchSpec, Record, match_batch
from matchers.compete import Rivals
from matchers.lookalikes import Beside, beside, best_line, charge, misfit
from matchers.measure import at_default

SPEC = MatchSpec(
    entity="product",
    fields=(FieldSpec(name="title", kind=FieldKind.TITLE),),
    duplicate_free=frozenset({"shop", "maker"}),
)
REVIEW = -2.0
bits = st.floats(-12, 12)


def side(strangers, alone, matched=20.0, pair=(0, 1)):
    """Records that have their match, with the best stranger beside it, and records without."""
    nearest = [matched] * len(strangers) + alone
    return Beside(pair, np.array(nearest), np.array(strangers + [-1000.0] * len(alone)))


def among(pairs, weights):
    """What both sources say of pairs (left, right), which exclude each other at both ends."""
    left, right = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in (0, 1))
    codes = np.array([0] * 10 + [1] * 10)
    groups = Rivals(left * 2 + 1, (right + 10) * 2)
    return beside(np.array(weights), groups, codes, 2)


SPREAD = [-8.0, -7.0, -6.0, -5.0, -4.0, 1.0, 2.0, 3.0] * 10


def test_where_most_have_no_partner_the_line_rises_above_what_strangers_reach():
    crowd = side(SPREAD, SPREAD * 5)
    assert best_line(crowd, REVIEW, 0.0) == 3.0
    assert charge(SPEC, [crowd, crowd]) == 3.0


def test_where_nearly_all_have_a_partner_the_strangers_beside_them_change_nothing():
    assert charge(SPEC, [side(SPREAD, [-8.0, -5.0, 1.0])] * 2) == 0.0


def test_where_strangers_lie_below_the_line_near_matches_are_kept():
    far = [-8.0, -7.0, -6.0, -5.0] * 20
    assert charge(SPEC, [side(far, far * 5 + [1.0, 2.0, 3.0] * 20)] * 2) == 0.0


def test_few_sure_matches_tell_nothing():
    assert charge(SPEC, [side(SPREAD[:16], SPREAD * 9)] * 2) == 0.0


def test_the_source_is_believed_whose_lone_records_lie_as_far_off_as_strangers_do():
    """The matched records of the other one stand in a crowd that its lone records do not know."""
    honest = side([-8.0, -7.0, -6.0, -5.0] * 20, [-8.0, -7.0, -6.0, -5.0] * 100)
    crowded = side([-2.5, 3.0, 4.0, 5.0] * 20, [-11.0, -10.0, -9.0, 4.0] * 100)
    assert misfit(honest, REVIEW) < misfit(crowded, REVIEW)
    assert best_line(crowded, REVIEW, 0.0) > 0.0
    assert charge(SPEC, [crowded, honest]) == charge(SPEC, [honest, crowded]) == 0.0


def test_one_pair_of_sources_without_look_alikes_keeps_the_line_where_it_is():
    crowd, none = side(SPREAD, SPREAD * 5), side([-8.0] * 80, [-8.0] * 80, pair=(0, 2))
    assert charge(SPEC, [crowd, none]) == 0.0


@given(st.lists(bits, min_size=20, max_size=60), st.lists(bits, max_size=60), st.randoms())
def test_a_charge_is_never_negative_and_knows_no_order(strangers, alone, shuffler):
    one = side(strangers, alone)
    spots = list(range(len(one.nearest)))
    shuffler.shuffle(spots)
    other = Beside(one.pair, one.nearest[spots], one.stranger[spots])
    assert charge(SPEC, [one]) == charge(SPEC, [other]) >= 0.0


def test_a_stranger_is_weighed_as_if_the_match_were_gone():
    first, _ = among([(0, 0), (0, 1)], [12.0, 4.0])
    assert first.nearest.tolist() == pytest.approx([8.0], abs=0.1)
    assert first.stranger.tolist() == pytest.approx([4.0])


def test_what_is_matched_elsewhere_is_no_stranger_that_could_be_taken():
    first, _ = among([(0, 0), (0, 1), (1, 1)], [12.0, 4.0, 12.0])
    assert first.stranger[0] < REVIEW


def made_up(draw, count, syllables):
    return [
        "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(syllables))
        for _ in range(count)
    ]


def shop_and_maker(share, near):
    """Things of a shop: a share of them from the maker, who makes others much like most of them."""
    draw = random.Random(7)  # noqa: S311 - repeatable, not secret
    brands, kinds, words = made_up(draw, 30, 2), made_up(draw, 40, 3), made_up(draw, 300, 3)

    def named(family, own, code):
        said = [*family, *draw.sample(own, 4), *draw.sample(words, draw.randrange(3))]
        return {"title": " ".join([*said, code] if code and draw.random() < 0.9 else said)}

    def code():
        return f"{draw.choice('abcdefgh')}{draw.choice('xyz')}{draw.randrange(1000, 99999)}"

    for number in range(600):
        family = draw.choice(brands), draw.choice(kinds)
        own, its = draw.sample(words, 5), code()
        yield Record(f"shop:{number}", "shop", named(family, own, its))
        if number < 600 * share:
            yield Record(f"maker:{number}", "maker", named(family, own, its))
        if draw.random() < near:
            alike = [*draw.sample(own, 3), *draw.sample(words, 2)]
            other = code() if draw.random() < 0.4 else None
            yield Record(f"maker:like:{number}", "maker", named(family, alike, other))


def found(share, near):
    result = match_batch(SPEC, list(shop_and_maker(share, near)))
    truth = {(f"maker:{number}", f"shop:{number}") for number in range(int(600 * share))}
    return at_default(result, truth)


@pytest.mark.parametrize(("share", "near"), [(0.1, 0.0), (0.9, 0.7)])
def test_a_near_pair_is_kept_whether_few_or_most_records_have_a_partner(share, near):
    quality = found(share, near)
    assert quality.precision > 0.94
    assert quality.recall > 0.96


def test_look_alikes_of_records_without_a_partner_do_not_pass_for_it():
    """Without a charge 0.83 of what is found is true."""
    quality = found(0.3, 0.1)
    assert quality.precision > 0.87
    assert quality.recall > 0.99
