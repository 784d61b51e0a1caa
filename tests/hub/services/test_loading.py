"""The initial load of whole entities: the state that the marks would have led to, and safely."""

# ruff: noqa: S311 - repeatable, not secret

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from golden_records.domain.catalogue import Phase
from golden_records.domain.failpoints import Failpoint
from hub.bootstrap.loading import phase_service
from hub.bootstrap.matching import training
from hub.failpoints import EXIT_KILLED
from tests.hub.services.hub_builder import BuiltHub, make_hub

pytestmark = pytest.mark.postgres

SYLLABLES = ("ba", "ler", "kon", "mi", "tas", "ro", "ven", "du", "fel", "gar", "hin", "jo", "zen")
TRADES = ("Maritime Logistics", "Industrial Supplies", "Verlag", "Software", "Bau", "Textil")
LIMITS = (None, 100, 200)
FORMS = ("GmbH", "AG", "KG")
CITIES = (("Kiel", "24103"), ("Ulm", "89073"), ("Bonn", "53111"), ("Jena", "07743"))


def population(seed, count):
    """Rows of two systems that overlap, with prices; some of them refer to nobody."""
    rng = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        word = "".join(rng.choices(SYLLABLES, k=4)).capitalize()
        name = f"{word} {rng.choice(TRADES)} {rng.choice(FORMS)}"
        vat = f"DE{136695976 + number * 7:09d}" if number % 4 else None
        email = f"office{number}@firm{number % 17}.example" if number % 3 else None
        city, postcode = rng.choice(CITIES)
        rows.append(
            ("erp", "customer", {"id": number, "name": name, "vat_number": vat, "email": email,
                                     "credit_limit": rng.choice(LIMITS)})
        )  # fmt: skip
        rows.append(
            ("erp", "address", {"id": number, "customer_id": number, "kind": "billing",
                                    "street": f"Ring {number}", "city": city, "postcode": postcode})
        )  # fmt: skip
        if number % 25 == 0:
            twin = {"id": number + 2000, "company": name, "street": f"Gasse {number}"}
            rows.append(("shop", "account", twin))
        elif number % 2:
            typo = name if rng.random() < 0.5 else name.upper()
            said = vat if rng.random() < 0.7 else None
            told = {"company": typo, "vat": said, "email": email, "city": city, "zip": postcode}
            row = {"id": number + 1000, "street": f"Ring {number}", **told}
            rows.append(("shop", "account", row))
        who = number if number % 10 else number + 5000
        rows.append(
            ("erp", "customer_price", {"id": number, "customer_id": who, "product_code": "A",
                                           "currency": "EUR", "amount": rng.randint(1, 9)})
        )  # fmt: skip
    return rows


@pytest.fixture
def loading(databases, installed_database, minimal):
    """Make hubs of the smallest example in LOADING."""
    made = []

    def make(rows=()):
        url = databases.make(installed_database)
        built = BuiltHub(make_hub(url, minimal, installed=True), phase=Phase.LOADING)
        built.url = url
        made.append(built)
        built.apply(*(built.change(system, table, **row) for system, table, row in rows))
        return built

    yield make
    for built in made:
        built.close()


def pairs(built):
    return [(mapping.system, mapping.entity) for mapping in built.hub.catalogue.mappings]


def train(built):
    service = training(built.hub)
    for entity in service.entities():
        service.train(entity)


def load(built):
    return phase_service(built.hub).load(pairs(built))


def load_by_marks(built):
    """Load as what has records already is loaded: every root by itself."""
    for system, entity in pairs(built):
        built.set_phase(system, entity, Phase.SHADOW)
    for system, entity in pairs(built):
        with built.work() as work:
            work.mirror.mark_all(system, entity, cause="backfill", priority=5)
            work.commit()
    built.settle()


