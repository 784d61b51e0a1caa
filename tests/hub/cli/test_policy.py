"""A policy goes from a folder to being the active one; what it would do is known before."""

from __future__ import annotations

import csv
import json
from datetime import timedelta

import pytest

from golden_records.domain.catalogue import Phase
from golden_records.ports.publishing import LeaseTerms
from hub.bootstrap.following import FollowingResolve
from hub.bootstrap.policies import under
from hub.bootstrap.sweeping import PolicyThread
from hub.bootstrap.verifying import verification
from hub.bootstrap.working import resolver
from tests.hub.cli.conftest import ACME

pytestmark = pytest.mark.postgres

CUSTOMER = "entities/customer.yaml"
LIMIT = "    attributes: [credit_limit, limit_currency]\n    owners: [erp]"
COMPANIES = (
    ("Acme Industrial Supplies GmbH", "DE136695976"),
    ("Zenith Maritime AG", "DE811569869"),
    ("Borealis Timber KG", "DE129273398"),
    ("Quantum Optics GmbH", "DE143593636"),
    ("Harvest Foods AG", "DE118716043"),
)
TERMS = LeaseTerms(span=timedelta(0), limit=100)
SHOP_OWNS = LIMIT.replace("erp", "shop")


@pytest.fixture
def folder(mdhub, tmp_path):
    """The active policy, exported."""
    path = tmp_path / "policy"
    assert mdhub.run("policy", "export", path) == 0
    return path


def edit(folder, old, new, file=CUSTOMER):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def imported(mdhub, folder, *words, actor="ann"):
    return mdhub.json("policy", "import", folder, "--actor", actor, *words)["version"]


def approved(mdhub, folder, actor="ann"):
    version = imported(mdhub, folder, actor=actor)
    mdhub.json("simulate", version, "--actor", actor)
    assert mdhub.run("policy", "approve", version, "--actor", actor) == 0
    return version


def settle(built):
    built.settle(FollowingResolve(built.hub, resolver))


def current(built):
    """The hub under the policy that is active now."""
    from hub.bootstrap.following import newest  # noqa: PLC0415

    return newest(built.hub)


def differences(built):
    hub = current(built)
    return verification(hub).verify(lambda _: None).differences


@pytest.fixture
def limits(built):
    """Customers with two limits each, both systems past loading and live."""
    built.go_live()
    for number, (name, vat) in enumerate(COMPANIES, 1):
        email = f"office@{name.split()[0].lower()}.de"
        erp = {"name": name, "vat_number": vat, "email": email}
        built.put("erp", "customer", id=number, **erp, credit_limit=500, limit_currency="EUR")
        shop = {"company": name, "vat": vat, "email": email}
        limit = 300 if number > 2 else 500
        built.put("shop", "account", id=number, **shop, credit_limit=limit, currency="EUR")
    built.settle()
    assert built.differences() == []


def test_the_active_policy_differs_from_itself_in_nothing(mdhub, limits):
    found = mdhub.json("simulate", "active")
    assert found.pop("recomputed") == 5
    assert found.pop("policy") == found.pop("against")
    assert not any(found.values())


def test_what_is_simulated_is_what_comes_of_the_activation(mdhub, built, limits, folder, tmp_path):
    before = {row["id"]: row["attrs"] for row in built.query("SELECT id, attrs FROM hub.golden")}
    edit(folder, LIMIT, SHOP_OWNS)
    version = imported(mdhub, folder)
    rows = tmp_path / "rows.jsonl"
    figures = mdhub.json("simulate", version, "--rows", rows)
    assert figures["goldens"] == {"customer": 3}
    assert figures["attributes"] == {"customer.credit_limit": 3}
    assert figures["lost"] == {"customer.credit_limit.erp": 3}
    assert figures["gained"] == {"customer.credit_limit.shop": 3}
    assert figures["money"] == {"customer.credit_limit.EUR": "-600"}
    assert built.query("SELECT id FROM hub.dirty_root") == []
    assert mdhub.run("policy", "approve", version) == 0
    assert mdhub.run("policy", "activate", version) == 0
    settle(built)
    simulated = {
        (line["golden"], line["attribute"]): line["after"]
        for line in map(json.loads, rows.read_text().splitlines())
        if line["kind"] == "golden"
    }
    after = built.query("SELECT id, attrs, policy_version FROM hub.golden")
    real = {
        (str(row["id"]), name): value
        for row in after
        for name, value in row["attrs"].items()
        if before[row["id"]][name] != value
    }
    assert real == simulated
    assert {row["policy_version"] for row in after if before[row["id"]] != row["attrs"]} == {
        version
    }
    assert differences(built) == []


