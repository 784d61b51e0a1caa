"""Random sequences of what people and feeds do, with every invariant checked after each step."""

from __future__ import annotations

import pytest

from golden_records.domain.errors import TerminalError
from hub.bootstrap.verifying import verification
from tests.faults.dice import dice
from tests.hub.services.identity_play import erp, price, run, shop, undo

pytestmark = pytest.mark.postgres

COMPANIES = (
    ("Acme Industrial Supplies GmbH", "DE136695976", "office@acme-industrial.de"),
    ("Zenith Maritime Logistics AG", "DE811569869", "hq@zenith.de"),
    ("Borealis Paper Oy", "FI20774740", "post@borealis.fi"),
)
STEPS = 24
LINKS = """
SELECT record_id, golden_id, origin FROM hub.link WHERE state = 'MATCH' AND valid_to IS NULL
"""


class Play:
    """A hub, dice, and what was done so far."""

    def __init__(self, built, seed):
        self.built = built
        self.dice = dice(seed)
        self.txns = []
        self.done = 0

    def goldens(self):
        sql = "SELECT id FROM hub.golden WHERE entity = 'customer' AND status = 'ACTIVE' ORDER BY 1"
        return [str(row["id"]) for row in self.built.query(sql)]

    def members(self, golden_id):
        sql = (
            "SELECT s.system || ':' || s.key AS name FROM hub.link l"
            " JOIN hub.source_record s ON s.id = l.record_id"
            " WHERE l.golden_id = %(id)s AND l.state = 'MATCH' AND l.valid_to IS NULL ORDER BY 1"
        )
        return [row["name"] for row in self.built.query(sql, id=golden_id)]

    def operate(self, action, goldens, *records, **more):
        try:
            done = run(self.built, action, goldens, *records, **more)
        except TerminalError:
            return
        self.done += 1
        self.txns.append(done.txn)

    # --- what may happen ---

    def edit(self):
        name, vat, mail = self.dice.choice(COMPANIES)
        number = self.dice.randint(1, 5)
        if self.dice.random() < 0.4:
            erp(self.built, number, name=name, vat_number=vat, email=mail)
        else:
            shop(self.built, number, company=name, vat=vat, email=mail)

    def depend(self):
        number = self.dice.randint(1, 5)
        price(self.built, self.dice.choice(["erp", "shop"]), number, number)

    def delete(self):
        self.built.delete("shop", "account", id=self.dice.randint(1, 5))

    def merge(self):
        goldens = self.goldens()
        if len(goldens) > 1:
            retract = self.dice.random() < 0.5
            self.operate("merge", self.dice.sample(goldens, 2), retract=retract)

    def part(self):
        goldens = self.goldens()
        if goldens:
            golden_id = self.dice.choice(goldens)
            member = self.dice.choice(self.members(golden_id))
            into = self.dice.choice([None, "new", self.dice.choice(goldens)])
            self.operate("unmerge", [golden_id], member, into=into)

    def link(self):
        goldens = self.goldens()
        if len(goldens) > 1:
            one, two = self.dice.sample(goldens, 2)
            system, key = self.dice.choice(self.members(one)).split(":")
            record = f"{system}:customer:{key}"
            self.operate("link", [record, two], record)

    def undo(self):
        if self.txns:
            try:
                undo(self.built, self.txns[-1])
            except TerminalError:
                return
            self.txns.pop()
            self.done += 1

    def step(self):
        weighted = [self.edit] * 4 + [self.depend, self.delete, self.link, self.undo]
        weighted += [self.merge] * 3 + [self.part] * 3
        self.dice.choice(weighted)()


def manual_links(built):
    return {r["record_id"]: r["golden_id"] for r in built.query(LINKS) if r["origin"] == "MANUAL"}


def live(built):
    return {row["id"] for row in built.query("SELECT id FROM hub.source_record WHERE NOT deleted")}


def broken(built):
    return verification(built.hub).invariants().differences


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_invariants_hold_after_every_step(built, seed):
    play = Play(built, seed)
    for _ in range(6):
        play.edit()
    built.settle()
    for number in range(STEPS):
        play.step()
        assert broken(built) == [], number
        before = manual_links(built)
        built.settle()
        after = manual_links(built)
        kept = live(built)
        moved = {i: g for i, g in before.items() if i in kept and after.get(i) != g}
        assert moved == {}, number
        assert built.differences() == [], number
    assert play.done > STEPS // 6
    ids = built.query("SELECT id FROM hub.golden")
    assert len({row["id"] for row in ids}) == len(ids)
