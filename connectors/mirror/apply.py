"""Changes of one table into its mirror, set-based: read marks, fold, copy, upsert."""

# ruff: noqa: S608 - identifiers are quoted, and no value of the feed ever becomes SQL text
from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from connectors.mirror.fold import (
    Image,
    Shape,
    TableCounts,
    fold,
    needs_comparison,
    needs_content,
    origin_of,
)
from connectors.mirror.moments import steps
from connectors.mirror.names import Names
from golden_records.domain.rowchange import UNKNOWN, Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection

    from connectors.mirror.staging import Statements
    from golden_records.domain.rowchange import RowChange, TableContract

TABLE_LOCK: Final = "SELECT {} (hashtextextended(%s, 7301))"


def prepare(conn: Connection[Any], statements: Iterable[Statements]) -> None:
    """Make the temporary tables that this session lacks (a rollback may have taken them away)."""
    wanted = {one.images: one for one in statements}
    if not wanted:
        return
    row = conn.execute(
        "SELECT array_agg(n) FROM unnest(%s::text[]) n WHERE to_regclass(n) IS NULL",
        (list(wanted),),
    ).fetchone()
    for name in (row[0] if row else None) or ():
        for statement in wanted[name].create():
            conn.execute(statement)


def apply_table(
    conn: Connection[Any],
    statements: Statements,
    changes: Sequence[RowChange],
    *,
    keep_images: bool,
) -> tuple[TableCounts, int]:
    """Apply ordered changes of one table; say also how many images they left."""
    counts = TableCounts()
    batch = Batch(conn, statements, counts, keep_images=keep_images)
    truncates = any(change.op is Op.TRUNCATE for change in changes)
    batch.lock(exclusive=truncates)
    for is_truncate, segment in groupby(changes, key=lambda c: c.op is Op.TRUNCATE):
        if is_truncate:
            for change in segment:
                batch.truncate(change)
        else:
            batch.rows(list(segment))
    return counts, batch.images


