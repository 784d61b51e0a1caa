"""Buying units under an account: what they inherit, what adds up, and limits through a merge."""

from __future__ import annotations

import pytest

from tests.hub.services.hub_builder import MINIMAL, BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

BY = ("--actor", "ann", "--reason", "same company", "--yes")
FAMILY = """\

references:
  parent: {entity: customer, required: false}

hierarchy:
  parent: parent
  inherit: [region, limit]
  rollup: {limit: credit_limit, unit: limit_currency}

"""
OWNED = "    owners: [erp]\n    silent: keep\n    trespass: write_back\n"
LEAST = "    strategies: [most_restrictive, source_rank]\n    compare: {currency: EUR}\n"


def changed_files():
    """The smallest example, with a parent in the ERP's table of customers."""
    files = {
        "entities/customer.yaml": ("\nidentity:", FAMILY + "identity:"),
        "systems/erp/tables.yaml": ("limit_currency]", "limit_currency, parent_id]"),
        "systems/erp/customer.sql": (
            "c.limit_currency",
            "c.limit_currency,\n       c.parent_id AS parent",
        ),
        "systems/shop/customer.yaml": (
            "    limit_currency: currency\n",
            "    limit_currency: currency\n    parent: hub_id\n",
        ),
    }
    found = {}
    for path, (old, new) in files.items():
        text = (MINIMAL / path).read_text("utf-8")
        assert old in text
        found[path] = text.replace(old, new, 1)
    found["entities/customer.yaml"] = found["entities/customer.yaml"].replace(OWNED, LEAST)
    return found


@pytest.fixture(scope="module")
def catalogue():
    return minimal_catalogue(**changed_files())


@pytest.fixture
def built(hub_database, catalogue):
    made = BuiltHub(make_hub(hub_database, catalogue))
    yield made
    made.close()


NAMES = {
    1: "Acme Industrial Supplies GmbH",
    2: "Zenith Maritime Logistics AG",
    3: "Quarz Optik Werke KG",
    4: "Birkenhof Saatgut eG",
}
NUMBERS = {1: "DE136695976", 2: "DE811569869", 3: "DE129273398", 4: "DE118600000"}


def unit(built, number, parent=None, **row):
    same = {"name": NAMES[number], "vat_number": NUMBERS[number], "limit_currency": "EUR"}
    built.put("erp", "customer", id=number, parent_id=parent, **{**same, **row})
    built.settle()
    return built.home("erp", number)


def attrs(built, home):
    return built.golden(home)["attrs"]


def test_a_unit_without_a_value_has_its_parents_and_follows_it(built):
    above = unit(built, 1, region="south", credit_limit=500)
    below = unit(built, 2, "1", limit_currency=None)
    assert (attrs(built, below)["region"], attrs(built, below)["credit_limit"]) == ("south", "500")
    proof = built.golden(below)["lineage"]["region"]
    assert (proof["rule"], proof["system"], proof["key"]) == ("inherited", "parent", str(above))
    unit(built, 1, region="north", credit_limit=500)
    assert attrs(built, below)["region"] == "north"
    unit(built, 2, "1", region="west", limit_currency=None)
    assert attrs(built, below)["region"] == "west"
    assert built.differences() == []


def test_units_that_may_owe_more_than_their_account_are_a_case_until_it_fits(built):
    above = unit(built, 1, credit_limit=500)
    unit(built, 2, "1", credit_limit=300)
    assert built.cases("limit_exceeded") == []
    unit(built, 3, "1", credit_limit=300)
    (case,) = built.cases("limit_exceeded")
    assert case["golden_id"] == above
    assert (case["details"]["golden"], case["details"]["theirs"]) == ("500", "600")
    unit(built, 3, "1", credit_limit=100)
    assert built.cases("limit_exceeded") == []


def test_all_that_stand_below_are_added_up_and_not_the_direct_children_alone(built):
    above = unit(built, 1, credit_limit=500)
    unit(built, 2, "1", credit_limit=100)
    unit(built, 3, "2", credit_limit=90)
    assert built.cases("limit_exceeded") == []
    unit(built, 3, "2", credit_limit=450)
    exceeded = {case["golden_id"]: case["details"] for case in built.cases("limit_exceeded")}
    assert exceeded[above]["theirs"] == "550"
    assert exceeded[above]["below"] == 2
    unit(built, 3, None, credit_limit=450)
    assert built.cases("limit_exceeded") == [], "it stands under nobody any more"
    unit(built, 3, "1", credit_limit=450)
    unit(built, 2, "3", credit_limit=100)
    (case,) = built.cases("limit_exceeded")
    assert (case["golden_id"], case["details"]["theirs"]) == (above, "550")
    assert built.differences() == []


