"""A row that goes, or comes, at a target while the hub is about to write it, on real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from connectors.targets.sql import SqlTarget
from golden_records.ports import LeaseTerms, WriteOutcome
from hub.services.publish import Publish, PublishSettings
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

NAME, VAT = "Acme Industrial Supplies GmbH", "DE136695976"
ACCOUNT = """
CREATE TABLE account (id text PRIMARY KEY DEFAULT gen_random_uuid()::text, hub_id text,
  company text, vat text {unique}, email text, credit_limit numeric, currency text)
"""
TERMS = LeaseTerms(span=timedelta(seconds=30), limit=10, tagged=False)


class Place:
    """The hub, and the shop as a database of its own."""

    def __init__(self, built, url):
        self.built = built
        catalogue = built.hub.catalogue
        self.target = SqlTarget(catalogue.systems["shop"], catalogue, url)
        self.shop = psycopg.connect(url, autocommit=True)
        self.shop.execute(ACCOUNT.format(unique="UNIQUE"))
        self.publish = Publish(
            built.work, {"shop": self.target}, built.hub.clock, lambda: 0.0, PublishSettings()
        )
        with built.work() as work:
            work.registry.switch("shop", live=True)
            work.commit()

    def close(self):
        self.shop.close()
        self.target.close()

    def has(self, **account):
        names = ", ".join(account)
        places = ", ".join(f"%({name})s" for name in account)
        self.shop.execute(f"INSERT INTO account ({names}) VALUES ({places})", account)

    def accounts(self):
        return self.shop.execute("SELECT id, company FROM account ORDER BY id").fetchall()

    def make_due(self):
        with self.built.work() as work:
            work.connection.execute("UPDATE hub.publication SET due_at = now() - interval '1 day'")
            work.commit()

    def lease(self):
        """Take what is due in hand, as a publisher does before it writes."""
        self.make_due()
        with self.built.work() as work:
            leases = work.leases.lease("shop", self.built.hub.clock.now(), TERMS)
            work.commit()
        return leases

    def wishes(self, key):
        return self.built.query(
            "SELECT attribute_group, state FROM hub.publication"
            " WHERE target = 'shop' AND target_key = %(key)s",
            key=key,
        )


@pytest.fixture
def place(hub_database, databases):
    files = minimal_catalogue().files
    declared = files["hub.yaml"].replace("engine: mariadb", "engine: postgresql")
    assert declared != files["hub.yaml"]
    built = BuiltHub(make_hub(hub_database, minimal_catalogue(**{"hub.yaml": declared})))
    built.go_live()
    place = Place(built, databases.make())
    yield place
    place.close()
    built.close()


@pytest.fixture
def known(place):
    """A customer of both systems; the shop is to be told another name."""
    place.has(id="2", company="ACME", vat=VAT)
    place.built.put("erp", "customer", id=1, name=NAME, vat_number=VAT)
    place.built.put("shop", "account", id=2, company="ACME", vat=VAT)
    place.built.settle()
    return place


def test_a_row_that_went_before_the_feed_told_is_not_brought_back(known):
    known.shop.execute("DELETE FROM account")
    leases = [lease for lease in known.lease() if lease.group == "master"]
    (result,) = [known.target.write(lease, known.built.hub.clock.now()) for lease in leases]
    assert result.outcome is WriteOutcome.CONFLICT
    assert known.accounts() == []


def test_a_wish_under_way_when_the_deletion_was_withheld_is_dropped_and_writes_nothing(known):
    known.make_due()
    writing = known.target.write

    def slow(lease, now):
        """The shop deletes the row, and the hub hears of it, before the write begins."""
        known.shop.execute("DELETE FROM account")
        known.built.delete("shop", "account", id=2)
        known.built.settle()
        return writing(lease, now)

    known.target.write = slow
    assert known.publish.tick("shop") > 0
    assert known.built.cases("delete_of_owned")
    assert known.accounts() == []
    assert known.wishes("2") == []
    known.target.write = writing
    assert known.publish.tick("shop") == 0
    assert known.built.cases("update_of_deleted") == []
    assert known.built.differences() == []


def test_a_wish_left_by_a_worker_that_died_is_not_sent_once_the_deletion_is_withheld(known):
    assert known.lease()
    known.built.delete("shop", "account", id=2)
    known.built.settle()
    known.built.hub.clock.ahead += timedelta(hours=1)
    known.make_due()
    assert [lease for lease in known.lease() if lease.target_key] == []


def lacking(place):
    """A customer of the ERP alone; the shop is to get it."""
    place.built.put("erp", "customer", id=1, name=NAME, vat_number=VAT)
    place.built.settle()
    assert [row["attribute_group"] for row in place.wishes("")] == ["master"]


def test_a_row_that_came_by_itself_since_the_lease_is_not_created_once_more(place):
    lacking(place)
    place.make_due()
    check = place.built.work

    def appear():
        """The shop gets the account, and the hub hears of it, once the publisher has its lease."""
        place.publish._work = check
        place.has(id="2", company="ACME", vat=VAT)
        place.built.put("shop", "account", id=2, company="ACME", vat=VAT)
        place.built.settle()
        return check()

    leasing = place.built.hub.work
    turns = iter((leasing, leasing, appear))

    def open_in_turn():
        return next(turns)()

    place.publish._work = open_in_turn
    assert place.publish.tick("shop") == 1
    assert place.accounts() == [("2", "ACME")]
    assert place.wishes("") == []
    assert place.built.differences() == []
    place.make_due()
    place.publish.tick("shop")
    assert place.accounts() == [("2", NAME)]


def test_a_row_that_the_target_has_by_now_is_not_overwritten_unseen(place):
    lacking(place)
    (lease,) = place.lease()
    place.has(id="2", hub_id=str(lease.golden_id), company="Somebody else")
    result = place.target.write(lease, place.built.hub.clock.now())
    assert result.outcome is WriteOutcome.CONFLICT
    assert place.accounts() == [("2", "Somebody else")]


def created(place):
    """The publisher creates the row; the feed tells of it before the attempt is put down."""
    lacking(place)
    place.make_due()
    writing = place.target.write

    def quick(lease, now):
        result = writing(lease, now)
        place.shop.execute("UPDATE account SET id = '2'")
        place.built.put("shop", "account", id=2, company=NAME, vat=VAT)
        place.built.settle()
        return result

    place.target.write = quick
    assert place.publish.tick("shop") == 1
    place.target.write = writing


def open_entries(place):
    return place.built.query("SELECT id FROM hub.write_ledger WHERE closed_at IS NULL")


def test_a_creation_whose_row_came_before_the_attempt_was_put_down_is_answered(place):
    created(place)
    assert [row["state"] for row in place.wishes("")] in ([], ["ECHOED"])
    assert open_entries(place) == []
    assert place.built.differences() == []


def test_a_creation_whose_answer_was_missed_is_answered_when_it_is_looked_at_again(place):
    created(place)
    with place.built.work() as work:
        work.connection.execute(
            "UPDATE hub.publication SET state = 'SENT', sent_at = now() - interval '1 day'"
            " WHERE target_key = ''"
        )
        work.commit()
    place.publish.look_again()
    assert [row["state"] for row in place.wishes("")] in ([], ["ECHOED"])
    assert place.built.differences() == []