@dataclass(slots=True)
class Batch:
    """One table's part of a chunk, within the caller's transaction."""

    conn: Connection[Any]
    sql: Statements
    counts: TableCounts
    keep_images: bool = field(kw_only=True)
    images: int = 0
    floor: str | None = None
    """The position of the table's newest truncation: what lies below it is gone."""

    def lock(self, *, exclusive: bool) -> None:
        """Keep a truncation apart from inserts of other workers that it could not see."""
        contract = self.sql.contract
        name = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
        self.conn.execute(TABLE_LOCK.format(name), (f"{contract.system}.{contract.table}",))
        row = self.conn.execute(
            f'SELECT position FROM {Names.truncations(contract.system)} WHERE "table" = %s',
            (contract.table,),
        ).fetchone()
        self.floor = row[0] if row else None

    def truncate(self, change: RowChange) -> None:
        """Tombstone all rows that the truncation found; an older one than the last is stale."""
        self.counts.received += 1
        position = change.position.encode() if change.position is not None else None
        if position is None or (self.floor is not None and position < self.floor):
            self.counts.stale += 1
            return
        facts = {"position": position, "at": change.source_ts, "origin": change.origin}
        written = self._written(self.sql.truncate(keep_images=self.keep_images), facts)
        if written or position != self.floor:
            self.counts.applied += 1
        else:
            self.counts.duplicate += 1
        self.floor = position
        contract = self.sql.contract
        self.conn.execute(
            f"INSERT INTO {Names.truncations(contract.system)} VALUES (%s, %s)"
            ' ON CONFLICT ("table") DO UPDATE SET position = excluded.position',
            (contract.table, position),
        )

    def rows(self, changes: Sequence[RowChange]) -> None:
        """Fold the changes row by row over what is stored, and write what is new."""
        groups = list(group_by_key(self._above_floor(changes)).values())
        if not groups:
            return
        marks = self._marks(groups)
        rows, slow = fast_rows(groups, marks, self.counts)
        if slow:
            rows += self._folded(slow, marks)
        if not rows:
            return
        self._copy(rows)
        stepwise = any(row[-1] is not None for row in rows)
        upsert = self.sql.upsert(keep_images=self.keep_images, stepwise=stepwise)
        written = self._written(upsert)
        lost = len(rows) - written
        self.counts.applied -= lost
        self.counts.stale += lost

    def _written(self, statement: str, facts: Mapping[str, Any] | None = None) -> int:
        cursor = self.conn.execute(statement, facts)
        if not self.keep_images:
            return cursor.rowcount
        written, imaged = cursor.fetchone() or (0, 0)
        self.images += imaged
        return int(written)

    def _above_floor(self, changes: Sequence[RowChange]) -> Sequence[RowChange]:
        if self.floor is None:
            return changes
        floor = self.floor
        kept = [c for c in changes if c.position is None or c.position.encode() >= floor]
        self.counts.received += len(changes) - len(kept)
        self.counts.stale += len(changes) - len(kept)
        return kept

    def _keys(self, groups: Iterable[Sequence[RowChange]]) -> tuple[list[Any], ...]:
        keys = [group[0].key for group in groups]
        return tuple([key[at] for key in keys] for at in range(len(self.sql.contract.key)))

    def _marks(self, groups: Sequence[Sequence[RowChange]]) -> dict[int, Image]:
        rows = self.conn.execute(self.sql.fetch_marks(), self._keys(groups)).fetchall()
        return {
            i - 1: Image(position, offset, deleted, ahead, None)
            for i, position, offset, deleted, ahead in rows
        }

    def _folded(
        self, slow: Mapping[int, Sequence[RowChange]], marks: Mapping[int, Image]
    ) -> list[tuple[Any, ...]]:
        """Fold with the stored content at hand, where the rules need it."""
        contract = self.sql.contract
        shape = Shape(len(contract.columns), contract.key_positions, self.sql.tags)
        loaded = self._loaded(slow, marks)
        compared = [at for at, group in slow.items() if needs_comparison(marks.get(at), group)]
        canonical = self._canonical({at: slow[at] for at in compared})
        images = (
            fold(loaded.get(at, marks.get(at)), canonical.get(at, group), shape, self.counts)
            for at, group in slow.items()
        )
        return [self._staged(image) for image in images if image is not None]

    def _staged(self, image: Image) -> tuple[Any, ...]:
        """The image as a row of the stage, with its steps if it has any."""
        told = None
        if image.since is not None and len(set(image.since)) > 1:
            names = self.sql.contract.column_names
            told = json.dumps(steps(self.sql.read, names, image.since))
        values = image.values or ()
        return (*values, *image[:4], image.changed_at, image.origin, None, told)

    def _loaded(
        self, slow: Mapping[int, Sequence[RowChange]], marks: Mapping[int, Image]
    ) -> dict[int, Image]:
        wanted = [
            at for at, group in slow.items() if at in marks and needs_content(marks[at], group)
        ]
        if not wanted:
            return {}
        keys = self._keys(slow[at] for at in wanted)
        rows = self.conn.execute(self.sql.fetch_content(), keys).fetchall()
        return {
            wanted[i - 1]: marks[wanted[i - 1]]._replace(values=tuple(values))
            for i, *values in rows
        }

    def _canonical(self, groups: Mapping[int, Sequence[RowChange]]) -> dict[int, list[RowChange]]:
        """The changes with their values as PostgreSQL writes them, comparable with stored ones."""
        changes = [change for group in groups.values() for change in group]
        known = {seq: c.values for seq, c in enumerate(changes) if c.values is not None}
        if not known:
            return {}
        blank = (None, 0, False, False, None, None)
        self._copy(
            [
                (*(None if v is UNKNOWN else v for v in values), *blank, seq, None)
                for seq, values in known.items()
            ],
            finished=True,
        )
        texts = {seq: row for seq, *row in self.conn.execute(self.sql.canonical())}
        self.conn.execute(f"DELETE FROM {self.sql.stage}")
        in_order = iter(
            change
            if seq not in known
            else change._replace(values=restore_unknown(known[seq], texts[seq]))
            for seq, change in enumerate(changes)
        )
        return {at: [next(in_order) for _ in group] for at, group in groups.items()}

    def _copy(self, rows: Iterable[tuple[Any, ...]], *, finished: bool = False) -> None:
        """Copy rows to the stage; `finished` rows carry their sequence number already."""
        if not finished:
            self.conn.execute(f"DELETE FROM {self.sql.stage}")
        with self.conn.cursor() as cursor, cursor.copy(self.sql.copy_in()) as copy:
            write = copy.write_row
            for row in rows:
                write(row)


