"""Links and conflicts as of the past, in SQL and by the analysts' role."""

from __future__ import annotations

import pytest

from hub.bootstrap import operating
from hub.services.cases import Word
from hub.services.identity.work import Intent, Terms

pytestmark = pytest.mark.postgres

ANN = Word(actor="ann", reason="called them")
ACME = {"name": "Acme Industrial Supplies GmbH", "vat_number": "DE136695976"}
ZENITH = {"company": "Zenith Maritime Logistics AG", "vat": "DE811569869"}


def ask(built, sql, *values):
    """Ask as an analyst."""
    with built.work() as work:
        work.connection.execute("SET ROLE mdhub_analyst")
        found = work.connection.execute(sql, values).fetchall()
        work.connection.rollback()
    return found


def moment(built):
    return built.query("SELECT clock_timestamp() AS now")[0]["now"]


HOMES = "SELECT system, golden_id FROM crosswalk_as_of(%s) WHERE entity = 'customer'"


def homes(built, when):
    return dict(ask(built, HOMES, when))


def test_the_crosswalk_as_of_a_time_tells_where_each_record_belonged_then(built):
    start = moment(built)
    built.put("erp", "customer", id=1, **ACME)
    built.put("shop", "account", id=7, **ZENITH)
    built.settle()
    mine, theirs = built.home("erp", 1), built.home("shop", 7)
    apart = moment(built)
    intent = Intent(action="merge", goldens=(str(mine), str(theirs)), into=str(mine))
    operating.golden_operations(built.hub).run(intent, Terms(word=ANN))
    built.settle()
    together = moment(built)
    built.delete("erp", "customer", id=1)
    built.settle()
    assert homes(built, start) == {}
    assert homes(built, apart) == {"erp": mine, "shop": theirs}
    assert homes(built, together) == {"erp": mine, "shop": mine}
    assert homes(built, moment(built)) == {"shop": mine}
    now = ask(built, "SELECT * FROM crosswalk_as_of(%s)", moment(built))
    assert now == ask(built, "SELECT * FROM crosswalk")


STATES = "SELECT state, assignee, closed_by FROM conflicts_as_of(%s)"


def test_conflicts_as_of_a_time_stand_as_they_stood_then(built):
    start = moment(built)
    price = {"customer_id": 99, "product_code": "A", "currency": "EUR", "amount": 5}
    built.put("erp", "customer_price", id=4, **price)
    built.settle()
    (case,) = built.cases()
    opened = moment(built)
    operating.stewardship(built.hub).assign(case["id"], "bob", "ann")
    assigned = moment(built)
    built.delete("erp", "customer_price", id=4)
    built.settle()
    assert built.cases() == []
    assert ask(built, STATES, start) == []
    assert ask(built, STATES, opened) == [("pending", None, None)]
    assert ask(built, STATES, assigned) == [("pending", "bob", None)]
    assert ask(built, STATES, moment(built))[0][2] == "engine"
    now = ask(built, "SELECT * FROM conflicts_as_of(%s)", moment(built))
    assert now == ask(built, "SELECT * FROM conflicts")
    closed_at = "SELECT closed_at FROM conflicts_as_of(%s)"
    assert ask(built, closed_at, assigned) == [(None,)]


NAMED = "(entity, system, source_key) = ('customer', 'erp', '77')"

MANY = """
INSERT INTO hub.source_record (entity, system, key, root_key)
SELECT 'customer', 'erp', i::text, i::text FROM generate_series(1, 20000) i;
INSERT INTO hub.link (entity, record_id, golden_id, state, origin, policy_version, txn, valid_from,
                      valid_to)
SELECT 'customer', s.id, md5((s.id / 3)::text)::uuid, 'MATCH', 'AUTO', 'p', gen_random_uuid(),
       '2026-01-01', CASE WHEN s.id % 2 = 0 THEN timestamptz '2026-02-01' END
FROM hub.source_record s;
INSERT INTO hub.conflict (entity, golden_id, kind, cause, outcome, state, closed_at)
SELECT 'customer', md5((i / 3)::text)::uuid, 'trespass', i::text, 'write_back',
       CASE WHEN i % 2 = 0 THEN 'resolved' ELSE 'open' END,
       CASE WHEN i % 2 = 0 THEN clock_timestamp() END
FROM generate_series(1, 20000) i;
ANALYZE hub.source_record; ANALYZE hub.link; ANALYZE hub.conflict; ANALYZE hub.conflict_event
"""


@pytest.mark.parametrize(
    "asked",
    [
        "crosswalk_as_of('2026-01-15') WHERE golden_id = md5('77')::uuid",
        f"crosswalk_as_of('2026-01-15') WHERE {NAMED}",
        "conflicts_as_of('2036-01-15') WHERE golden_id = md5('77')::uuid",
        "conflicts_as_of('2036-01-15') WHERE id = 77",
    ],
)
def test_what_was_of_one_record_is_found_by_index_among_many(built, asked):
    with built.work() as work:
        for statement in MANY.split(";"):
            work.connection.execute(statement)
        plan = work.connection.execute(f"EXPLAIN SELECT * FROM {asked}").fetchall()
        found = work.connection.execute(f"SELECT * FROM {asked}").fetchall()
    assert found
    text = "\n".join(str(row) for row in plan)
    assert "Function Scan" not in text
    assert "Seq Scan" not in text, text
