"""Why two records are together or apart, and how a golden record came together."""

from __future__ import annotations

import pytest

from tests.hub.cli.conftest import ACME, ACME_AT_SHOP, Terminal
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

ZENITH = {"name": "Zenith Maritime AG", "vat_number": "DE811569869", "email": "hq@zenith.de"}
PRICE = "entities/price.yaml"
BY = ("--actor", "ann", "--reason", "called them")


def explain(mdhub, *words):
    return mdhub.json("match", "explain", *words)


def test_a_pair_that_is_together_shows_its_waterfall_and_what_brought_it_together(mdhub, acme):
    found = explain(mdhub, "erp:1", "shop:9")
    assert found["stands"] == "together"
    pair = found["pair"]
    steps = {step["field"]: step for step in pair["fields"]}
    assert (steps["email"]["left"], steps["email"]["right"]) == (ACME["email"],) * 2
    assert steps["email"]["comparator"] == "email"
    assert steps["email"]["frequency"] is None, "the default model has counted nothing"
    assert steps["street"]["level"] == "missing"
    assert pair["weight"] == pytest.approx(pair["fields"][-1]["running"], abs=0.01)
    assert pair["outcome"] == "MATCH"
    assert pair["thresholds"] == [0.5, 0.9]
    shared = {key["key"] for key in found["keys"] if not key["hot"]}
    assert "!email.e:office@acme-industrial.de" in shared
    assert found["proposed"] == {"of the left": 1, "of the right": 1}
    assert found["left"]["golden"] == found["right"]["golden"] == str(acme)
    assert found["decisions"] == []


def test_a_trained_model_tells_how_many_records_hold_the_shared_value(mdhub, built, acme):
    mdhub.json("match", "train")
    steps = {s["field"]: s for s in explain(mdhub, "erp:1", "shop:9")["pair"]["fields"]}
    assert steps["email"]["frequency"] == 2
    assert steps["street"]["frequency"] is None


def test_the_same_in_words(mdhub, acme):
    assert mdhub.run("match", "explain", "erp:customer:1", "shop:9") == 0
    for part in (
        "erp:1 and shop:9 (customer) are in one golden record",
        "!email.e:office@acme-industrial.de (2 records)",
        "among the candidates of the left the other is number 1",
        "decisions:\n  none",
        "alone the pair is MATCH",
        "with lines at 0.5 (review) and 0.9 (match)",
    ):
        assert part in mdhub.out


def test_strangers_share_no_key_and_it_says_what_would_change_that(mdhub, built, acme):
    built.put("erp", "customer", id=2, **ZENITH)
    built.settle()
    found = explain(mdhub, "shop:9", "erp:2")
    assert found["stands"] == "apart"
    assert found["keys"] == []
    assert found["proposed"] == {"of the left": None, "of the right": None}
    assert found["pair"]["vetoes"] == ["vat_number"]
    assert any("never were compared" in line for line in found["would_change"])
    assert mdhub.run("match", "explain", "shop:9", "erp:2") == 0
    assert "brought together by: nothing" in mdhub.out
    assert "veto: two different values of vat_number" in mdhub.out


def test_a_veto_is_what_decides_where_everything_else_agrees(mdhub, built, acme):
    built.put("shop", "account", id=7, **{**ACME_AT_SHOP, "vat": ZENITH["vat_number"]})
    built.settle()
    found = explain(mdhub, "shop:7", "erp:1")
    assert found["stands"] == "apart"
    assert found["because"][0] == "veto: two different values of vat_number"
    (standing,) = [
        item for item in found["standing"]["alternatives"] if item["golden_id"] == str(acme)
    ]
    assert "veto:vat_number" in standing["barred"]
    assert any(line.startswith("vat_number unknown") for line in found["would_change"])
    assert [link["state"] for link in found["links"]] == ["NO_MATCH"]


def test_keys_that_too_many_hold_are_named_as_too_hot(mdhub, built, monkeypatch):
    monkeypatch.setattr("hub.services.resolving.scene.LARGEST_BLOCK", 3)
    for number in range(1, 7):
        built.put("erp", "customer", id=number, name=f"Harbour {'ABCDEFG'[number] * 4}",
                  city="Kiel", postcode="24103")  # fmt: skip
    built.settle()
    found = explain(mdhub, "erp:1", "erp:2")
    hot = [key for key in found["keys"] if key["hot"]]
    assert hot
    assert all(key["records"] > key["most"] for key in hot)
    assert found["proposed"] == {"of the left": None, "of the right": None}
    assert mdhub.run("match", "explain", "erp:1", "erp:2") == 0
    assert "too hot to count: " in mdhub.out
    assert any(f"more than {key['most']} records" in mdhub.out for key in hot)


@pytest.fixture
def asked(mdhub, doubtful):
    """The case about two records that share a mail address and nothing else."""
    return mdhub.json("case", "show", doubtful)


def test_a_possible_match_says_that_a_case_asks(mdhub, asked):
    found = explain(mdhub, "shop:2", "erp:1")
    assert found["stands"] == "possible"
    assert found["pair"]["outcome"] == "REVIEW"
    assert [link["state"] for link in found["links"]] == ["POSSIBLE_MATCH"]
    assert any(line.startswith("name in full agreement") for line in found["would_change"])


