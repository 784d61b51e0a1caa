"""Prices and limits from the terminal and in SQL: rates, raises, periods, yesterday, and proof."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.hub.cli.conftest import ACME, ACME_AT_SHOP
from tests.hub.services.hub_builder import MINIMAL, BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

BY = ("--actor", "ann", "--reason", "the board said so")
HEAD = "id,from,to,rate,valid_from,valid_to\n"
CUSTOMER = (MINIMAL / "entities" / "customer.yaml").read_text("utf-8")
OWNED = "    owners: [erp]\n    silent: keep\n    trespass: write_back\n"
GUARDED = """\
    strategies: [most_restrictive, source_rank]
    compare: {currency: EUR}
    raises: {above: 10000, currency: EUR}
"""


@pytest.fixture(scope="module")
def catalogue():
    assert OWNED in CUSTOMER
    return minimal_catalogue(**{"entities/customer.yaml": CUSTOMER.replace(OWNED, GUARDED)})


@pytest.fixture
def built(hub_database, catalogue):
    made = BuiltHub(make_hub(hub_database, catalogue))
    yield made
    made.close()


@pytest.fixture
def rates(mdhub, tmp_path):
    """Import lines of a CSV file; return the exit code."""

    def imported(*lines, words=()):
        file = tmp_path / "rates.csv"
        file.write_text(HEAD + "\n".join(lines), encoding="utf-8")
        return mdhub.run("rates", "import", file, "--actor", "ann", *words)

    return imported


def limit_of(built, home):
    attrs = built.golden(home)["attrs"]
    return attrs["credit_limit"], attrs["limit_currency"]


def at_erp(built, amount, currency="EUR"):
    built.put("erp", "customer", id=1, **ACME, credit_limit=amount, limit_currency=currency)
    built.settle()


def at_shop(built, amount, currency="EUR"):
    built.put("shop", "account", id=9, **ACME_AT_SHOP, credit_limit=amount, currency=currency)
    built.settle()


@pytest.fixture
def acme(built):
    """A customer whose limit is 9,000 euros in both systems."""
    at_erp(built, 9000)
    at_shop(built, 9000)
    assert built.home("erp", 1) == built.home("shop", 9)
    return built.home("erp", 1)


# --- rates


def test_a_rate_that_arrives_compares_what_could_not_be_compared(mdhub, built, acme, rates):
    at_shop(built, 10000, "USD")
    assert limit_of(built, acme) == ("9000", "EUR")
    (case,) = built.cases("rate_missing")
    assert case["details"]["rates"][0]["from"] == "USD"
    assert rates("usd-1,USD,EUR,0.5,2020-01-01,") == 0
    assert "1 added" in mdhub.out
    built.settle()
    assert limit_of(built, acme) == ("10000", "USD")
    assert built.cases("rate_missing") == []
    assert built.golden(acme)["lineage"]["credit_limit"]["rates"] == ["usd-1"]
    assert built.differences() == []
    assert mdhub.run("golden", "explain", acme, "--attribute", "credit_limit") == 0
    assert "usd-1" in mdhub.out


def test_another_rate_is_another_version_and_moves_what_it_touches(mdhub, built, acme, rates):
    at_shop(built, 10000, "USD")
    rates("usd-1,USD,EUR,0.5,2020-01-01,")
    built.settle()
    assert rates("usd-1,USD,EUR,2,2020-01-01,") == 0
    assert "1 added, 1 closed" in mdhub.out
    built.settle()
    assert limit_of(built, acme) == ("9000", "EUR")
    versions = {row["version"] for row in mdhub.json("rates", "show")}
    assert len(versions) == 2
    assert [row["rate"] for row in mdhub.json("rates", "show", "usd-1")] == ["0.5", "2"]
    assert built.differences() == []


def test_the_same_rates_again_change_nothing(mdhub, built, rates):
    rates("usd-1,USD,EUR,0.5,2020-01-01,")
    assert rates("usd-1,USD,EUR,0.50,2020-01-01,") == 0
    assert "0 added, 0 closed, 1 as they were; 0 roots" in mdhub.out
    assert len(mdhub.json("rates", "show")) == 1


def test_rates_of_one_pair_that_overlap_are_refused_by_name(mdhub, rates):
    rates("a,USD,EUR,0.5,2020-01-01,")
    assert rates("b,USD,EUR,0.6,2021-01-01,") == 4
    assert "rates b and a of one pair hold on the same day" in mdhub.err
    assert rates("a,USD,EUR,0.5,2020-01-01,2021-01-01", "b,USD,EUR,0.6,2021-01-01,") == 0
    assert [r["id"] for r in mdhub.json("rates", "list", "--on", "2021-01-01")] == ["b"]


def test_every_wrong_line_of_a_file_is_named_at_once(mdhub, rates):
    wrong = ("a,USD,EUR,0,2020-01-01,", "b,usd,EUR,1,2020-01-01,", "c,USD,EUR,1,soon,")
    assert rates(*wrong) == 4
    assert all(line in mdhub.err for line in ("line 2:", "line 3:", "line 4:"))


def test_a_whole_file_closes_what_it_does_not_name(mdhub, rates):
    rates("a,USD,EUR,0.5,2020-01-01,", "b,GBP,EUR,1.1,2020-01-01,")
    assert rates("a,USD,EUR,0.5,2020-01-01,", words=("--whole",)) == 0
    assert [row["id"] for row in mdhub.json("rates", "list")] == ["a"]


def test_the_database_itself_refuses_overlapping_rates(built):
    add = """INSERT INTO hub.exchange_rate (rate_id, source, target, rate, valid_from, added_in)
             VALUES (%s, 'USD', 'EUR', 1, '2020-01-01', 1)"""
    with built.work() as work:
        work.connection.execute(add, ("a",))
        with pytest.raises(psycopg.errors.ExclusionViolation):
            work.connection.execute(add, ("b",))


# --- raises


def decide(mdhub, case, word, expect):
    return mdhub.run("case", "decide", case["id"], word, "--expect", expect, *BY)


def raise_to(built, amount):
    at_erp(built, amount)
    at_shop(built, amount)


def test_a_raise_waits_for_an_approval_and_a_cut_does_not(mdhub, built, acme):
    raise_to(built, 50000)
    assert limit_of(built, acme) == ("9000", "EUR")
    assert built.differences() == []
    (case,) = mdhub.json("case", "list", "--kind", "raise_held")
    shown = mdhub.json("case", "show", case["id"])
    assert shown["options"] == ["approve", "refuse"]
    assert (
        mdhub.run("case", "decide", case["id"], "--approve", "--expect", shown["expect"], *BY) == 0
    )
    built.settle()
    assert limit_of(built, acme) == ("50000", "EUR")
    assert built.differences() == []
    raise_to(built, 20000)
    assert limit_of(built, acme) == ("20000", "EUR")
    raise_to(built, 50000)
    assert limit_of(built, acme) == ("20000", "EUR")
    (word,) = built.query("SELECT * FROM hub.raise_decision")
    assert (word["actor"], word["approved"], word["values"]["credit_limit"]) == (
        "ann",
        True,
        "50000",
    )
    assert word["closed_because"] == "something else is proposed"


def test_a_refused_raise_leaves_no_case_until_another_is_proposed(mdhub, built, acme):
    raise_to(built, 50000)
    (case,) = mdhub.json("case", "list", "--kind", "raise_held")
    expect = mdhub.json("case", "show", case["id"])["expect"]
    assert decide(mdhub, case, "--refuse", expect) == 0
    built.settle()
    assert limit_of(built, acme) == ("9000", "EUR")
    assert mdhub.json("case", "list", "--kind", "raise_held") == []
    assert built.differences() == []
    raise_to(built, 60000)
    assert len(mdhub.json("case", "list", "--kind", "raise_held")) == 1


def test_an_approval_of_what_is_no_longer_proposed_is_refused(mdhub, built, acme):
    raise_to(built, 50000)
    (case,) = mdhub.json("case", "list", "--kind", "raise_held")
    expect = mdhub.json("case", "show", case["id"])["expect"]
    raise_to(built, 70000)
    assert decide(mdhub, case, "--approve", expect) == 4
    built.settle()
    assert limit_of(built, acme) == ("9000", "EUR")


# --- periods


def price(built, number, amount, begin=None, end=None):
    same = {"customer_id": 1, "product_code": "A", "currency": "EUR"}
    row = {"id": number, "amount": amount, "valid_from": begin, "valid_to": end}
    built.put("erp", "customer_price", **same, **row)
    built.settle()


@pytest.fixture
def priced(built, acme):
    """A price with a successor in 2099; return its golden id."""
    price(built, 5, 10, "2020-01-01", "2099-01-01")
    price(built, 6, 12, "2099-01-01")
    return built.home("erp", 5, "price")


def test_a_future_price_is_data_already_and_no_new_version(built, priced):
    stored = built.query(
        "SELECT * FROM hub.golden_period WHERE replaced_at IS NULL ORDER BY begins"
    )
    assert [row["attrs"]["amount"] for row in stored] == ["10", "12"]
    assert stored[1]["begins"] == datetime(2098, 12, 31, 23, tzinfo=UTC)  # midnight in Berlin
    assert stored[1]["ends"] is None
    assert built.golden(priced)["attrs"]["amount"] == "10"
    assert built.golden(priced)["version"] == 1
    assert built.differences() == []


def test_a_period_begins_with_no_event(built, acme):
    soon = (built.hub.clock.now() + timedelta(days=2)).date()  # tomorrow has begun east of here
    price(built, 5, 10, "2020-01-01", str(soon))
    price(built, 6, 12, str(soon))
    home = built.home("erp", 5, "price")
    assert built.golden(home)["attrs"]["amount"] == "10"
    built.hub.clock.ahead += timedelta(days=3)
    built.settle()
    assert built.golden(home)["attrs"]["amount"] == "12"
    assert built.differences() == []


def test_what_is_in_force_at_any_date_is_answered(mdhub, priced):
    assert mdhub.run("golden", "show", priced, "--valid-at", "2099-06-01") == 0
    shown = mdhub.json("golden", "show", priced, "--valid-at", "2099-06-01")
    values = {row["attribute"]: row["value"] for row in shown["attributes"]}
    assert values["amount"] == "12"
    assert shown["facts"]["in_force_from"].startswith("2098-12-31T23:00")
    assert mdhub.run("golden", "show", priced, "--valid-at", "2019-01-01") == 4
    assert "no period" in mdhub.err


def test_an_entity_without_dates_has_no_periods_to_ask_for(mdhub, acme):
    assert mdhub.run("golden", "show", acme, "--valid-at", "2099-06-01") == 4
    assert "not dated" in mdhub.err


def test_what_was_known_yesterday_of_next_year_is_still_known(mdhub, built, priced):
    before = built.query("SELECT clock_timestamp() AS now")[0]["now"]
    price(built, 6, 13, "2099-01-01")
    words = ("golden", "show", priced, "--valid-at", "2099-06-01")
    amount = lambda shown: next(  # noqa: E731
        r["value"] for r in shown["attributes"] if r["attribute"] == "amount"
    )
    assert amount(mdhub.json(*words)) == "13"
    assert amount(mdhub.json(*words, "--as-of", before.isoformat())) == "12"


def test_the_database_itself_refuses_overlapping_periods(built, priced):
    add = """INSERT INTO hub.golden_period (golden_id, entity, begins, ends)
             VALUES (%s, 'price', '2050-01-01', '2051-01-01')"""
    with built.work() as work, pytest.raises(psycopg.errors.ExclusionViolation):
        work.connection.execute(add, (priced,))


# --- SQL for analysts


@pytest.fixture
def analyst(built):
    """Ask as the analysts' role; everything is rolled back."""
    with built.work() as work:
        work.connection.execute("SET ROLE mdhub_analyst")

        def ask(sql, *values):
            with work.connection.transaction():
                return work.connection.execute(sql, values).fetchall()

        yield ask
        work.connection.rollback()


