"""Everybody and everything in the world before the first minute: the same for the same seed."""

# ruff: noqa: PLR2004 - the chances of dirt are the numbers of this world

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from demo import customers, skus
from demo.skus import PriceBooks, Sku

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from demo.customers import Customer
    from demo.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the world is."""

    customers: int = 2000
    skus: int = 1550


def generate(*, seed: int, sizes: Sizes, now: datetime) -> list[Record]:
    """Return every record of every system; `now` anchors the dated prices."""
    rng = Random(seed)  # noqa: S311 - a made-up world, not a secret
    return [*_customers(rng, sizes.customers), *_skus(rng, sizes.skus, now)]


def _keys(rng: Random, first: int, count: int) -> Iterator[str]:
    """Surrogate keys in no order that another system shares."""
    return (str(key) for key in rng.sample(range(first, first + 3 * count + 10), count))


def _customers(rng: Random, count: int) -> Iterator[Record]:
    erp_keys = _keys(rng, 1001, count)
    cpq_keys = _keys(rng, 500_001, count)
    shop_keys = _keys(rng, 1, 2 * count)
    for customer in customers.base(rng, count):
        erp = cpq = shop = None
        if rng.random() < 0.97:
            erp = customers.erp_record(rng, customer, next(erp_keys))
            yield erp
        if rng.random() < 0.7:
            cpq = customers.cpq_record(rng, customer, next(cpq_keys), erp)
            yield cpq
        if rng.random() < 0.78 or (erp is None and cpq is None):
            shop = customers.commerce_record(rng, customer, next(shop_keys))
            yield from _with_duplicate(rng, customer, shop, shop_keys)
        if erp is not None:
            yield from customers.limits(rng, erp, shop)


def _with_duplicate(
    rng: Random,
    customer: Customer,
    shop: Record,
    keys: Iterator[str],
) -> Iterator[Record]:
    yield shop
    if rng.random() < 0.04:
        yield customers.commerce_record(rng, customer, next(keys))


def _skus(rng: Random, count: int, now: datetime) -> Iterator[Record]:
    yield from skus.accounts()
    erp_keys = _keys(rng, 20_001, count)
    cpq_keys = _keys(rng, 70_001, count)
    shop_keys = _keys(rng, 1, count)
    books = PriceBooks(rng, now)
    for sku in skus.base(rng, count):
        if rng.random() < 0.97:
            yield skus.pim_record(rng, sku, skus.variant_key(rng))
        if rng.random() < 0.97:
            yield skus.erp_record(rng, sku, next(erp_keys))
        shop = None
        if rng.random() < 0.78:
            shop = skus.commerce_record(rng, sku, next(shop_keys))
            yield shop
        if rng.random() < 0.95:
            yield from _offers(books, sku, skus.cpq_record(rng, sku, next(cpq_keys)), shop)


def _offers(books: PriceBooks, sku: Sku, item: Record, shop: Record | None) -> Iterator[Record]:
    yield item
    believed: dict[str, Record] = {}
    for row in books.entries(sku, item):
        yield row
        if shop is not None and books.rng.random() < 0.8:
            price = skus.shop_price(books.rng, shop, row)
            believed[price.ref.key] = price
    yield from believed.values()