def test_a_steward_s_word_is_shown_with_who_said_it_and_comes_first(mdhub, built, asked):
    words = ("case", "decide", asked["id"], "--different", "--expect", asked["expect"], *BY)
    assert mdhub.run(*words) == 0
    built.settle()
    found = explain(mdhub, "erp:1", "shop:2")
    assert found["stands"] == "apart"
    (said,) = found["decisions"]
    assert (said["left"], said["right"], said["verdict"]) == ("erp:1", "shop:2", "DIFFERENT")
    assert (said["actor"], said["reason"]) == ("ann", "called them")
    assert found["because"][0].startswith("a person declared them different")
    assert mdhub.run("match", "explain", "erp:1", "shop:2") == 0
    assert "erp:1 and shop:2 different, by ann at " in mdhub.out


def test_what_a_person_put_together_says_so_whatever_it_scores(mdhub, built, asked):
    words = ("case", "decide", asked["id"], "--same", "--expect", asked["expect"], *BY)
    assert mdhub.run(*words) == 0
    built.settle()
    found = explain(mdhub, "erp:1", "shop:2")
    assert (found["stands"], found["left"]["origin"]) == ("together", "MANUAL")
    assert found["because"][0] == "a person declared them the same"
    assert "erp:1 is where a person put it, whatever it scores" in found["because"]
    assert found["standing"]["reasons"] == ["must-link"]
    story = explain(mdhub, "--golden", built.home("erp", 1))["story"]
    assert story["weakest"]["said"]
    assert story["contrary"] == []


def test_different_is_shown_also_where_it_holds_through_a_third_record(mdhub, built, asked):
    built.put("shop", "account", id=3, company=ACME["name"], email=ACME["email"])
    built.settle()
    with built.transaction() as work:
        word = {"actor": "ann", "reason": "visited"}
        one, two, three = (
            built.record_id(*name) for name in (("erp", 1), ("shop", 2), ("shop", 3))
        )
        work.decisions.decide_pairs("customer", [(one, two)], {"verdict": "DIFFERENT", **word})
        work.decisions.decide_pairs("customer", [(one, three)], {"verdict": "SAME", **word})
        work.commit()
    found = explain(mdhub, "shop:3", "shop:2")
    assert {said["verdict"] for said in found["decisions"]} == {"SAME", "DIFFERENT"}
    assert found["because"][0].startswith("a person declared them different")


def test_a_golden_record_tells_how_it_came_together_and_where_it_is_weakest(mdhub, built, acme):
    built.put("shop", "account", id=11, company=ACME["name"], email=ACME["email"])
    built.settle()
    assert built.home("shop", 11) == acme
    found = explain(mdhub, "--golden", acme)
    assert [m["name"] for m in found["members"]][2] == "shop:11"
    assert {m["name"] for m in found["members"]} == {"erp:1", "shop:9", "shop:11"}
    times = [m["since"] for m in found["members"]]
    assert times == sorted(times)
    weakest = found["story"]["weakest"]
    assert "shop:11" in {weakest["left"], weakest["right"]}
    assert {found["weakest"]["left"], found["weakest"]["right"]} == {
        weakest["left"], weakest["right"],
    }  # fmt: skip
    assert mdhub.run("match", "explain", "--golden", "shop:customer:11") == 0
    assert f"customer {acme}, 3 records" in mdhub.out
    assert "weakest edge: " in mdhub.out
    assert "without it the golden record falls in two" in mdhub.out


def test_a_golden_record_of_one_has_no_weakest_edge(mdhub, built):
    built.put("erp", "customer", id=2, **ZENITH)
    built.settle()
    found = explain(mdhub, "--golden", built.home("erp", 2))
    assert (found["weakest"], len(found["members"])) == (None, 1)
    assert mdhub.run("match", "explain", "--golden", built.home("erp", 2)) == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("erp:1", "erp:404"), 4),
        (("erp:1", "erp:1"), 4),
        (("erp:1", "nowhere:1"), 4),
        (("--golden", "erp:customer:404"), 4),
        (("--entity", "plan", "erp:1", "shop:9"), 4),
    ],
)
def test_what_cannot_be_explained_is_refused(mdhub, acme, words, code):
    assert mdhub.run("match", "explain", *words) == code
    assert mdhub.err.startswith("error: ")


def test_an_entity_that_one_of_two_names_says_is_the_other_s_too(hub_database, capsys):
    files = minimal_catalogue().files
    price = (
        files[PRICE]
        .replace("reference: [customer, product_code, currency]", "matching: {fields: [code]}")
        .replace("product_code: {}", "product_code: {}\n  code: {kind: code}")
    )
    made = BuiltHub(make_hub(hub_database, minimal_catalogue(**{PRICE: price})))
    made.put("erp", "customer", id=1, **ACME)
    made.put("shop", "account", id=9, **ACME_AT_SHOP)
    made.settle()
    terminal = Terminal(made.hub, capsys)
    assert explain(terminal, "erp:customer:1", "shop:9")["stands"] == "together"
    assert explain(terminal, "erp:1", "shop:customer:9")["stands"] == "together"
    assert terminal.run("match", "explain", "erp:1", "shop:9") == 4
    assert "say which of customer, price erp:1 is" in terminal.err
    made.close()