def state(built):
    """Golden records by their members: values, what else is linked, and what is asked."""
    rows = built.query(
        "SELECT g.entity, g.attrs, g.status, g.version, g.id,"
        " array_agg(s.system || '/' || s.key ORDER BY s.system, s.key) AS members"
        " FROM hub.golden g JOIN hub.link l ON l.golden_id = g.id AND l.valid_to IS NULL"
        " AND l.state = 'MATCH' JOIN hub.source_record s ON s.id = l.record_id"
        " WHERE g.status <> 'MERGED' GROUP BY g.id"
    )
    names = {str(row["id"]): (row["entity"], tuple(row["members"])) for row in rows}
    goldens = {
        names[str(row["id"])]: (
            {name: names.get(str(value), value) for name, value in row["attrs"].items()},
            row["status"],
        )
        for row in rows
    }
    cases = {
        (
            case["kind"],
            frozenset(names.get(g, g) for g in case["details"].get("goldens", ()))
            | frozenset({names.get(case["details"].get("golden"))} - {None})
            or (case["system"], case["key"]),
        )
        for case in built.cases()
    }
    return goldens, cases


def test_a_load_leads_to_what_the_marks_lead_to(loading):
    rows = population(7, 150)
    at_once, one_by_one = loading(rows), loading(rows)
    for built in (at_once, one_by_one):
        train(built)
    outcome = load(at_once)
    load_by_marks(one_by_one)
    assert {loaded.entity for loaded in outcome.loaded} == {"customer", "price"}
    assert outcome.marked == 0
    goldens, cases = state(at_once)
    expected, asked = state(one_by_one)
    assert goldens == expected
    assert asked <= cases
    assert len(cases - asked) <= 2, "a small table is compared whole, so it may find a few more"
    assert any(len(members) > 1 for _, members in goldens)
    assert any(kind == "reference_missing" for kind, _ in cases)
    assert at_once.differences() == []


def test_a_load_keeps_the_matching_keys_and_references_that_the_marks_keep(loading):
    rows = population(3, 60)
    at_once, one_by_one = loading(rows), loading(rows)
    load(at_once)
    load_by_marks(one_by_one)
    for sql in (
        (
            "SELECT s.system, s.key AS record, k.key FROM hub.match_key k"
            " JOIN hub.source_record s ON s.id = k.record_id ORDER BY 1, 2, 3"
        ),
        (
            "SELECT s.system, s.key AS record, r.name, r.entity, r.key FROM hub.reference r"
            " JOIN hub.source_record s ON s.id = r.record_id ORDER BY 1, 2, 3"
        ),
    ):
        assert at_once.query(sql) == one_by_one.query(sql)


def test_nothing_changes_when_all_that_was_loaded_is_looked_at_again(loading):
    built = loading(population(11, 120))
    train(built)
    load(built)
    before = state(built)
    for system, entity in pairs(built):
        with built.work() as work:
            work.mirror.mark_all(system, entity, cause="replay", priority=5)
            work.commit()
    built.settle()
    assert state(built) == before
    assert built.differences() == []


def test_changes_flow_after_a_load(loading):
    built = loading(population(5, 40))
    load(built)
    built.put("erp", "customer", id=2, name="Renamed Reederei GmbH", vat_number="DE811569869")
    built.put("shop", "account", id=9000, company="Renamed Reederei", vat="DE811569869")
    built.delete("erp", "customer_price", id=3)
    built.settle()
    home = built.home("erp", 2)
    assert built.home("shop", 9000) == home
    assert built.golden(home)["attrs"]["name"] == "Renamed Reederei GmbH"
    assert built.differences() == []


