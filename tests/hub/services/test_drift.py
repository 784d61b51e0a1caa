"""A source's table that changes its shape: cases by the feed and by the source's own catalogue."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import orjson
import psycopg
import pytest

from golden_records.domain.feed import Chunk, FeedRecord
from hub.bootstrap.drifting import look_at_sources
from hub.bootstrap.working import applier
from hub.services.quarantine import Quarantine

pytestmark = pytest.mark.postgres

ROW = {
    "id": 1,
    "name": "Acme",
    "vat_number": "DE136695976",
    "email": None,
    "region": None,
    "credit_limit": "500",
    "limit_currency": "EUR",
}
TABLES = """
CREATE TABLE customer (id bigint PRIMARY KEY, name text, vat_number text, email text,
  region text, credit_limit numeric, limit_currency text);
CREATE TABLE address (id bigint PRIMARY KEY, customer_id bigint, kind text, street text, city text,
  postcode text, country text);
CREATE TABLE customer_price (id bigint PRIMARY KEY, customer_id bigint, product_code text,
  currency text, amount numeric, valid_from date, valid_to date);
"""


class Feed:
    """Customers of the ERP as Debezium tells of them; each event a second after the other."""

    def __init__(self, built):
        self.built = built
        self.apply = applier(built.hub)
        self.at = 0
        self.sent = []

    def say(self, row, key=None):
        self.at += 1
        source = {
            "connector": "postgresql",
            "schema": "public",
            "table": "customer",
            "lsn": self.at,
        }
        source |= {"ts_ms": 1_790_000_000_000 + self.at * 1000, "snapshot": "false"}
        source |= {"sequence": f'[null,"{self.at}"]', "txId": self.at}
        value = orjson.dumps({"op": "u", "before": None, "after": row, "source": source})
        raw = orjson.dumps(key or {"id": row["id"]})
        self.sent.append(FeedRecord(raw, value, [], 0, self.at))
        return self.again(self.sent[-1])

    def again(self, *records):
        return self.apply.apply([Chunk("test.erp.customer", 0, list(records))])


@pytest.fixture
def feed(built):
    feed = Feed(built)
    feed.say(ROW)
    return feed


@pytest.fixture
def source(built, databases, tmp_path):
    """The ERP's own database, and the hub that reads it; the shop cannot be read."""
    url = databases.make()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ERP_URL").write_text(url)
    settings = built.hub.settings.model_copy(update={"state_dir": tmp_path})
    known = {
        key: replace(contract, known=contract.column_names)
        for key, contract in built.hub.contracts.items()
    }
    built.hub = replace(built.hub, settings=settings, contracts=known)
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(TABLES)
        yield session


def look(built):
    told = []
    found = look_at_sources(built.hub, told.append)
    return [(misfit.place, str(misfit.shape)) for misfit in found], told


def drifts(built):
    return {row["cause"].removeprefix("schema_drift/"): row for row in built.cases("schema_drift")}


def closed(built):
    return built.query(
        "SELECT cause, closed_by, resolution FROM hub.conflict"
        " WHERE kind = 'schema_drift' AND closed_at IS NOT NULL ORDER BY id"
    )


def without(name):
    return {key: value for key, value in ROW.items() if key != name}


def test_a_table_that_fits_has_no_case(built, feed, source):
    assert look(built)[0] == []
    assert drifts(built) == {}


# --- what the feed tells ---


def test_a_column_that_vanishes_from_the_feed_opens_one_case_that_says_what_to_do(built, feed):
    feed.say({**without("vat_number"), "name": "Acme Ltd"})
    feed.say({**without("vat_number"), "name": "Acme plc"})
    (case,) = drifts(built).values()
    assert (case["entity"], case["system"], case["outcome"]) == (
        "customer",
        "erp",
        "last values kept",
    )
    details = case["details"]
    assert (details["table"], details["column"]) == ("customer", "vat_number")
    assert details["message"] == "erp.customer no longer has the column vat_number"
    assert "mdhub connect" in details["remedy"]
    built.settle()
    assert built.golden(built.home("erp", 1))["attrs"]["vat_number"] == ROW["vat_number"]


def test_the_case_closes_by_itself_when_the_column_is_there_again(built, feed):
    feed.say(without("vat_number"))
    feed.say(ROW)
    assert drifts(built) == {}
    (row,) = closed(built)
    assert row["closed_by"] == "engine"
    assert row["resolution"] == "what the source sends fits again"


def test_an_old_chunk_that_comes_again_brings_no_case_back_and_closes_none(built, feed):
    feed.say(without("vat_number"))
    feed.again(feed.sent[0])
    assert len(drifts(built)) == 1, "an event from before the change proves nothing"
    feed.say(ROW)
    feed.again(*feed.sent)
    assert drifts(built) == {}
    assert len(closed(built)) == 1
    feed.say(without("vat_number"))
    assert len(drifts(built)) == 1, "it has vanished once more"


