"""The story of a cluster: in what order it grew, and where it would break."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from matchers import default_model, explain_cluster, score_pairs
from tests.matchers.test_interface import MODEL, SPEC, customer

A = customer("erp:1", name="Acme Industries", email="info@acme.com", phone="+49 30 1234567")
B = customer("crm:2", name="ACME Industries Inc.", email="info@acme.com", phone="+49 30 1234567")
C = customer("shop:3", name="Acme Industries", city="Berlin")
D = customer("pim:4", name="Globex", city="Berlin")


def explain(members, came, said=()):
    return explain_cluster(SPEC, MODEL, members, came, said)


def test_members_joined_in_the_order_in_which_they_came():
    story = explain([A, B, C], {"shop:3": 1, "crm:2": 2, "erp:1": 3})
    assert [item.record for item in story.order] == ["shop:3", "crm:2", "erp:1"]
    assert story.order[0].nearest is None
    assert {story.order[2].nearest.left, story.order[2].nearest.right} == {"erp:1", "crm:2"}


def test_those_that_came_at_once_joined_by_the_strength_of_their_links():
    story = explain([C, D, B, A], dict.fromkeys(("erp:1", "crm:2", "shop:3", "pim:4"), 0))
    assert {item.record for item in story.order[:2]} == {"erp:1", "crm:2"}
    assert [item.record for item in story.order[2:]] == ["shop:3", "pim:4"]


def test_the_weakest_edge_is_the_best_that_the_farthest_member_has():
    story = explain([A, B, C], dict.fromkeys(("erp:1", "crm:2", "shop:3"), 0))
    assert "shop:3" in {story.weakest.left, story.weakest.right}
    weights = [s.weight for s in score_pairs(SPEC, MODEL, [(A, C), (B, C)])]
    assert story.weakest.weight == max(weights)


def test_what_a_person_said_holds_more_than_any_weight():
    members, came = [A, B, D], dict.fromkeys(("erp:1", "crm:2", "pim:4"), 0)
    without = explain(members, came)
    assert "pim:4" in {without.weakest.left, without.weakest.right}
    story = explain(members, came, {frozenset(("erp:1", "pim:4"))})
    assert not story.weakest.said
    assert {story.weakest.left, story.weakest.right} == {"erp:1", "crm:2"}
    assert all(not edge.said for edge in story.contrary)


def test_one_record_alone_has_no_edge():
    story = explain([A], {"erp:1": 0})
    assert (len(story.order), story.weakest, story.contrary) == (1, None, ())


@settings(deadline=None)
@given(st.permutations([A, B, C, D]), st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_the_order_in_which_members_are_given_does_not_count(members, ranks):
    came = dict(zip(("erp:1", "crm:2", "shop:3", "pim:4"), ranks, strict=True))
    story = explain(members, came)
    assert story == explain([A, B, C, D], came)
    turns = [came[item.record] for item in story.order]
    assert turns == sorted(turns)
    assert story.model == default_model(SPEC).version
