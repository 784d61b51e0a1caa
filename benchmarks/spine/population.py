"""Customers in any number, the same for the same number, and the events that tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

SYLLABLES = (
    *("ba", "ler", "kon", "mi", "tas", "ro", "ven", "du", "fel", "gar", "hin", "jo"),
    *("pra", "sti", "wol", "zen", "nau", "bert", "ossa", "quel", "rim", "tek", "ul", "var"),
)
FORMS = ("GmbH", "AG", "KG", "GmbH & Co. KG", "e.K.")
STREETS = ("Haupt", "Bahnhof", "Garten", "Schiller", "Linden", "Markt", "Ring", "Wald")
SEGMENTS = ("retail", "wholesale", "industry", "public")
SHOP_SHARE = 3
"""Every third customer is in the shop too."""
IDENTIFYING_EVERY = 10
NEW_EVERY = 50
FIRST_LSN = 2**40
"""Far from the positions of the real log, which the same topic carries for other rows."""


def party(number: int) -> dict[str, Any]:
    """Return a row of the ERP's table, as Debezium writes its values."""
    rng = Random(number)  # noqa: S311 - made-up customers
    name = "".join(rng.choices(SYLLABLES, k=rng.randint(3, 5))).capitalize()
    postcode = rng.randint(1000, 99_999)
    return {
        "id": number,
        "name": f"{name} {rng.choice(FORMS)}",
        "tax_id": f"DE{100_000_000 + number * 7 % 899_999_999:09d}",
        "email": f"office{number}@{name.lower()}.example",
        "phone": f"+49 {rng.randint(30, 999)} {rng.randint(100_000, 9_999_999)}",
        "street": f"{rng.choice(STREETS)}str. {rng.randint(1, 180)}",
        "postcode": f"{postcode:05d}",
        "city": f"{''.join(rng.choices(SYLLABLES, k=2)).capitalize()}stadt",
        "credit_limit": f"{rng.randint(1, 200) * 500}.00",
        "segment": rng.choice(SEGMENTS),
        "note": f"customer since {2000 + number % 25}",
        "updated_at": "2026-01-01T00:00:00.000000Z",
    }


def account(number: int) -> dict[str, Any]:
    """Return the shop's row of a customer: other spellings, sometimes without the tax id."""
    told = party(number)
    return {
        "id": number + 5_000_000,
        "company": told["name"].upper() if number % 2 else told["name"].replace("GmbH", "Gmbh"),
        "vat": told["tax_id"] if number % 5 else None,
        "email": told["email"],
        "street": told["street"].replace("str.", "strasse"),
        "zip": told["postcode"],
        "city": told["city"],
        "credit_limit": told["credit_limit"],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A record of a topic: which table it is of, its key and its value."""

    table: str
    key: bytes
    value: bytes


class Feed:
    """Makes events with rising positions."""

    def __init__(self, databases: dict[str, str]) -> None:
        self._databases = databases
        self._number = 0

    def inserts(self, first: int, last: int) -> Iterator[Event]:
        """Yield every customer's row, and the shop's after it."""
        for number in range(first, last):
            yield self._event("party", "c", party(number))
            if number % SHOP_SHARE == 0:
                yield self._event("account", "c", account(number))

    def mixed(self, count: int, customers: int, seed: int) -> Iterator[Event]:
        """Yield a day's feed: changes, and one new customer in every `NEW_EVERY` events."""
        changes = self.updates(count, customers, seed)
        fresh = customers
        for at, change in enumerate(changes):
            if at % NEW_EVERY:
                yield change
            else:
                yield self._event("party", "c", party(fresh))
                fresh += 1

    def updates(self, count: int, customers: int, seed: int) -> Iterator[Event]:
        """Yield changes of scattered customers; one in ten touches what identifies them."""
        rng = Random(seed)  # noqa: S311 - made-up customers
        order = list(range(customers))
        rng.shuffle(order)
        for at in range(count):
            row = party(order[at % customers])
            row["note"] = f"visited {seed}.{at}"
            row["segment"] = rng.choice(SEGMENTS)
            if at % IDENTIFYING_EVERY == 0:
                row["phone"] = f"+49 {rng.randint(30, 999)} {rng.randint(100_000, 9_999_999)}"
            yield self._event("party", "u", row)

    def _event(self, table: str, op: str, row: dict[str, Any]) -> Event:
        self._number += 1
        lsn = FIRST_LSN + self._number
        system = "erp" if table == "party" else "shop"
        at = 1_767_225_600_000 + self._number
        source = {
            "version": "3.5.0.Final", "connector": "postgresql", "name": f"mdhub.{system}",
            "ts_ms": at, "snapshot": "false", "db": self._databases[system],
            "sequence": f'["{lsn}","{lsn}"]', "ts_us": at * 1000, "ts_ns": at * 1_000_000,
            "schema": "public", "table": table, "txId": self._number, "lsn": lsn, "xmin": None,
        }  # fmt: skip
        body = {
            "before": None, "after": row, "source": source, "transaction": None, "op": op,
            "ts_ms": at, "ts_us": at * 1000, "ts_ns": at * 1_000_000,
        }  # fmt: skip
        return Event(table=table, key=b'{"id":%d}' % row["id"], value=orjson.dumps(body))
