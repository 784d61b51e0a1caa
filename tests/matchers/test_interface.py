"""The path a resolver takes: prepare, keys, score, decide, explain."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from matchers import (
    Cluster,
    Constraints,
    FieldKind,
    FieldSpec,
    MatchModel,
    MatchSpec,
    ModelMismatchError,
    Outcome,
    Record,
    decide,
    default_model,
    explain_pair,
    key_code,
    keys,
    prepare,
    score_pairs,
    usable,
)

SPEC = MatchSpec(
    entity="customer",
    fields=(
        FieldSpec(name="name", kind=FieldKind.NAME),
        FieldSpec(name="email", kind=FieldKind.EMAIL),
        FieldSpec(name="phone", kind=FieldKind.PHONE, region="DE"),
        FieldSpec(name="vat", kind=FieldKind.TAX_ID, exclusive=True),
        FieldSpec(name="city", kind=FieldKind.CITY),
    ),
)
MODEL = default_model(SPEC)


def customer(key, **values):
    return prepare(SPEC, Record(key, key.split(":")[0], values))


ACME = customer(
    "crm:77", name="ACME Industries Inc.", email="info@acme.com", phone="+49 30 1234567"
)
ACME_ERP = customer("erp:1", name="Acme Industries", email="INFO@acme.com", phone="030 1234567")
SMITH = customer("crm:1", name="John Smith", city="London")
OTHER_SMITH = customer("erp:2", name="John Smith", city="Leeds")


def test_the_same_company_in_two_spellings_is_a_match():
    scores = score_pairs(SPEC, MODEL, [(ACME, ACME_ERP)])
    decision = decide(SPEC, ACME, [Cluster(golden_id="g", scores=scores)])
    assert decision.outcome is Outcome.MATCH
    assert decision.golden_id == "g"


def test_two_john_smiths_who_share_nothing_else_are_never_matched():
    scores = score_pairs(SPEC, MODEL, [(SMITH, OTHER_SMITH)])
    decision = decide(SPEC, SMITH, [Cluster(golden_id="g", scores=scores)])
    assert decision.outcome is not Outcome.MATCH


def test_a_cannot_link_bars_even_a_perfect_candidate():
    scores = score_pairs(SPEC, MODEL, [(ACME, ACME_ERP)])
    barred = Constraints(cannot=frozenset({"g"}))
    assert decide(SPEC, ACME, [Cluster(golden_id="g", scores=scores)], barred).outcome == "NEW"


def test_an_exclusive_identifier_that_differs_vetoes_the_match():
    one = customer("crm:5", name="Acme", email="a@acme.com", vat="DE136695976")
    two = customer("erp:5", name="Acme", email="a@acme.com", vat="DE129273398")
    (score,) = score_pairs(SPEC, MODEL, [(one, two)])
    assert score.vetoes == ("vat",)
    assert decide(SPEC, one, [Cluster(golden_id="g", scores=[score])]).outcome == "NEW"


def test_an_exact_mailbox_is_found_although_its_domain_is_everybodys():
    shared = set(keys(SPEC, MODEL, ACME)) & set(keys(SPEC, MODEL, ACME_ERP))
    assert "!email.e:info@acme.com" in shared


def test_hot_keys_are_reported_and_not_dropped_in_silence():
    look_up, hot = usable(SPEC, ("a", "b", "c"), {"a": 3, "b": SPEC.block_cap + 1})
    assert look_up == ("c", "a")
    assert hot == ("b",)


def test_values_and_models_survive_their_serial_forms():
    assert pickle.loads(pickle.dumps(ACME)) == ACME  # noqa: S301 - our own bytes
    assert MatchModel.from_json(MODEL.to_json()).version == MODEL.version


def test_a_model_of_other_fields_is_refused():
    other = MatchSpec(entity="x", fields=SPEC.fields[:2])
    with pytest.raises(ModelMismatchError):
        score_pairs(other, MODEL, [])


def test_an_explanation_adds_up_and_says_what_would_change_it():
    story = explain_pair(SPEC, MODEL, SMITH, OTHER_SMITH)
    assert story.weight == pytest.approx(
        story.prior + sum(step.weight for step in story.fields), 1e-2
    )
    assert any("email in full agreement" in line for line in story.counterfactual)
    assert "different" in story.in_words()


def test_the_code_of_a_key_is_the_same_in_every_process_and_tells_its_kind():
    assert key_code("customer", "phone.t:8875963") == -1412297122607396208
    kinds = {"!tax_id.e:de1": 2, "~street.w:ring": 1, "street.w:ring&city.v:ulm": 0}
    assert {key: key_code("customer", key) & 3 for key in kinds} == kinds
    assert key_code("customer", "a") != key_code("supplier", "a")


def test_a_bound_weight_says_why_it_is_less_than_its_steps():
    home = {"phone": "+49 30 1234567", "city": "Berlin"}
    one, two = customer("crm:8", name="Anna Berg", **home), customer("erp:8", name="Globex", **home)
    strong = replace(MODEL, prior=0.0)
    story = explain_pair(SPEC, strong, one, two)
    assert story.outcome != "MATCH"
    assert story.bound
    assert story.weight < story.fields[-1].running
    assert "name in full agreement would give" in story.counterfactual[0]


def test_what_full_agreement_would_give_is_what_it_gives():
    one = customer("crm:8", name="Anna Berg", email="anna@berg.com", city="Berlin")
    two = customer("erp:8", name="Anna Berg", email="info@globex.com", city="Bremen")
    same = customer("erp:8", name="Anna Berg", email="anna@berg.com", city="Bremen")
    story = explain_pair(SPEC, MODEL, one, two)
    (line,) = [x for x in story.counterfactual if x.startswith("email in full agreement")]
    (score,) = score_pairs(SPEC, MODEL, [(one, same)])
    assert line == f"email in full agreement would give {score.probability:.2f} = MATCH"


def test_a_vetoed_pair_is_told_what_it_would_be_without_the_veto():
    one = customer("crm:5", name="Acme", email="a@acme.com", vat="DE136695976")
    two = customer("erp:5", name="Acme", email="a@acme.com", vat="DE129273398")
    story = explain_pair(SPEC, MODEL, one, two)
    assert story.outcome == "NEW"
    assert story.vetoes == ("vat",)
    assert all(line.startswith("vat ") for line in story.counterfactual)
    assert any("vat unknown would give" in line for line in story.counterfactual)
