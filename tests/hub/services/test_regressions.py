"""What went wrong in other hubs and must not here, on real PostgreSQL.

S1, S3, S6 and S12 are in `test_linking.py`, S4 in `test_announce.py`, S10 in
`test_interleavings.py`, S13 in `test_identity_operations.py` and
`tests/golden_records/domain/test_identity.py`.
"""

from __future__ import annotations

import pytest

from tests.hub.services.test_linking import EMAIL, NAME, OTHER, VAT, clean, decide, erp, shop

pytestmark = pytest.mark.postgres


def versions(built):
    rows = built.query("SELECT golden_id, version, attrs FROM hub.golden_version ORDER BY 1, 2")
    return [(row["golden_id"], row["version"], row["attrs"]) for row in rows]


def look_again(built):
    """Ask everything again, as after a change of rules."""
    with built.transaction() as work:
        for mapping in built.hub.catalogue.mappings:
            work.mirror.mark_all(mapping.system, mapping.entity, cause="replay", priority=5)
        work.commit()


def test_s2_a_bridge_to_the_larger_cluster_leaves_one_whole_golden_record(built):
    erp(built, 1, name=NAME, vat_number=VAT)
    shop(built, 2, company=OTHER["name"], email=EMAIL)
    shop(built, 3, company=OTHER["name"], email=EMAIL)
    clean(built)
    small, large = built.home("erp", 1), built.home("shop", 2)
    assert small != large == built.home("shop", 3)
    decide(built, ("erp", 1), ("shop", 2), "SAME")
    clean(built)
    (kept,) = {built.home("erp", 1), built.home("shop", 2), built.home("shop", 3)}
    (lost,) = {small, large} - {kept}
    assert built.golden(lost)["merged_into"] == kept
    assert (
        built.golden(kept)["attrs"] | {"vat_number": VAT, "email": EMAIL}
        == (built.golden(kept)["attrs"])
    )


def test_s5_an_exact_address_is_found_among_four_hundred_of_its_domain(built):
    for number in range(1000, 1400):
        row = {"company": f"Betrieb {number:x} Handel", "email": f"buero{number}@mail.example.de"}
        built.apply(built.change("shop", "account", id=number, **row))
    erp(built, 1, name="Hölzl Spenglerei", vat_number=VAT, email="hoelzl@mail.example.de")
    clean(built)
    shop(built, 2, company="Hölzl Spenglerei", email="hoelzl@mail.example.de")
    clean(built)
    assert built.home("shop", 2) == built.home("erp", 1)


def test_s7_an_equal_name_alone_joins_nobody(built):
    erp(built, 1, name="John Smith", city="London")
    clean(built)
    shop(built, 2, company="John Smith")
    clean(built)
    assert built.home("shop", 2) != built.home("erp", 1)
    assert {state for state, _ in built.links("shop", 2).values()} <= {"MATCH", "POSSIBLE_MATCH"}


def test_s8_an_owner_that_clears_its_value_is_answered_as_declared_and_the_lineage_says_so(built):
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL, credit_limit=500, limit_currency="EUR")
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL, credit_limit=900, currency="EUR")
    clean(built)
    home = built.home("erp", 1)
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    clean(built)
    golden = built.golden(home)
    assert golden["attrs"]["credit_limit"] == "500"  # silent: keep
    said = golden["lineage"]["credit_limit"]
    assert said["rule"] == "kept"
    assert [(loser["system"], loser["value"]) for loser in said["losers"]] == [("shop", "900")]


def test_s9_asking_everything_again_changes_no_id_no_history_and_no_decision(built):
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL)
    clean(built)
    decide(built, ("shop", 2), ("erp", 1), "DIFFERENT")
    clean(built)
    before = versions(built), built.home("erp", 1), built.home("shop", 2)
    look_again(built)
    clean(built)
    assert (versions(built), built.home("erp", 1), built.home("shop", 2)) == before
    assert built.home("erp", 1) != built.home("shop", 2)


def test_s11_an_older_change_with_the_same_time_overwrites_nothing(built):
    old = built.change("erp", "customer", id=1, name="Acme")
    new = built.change("erp", "customer", id=1, name="Acme Holding")
    built.apply(new._replace(source_ts=old.source_ts))
    built.apply(old._replace(offset=new.offset + 1))
    at_the_same_place = new.position._replace(rank=0)
    built.apply(old._replace(offset=new.offset + 2, position=at_the_same_place, snapshot=True))
    clean(built)
    assert built.golden(built.home("erp", 1))["attrs"]["name"] == "Acme Holding"