def test_a_value_of_another_type_is_kept_in_the_quarantine_and_told_once(built, feed):
    for name in ("Acme Ltd", "Acme plc"):
        outcome = feed.say({**ROW, "name": name, "credit_limit": "plenty"})
        assert len(outcome.quarantined) == 1
    (case,) = drifts(built).values()
    assert (case["details"]["column"], case["details"]["change"]) == (
        "credit_limit",
        "type_changed",
    )
    feed.say({**ROW, "credit_limit": None})
    assert len(drifts(built)) == 1, "a null has no type"
    feed.say({**ROW, "credit_limit": "700"})
    assert drifts(built) == {}
    rows = built.query("SELECT state FROM hub.quarantine")
    assert [row["state"] for row in rows] == ["OPEN", "OPEN"]


def test_a_value_that_cannot_be_stored_is_no_change_of_the_shape(built, feed):
    assert feed.say({**ROW, "name": "nul\x00"}).quarantined
    assert drifts(built) == {}


def test_a_key_of_other_columns_is_told_and_what_was_set_aside_is_replayed(built, feed):
    feed.say({**ROW, "name": "Acme Ltd"}, key={"tenant": 1, "id": 1})
    (case,) = drifts(built).values()
    assert case["details"]["message"] == "the key of erp.customer was id and is id, tenant"
    feed.say({**ROW, "name": "Acme plc"})
    assert drifts(built) == {}
    (row,) = built.query("SELECT id FROM hub.quarantine")
    replay = Quarantine(built.work, feed.apply, built.hub.clock).replay([row["id"]])
    assert [one.state for one in replay] == ["OPEN"], "it stays until the key fits"
    assert drifts(built) == {}


# --- what the source's own catalogue tells ---


def test_the_source_tells_of_columns_that_have_gone_or_changed_their_type(built, source):
    source.execute("ALTER TABLE customer DROP COLUMN region")
    source.execute("ALTER TABLE customer ALTER COLUMN credit_limit TYPE text")
    source.execute("ALTER TABLE customer ALTER COLUMN name TYPE varchar(80)")
    assert look(built)[0] == [("region", "column_gone"), ("credit_limit", "type_changed")]
    assert look(built)[0] == [("region", "column_gone"), ("credit_limit", "type_changed")]
    cases = drifts(built)
    assert set(cases) == {"erp/customer/region", "erp/customer/credit_limit"}
    message = cases["erp/customer/credit_limit"]["details"]["message"]
    assert message == "erp.customer.credit_limit was numeric and is text"
    source.execute("ALTER TABLE customer ADD COLUMN region text")
    source.execute("ALTER TABLE customer ALTER credit_limit TYPE numeric USING 0")
    assert look(built)[0] == []
    assert drifts(built) == {}
    assert {row["closed_by"] for row in closed(built)} == {"engine"}


def test_a_new_column_is_information_until_it_is_known(built, source):
    source.execute("ALTER TABLE customer ADD COLUMN nickname text")
    source.execute("ALTER TABLE customer ADD COLUMN branch integer NOT NULL")
    assert set(look(built)[0]) == {("nickname", "column_new"), ("branch", "column_new_required")}
    cases = drifts(built)
    assert cases["erp/customer/nickname"]["outcome"] == "information"
    assert cases["erp/customer/branch"]["outcome"] == "creations may fail"
    contract = built.hub.contracts["erp", "customer"]
    known = replace(contract, known=(*contract.known, "nickname", "branch"))
    built.hub = replace(built.hub, contracts={**built.hub.contracts, ("erp", "customer"): known})
    look(built)
    assert drifts(built) == {}


def test_a_table_and_a_key_are_told_too(built, source):
    source.execute("DROP TABLE customer_price")
    source.execute("ALTER TABLE address DROP CONSTRAINT address_pkey")
    assert set(look(built)[0]) == {("(table)", "table_gone"), ("(key)", "key_changed")}
    assert drifts(built)["erp/customer_price/(table)"]["entity"] == "price"


def test_what_the_feed_told_the_source_confirms_in_the_same_case(built, feed, source):
    feed.say(without("region"))
    source.execute("ALTER TABLE customer DROP COLUMN region")
    look(built)
    (case,) = drifts(built).values()
    assert case["details"]["witness"] == "source"
    source.execute("ALTER TABLE customer ADD COLUMN region text")
    look(built)
    assert drifts(built) == {}


def test_a_source_that_cannot_be_read_is_named_and_its_cases_stay(built, source, tmp_path):
    source.execute("ALTER TABLE customer DROP COLUMN region")
    assert any("shop" in line for line in look(built)[1])
    url = urlsplit((tmp_path / "secrets" / "ERP_URL").read_text())
    (tmp_path / "secrets" / "ERP_URL").write_text(urlunsplit(url._replace(path="/nowhere")))
    found, told = look(built)
    assert found == []
    assert any("erp" in line for line in told)
    assert len(drifts(built)) == 1