def test_the_writes_that_were_foretold_are_those_that_wait(mdhub, built, limits, folder):
    edit(folder, LIMIT, SHOP_OWNS)
    version = imported(mdhub, folder)
    before = built.query("SELECT target, golden_id, desired FROM hub.publication")
    figures = mdhub.json("simulate", version)
    mdhub.run("policy", "approve", version)
    mdhub.run("policy", "activate", version)
    settle(built)
    rows = built.query(
        "SELECT target, golden_id, desired FROM hub.publication WHERE state = 'PENDING'"
    )
    assert sum(figures["writes"].values()) == len([row for row in rows if row not in before])


def test_every_step_is_a_fact_with_its_actor(mdhub, folder):
    edit(folder, LIMIT, SHOP_OWNS)
    version = approved(mdhub, folder)
    assert mdhub.run("policy", "activate", version[:8], "--actor", "bob", "--reason", "ready") == 0
    facts = mdhub.json("policy", "show", version)["facts"]
    assert [(fact["state"], fact["actor"]) for fact in facts] == [
        ("draft", "ann"), ("validated", "ann"), ("simulated", "ann"), ("approved", "ann"),
        ("active", "bob"),
    ]  # fmt: skip
    states = {row["version"]: row["state"] for row in mdhub.json("policy", "list")}
    assert sorted(states.values()) == ["active", "superseded"]
    assert mdhub.run("policy", "show", version) == 0
    assert "ready" in mdhub.out


def test_a_folder_made_from_another_version_is_refused(mdhub, folder, tmp_path):
    late = tmp_path / "late"
    assert mdhub.run("policy", "export", late) == 0
    edit(folder, LIMIT, SHOP_OWNS)
    mdhub.run("policy", "activate", approved(mdhub, folder))
    edit(late, "silent: keep", "silent: clear")
    assert mdhub.run("policy", "import", late) == 4
    assert "mdhub policy diff" in mdhub.err
    (late / ".mdhub-base").unlink()
    assert mdhub.run("policy", "import", late) == 4
    assert "--base" in mdhub.err


def test_nothing_is_activated_that_was_not_simulated_and_approved(mdhub, folder):
    edit(folder, LIMIT, SHOP_OWNS)
    version = imported(mdhub, folder)
    assert mdhub.run("policy", "activate", version) == 4
    assert "is not approved" in mdhub.err
    assert mdhub.run("policy", "approve", version) == 4
    assert f"mdhub simulate {version[:12]}" in mdhub.err


def test_where_four_eyes_are_asked_for_somebody_else_approves(mdhub, folder):
    edit(folder, "name: minimal", "name: minimal\npolicy: {four_eyes: true}", "hub.yaml")
    version = imported(mdhub, folder)
    mdhub.json("simulate", version)
    assert mdhub.run("policy", "approve", version, "--actor", "ann") == 4
    assert "somebody else" in mdhub.err
    assert mdhub.run("policy", "approve", version, "--actor", "bob") == 0