def test_a_row_that_changes_while_the_load_runs_is_marked(loading):
    built = loading(population(5, 40))
    service = phase_service(built.hub)
    bulk = service._bulk

    class Interrupted:
        def load(self, entity, systems):
            merge = bulk._merge

            def put_first(work, batch, identities):
                if entity == "customer":
                    built.put("erp", "customer", id=1, name="Changed Meanwhile GmbH")
                    built.put("erp", "customer", id=777, name="Came Meanwhile KG")
                    built.delete("erp", "customer", id=2)
                return merge(work, batch, identities)

            bulk._merge = put_first
            try:
                return bulk.load(entity, systems)
            finally:
                bulk._merge = merge

    service._bulk = Interrupted()
    outcome = service.load(pairs(built))
    assert outcome.marked >= 3
    built.settle()
    assert built.golden(built.home("erp", 1))["attrs"]["name"] == "Changed Meanwhile GmbH"
    assert built.home("erp", 777) is not None
    assert built.home("erp", 2) is None
    assert built.differences() == []


def test_who_waits_for_what_is_loaded_is_resolved_afterwards(loading):
    built = loading(population(5, 20))
    service = phase_service(built.hub)
    service.load([pair for pair in pairs(built) if pair[1] == "price"])
    assert built.home("erp", 1, "price") is None
    service.load(pairs(built))
    built.settle()
    assert built.home("erp", 1, "price") is not None
    assert built.differences() == []


def test_a_further_system_goes_by_marks_and_leaves_what_is_there(loading):
    built = loading(population(5, 40))
    service = phase_service(built.hub)
    first = service.load([("erp", "customer")])
    homes = {key: built.home("erp", key) for key in range(1, 41)}
    second = service.load([("shop", "customer")])
    built.settle()
    assert [loaded.entity for loaded in first.loaded] == ["customer"]
    assert second.loaded == []
    assert second.marked == 20
    assert {key: built.home("erp", key) for key in range(1, 41)} == homes
    assert built.differences() == []


def test_a_root_with_a_bad_value_is_set_aside_and_blocks_nobody(loading):
    rows = population(5, 30)
    rows.append(
        (
            "erp",
            "customer_price",
            {
                "id": 900,
                "customer_id": 1,
                "product_code": "B",
                "currency": "EUR",
                "amount": 1,
                "valid_from": "infinity",
            },
        )
    )
    built = loading(rows)
    built.put("shop", "account", id=4000, company="Nul\\Acme")
    outcome = load(built)
    assert sum(loaded.records for loaded in outcome.loaded) >= 75
    assert built.query("SELECT count(*) AS n FROM hub.golden WHERE status = 'ACTIVE'")[0]["n"] > 30


KILLED = """
import sys
from golden_records.domain.failpoints import Failpoint
from tests.hub.services.hub_builder import make_hub, minimal_catalogue
from hub.bootstrap.loading import phase_service
from dataclasses import replace
hub = make_hub(sys.argv[1], minimal_catalogue(), installed=True)
settings = hub.settings.model_copy(update={"failpoint": sys.argv[2]})
hub = replace(hub, settings=settings)
phase_service(hub).load([(m.system, m.entity) for m in hub.catalogue.mappings])
"""


@pytest.mark.parametrize(
    "place",
    [
        f"{p}:{n}"
        for p in (Failpoint.LOAD_BEFORE_COMMIT, Failpoint.LOAD_AFTER_COMMIT)
        for n in (1, 2)
    ],
)
def test_a_load_that_is_killed_is_done_again_with_the_same_end(loading, place):
    rows = population(7, 60)
    killed, whole = loading(rows), loading(rows)
    command = [sys.executable, "-c", KILLED, killed.url, place]
    done = subprocess.run(command, check=False, timeout=120, capture_output=True)
    assert done.returncode == EXIT_KILLED, done.stderr
    load(killed)
    killed.settle()
    load(whole)
    assert state(killed) == state(whole)
    assert killed.differences() == []


def test_the_feed_marks_nothing_while_a_pair_is_loading_and_everything_afterwards(loading):
    built = loading(population(5, 10))
    assert built.query("SELECT count(*) AS n FROM hub.dirty_root")[0]["n"] == 0
    load(built)
    built.put("erp", "customer", id=1, name="Later GmbH")
    assert built.query("SELECT count(*) AS n FROM hub.dirty_root")[0]["n"] > 0
