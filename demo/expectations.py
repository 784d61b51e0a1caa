"""What must be true of every value in every system, from the world's own record alone.

Each attribute has an owner and targets (`RULES`). In the owner's system, and in systems that are no
target, a value must be what that system's own people last said (*kept*). In a target it must be the
owner's last value where the bond between the two records is required (*synced*); where it is loose,
or the owner is silent or gone, any value that anybody ever gave this very truth will do, and never
another truth's (*own*).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.folding import fold
from demo.model import World, live
from demo.records import Record, Ref, joined
from demo.skus import price_key
from demo.vocabulary import COMPANIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whose word an attribute is, and where that word must arrive."""

    owner: str
    targets: tuple[str, ...]


RULES: dict[str, dict[str, Rule]] = {
    "customer": {
        **{
            name: Rule(owner="erp", targets=("commerce", "cpq"))
            for name in ("name", "tax_id", "street", "postal_code", "city", "country")
        },
        "phone": Rule(owner="erp", targets=("commerce",)),
        "status": Rule(owner="erp", targets=("commerce",)),
        "plan": Rule(owner="cpq", targets=("commerce",)),
        "email": Rule(owner="commerce", targets=("erp", "cpq")),
    },
    "sku": {
        "title_en": Rule(owner="pim", targets=("commerce", "erp", "cpq")),
        "title_de": Rule(owner="pim", targets=("commerce",)),
        "weight_g": Rule(owner="pim", targets=("commerce",)),
        "category": Rule(owner="pim", targets=("commerce",)),
        "lifecycle": Rule(owner="pim", targets=("commerce",)),
        "gl_account": Rule(owner="erp", targets=("commerce",)),
        "enabled": Rule(owner="commerce", targets=("pim",)),
    },
}
_BOOKKEEPING = frozenset({"deleted", "inherits"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One value in one system, and what it may be (already folded)."""

    check: str
    ref: Ref
    attribute: str
    allowed: frozenset[str | None]

    def holds(self, found: dict[str, str | None] | None) -> bool:
        """Tell whether what was read will do; a row that is not there says None."""
        value = None if found is None else found.get(self.attribute)
        return fold(self.attribute, value) in self.allowed


def derive(world: World, now: datetime) -> Iterator[Expectation]:
    """Yield every expectation that holds at this instant."""
    for system in ("erp", "cpq", "pim", "commerce"):
        for entity in RULES:
            for record in world.of_kind(system, entity):
                yield from _of_record(world, record)
    for system, entity in (("erp", "gl_mapping"), ("erp", "credit_limit"), ("cpq", "price_row")):
        for record in world.of_kind(system, entity):
            yield from (_kept(record, name) for name in record.values)
    for customer in world.of_kind("commerce", "customer"):
        yield from _limits(world, customer)
    for variant in world.of_kind("commerce", "sku"):
        yield from _prices(world, variant, now)


def _expect(check: str, ref: Ref, attribute: str, values: Iterable[str | None]) -> Expectation:
    allowed = frozenset(fold(attribute, value) for value in values)
    return Expectation(check=check, ref=ref, attribute=attribute, allowed=allowed)


def _kept(record: Record, attribute: str) -> Expectation:
    ref = record.ref
    return _expect(
        f"{ref.entity}.{attribute} kept in {ref.system}",
        ref,
        attribute,
        [record.values[attribute]],
    )


def _of_record(world: World, record: Record) -> Iterator[Expectation]:
    if not live(record):
        yield _expect(f"{record.ref.entity} stays deleted", record.ref, "deleted", ["true"])
        return
    rules = RULES[record.ref.entity]
    for attribute in record.values.keys() - _BOOKKEEPING:
        rule = rules.get(attribute)
        if rule is None or record.ref.system not in rule.targets:
            yield _kept(record, attribute)
        else:
            yield _synced(world, record, attribute, rule)


def _synced(world: World, record: Record, attribute: str, rule: Rule) -> Expectation:
    ref = record.ref
    owner = world.partner(ref, rule.owner)
    contested = world.rivals(record, rule.owner) > 1
    word = None if owner is None or contested else _word(world, owner, attribute)
    way = f"{ref.entity}.{attribute} {rule.owner} -> {ref.system}"
    if word is not None:
        return _expect(way, ref, attribute, [word])
    return _expect(f"{way} (own)", ref, attribute, {*_ever(world, record, attribute), None})


def _word(world: World, owner: Record, attribute: str) -> str | None:
    """Return what the owner says; the ERP says an article's account through its category."""
    if attribute == "gl_account":
        mapping = world.get(Ref("erp", "gl_mapping", owner.values["gl_category"] or ""))
        return None if mapping is None else mapping.values["account"]
    return owner.values[attribute]


def _ever(world: World, record: Record, attribute: str) -> set[str | None]:
    if attribute != "gl_account":
        return world.ever(record.ref.entity, record.truth, attribute)
    categories = world.ever("sku", record.truth, "gl_category") - {None}
    accounts: set[str | None] = set()
    for category in categories:
        accounts |= world.ever("gl_mapping", category or "", "account")
    return accounts


def _limits(world: World, customer: Record) -> Iterator[Expectation]:
    """A limit per legal entity: the ERP's where the bond is required; none where it has none."""
    owner = world.partner(customer.ref, "erp") if live(customer) else None
    for company, currency in COMPANIES.items():
        ref = Ref("commerce", "credit_limit", joined(customer.ref.key, company))
        own = world.get(ref)
        if own is not None:
            yield _expect(
                "credit_limit.used kept in commerce", ref, "used", [own.values["used"], None]
            )
        yield _expect("credit_limit.currency", ref, "currency", [currency, None])
        if owner is None:
            said = world.ever("credit_limit", joined(customer.truth, company), "amount")
            check = "credit_limit.amount erp -> commerce (own)"
            yield _expect(check, ref, "amount", {*said, None, "0"})
            continue
        limit = world.get(Ref("erp", "credit_limit", joined(owner.ref.key, company)))
        said_now = [None, "0"] if limit is None else [limit.values["amount"]]
        yield _expect("credit_limit.amount erp -> commerce", ref, "amount", said_now)


def _prices(world: World, variant: Record, now: datetime) -> Iterator[Expectation]:
    """A price per offer: the CPQ's row in force where the bond is required."""
    owner = world.partner(variant.ref, "cpq") if live(variant) else None
    in_force = world.prices(owner.ref.key, now) if owner is not None else {}
    for terms, amounts in world.offered(variant.truth).items():
        ref = Ref("commerce", "price", price_key(variant.ref.key, *terms))
        if terms in in_force:
            check, allowed = "price.amount cpq -> commerce", {in_force[terms]["amount"]}
        else:
            check, allowed = "price.amount cpq -> commerce (own)", {*amounts, None}
        yield _expect(check, ref, "amount", allowed)


def strangers(world: World, expected: set[Ref], found: Iterable[Ref]) -> list[Ref]:
    """Return rows that nobody's record accounts for: made by the hub without a reason."""
    return [ref for ref in found if ref not in expected and world.get(ref) is None]
