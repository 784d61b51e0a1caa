"""An owner, a copy that the hub writes, and a feed that lags: no false trespass, and an end."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from hypothesis import given, strategies as st

from golden_records.domain.echo import LedgerEntry, acknowledge, shared
from golden_records.domain.merge import merger
from golden_records.domain.records import ConflictKind
from tests.golden_records.domain.population import NOW, customer, owned, says

MERGER = merger(customer(owned("erp")))


class Pair:
    """The ERP owns `name`; the hub writes it to the shop, whose feed is delivered when told."""

    def __init__(self):
        self.erp, self.shop, self.seen = "a", "a", "a"
        self.bases = {"erp": {"name": "a"}, "shop": {"name": "a"}}
        self.feed = deque()
        self.ledger = []
        self.sent = 0

    def merge(self):
        records = [
            says("erp", name=self.erp, base=self.bases["erp"]),
            says("shop", name=self.seen, base=self.bases["shop"]),
        ]
        result = MERGER.merge(records, None, (), NOW)
        for record in records:
            self.bases[record.system] = result.bases.get(record.id, record.base)
        return result

    def publish(self):
        wanted = self.merge().attrs["name"]
        self.sent += 1
        sent_at = NOW + timedelta(seconds=self.sent)
        self.ledger.append(
            LedgerEntry(id=self.sent, version=self.sent, attrs={"name": wanted}, sent_at=sent_at)
        )
        self.write(wanted)

    def write(self, value):
        self.shop = value
        self.feed.append(value)

    def deliver(self):
        if self.feed:
            self.seen = self.feed.popleft()
            image = {"name": self.seen}
            found = acknowledge(self.ledger, image)
            self.bases["shop"] = shared(self.bases["shop"], image, found)
            done = {entry.id for entry in found.closed}
            self.ledger = [entry for entry in self.ledger if entry.id not in done]


EVENTS = st.lists(st.sampled_from(["publish", "deliver", "a", "b", "c"]), max_size=30)


def play(pair, event):
    if event in {"publish", "deliver"}:
        getattr(pair, event)()
    else:
        pair.erp = event


@given(EVENTS)
def test_the_lag_of_our_own_writes_is_never_a_trespass(events):
    pair = Pair()
    for event in events:
        play(pair, event)
        assert pair.merge().conflicts == ()


@given(EVENTS)
def test_when_everything_is_delivered_both_hold_the_same(events):
    pair = Pair()
    for event in events:
        play(pair, event)
    pair.publish()
    while pair.feed:
        pair.deliver()
    assert pair.seen == pair.shop == pair.erp == pair.merge().attrs["name"]
    assert pair.ledger == []
    assert pair.bases["shop"] == pair.bases["erp"] == {"name": pair.erp}


@given(EVENTS, EVENTS)
def test_a_change_by_a_person_at_the_copy_is_a_trespass_until_it_is_written_back(before, after):
    pair = Pair()
    for event in before:
        play(pair, event)
    pair.write("person's")
    while pair.feed:
        pair.deliver()
    (conflict,) = pair.merge().conflicts
    assert conflict.kind is ConflictKind.TRESPASS
    for event in after:
        play(pair, event)
    pair.publish()
    while pair.feed:
        pair.deliver()
    assert pair.merge().conflicts == ()
