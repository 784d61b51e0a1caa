"""Hold the hub's golden records against the truth of who is who."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

TABLES = {
    ("tryton", "party_party"): "customer",
    ("vendure", "customer"): "customer",
    ("tryton", "product_product"): "sku",
    ("vendure", "product_variant"): "sku",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Who is who: records (system, key) by the thing that they are, and look-alikes."""

    things: dict[str, set[tuple[str, str]]]
    twins: list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Pairs of records that are one thing, and pairs that were put together."""

    true: frozenset
    found: frozenset

    @property
    def precision(self):
        return len(self.true & self.found) / len(self.found)

    @property
    def recall(self):
        return len(self.true & self.found) / len(self.true)

    @property
    def f1(self):
        return 2 * len(self.true & self.found) / (len(self.true) + len(self.found))

    @property
    def wrong(self):
        """What was put together wrongly, and what was missed."""
        return sorted(self.found - self.true), sorted(self.true - self.found)

    def __str__(self):
        return f"precision {self.precision:.4f} recall {self.recall:.4f} F1 {self.f1:.4f}"


def read_truth(path, entity):
    things, twins = defaultdict(set), set()
    with path.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if TABLES.get((row["system"], row["table"])) == entity:
                things[row["truth_id"]].add((row["system"], row["native_key"]))
                if row["twin_of"]:
                    twins.add((row["truth_id"], row["twin_of"]))
    return Truth(things=dict(things), twins=sorted(twins))


def figures(truth, golden_of):
    """Compare pairs, over the records that the truth knows."""
    known = set().union(*truth.things.values())
    together = defaultdict(set)
    for record, golden in golden_of.items():
        if record in known:
            together[golden].add(record)
    return Figures(true=_pairs(truth.things.values()), found=_pairs(together.values()))


def confused(truth, golden_of):
    """The look-alikes that share a golden record though they are different."""
    goldens = {
        thing: {golden_of[record] for record in records if record in golden_of}
        for thing, records in truth.things.items()
    }
    return [
        (one, other)
        for one, other in truth.twins
        if goldens.get(one, set()) & goldens.get(other, set())
    ]


def _pairs(groups):
    return frozenset(pair for group in groups for pair in combinations(sorted(group), 2))
