"""Identity by reference."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from golden_records.domain.catalogue import Attribute, Entity, Identity, IdentityMode, Reference
from golden_records.domain.records import ConflictKind
from golden_records.domain.reference import collisions, identity_of
from tests.golden_records.domain.population import says

SKU, LIST = UUID(int=1), UUID(int=2)
PRICE = Entity(
    name="price",
    attributes=(Attribute(name="currency"), Attribute(name="quantity")),
    references=(
        Reference(name="sku", entity="sku"),
        Reference(name="price_list", entity="price_list", required=False),
    ),
    identity=Identity(
        mode=IdentityMode.REFERENCE, components=("sku", "price_list", "currency", "quantity")
    ),
    survivorship=(),
    settle=timedelta(0),
    settle_limit=timedelta(0),
)
ATTRS = {"sku": "S-1", "price_list": None, "currency": "EUR", "quantity": 1}


def test_references_count_as_what_they_resolve_to():
    assert identity_of(PRICE, ATTRS, {"sku": SKU}) == (str(SKU), None, "EUR", "1")
    other_key = {**ATTRS, "sku": "4711"}
    assert identity_of(PRICE, other_key, {"sku": SKU}) == identity_of(PRICE, ATTRS, {"sku": SKU})


def test_a_missing_required_reference_waits():
    assert identity_of(PRICE, ATTRS, {}) is None
    assert identity_of(PRICE, {**ATTRS, "sku": None}, {"sku": None}) is None


def test_an_optional_reference_that_is_not_resolved_yet_waits_too():
    said = {**ATTRS, "price_list": "L"}
    assert identity_of(PRICE, said, {"sku": SKU}) is None
    assert identity_of(PRICE, said, {"sku": SKU, "price_list": LIST})[1] == str(LIST)


def test_two_live_records_of_one_system_with_one_identity_collide():
    identity = identity_of(PRICE, ATTRS, {"sku": SKU})
    claims = [
        (says("erp", "2"), identity),
        (says("erp", "1"), identity),
        (says("shop", "1"), identity),
        (says("erp", "3", deleted=True), identity),
        (says("erp", "4"), None),
    ]
    (found,) = collisions(claims)
    assert [record.key for record in found.records] == ["1", "2"]
    conflict = found.conflict()
    assert conflict.kind is ConflictKind.REFERENCE_COLLISION
    assert conflict.cause == "reference_collision/erp/1"
    assert conflict.details["keys"] == ["1", "2"]


def test_a_price_and_its_successor_do_not_collide():
    def dated(key, begin, end):
        return says("erp", key, begin=begin, end=end), ("S",)

    bounds = ("begin", "end")
    first, then = dated("1", None, "2026-01-01"), dated("2", "2026-01-01", None)
    assert collisions([first, then], bounds) == ()
    late = dated("3", "2026-06-01", "infinity")
    (found,) = collisions([first, then, late], bounds)
    assert [record.key for record in found.records] == ["2", "3"]
