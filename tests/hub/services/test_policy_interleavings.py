"""A policy becomes active while workers resolve: each interleaving forced, with real transactions.

Whatever the order, no golden record is left as the old policy computed it without a mark, and no
decision is lost.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime

import pytest

from config.catalogue import load_catalogue
from golden_records.domain.policy import PolicyChanged
from golden_records.domain.records import Override
from hub.bootstrap.following import FollowingApply, FollowingResolve, newest
from hub.bootstrap.operating import stewardship
from hub.bootstrap.policies import activate, policies, sweeping, under
from hub.bootstrap.verifying import verification
from hub.bootstrap.working import applier, resolver
from hub.services.policies import Word
from hub.services.resolving.by_matching import Matchings
from tests.hub.services.hub_builder import SHARDS
from tests.hub.services.test_interleavings import until_waiting

pytestmark = pytest.mark.postgres

ANN = Word(actor="ann", reason="test")
OWNERS = "    attributes: [credit_limit, limit_currency]\n    owners: [erp]"
ACME = {"vat": "DE136695976", "email": "office@acme-industrial.de"}


@pytest.fixture
def workers():
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield pool


@pytest.fixture
def shop_owns(built):
    """A version, approved, in which the shop owns the limits; not active yet."""
    files = dict(built.hub.catalogue.files)
    text = files["entities/customer.yaml"]
    files["entities/customer.yaml"] = text.replace(OWNERS, OWNERS.replace("erp", "shop"))
    catalogue = load_catalogue(files)
    service = policies(built.hub)
    service.draft(catalogue, built.hub.catalogue.version, ANN)
    service.simulated(catalogue.version, ANN, {})
    service.approve(catalogue.version, ANN)
    with built.work() as work:
        under(built.hub, catalogue).mirrors.install(work.connection)
        work.commit()
    return catalogue.version


@pytest.fixture
def customer(built):
    """One customer of both systems, with a limit of 500 there and 300 here; its golden id."""
    told = {"company": "Acme Industrial Supplies", **ACME}
    built.put("erp", "customer", id=1, name="Acme Industrial Supplies GmbH",
              vat_number=ACME["vat"], email=ACME["email"], credit_limit=500,
              limit_currency="EUR")  # fmt: skip
    built.put("shop", "account", id=2, **told, credit_limit=300, currency="EUR")
    built.settle()
    assert built.home("erp", 1) == built.home("shop", 2)
    return built.home("erp", 1)


def switch(built, version):
    renewed, _ = activate(built.hub, version, ANN)
    sweeping(renewed).finish(lambda _: None)


def limit(built, golden):
    return built.golden(golden)["attrs"]["credit_limit"]


def clean(built, following):
    built.settle(following)
    hub = newest(built.hub)
    assert verification(hub).verify(lambda _: None).differences == []


def each_shard(service):
    return [service.resolve(shard).taken for shard in range(SHARDS)]


def test_an_activation_waits_for_the_worker_that_resolves_by_the_old_policy(
    built, workers, customer, shop_owns
):
    following = FollowingResolve(built.hub, resolver)
    built.put("shop", "account", id=2, company="Acme", **ACME, credit_limit=250, currency="EUR")
    with built.transaction() as work:
        work.goldens.lock([customer])
        resolving = workers.submit(each_shard, following)
        until_waiting(built, 1)
        activating = workers.submit(switch, built, shop_owns)
        until_waiting(built, 2)
        assert not activating.done()
        work.commit()
    resolving.result(30)
    activating.result(30)
    assert built.golden(customer)["policy_version"] == built.hub.catalogue.version
    assert built.query("SELECT cause FROM hub.dirty_root") == [{"cause": "policy"}]
    clean(built, following)
    assert limit(built, customer) == "250"
    assert built.golden(customer)["policy_version"] == shop_owns


def test_a_worker_that_comes_after_the_activation_takes_up_the_new_rules(
    built, workers, customer, shop_owns
):
    following = FollowingResolve(built.hub, resolver)
    old = resolver(built.hub)
    built.put("shop", "account", id=2, company="Acme", **ACME, credit_limit=250, currency="EUR")
    with built.transaction() as work:
        work.policies.take()
        resolving = [workers.submit(following.resolve, shard) for shard in range(SHARDS)]
        until_waiting(built, SHARDS)
        work.policies.switch(shop_owns)
        work.commit()
    wait(resolving, 30)
    assert sum(task.result().taken for task in resolving) == 1
    assert limit(built, customer) == "250"
    assert built.golden(customer)["policy_version"] == shop_owns
    with pytest.raises(PolicyChanged):
        old.resolve(0)


def test_a_record_that_appears_between_the_switch_and_the_sweep_is_by_the_new_policy(
    built, customer, shop_owns
):
    following = FollowingResolve(built.hub, resolver)
    renewed, _ = activate(built.hub, shop_owns, ANN)
    built.put("erp", "customer", id=7, name="Zenith Maritime AG", credit_limit=9)
    built.settle(following)
    assert built.golden(built.home("erp", 7))["policy_version"] == shop_owns
    assert limit(built, customer) == "500"
    hub = newest(built.hub)
    assert verification(hub).verify(lambda _: None).differences == []
    sweeping(renewed).finish(lambda _: None)
    clean(built, following)
    assert limit(built, customer) == "300"


def test_a_decision_that_was_under_way_is_not_lost(built, workers, customer, shop_owns):
    following = FollowingResolve(built.hub, resolver)
    with built.hub.held_work() as work:
        activating = workers.submit(switch, built, shop_owns)
        until_waiting(built, 1)
        work.goldens.lock([customer])
        override = Override(
            attribute="credit_limit",
            value="777",
            mode="FOREVER",
            actor="ann",
            set_at=datetime(2026, 5, 1, tzinfo=UTC),
        )
        work.decisions.set_override(customer, override, "agreed")
        work.commit()
    activating.result(30)
    clean(built, following)
    assert limit(built, customer) == "777"


def test_a_decision_by_the_rules_of_before_is_refused(built, customer, shop_owns):
    steward = stewardship(built.hub)
    switch(built, shop_owns)
    with pytest.raises(PolicyChanged):
        steward.cases({"states": ("open",)})


def test_an_interrupted_sweep_is_carried_on_by_whoever_comes(built, customer, shop_owns):
    following = FollowingResolve(built.hub, resolver)
    for number in range(10, 16):
        built.put("erp", "customer", id=number, name=f"{chr(55 + number) * 7} Holding")
    built.settle()
    renewed, _ = activate(built.hub, shop_owns, ANN)
    small = type(sweeping(renewed))(renewed.work, Matchings(renewed.catalogue), most=2)
    assert small.step()
    marked = len(built.query("SELECT * FROM hub.dirty_root"))
    assert marked == 2
    built.settle(following)
    later = newest(built.hub)
    other = type(small)(later.work, Matchings(later.catalogue), most=2)
    other.finish(lambda _: None)
    assert len(built.query("SELECT * FROM hub.golden")) - 2 == len(
        built.query("SELECT * FROM hub.dirty_root")
    )
    clean(built, following)
    assert limit(built, customer) == "300"


def test_the_feed_is_mirrored_by_the_views_of_the_active_policy(built, customer, shop_owns):
    applying = FollowingApply(built.hub, applier)
    switch(built, shop_owns)
    assert applying.apply([]).hints == {}
    with pytest.raises(PolicyChanged):
        applier(built.hub).apply([])


def test_two_policies_cannot_be_active(built, shop_owns):
    sql = "UPDATE hub.catalogue SET active = true"
    with built.transaction() as work, pytest.raises(Exception, match="one_active_catalogue"):
        work.connection.execute(sql)