def test_an_approval_counts_for_the_policy_that_it_was_given_against(mdhub, folder, tmp_path):
    other = tmp_path / "other"
    assert mdhub.run("policy", "export", other) == 0
    edit(folder, LIMIT, SHOP_OWNS)
    edit(other, "silent: keep", "silent: clear")
    one, two = approved(mdhub, folder), approved(mdhub, other)
    assert mdhub.run("policy", "activate", one) == 0
    assert mdhub.run("policy", "activate", two) == 4
    assert "again" in mdhub.err


def test_going_back_brings_the_values_of_before(mdhub, built, limits, folder):
    before = built.query("SELECT id, attrs FROM hub.golden ORDER BY id")
    edit(folder, LIMIT, SHOP_OWNS)
    mdhub.run("policy", "activate", approved(mdhub, folder))
    settle(built)
    assert built.query("SELECT id, attrs FROM hub.golden ORDER BY id") != before
    assert mdhub.run("policy", "rollback", "--reason", "too soon") == 0
    settle(built)
    assert built.query("SELECT id, attrs FROM hub.golden ORDER BY id") == before
    assert differences(built) == []


def test_the_difference_is_told_in_the_catalogue_s_words(mdhub, folder):
    edit(folder, LIMIT, SHOP_OWNS)
    edit(folder, "every: 30s", "every: 5min", "publish.yaml")
    found = mdhub.json("policy", "diff", folder)
    changes = {(c["part"], c["name"], c["setting"]): c for c in found["changes"]}
    owners = changes["entity", "customer", "survivorship.limit.owners"]
    assert (owners["before"], owners["after"]) == ("erp", "shop")
    lane = changes["lane", "limit-to-shop", "classes.large.frequency.every"]
    assert (lane["before"], lane["after"]) == ("30s", "300s")
    assert found["touched"]["merged anew"] == {"customer": ["credit_limit", "limit_currency"]}
    assert found["touched"]["lanes that wait"] == ["shop/customer/limit"]


def test_lanes_of_changed_rules_wait_until_all_is_looked_at_again(mdhub, built, limits, folder):
    edit(folder, LIMIT, SHOP_OWNS)
    mdhub.run("policy", "activate", approved(mdhub, folder))
    hub = current(built)
    later = hub.clock.now().replace(year=hub.clock.now().year + 1)
    with hub.work() as work:
        groups = {lease.group for lease in work.leases.lease("shop", later, TERMS)}
    assert "limit" not in groups
    settle(built)
    PolicyThread(hub).look()
    assert built.query("SELECT * FROM hub.policy_wait") == []
    assert built.query("SELECT * FROM hub.policy_sweep WHERE finished_at IS NULL") == []


def test_only_what_is_touched_is_marked(mdhub, built, limits, folder):
    edit(folder, "every: 30s", "every: 5min", "publish.yaml")
    mdhub.run("policy", "activate", approved(mdhub, folder))
    assert built.query("SELECT * FROM hub.dirty_root") == []
    edit(folder, LIMIT, SHOP_OWNS)
    (folder / ".mdhub-base").write_text(mdhub.json("policy", "show", "active")["version"])
    mdhub.run("policy", "activate", approved(mdhub, folder))
    marks = built.query("SELECT DISTINCT entity, cause, priority FROM hub.dirty_root")
    assert marks == [{"entity": "customer", "cause": "policy", "priority": 7}]
    assert len(built.query("SELECT * FROM hub.dirty_root")) == 5


def test_a_changed_mapping_goes_through_shadow(mdhub, built, limits, folder):
    edit(folder, "       c.name,", "       upper(c.name) AS name,", "systems/erp/customer.sql")
    version = imported(mdhub, folder)
    figures = mdhub.json("simulate", version)
    assert figures["records"] == {"erp/customer.differs": 5}
    mdhub.run("policy", "approve", version)
    assert mdhub.run("policy", "activate", version) == 0
    with built.work() as work:
        phases = work.registry.phases()
    assert phases["erp", "customer"] is Phase.SHADOW
    assert phases["shop", "customer"] is Phase.LIVE
    settle(built)
    said = built.query("SELECT canonical FROM hub.source_record WHERE system = 'erp'")
    assert all(row["canonical"]["name"].isupper() for row in said)
    assert differences(built) == []