def test_records_that_stand_in_a_circle_are_a_case_until_it_is_broken(built):
    unit(built, 1, credit_limit=500)
    unit(built, 2, "1", credit_limit=100)
    unit(built, 3, "2", credit_limit=50)
    unit(built, 1, "3", credit_limit=500)
    cases = built.cases("limit_exceeded")
    assert len(cases) == 3
    assert all("stands below itself" in case["details"]["message"] for case in cases)
    unit(built, 1, credit_limit=500)
    assert built.cases("limit_exceeded") == []


def test_amounts_of_several_currencies_have_no_sum_and_that_is_a_case(built):
    unit(built, 1, credit_limit=500)
    unit(built, 2, "1", credit_limit=10, limit_currency="USD")
    (case,) = built.cases("limit_exceeded")
    assert case["details"]["units"] == ["EUR", "USD"]
    assert case["details"]["theirs"] is None
    unit(built, 3, "2", credit_limit=20)
    (case,) = (c for c in built.cases("limit_exceeded") if c["details"]["golden"] == "500")
    assert case["details"]["totals"] == {"EUR": "20", "USD": "10"}
    rows = built.query("SELECT below_total, below_units, exceeded FROM hierarchy_customer"
                       " WHERE depth = 0")  # fmt: skip
    assert [(r["below_total"], r["below_units"]) for r in rows] == [(None, ["EUR", "USD"])]


def test_analysts_see_the_tree_its_sums_and_its_circles(built):
    above = unit(built, 1, credit_limit=500)
    middle = unit(built, 2, "1", credit_limit=300)
    leaf = unit(built, 3, "2", credit_limit=400)
    lost = unit(built, 4, "4", credit_limit=1)
    rows = {r["golden_id"]: r for r in built.query("SELECT * FROM hierarchy_customer")}
    assert [rows[g]["depth"] for g in (above, middle, leaf)] == [0, 1, 2]
    assert {rows[g]["root_id"] for g in (above, middle, leaf)} == {above}
    assert (rows[above]["children_total"], rows[above]["below_total"]) == (300, 700)
    assert rows[middle]["exceeded"] is True
    assert rows[lost]["depth"] == 0
    unit(built, 1, "3", credit_limit=500)
    rows = {r["golden_id"]: r for r in built.query("SELECT * FROM hierarchy_customer")}
    assert [rows[g]["in_circle"] for g in (above, middle, leaf, lost)] == [True, True, True, False]
    assert built.differences() == []


# --- limits through a merge


def test_a_merged_customer_has_one_of_the_limits_and_each_half_its_own_again(mdhub, built):
    older = unit(built, 1, credit_limit=500)
    newer = unit(built, 2, credit_limit=300)
    before = built.query("SELECT clock_timestamp() AS now")[0]["now"].isoformat()
    assert mdhub.run("golden", "merge", older, newer, *BY) == 0
    built.settle()
    assert attrs(built, older)["credit_limit"] == "300"
    shown = mdhub.json("golden", "show", newer)
    assert (shown["requested"], shown["id"]) == (str(newer), str(older))
    then = mdhub.json("golden", "show", newer, "--as-of", before)
    values = {row["attribute"]: row["value"] for row in then["attributes"]}
    assert (then["id"], values["credit_limit"]) == (str(newer), "300")
    as_of = "SELECT golden_id, credit_limit FROM golden_customer_as_of(%(at)s) ORDER BY 1"
    assert len(built.query(as_of, at=before)) == 2
    assert mdhub.run("golden", "unmerge", older, "erp:2", *BY) == 0
    built.settle()
    assert attrs(built, built.home("erp", 1))["credit_limit"] == "500"
    assert attrs(built, built.home("erp", 2))["credit_limit"] == "300"
    assert built.differences() == []


MANY = """
INSERT INTO hub.golden_version (golden_id, version, entity, status, attrs, lineage, cause,
                                policy_version, recorded_at)
SELECT md5((i / 3)::text)::uuid, i % 3 + 1, 'customer', 'ACTIVE', '{"name": "x"}', '{}', 'feed',
       'p', timestamptz '2026-01-01' + i * interval '1 second'
FROM generate_series(0, 29999) i
"""


def test_one_record_as_of_a_time_is_found_by_index_among_many(built):
    with built.work() as work:
        work.connection.execute(MANY)
        work.connection.execute("ANALYZE hub.golden_version")
        plan = work.connection.execute(
            "EXPLAIN SELECT * FROM golden_customer_as_of('2026-01-01 04:00')"
            " WHERE golden_id = md5('77')::uuid"
        ).fetchall()
    text = "\n".join(str(row) for row in plan)
    assert "pk_golden_version" in text
    assert "Seq Scan" not in text
