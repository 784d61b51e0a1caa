"""Regressions taken from other hubs: each once went wrong in a real one."""

from __future__ import annotations

from matchers import (
    Cluster,
    Constraints,
    FieldKind,
    FieldSpec,
    IncrementalMatcher,
    MatchSpec,
    Outcome,
    Record,
    decide,
    default_model,
    keys,
    prepare,
    score_pairs,
    usable,
    with_terms,
)

SPEC = MatchSpec(
    entity="customer",
    fields=(
        FieldSpec(name="name", kind=FieldKind.PERSON_NAME),
        FieldSpec(name="email", kind=FieldKind.EMAIL),
        FieldSpec(name="phone", kind=FieldKind.PHONE, region="US"),
        FieldSpec(name="city", kind=FieldKind.CITY),
    ),
)
MODEL = default_model(SPEC)


def test_after_an_unmatch_a_third_record_that_matches_both_joins_at_most_one():
    matcher = IncrementalMatcher(SPEC, MODEL)
    same = {"name": "Ann Lee", "email": "ann@lee.com", "phone": "212 555 0101"}
    matcher.put(Record("a", "crm", same))
    matcher.put(Record("b", "erp", same))
    matcher.constrain(cannot=[("a", "b")])
    matcher.put(Record("c", "shop", same))
    home = {member: members for members in matcher.clusters() for member in members}
    assert home["a"] != home["b"]


def test_a_record_that_matches_two_goldens_is_a_case_and_no_merge():
    one, two, new = (
        prepare(SPEC, Record(name, name, {"name": "Ann Lee", "email": "ann@lee.com"}))
        for name in ("a", "b", "c")
    )
    scores = score_pairs(SPEC, MODEL, [(new, one), (new, two)])
    clusters = [Cluster(golden_id=score.right, scores=[score]) for score in scores]
    decision = decide(SPEC, new, clusters)
    assert decision.outcome is Outcome.REVIEW
    assert "several-matches" in decision.reasons
    barred = decide(SPEC, new, clusters, Constraints(cannot=frozenset({"b"})))
    assert (barred.outcome, barred.golden_id) == (Outcome.MATCH, "a")


def test_an_exact_mailbox_is_found_among_hundreds_at_the_same_provider():
    crowd = [
        prepare(SPEC, Record(str(n), "crm", {"name": f"P{n} Q{n}", "email": f"user{n}@gmail.com"}))
        for n in range(450)
    ]
    model = with_terms(SPEC, MODEL, crowd)
    sizes = {}
    for record in crowd:
        for key in keys(SPEC, model, record):
            sizes[key] = sizes.get(key, 0) + 1
    late = prepare(SPEC, Record("late", "erp", {"name": "Another", "email": "USER7@gmail.com"}))
    look_up, _ = usable(SPEC, keys(SPEC, model, late), sizes)
    assert set(look_up) & set(keys(SPEC, model, crowd[7]))


def test_a_record_edited_into_somebody_else_is_never_left_in_a_mixed_person():
    matcher = IncrementalMatcher(SPEC, MODEL)
    boris = {"name": "Boris Karlov", "email": "boris@k.com", "phone": "212 555 0199"}
    matcher.put(Record("a", "crm", boris))
    matcher.put(Record("b", "erp", boris))
    assert matcher.clusters() == (("a", "b"),)
    matcher.put(Record("b", "erp", {"name": "Ann Lee", "email": "ann@lee.com"}))
    assert matcher.clusters() == (("a",), ("b",))


def test_two_john_smiths_are_a_possible_match_at_most():
    one = prepare(SPEC, Record("a", "crm", {"name": "John Smith"}))
    two = prepare(SPEC, Record("b", "erp", {"name": "John Smith"}))
    scores = score_pairs(SPEC, MODEL, [(one, two)])
    decision = decide(SPEC, one, [Cluster(golden_id="g", scores=scores)])
    assert decision.outcome is not Outcome.MATCH


def test_a_mailbox_that_everybody_has_stops_counting():
    crowd = [
        prepare(SPEC, Record(str(n), "crm", {"name": f"P{n} Q{n}", "email": "info@shop.com"}))
        for n in range(40)
    ]
    model = with_terms(SPEC, MODEL, crowd)
    (score,) = score_pairs(SPEC, model, [(crowd[0], crowd[1])])
    assert score.levels[1] == -1
    assert not any(key.startswith("!email") for key in keys(SPEC, model, crowd[0]))


def test_the_outcome_does_not_depend_on_the_order_of_the_candidates():
    new = prepare(SPEC, Record("n", "x", {"name": "Ann Lee", "email": "ann@lee.com"}))
    others = [
        prepare(SPEC, Record(name, "y", {"name": who, "email": mail}))
        for name, who, mail in (
            ("a", "Ann Lee", "ann@lee.com"),
            ("b", "Ann Leigh", None),
            ("c", "Anna Lee", "ann@lee.org"),
        )
    ]
    scores = score_pairs(SPEC, MODEL, [(new, other) for other in others])
    clusters = [Cluster(golden_id=score.right, scores=[score]) for score in scores]
    assert decide(SPEC, new, clusters) == decide(SPEC, new, clusters[::-1])