def group_by_key(changes: Iterable[RowChange]) -> dict[tuple[Any, ...], list[RowChange]]:
    """The changes of each row, in arrival order."""
    groups: dict[tuple[Any, ...], list[RowChange]] = {}
    for change in changes:
        group = groups.get(change.key)
        if group is None:
            groups[change.key] = [change]
        else:
            group.append(change)
    return groups


def fast_rows(
    groups: Sequence[Sequence[RowChange]], marks: Mapping[int, Image], counts: TableCounts
) -> tuple[list[tuple[Any, ...]], dict[int, Sequence[RowChange]]]:
    """Settle the plain case, one whole change above the stored position; leave the rest.

    It says what `fold` would say, and is here because most of a feed is this case.
    """
    rows: list[tuple[Any, ...]] = []
    slow: dict[int, Sequence[RowChange]] = {}
    for at, whole in enumerate(groups):
        stored = marks.get(at)
        group = whole if stored is None else not_redelivered(whole, stored, counts)
        if not group:
            continue
        row = plain_row(group[0], stored) if len(group) == 1 else None
        if row is None:
            slow[at] = group
        else:
            rows.append(row)
    counts.received += len(rows)
    counts.applied += len(rows)
    return rows, slow


def not_redelivered(
    group: Sequence[RowChange], stored: Image, counts: TableCounts
) -> Sequence[RowChange]:
    """The changes from the first unread one on; the others are what `judge` calls duplicates."""
    again = 0
    for change in group:
        if change.offset > stored.offset or not _not_above(change, stored):
            break
        again += 1
    counts.received += again
    counts.duplicate += again
    return group[again:] if again else group


def _not_above(change: RowChange, stored: Image) -> bool:
    if change.position is None or stored.ahead or stored.position is None:
        return True
    return change.position.encode() <= stored.position


def plain_row(change: RowChange, stored: Image | None) -> tuple[Any, ...] | None:
    """The row to stage if the change plainly applies, else None."""
    values = change.values
    if values is None or change.position is None or UNKNOWN in values:
        return None
    position = change.position.encode()
    if stored is not None and (
        stored.ahead or stored.position is None or position <= stored.position
    ):
        return None
    marks = (position, change.offset, False, False, change.source_ts, origin_of(change))
    return (*values, *marks, None, None)


def restore_unknown(values: Sequence[Any], texts: Sequence[Any]) -> tuple[Any, ...]:
    """The canonical texts, with UNKNOWN where the change did not say."""
    return tuple(
        UNKNOWN if value is UNKNOWN else text for value, text in zip(values, texts, strict=True)
    )


def by_table(
    changes: Iterable[RowChange],
) -> Iterator[tuple[tuple[str, str], list[RowChange]]]:
    """The changes of each table in arrival order; tables in the order in which locks are taken."""
    groups: dict[tuple[str, str], list[RowChange]] = {}
    for change in changes:
        groups.setdefault((change.system, change.table), []).append(change)
    yield from sorted(groups.items())


def forget_offsets(conn: Connection[Any], contract: TableContract) -> None:
    """Take away the offsets of a table's rows: those of a topic that no longer exists."""
    conn.execute(f"UPDATE {Names.mirror(contract.system, contract.table)} SET _offset = -1")
