"""The life of cases on real PostgreSQL: states, history, worth, and who closed them."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import psycopg
import pytest

from golden_records.domain.casework import LIVE, CaseState, may_become
from hub.bootstrap import operating
from hub.services.cases import Word
from hub.services.overriding import Lifetime

pytestmark = pytest.mark.postgres

NAME, VAT = "Acme Industrial Supplies GmbH", "DE136695976"
ANN = Word(actor="ann", reason="seen the contract")


def erp(built, **row):
    built.put("erp", "customer", id=1, **{"name": NAME, "vat_number": VAT, **row})
    built.settle()


def shop(built, **row):
    built.put("shop", "account", id=2, **{"company": NAME, "vat": VAT, **row})
    built.settle()


def trespass(built):
    """The shop changes a limit that the ERP owns."""
    erp(built, credit_limit=20000, limit_currency="EUR")
    shop(built, credit_limit=20000, currency="EUR")
    shop(built, credit_limit=90000, currency="EUR")
    (case,) = built.cases("trespass")
    return case


def history(built, case):
    rows = built.query(
        "SELECT state, actor FROM hub.conflict_event WHERE conflict_id = %(id)s ORDER BY id",
        id=case["id"],
    )
    return [(row["state"], row["actor"]) for row in rows]


def closed(built, case):
    return built.query("SELECT * FROM hub.conflict WHERE id = %(id)s", id=case["id"])[0]


def test_an_invalid_value_is_out_of_the_running_and_its_case_closes_when_it_is_corrected(built):
    erp(built, credit_limit=-5, limit_currency="EUR")
    shop(built, credit_limit=70, currency="EUR")
    home = built.home("erp", 1)
    assert home == built.home("shop", 2)
    golden = built.golden(home)
    assert golden["attrs"]["credit_limit"] is None, "a silent owner keeps what was there: nothing"
    (case,) = built.cases()
    assert (case["kind"], case["system"]) == ("contract_violation", "erp")
    assert case["details"]["message"] == "a credit limit is not negative"
    assert built.differences() == []
    erp(built, credit_limit=5, limit_currency="EUR")
    assert built.cases() == []
    assert built.golden(home)["attrs"]["credit_limit"] == "5"
    end = closed(built, case)
    assert (end["state"], end["closed_by"]) == ("resolved", "engine")
    assert history(built, case) == [("open", "engine"), ("resolved", "engine")]
    assert built.differences() == []


def test_a_case_has_its_money_with_a_currency_a_class_and_a_time(built):
    case = trespass(built)
    assert (case["exposure"], case["currency"], case["class"]) == (20000, "EUR", "large")
    assert round((case["due_at"] - case["opened_at"]) / timedelta(hours=1), 3) == 4
    erp(built, credit_limit=300, limit_currency="EUR")
    (case,) = built.cases("trespass")
    assert (case["exposure"], case["class"]) == (300, "other")
    assert round((case["due_at"] - case["opened_at"]) / timedelta(days=1), 3) == 5


def test_one_cause_has_one_open_case_and_may_have_another_later(built):
    first = trespass(built)
    shop(built, credit_limit=95000, currency="EUR")
    assert [case["id"] for case in built.cases("trespass")] == [first["id"]]
    shop(built, credit_limit=20000, currency="EUR")
    assert built.cases("trespass") == []
    shop(built, credit_limit=95000, currency="EUR")
    (second,) = built.cases("trespass")
    assert second["id"] != first["id"]


def test_assigning_and_deferring_are_states_with_a_history(built):
    case = trespass(built)
    service = operating.stewardship(built.hub)
    service.assign(case["id"], "bob", "ann")
    assert service.case(case["id"]).row["state"] == "assigned"
    service.defer(case["id"], built.hub.clock.now() + timedelta(hours=1), "bob")
    assert service.case(case["id"]).row["state"] == "pending"
    built.hub.clock.ahead += timedelta(hours=2)
    built.settle()
    built.resolve.resolve(0)
    assert service.case(case["id"]).row["state"] == "assigned"
    service.assign(case["id"], None, "bob")
    assert history(built, case) == [
        ("open", "engine"),
        ("assigned", "ann"),
        ("pending", "bob"),
        ("assigned", "engine"),
        ("open", "bob"),
    ]


def test_the_queue_is_ordered_by_money_times_age(built):
    service = operating.stewardship(built.hub)
    small = trespass(built)
    wanted = {"states": ["open"], "kind": None, "entity": None, "assignee": None, "limit": 9}
    built.put("erp", "customer", id=7, name="Bolt AG", vat_number="DE1", credit_limit=-1)
    built.settle()
    with built.transaction() as work:
        work.connection.execute(
            "UPDATE hub.conflict SET opened_at = opened_at - interval '30 days', exposure = 0"
            " WHERE id <> %s",
            (small["id"],),
        )
        work.commit()
    assert next(row["id"] for row in service.cases(wanted)) == small["id"]
    with built.transaction() as work:
        sql = "UPDATE hub.conflict SET exposure = 100000 WHERE id <> %s"
        work.connection.execute(sql, (small["id"],))
        work.commit()
    assert next(row["id"] for row in service.cases(wanted)) != small["id"]


def test_a_decision_names_who_closed_the_case(built):
    case = trespass(built)
    service = operating.stewardship(built.hub)
    token = service.case(case["id"]).token
    service.choose(case["id"], token, ("shop", Lifetime()), ANN)
    built.settle()
    built.put("erp", "customer", id=1, name=NAME, vat_number=VAT, credit_limit=90000,
              limit_currency="EUR")  # fmt: skip
    built.settle()
    assert built.cases("trespass") == []
    assert ("pending", "ann") in history(built, case)


def test_the_cases_of_a_golden_record_without_records_expire(built):
    erp(built, credit_limit=-5)
    (case,) = built.cases("contract_violation")
    built.delete("erp", "customer", id=1)
    built.settle()
    assert closed(built, case)["state"] == "expired"


def test_the_cases_of_a_golden_record_that_was_merged_away_are_superseded(built):
    erp(built, credit_limit=-5)
    (case,) = built.cases("contract_violation")
    home, winner = built.home("erp", 1), built.home("shop", 2)
    assert winner is None
    with built.transaction() as work:
        work.decisions.merge_into(home, home, "p")
        work.commit()
    end = closed(built, case)
    assert (end["state"], end["resolution"]) == ("superseded", f"merged into {home}")


def test_postgresql_allows_the_steps_that_the_domain_allows_and_no_others(built):
    case = trespass(built)
    for was, now in product(CaseState, CaseState):
        with built.transaction() as work:
            work.connection.execute("ALTER TABLE hub.conflict DISABLE TRIGGER conflict_step")
            step(work, case, was)
            work.connection.execute("ALTER TABLE hub.conflict ENABLE TRIGGER conflict_step")
            if may_become(was, now):
                step(work, case, now)
            else:
                with pytest.raises(psycopg.errors.CheckViolation, match=f"is {was}"):
                    step(work, case, now)


def step(work, case, state):
    ends = None if state in LIVE else "2026-01-01"
    sql = "UPDATE hub.conflict SET state = %s, closed_at = %s::timestamptz WHERE id = %s"
    work.connection.execute(sql, (str(state), ends, case["id"]))
