"""What the demo's write plans write, held to what the judge reads by SQL of its own."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from connectors.targets.sql import SqlTarget
from demo.databases import POSTGRES_SYSTEMS
from demo.folding import fold
from demo.readings import read
from demo.records import Ref
from golden_records.ports import Lease, WriteOutcome
from tests.demo.mirrored import catalogue

pytestmark = [pytest.mark.stack, pytest.mark.enable_socket, pytest.mark.timeout(180)]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

DESIRED = {
    "name": "Größe & Söhne AG",
    "tax_id": "DE136695976",
    "phone": "+4930123456",
    "status": "inactive",
    "street": "Neue Straße 7",
    "postal_code": "10999",
    "city": "Berlin",
    "country": "AT",
    "plan": "ENTERPRISE",
    "email": "new@mail.example",
    "title_en": "New title",
    "title_de": "Neuer Titel",
    "weight_g": 4321,
    "category": "HAND_TOOLS",
    "lifecycle": "phase_out",
    "gl_account": "401900",
    "enabled": True,
    "amount": "1234.56",
    "currency": "EUR",
}


def _spelt(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lease(plan, key, parameters):
    desired = {name: DESIRED[name] for name in plan.attributes}
    return Lease(
        id=1,
        ledger_id=1,
        target=plan.system,
        entity=plan.entity,
        golden_id=uuid.uuid4(),
        target_key=key,
        group=plan.group,
        lane="lane",
        lane_class="default",
        golden_version=1,
        desired=desired,
        seen=None,
        parameters=DESIRED | parameters,
        fence=1,
        tagged=False,
        attempts=1,
        cause_at=None,
        last_values=(),
    )


def _url(servers, system):
    url = urlsplit(servers.postgres if system in POSTGRES_SYSTEMS else servers.mariadb)
    return url._replace(path=f"/{servers.database(system)}").geturl()


def _targets(standing_desk, system, entity):
    """Some records of the entity, and the parameters that name each."""
    for ref, values in list(read(standing_desk, system, entity).items())[:40]:
        if entity == "credit_limit":
            yield ref, {"customer_key": values["customer"], "legal_entity": values["entity"]}
        elif entity == "price":
            quantity = int(values["quantity"])
            yield (
                ref,
                {
                    "sku_key": values["sku"],
                    "price_list": values["book"],
                    "quantity": quantity,
                },
            )
        else:
            yield ref, {}


PLANS = [
    ("commerce", "customer", "master"),
    ("commerce", "customer", "address"),
    ("commerce", "customer", "plan"),
    ("commerce", "credit_limit", "limit"),
    ("commerce", "price", "price"),
    ("commerce", "sku", "catalogue"),
    ("commerce", "sku", "posting"),
    ("erp", "customer", "email"),
    ("erp", "sku", "title"),
    ("cpq", "customer", "master"),
    ("cpq", "sku", "title"),
    ("pim", "sku", "enabled"),
]


def test_every_plan_of_the_catalogue_is_tried_here(servers):
    assert {(p.system, p.entity, p.group) for p in catalogue(servers).plans} == set(PLANS)


@pytest.mark.parametrize("way", PLANS, ids="-".join)
def test_a_plan_writes_what_the_judge_then_reads(servers, standing_desk, way):
    system, entity, group = way
    loaded = catalogue(servers)
    plan = loaded.plan(system, entity, group)
    target = SqlTarget(loaded.systems[system], loaded, _url(servers, system))
    done = []
    currencies = {r: v.get("currency") for r, v in read(standing_desk, system, entity).items()}
    for ref, parameters in _targets(standing_desk, system, entity):
        told = {"currency": currencies[ref]} if "currency" in plan.attributes else {}
        lease = _lease(plan, ref.key, parameters)
        lease = replace(lease, desired=lease.desired | told)
        result = target.write(lease, NOW + timedelta(seconds=len(done)))
        assert result.outcome in {WriteOutcome.WRITTEN, WriteOutcome.ALREADY}, result
        assert result.observed == lease.desired
        assert target.write(lease, NOW).outcome is WriteOutcome.ALREADY
        done.append((ref, lease.desired))
    target.close()
    after = read(standing_desk, system, entity)
    for ref, desired in done:
        for name, value in desired.items():
            assert fold(name, after[ref][name]) == fold(name, _spelt(value)), (ref, name)


def test_a_limit_and_a_price_are_created_where_the_shop_has_none(servers, standing_desk):
    loaded = catalogue(servers)
    target = SqlTarget(loaded.systems["commerce"], loaded, _url(servers, "commerce"))
    customer = next(iter(read(standing_desk, "commerce", "customer"))).key
    variant = next(iter(read(standing_desk, "commerce", "sku"))).key
    with standing_desk.transaction("commerce") as cursor:
        cursor.execute("DELETE FROM customer_credit WHERE customer_id = %s", (customer,))
        cursor.execute("DELETE FROM variant_price WHERE variant_id = %s", (variant,))
    limit = {"customer_key": customer, "legal_entity": "1000"}
    price = {"sku_key": variant, "price_list": "WHOLESALE", "quantity": 10}
    for entity, group, named in (("credit_limit", "limit", limit), ("price", "price", price)):
        lease = _lease(loaded.plan("commerce", entity, group), "", named)
        assert target.write(lease, NOW).outcome is WriteOutcome.WRITTEN
        assert target.write(lease, NOW).outcome is WriteOutcome.ALREADY
    target.close()
    made = read(standing_desk, "commerce", "credit_limit")[
        Ref("commerce", "credit_limit", f"{customer}/1000")
    ]
    assert (fold("amount", made["amount"]), made["currency"]) == ("1234.56", "EUR")
    assert fold("used", made["used"]) == "0.00"
    key = Ref("commerce", "price", f"{variant}/WHOLESALE/EUR/10")
    assert fold("amount", read(standing_desk, "commerce", "price")[key]["amount"]) == "1234.56"


def test_an_e_mail_is_added_to_a_party_that_has_none(servers, standing_desk):
    loaded = catalogue(servers)
    bare = next(
        r for r, values in read(standing_desk, "erp", "customer").items() if not values["email"]
    )
    target = SqlTarget(loaded.systems["erp"], loaded, _url(servers, "erp"))
    result = target.write(_lease(loaded.plan("erp", "customer", "email"), bare.key, {}), NOW)
    target.close()
    assert result.outcome is WriteOutcome.WRITTEN
    assert read(standing_desk, "erp", "customer")[bare]["email"] == DESIRED["email"]


def test_the_shop_tidies_a_phone_number_as_the_mappings_do(standing_desk):
    with standing_desk.transaction("commerce") as cursor:
        cursor.execute("UPDATE customer SET phone = '+49 30 / 123-456' LIMIT 1")
        cursor.execute("SELECT phone FROM customer WHERE phone = '+4930123456'")
        assert cursor.fetchone()