def test_an_analyst_sees_now_then_and_next_year(built, priced, analyst):
    now = datetime.now(UTC) + timedelta(seconds=1)
    amounts = lambda rows: [str(row[0]) for row in rows]  # noqa: E731
    assert amounts(analyst("SELECT amount FROM golden_price")) == ["10"]
    assert amounts(analyst("SELECT amount FROM golden_price_as_of(%s)", now)) == ["10"]
    assert analyst("SELECT * FROM golden_price_as_of('2020-01-01')") == []
    assert amounts(analyst("SELECT amount FROM golden_price_valid_at('2099-06-01'::date)")) == [
        "12"
    ]
    known = "SELECT amount FROM golden_price_valid_at(%s, %s)"
    assert amounts(analyst(known, now, now)) == ["10"]
    periods = analyst("SELECT in_force_from, amount FROM periods_price ORDER BY 1")
    assert amounts([(row[1],) for row in periods]) == ["10", "12"]
    assert len(analyst("SELECT recorded_from, recorded_to FROM history_customer")) >= 1


VIEWS = """
SELECT table_name FROM information_schema.views WHERE table_schema = 'public' ORDER BY 1
"""


def test_an_analyst_may_read_every_view_and_nothing_else(built, priced, analyst):
    names = [row["table_name"] for row in built.query(VIEWS)]
    assert {"golden_price", "crosswalk", "lineage", "conflicts", "exchange_rates"} <= set(names)
    for name in names:
        analyst(f"SELECT * FROM public.{name} LIMIT 1")
    for statement in (
        "SELECT * FROM hub.golden",
        "SELECT * FROM mirror_erp.customer",
        "DELETE FROM golden_price",
        "UPDATE golden_price SET golden_id = golden_id",
        "CREATE TABLE public.mine (id int)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst(statement)
