"""What the demo's mappings read, held to what the judge reads by SQL of its own."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from demo.folding import fold
from demo.readings import read
from demo.records import Ref
from tests.demo.mirrored import drop_hub, mirrors

pytestmark = [pytest.mark.stack, pytest.mark.enable_socket, pytest.mark.timeout(180)]

SAME_NAMES = {
    ("erp", "customer"): {"erp_number": "number"},
    ("cpq", "customer"): {"erp_number": "erp_no"},
}
UNREAD = {
    ("erp", "sku"): {"gl_account"},
    ("erp", "customer"): {"given_name"},
    ("cpq", "customer"): {"given_name"},
    ("commerce", "customer"): {"given_name"},
}
FLAGS = {"enabled", "consent"}


@pytest.fixture(scope="module")
def mirrored(servers, standing_desk):
    installed, connection = mirrors(servers, standing_desk)
    yield installed, connection
    connection.close()
    drop_hub(servers)


def _mapped(mirrored, system, entity):
    installed, connection = mirrored
    view = installed.names.mapping(system, entity)
    rows = connection.execute(f"SELECT to_jsonb(m)::text FROM {view} m").fetchall()
    return [json.loads(text) for (text,) in rows]


def _spelt(value):
    return None if value is None else str(value)


def _flag(value):
    return str(bool(value)).lower()


@pytest.mark.parametrize(
    ("system", "entity"),
    [
        ("erp", "customer"),
        ("cpq", "customer"),
        ("commerce", "customer"),
        ("erp", "sku"),
        ("cpq", "sku"),
        ("pim", "sku"),
        ("commerce", "sku"),
    ],
)
def test_a_mapping_reads_what_the_judge_reads(standing_desk, mirrored, system, entity):
    judged = read(standing_desk, system, entity)
    mapped = {str(row.pop("key")): row for row in _mapped(mirrored, system, entity)}
    assert mapped.keys() == {ref.key for ref in judged}
    for key, row in mapped.items():
        found = judged[Ref(system, entity, key)]
        for name in row.keys() - UNREAD.get((system, entity), set()):
            other = SAME_NAMES.get((system, entity), {}).get(name, name)
            value = _flag(row[name]) if name in FLAGS else _spelt(row[name])
            assert fold(other, value) == fold(other, found[other]), (key, name)


def test_the_account_of_an_article_comes_through_its_category(standing_desk, mirrored):
    mapping = read(standing_desk, "erp", "gl_mapping")
    items = read(standing_desk, "erp", "sku")
    for row in _mapped(mirrored, "erp", "sku"):
        category = items[Ref("erp", "sku", str(row["key"]))]["gl_category"]
        assert row["gl_account"] == mapping[Ref("erp", "gl_mapping", category)]["account"]


def test_no_row_of_credit_is_a_limit_of_nothing(standing_desk, mirrored):
    judged = read(standing_desk, "erp", "credit_limit")
    rows = _mapped(mirrored, "erp", "credit_limit")
    assert len(rows) == 3 * len(read(standing_desk, "erp", "customer"))
    for row in rows:
        found = judged.get(Ref("erp", "credit_limit", f"{row['customer']}/{row['legal_entity']}"))
        expected = found["amount"] if found else "0"
        assert fold("amount", str(row["amount"])) == fold("amount", expected)


def test_the_shop_s_limits_and_prices_are_read_in_major_units(standing_desk, mirrored):
    limits = read(standing_desk, "commerce", "credit_limit")
    for row in _mapped(mirrored, "commerce", "credit_limit"):
        found = limits[Ref("commerce", "credit_limit", f"{row['customer']}/{row['legal_entity']}")]
        assert fold("amount", str(row["amount"])) == fold("amount", found["amount"])
        assert fold("used", str(row["used"])) == fold("used", found["used"])
    prices = read(standing_desk, "commerce", "price")
    for row in _mapped(mirrored, "commerce", "price"):
        key = f"{row['sku']}/{row['price_list']}/{row['currency']}/{row['quantity']}"
        assert fold("amount", str(row["amount"])) == fold(
            "amount", prices[Ref("commerce", "price", key)]["amount"]
        )


def test_one_price_of_an_offer_is_in_force_at_a_time(mirrored):
    offers = {}
    for row in _mapped(mirrored, "cpq", "price"):
        offer = (row["sku"], row["price_list"], row["currency"], row["quantity"])
        begin = datetime.fromisoformat(row["valid_from"])
        end = datetime.fromisoformat(row["valid_to"]) if row["valid_to"] else None
        offers.setdefault(offer, []).append((begin, end))
    for periods in offers.values():
        ordered = sorted(periods)
        following = [*(begin for begin, _ in ordered[1:]), None]
        assert [end for _, end in ordered] == following


def test_what_a_changed_row_touches_is_derived_rightly(mirrored):
    installed, connection = mirrored
    report = installed.prove(connection, trials=40, seed=5)
    assert report.passed, report
