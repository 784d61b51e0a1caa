"""SKUs as four systems know them, their dated prices, and the accounts of their categories."""

# ruff: noqa: PLR2004 - the chances of dirt are the numbers of this world

from __future__ import annotations

import string
import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from demo import dirt, identifiers, vocabulary
from demo.records import Record, Ref, joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

GL_CATEGORIES = tuple(f"RC{number:02d}" for number in range(1, 21))
OFFERS = (("STD", "EUR", 1, 1.0), ("STD", "CHF", 1, 0.5), ("WHOLESALE", "EUR", 1, 0.6),
          ("WHOLESALE", "EUR", 10, 0.4))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """The article itself, as nobody's database holds it."""

    truth: str
    code: str
    ean: str
    title_en: str
    title_de: str
    weight_g: int
    category: str
    list_price: Decimal


def invent(rng: Random, number: int) -> Sku:
    category = rng.choice(vocabulary.CATEGORIES)
    english, german = rng.choice(vocabulary.GOODS[category])
    finish_en, finish_de = rng.choice(vocabulary.FINISHES)
    model = f"{rng.choice(string.ascii_uppercase)}{rng.randint(10, 99)}"
    return Sku(
        truth=f"S{number:06d}",
        code=f"{string.ascii_uppercase[number % 26]}{rng.choice('BDFKLMRT')}{1000 + number}",
        ean=identifiers.gtin(rng),
        title_en=f"{english} {model} {finish_en}",
        title_de=f"{german} {model} {finish_de}",
        weight_g=rng.randint(2, 900) * 10,
        category=category,
        list_price=Decimal(rng.randint(199, 89_900)) / 100,
    )


def base(rng: Random, count: int) -> list[Sku]:
    return [invent(rng, number) for number in range(1, count + 1)]


def variant_key(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def pim_record(rng: Random, of: Sku, key: str) -> Record:
    """The owner's copy of what the article is; one in ten says its title on the product only."""
    values = {
        "code": of.code,
        "ean": of.ean if rng.random() < 0.95 else None,
        "title_en": of.title_en,
        "title_de": of.title_de if rng.random() < 0.9 else None,
        "weight_g": str(of.weight_g),
        "category": of.category,
        "lifecycle": "active" if rng.random() < 0.93 else "phase_out",
        "enabled": "true" if rng.random() < 0.5 else "false",
        "inherits": "true" if rng.random() < 0.1 else "false",
    }
    return Record(ref=Ref("pim", "sku", key), truth=of.truth, values=values)


def erp_record(rng: Random, of: Sku, key: str) -> Record:
    values = {
        "code": dirt.typo(rng, of.code) if rng.random() < 0.01 else of.code,
        "ean": of.ean if rng.random() < 0.85 else None,
        "title_en": dirt.maybe(rng, 0.3, (dirt.typo, dirt.change_case), of.title_en),
        "gl_category": rng.choice(GL_CATEGORIES[:8] if rng.random() < 0.7 else GL_CATEGORIES),
    }
    return Record(ref=Ref("erp", "sku", key), truth=of.truth, values=values)


def cpq_record(rng: Random, of: Sku, key: str) -> Record:
    values = {
        "code": dirt.typo(rng, of.code) if rng.random() < 0.01 else of.code,
        "ean": of.ean if rng.random() < 0.7 else None,
        "title_en": dirt.maybe(rng, 0.2, (dirt.typo, dirt.change_case), of.title_en),
        "family": of.category.partition("_")[0],
    }
    return Record(ref=Ref("cpq", "sku", key), truth=of.truth, values=values)


def commerce_record(rng: Random, of: Sku, key: str) -> Record:
    values = {
        "code": of.code,
        "ean": of.ean if rng.random() < 0.9 else None,
        "title_en": dirt.maybe(rng, 0.2, (dirt.typo, dirt.change_case), of.title_en),
        "title_de": of.title_de if rng.random() < 0.5 else None,
        "weight_g": str(of.weight_g) if rng.random() < 0.6 else None,
        "category": of.category if rng.random() < 0.9 else None,
        "lifecycle": "active",
        "enabled": "true" if rng.random() < 0.85 else "false",
        "gl_account": None,
        "on_hand": str(rng.randint(0, 400)),
        "deleted": None,
    }
    return Record(ref=Ref("commerce", "sku", key), truth=of.truth, values=values)


def accounts() -> Iterator[Record]:
    """Which revenue account of the main company each of the ERP's categories posts to."""
    for number, category in enumerate(GL_CATEGORIES, start=1):
        ref = Ref("erp", "gl_mapping", category)
        account = str(400000 + number * 100)
        yield Record(ref=ref, truth=category, values={"category": category, "account": account})


@dataclass(slots=True)
class PriceBooks:
    """Writes the dated entries of an item, and what the shop believes of its prices."""

    rng: Random
    now: datetime
    next_entry: int = 1

    def entries(self, of: Sku, item: Record) -> Iterator[Record]:
        for book, currency, quantity, chance in OFFERS:
            if self.rng.random() > chance:
                continue
            amount = of.list_price * (Decimal("0.8") if book == "WHOLESALE" else 1)
            if quantity > 1:
                amount *= Decimal("0.9")
            offer = {"sku": item.ref.key, "book": book, "currency": currency}
            yield from self._history(item, offer | {"quantity": str(quantity)}, amount)

    def _history(
        self,
        item: Record,
        offer: dict[str, str],
        amount: Decimal,
    ) -> Iterator[Record]:
        ages = sorted(self.rng.sample(range(10, 900), self.rng.randint(1, 3)), reverse=True)
        if self.rng.random() < 0.03:
            ages.append(-self.rng.randint(30, 90))
        for age in ages:
            amount *= Decimal(self.rng.randint(95, 108)) / 100
            exact = f"{amount:.2f}" + ("12" if self.rng.random() < 0.03 else "00")
            values = offer | {
                "valid_from": (self.now - timedelta(days=age)).isoformat(),
                "amount": exact,
                "approved_by": self.rng.choice(("m.keller", "s.weber", "j.turner")),
            }
            ref = Ref("cpq", "price_row", str(self.next_entry))
            self.next_entry += 1
            yield Record(ref=ref, truth=item.truth, values=dict(values))


def shop_price(rng: Random, variant: Record, row: Record) -> Record:
    """What the shop asks for what this entry offers: mostly that, sometimes an old price."""
    amount = Decimal(row.values["amount"] or "0")
    asked = amount if rng.random() < 0.85 else amount * Decimal("1.07")
    offer = {name: row.values[name] for name in ("book", "currency", "quantity")}
    key = price_key(variant.ref.key, *(text or "" for text in offer.values()))
    values = {"sku": variant.ref.key, **offer, "amount": f"{asked:.2f}"}
    return Record(ref=Ref("commerce", "price", key), truth=variant.truth, values=values)


def price_key(variant: str, book: str, currency: str, quantity: str) -> str:
    return joined(variant, book, currency, quantity)