def test_values_of_another_type_are_read_anew(mdhub, built, folder):
    built.put("erp", "customer", id=1, **ACME, region="007")
    built.settle()
    edit(folder, "region: {}", "region: {type: integer}")
    edit(folder, "{system: shop, when: region == 'online'}", "{system: shop, when: region == 1}")
    version = imported(mdhub, folder)
    assert mdhub.json("simulate", version)["attributes"] == {"customer.region": 1}
    mdhub.run("policy", "approve", version)
    mdhub.run("policy", "activate", version)
    settle(built)
    assert built.golden(built.home("erp", 1))["attrs"]["region"] == 7
    assert differences(built) == []


def test_other_matching_says_what_it_would_split_and_leaves_links_alone(mdhub, built, folder):
    for number in (1, 2):
        built.put("shop", "account", id=number, company=ACME["name"], email=ACME["email"])
    built.settle()
    assert built.home("shop", 1) == built.home("shop", 2)
    edit(folder, "duplicate_free: [erp]", "duplicate_free: [erp, shop]")
    version = imported(mdhub, folder)
    assert mdhub.json("simulate", version)["splits"] == {"customer": 1}
    assert mdhub.run("match", "report", "--policy", version, "--freeze") == 0
    assert mdhub.run("policy", "approve", version) == 0
    mdhub.run("policy", "activate", version)
    settle(built)
    assert built.home("shop", 1) == built.home("shop", 2)


def test_a_policy_becomes_active_at_its_time(mdhub, built, limits, folder):
    edit(folder, LIMIT, SHOP_OWNS)
    version = approved(mdhub, folder)
    assert mdhub.run("policy", "activate", version, "--at", "2999-01-01") == 0
    PolicyThread(built.hub).look()
    assert mdhub.json("policy", "show", version)["state"] == "scheduled"
    assert mdhub.run("policy", "activate", version, "--at", "2020-01-01") == 0
    PolicyThread(built.hub).look()
    assert mdhub.json("policy", "show", version)["state"] == "active"


def test_what_is_not_mirrored_needs_connect(mdhub, folder):
    edit(folder, "credit_limit", "credit_limit, colour", "systems/erp/tables.yaml")
    assert mdhub.run("policy", "import", folder) == 4
    assert "erp.customer.colour" in mdhub.err
    assert "mdhub connect" in mdhub.err


def test_rows_come_as_a_sheet_too(mdhub, limits, folder, tmp_path):
    edit(folder, LIMIT, SHOP_OWNS)
    assert mdhub.run("policy", "simulate", folder, "--rows", tmp_path / "rows.csv") == 0
    with (tmp_path / "rows.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "golden"]
    assert len(rows) == 3
    assert {(row["before"], row["after"], row["from"], row["to"]) for row in rows} == {
        ("500", "300", "erp", "shop")
    }


def test_a_model_that_is_exported_is_pinned(mdhub, built, tmp_path):
    body = '{"entity": "customer", "prior": -12.0, "records": 0, "calibration": [],'
    body += ' "comparisons": []}'
    with built.work() as work:
        work.registry.activate_model("customer", "m1", body)
        work.commit()
    folder = tmp_path / "pinned"
    assert mdhub.run("policy", "export", folder, "--models") == 0
    found = mdhub.json("policy", "diff", folder)
    assert [(c["part"], c["name"]) for c in found["changes"]][:1] == [
        ("matching model", "customer")
    ]
    assert found["touched"]["matched otherwise from now on"] == ["customer"]


def test_an_unchanged_folder_is_the_same_version(mdhub, built, folder):
    assert imported(mdhub, folder) == built.hub.catalogue.version
    assert under(built.hub, built.hub.catalogue).catalogue.version == built.hub.catalogue.version
