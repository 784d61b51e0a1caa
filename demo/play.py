"""The stage on which business is played: dice, model, databases and journal in one hand."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from demo.changes import CHANGES
from demo.databases import insert
from demo.journal import Entry
from demo.layouts import LAYOUTS
from demo.vocabulary import SHOP_CHANNELS, SHOP_ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from demo.clock import Clock
    from demo.databases import Cursor, Desk
    from demo.journal import Effect, Journal
    from demo.model import World
    from demo.records import Record, Ref, Values


@dataclass(slots=True)
class Play:
    """What an action may use. Nothing is journaled that was not committed."""

    rng: Random
    world: World
    desk: Desk
    journal: Journal
    clock: Clock
    staging: float = 3.0
    counts: Counter[str] = field(default_factory=Counter)
    _later: list[tuple[datetime, int, Callable[[Play], None]]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)
    _picks: dict[tuple[str, str], list[Ref]] = field(default_factory=dict)

    def pick(self, system: str, entity: str) -> Record | None:
        """Choose a live record at random, or none where the dice hit one that is gone."""
        refs = self._picks.get((system, entity))
        if refs is None:
            refs = [each.ref for each in self.world.of_kind(system, entity)]
            self._picks[system, entity] = refs
        if not refs:
            return None
        record = self.world.get(self.rng.choice(refs))
        return None if record is None or record.values.get("deleted") == "true" else record

    def change(self, action: str, record: Record, group: str, values: Values) -> bool:
        """Change one record in its own transaction; False where no row was there any more."""
        return self.change_all(action, [(record, group, values)])

    def change_all(self, action: str, changes: list[tuple[Record, str, Values]]) -> bool:
        """Change several records of one system in one transaction."""
        system = changes[0][0].ref.system
        hits = self.desk.attempt(
            system, lambda cursor: [self._write(cursor, *change) for change in changes]
        )
        done = [change for change, hit in zip(changes, hits, strict=True) if hit]
        for record, group, values in done:
            self.note(action, record, "delete" if group == "delete" else "set", values)
        return bool(done)

    def create(self, action: str, record: Record) -> Record:
        """Insert a record with all its rows in one transaction; it gets its key if it has none."""
        made = self.desk.attempt(record.ref.system, lambda cursor: self.insert(cursor, record))
        self.note(action, made, "create", made.values)
        return made

    def insert(self, cursor: Cursor, record: Record) -> Record:
        """Insert the rows of a record within the caller's transaction, without a journal line."""
        for table, row in LAYOUTS[record.ref.system, record.ref.entity](record):
            insert(cursor, record.ref.system, table, _touched(row, self.clock.now()))
        return record

    def note(self, action: str, record: Record, effect: Effect, values: Values) -> None:
        """Journal what was committed, and let the model follow."""
        entry = Entry(
            at=self.clock.now().isoformat(),
            truth=record.truth,
            action=action,
            effect=effect,
            system=record.ref.system,
            entity=record.ref.entity,
            key=record.ref.key,
            values=values,
        )
        self.journal.append(entry)
        self.world.apply(entry)
        self.counts[action] += 1
        if effect == "create" and record.ref[:2] in self._picks:
            self._picks[record.ref.system, record.ref.entity].append(record.ref)

    def later(self, seconds: float, action: Callable[[Play], None]) -> None:
        due = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._later, (due, next(self._order), action))

    def due(self, now: datetime | None = None) -> int:
        """Do what has become due (everything that waits where no instant is given)."""
        done = 0
        while self._later and (now is None or self._later[0][0] <= now):
            heapq.heappop(self._later)[2](self)
            done += 1
        return done

    def _write(self, cursor: Cursor, record: Record, group: str, values: Values) -> bool:
        told = record.values | values
        parameters = told | {
            "key": record.ref.key,
            "shop_entity": SHOP_ENTITIES.get(told.get("entity") or ""),
            "channel": SHOP_CHANNELS.get(told.get("book") or ""),
        }
        hit = False
        for statement in CHANGES[record.ref.system, record.ref.entity, group]:
            cursor.execute(statement, parameters)
            hit = hit or cursor.rowcount > 0
        return hit

    def next_key(self, system: str, entity: str) -> str:
        """Reserve a surrogate key as the system itself would give it."""
        query = _NEXT_KEYS[system, entity]
        with self.desk.transaction(system) as cursor:
            cursor.execute(query)
            return str(cursor.fetchone()[0])


_NEXT_KEYS = {
    ("erp", "customer"): "SELECT nextval(pg_get_serial_sequence('party', 'id'))",
    ("erp", "sku"): "SELECT nextval(pg_get_serial_sequence('item', 'id'))",
    ("cpq", "customer"): "SELECT nextval(pg_get_serial_sequence('account', 'account_id'))",
    ("cpq", "sku"): "SELECT nextval(pg_get_serial_sequence('catalog_item', 'item_id'))",
    ("cpq", "price_row"): "SELECT nextval(pg_get_serial_sequence('price_book_entry', 'entry_id'))",
    ("commerce", "customer"): "SELECT COALESCE(MAX(id), 0) + 1 FROM customer",
    ("commerce", "sku"): "SELECT COALESCE(MAX(id), 0) + 1 FROM product_variant",
}


def _touched(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Give the row the present as its write date."""
    present = {
        "write_date": now.replace(tzinfo=None),
        "last_modified": now,
        "updated_at": now,
    }
    return row | {name: value for name, value in present.items() if name in row}
