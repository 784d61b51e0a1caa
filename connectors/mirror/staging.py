"""Statements that move a chunk into a mirror table, made once per table and connection.

Two temporary tables per mirror, emptied at each commit: `stage` takes the folded rows, `images`
holds what the upsert replaced and wrote, for the derivation of touched roots.
"""

# ruff: noqa: S608 - identifiers are quoted, and no value of the feed ever becomes SQL text
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connectors.mirror.fold import ANYBODY
from connectors.mirror.moments import ALL_BITS, LAST_BIT, bits
from connectors.mirror.names import Names, literal, quoted
from connectors.mirror.tables import MARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from golden_records.domain.rowchange import TableContract

AT_ONCE: Final = "_changed_at, _bits"
IN_STEPS: Final = "coalesce(p.at, d._changed_at), d._bits & coalesce(p.bits, -1)"

AS_TEXT: Final = frozenset({"json", "xml", "point", "polygon", "box", "line", "path", "citext"})
"""Types without equality, or whose equality overlooks what a record shows; compared as text."""


def _types(contract: TableContract) -> dict[str, str]:
    return {column.name: column.type for column in contract.columns}


def comparable(expression: str, kind: str) -> str:
    """The expression in a form that IS DISTINCT FROM accepts."""
    return f"{expression}::text" if kind.strip().lower() in AS_TEXT else expression


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL of one mirror table.

    `read` are the columns that some mapping reads; `tag` tells catalogues apart; `tags` are the
    origins of our own transactions at the source, none where they have no mark.
    """

    contract: TableContract
    read: tuple[str, ...]
    tag: str
    tags: frozenset[str] = frozenset()

    @property
    def stage(self) -> str:
        return f"pg_temp.{quoted(self._temporary('stage'))}"

    @property
    def images(self) -> str:
        return f"pg_temp.{quoted(self._temporary('images'))}"

    def _temporary(self, kind: str) -> str:
        # A digest, for PostgreSQL cuts long names silently, and two tables must not become one.
        full = f"{self.tag}/{self.contract.system}/{self.contract.table}"
        return f"{kind}_{hashlib.sha256(full.encode()).hexdigest()[:24]}"

    def create(self) -> list[str]:
        types = _types(self.contract)
        staged = [f"{quoted(name)} {kind}" for name, kind in types.items()]
        staged += [f"{name} {kind}" for name, kind in MARKS.items()]
        pairs = ["_old_live boolean", "_new_live boolean", "_changed_at timestamptz"]
        pairs += ["_bits bigint", "_ours boolean"]
        for at, name in enumerate(self.read):
            pairs += [f"o{at} {types[name]}", f"n{at} {types[name]}"]
        made = {self.stage: [*staged, "_seq integer", "_steps jsonb"], self.images: pairs}
        return [
            f"CREATE TEMP TABLE IF NOT EXISTS {name.removeprefix('pg_temp.')}"
            f" ({', '.join(columns)}) ON COMMIT DELETE ROWS"
            for name, columns in made.items()
        ]

    def copy_in(self) -> str:
        names = [quoted(name) for name in self.contract.column_names]
        return f"COPY {self.stage} ({', '.join([*names, *MARKS, '_seq', '_steps'])}) FROM STDIN"

    def canonical(self) -> str:
        """Read staged changes back as text, so that they compare with stored values as text."""
        columns = ", ".join(f"{quoted(name)}::text" for name in self.contract.column_names)
        return f"SELECT _seq, {columns} FROM {self.stage} WHERE _seq IS NOT NULL"

    def _keys(self) -> tuple[str, str]:
        types = _types(self.contract)
        arrays = ", ".join(f"%s::{types[name]}[]" for name in self.contract.key)
        names = ", ".join(f"k{at}" for at in range(len(self.contract.key)))
        join = " AND ".join(
            f"m.{quoted(name)} = k.k{at}" for at, name in enumerate(self.contract.key)
        )
        return f"unnest({arrays}) WITH ORDINALITY k({names}, i)", join

    def fetch_marks(self) -> str:
        """Lock and read the marks of rows by key; `i` counts the keys from 1."""
        keys, join = self._keys()
        order = ", ".join(f"m.{quoted(name)}" for name in self.contract.key)
        return (
            "SELECT k.i, m._position, m._offset, m._deleted, m._ahead"
            f" FROM {keys} JOIN {self.mirror} m ON {join} ORDER BY {order} FOR UPDATE OF m"
        )

    def fetch_content(self) -> str:
        keys, join = self._keys()
        columns = ", ".join(f"m.{quoted(name)}::text" for name in self.contract.column_names)
        return f"SELECT k.i, {columns} FROM {keys} JOIN {self.mirror} m ON {join}"

    @property
    def mirror(self) -> str:
        return Names.mirror(self.contract.system, self.contract.table)

    def upsert(self, *, keep_images: bool, stepwise: bool = False) -> str:
        """Write the staged rows, keep old and new images, return how many were written.

        `stepwise`: some row changed more than once; its image is kept once for each time, with
        the columns that last changed then. The guard on the position is for a second worker that
        wrote a row first which neither found there to lock.
        """
        names = [quoted(name) for name in self.contract.column_names]
        key = ", ".join(quoted(name) for name in self.contract.key)
        targets = [*names, *MARKS]
        columns = ", ".join(targets)
        settings = ", ".join(
            f"{name} = excluded.{name}"
            if name != "_position"
            else "_position = coalesce(excluded._position, m._position)"
            for name in targets
        )
        insert = (
            f"INSERT INTO {self.mirror} AS m ({columns})"
            f" SELECT {columns} FROM {self.stage} WHERE _seq IS NULL ORDER BY {key}"
            f" ON CONFLICT ({key}) DO UPDATE SET {settings}"
            " WHERE excluded._position IS NULL OR m._position IS NULL"
            " OR excluded._position >= m._position"
        )
        return self._with_images(insert, stepwise=stepwise) if keep_images else insert

    def _with_images(self, insert: str, *, stepwise: bool) -> str:
        pairs = "".join(
            f", old.{quoted(name)} AS o{at}, new.{quoted(name)} AS n{at}"
            for at, name in enumerate(self.read)
        )
        flags = "old._deleted IS FALSE AS _old_live, NOT new._deleted AS _new_live"
        insert += f" RETURNING {flags}, new._changed_at AS _changed_at{self._ours()}{pairs}"
        if stepwise:
            insert += "".join(
                f", new.{quoted(k)} AS k{at}" for at, k in enumerate(self.contract.key)
            )
        columns = ", ".join(["_old_live", "_new_live", "_ours", *self.pairs()])
        return (
            f"WITH w AS ({insert}), i AS (INSERT INTO {self.images} ({columns}, _changed_at, _bits)"
            f" SELECT {columns}, {IN_STEPS if stepwise else AT_ONCE}"
            f" FROM (SELECT *, {self._bits()} AS _bits FROM w OFFSET 0) d"
            f"{self._joined_steps() if stepwise else ' WHERE _bits <> 0'} RETURNING 1)"
            " SELECT (SELECT count(*) FROM w), (SELECT count(*) FROM i)"
        )

    def _ours(self) -> str:
        """Whether an image shows, or may show, a transaction of ours."""
        if not self.tags:
            return ", true AS _ours"
        names = ", ".join(literal(name) for name in sorted({*self.tags, ANYBODY}))
        return f", coalesce(new._origin IN ({names}), false) AS _ours"

    def _joined_steps(self) -> str:
        key = [quoted(name) for name in self.contract.key]
        staged = ", ".join(f"{name} AS s{at}" for at, name in enumerate(key))
        same = " AND ".join(f"s.s{at} = d.k{at}" for at in range(len(key)))
        return (
            f" LEFT JOIN (SELECT {staged}, _steps FROM {self.stage} WHERE _steps IS NOT NULL) s"
            f" ON {same} LEFT JOIN LATERAL (SELECT (e ->> 0)::bigint AS bits,"
            " (e ->> 1)::timestamptz AS at FROM jsonb_array_elements(s._steps) e) p ON true"
            " WHERE d._bits & coalesce(p.bits, -1) <> 0"
        )

    def _bits(self) -> str:
        """Which columns of an image differ: all where the row appeared or vanished."""
        types = _types(self.contract)
        parts = [
            f"CASE WHEN {comparable(f'o{at}', types[name])} IS DISTINCT FROM"
            f" {comparable(f'n{at}', types[name])} THEN {1 << min(at, LAST_BIT)}::bigint ELSE 0 END"
            for at, name in enumerate(self.read)
        ]
        return (
            f"CASE WHEN _old_live IS DISTINCT FROM _new_live THEN {ALL_BITS}"
            f" WHEN _new_live THEN {' | '.join(parts) or '0'} ELSE 0 END"
        )

    def pairs(self) -> list[str]:
        return [f"{side}{at}" for at in range(len(self.read)) for side in "on"]

    def differs(self, columns: Sequence[str]) -> str:
        """The condition that an image changed in one of the columns, appeared or vanished."""
        return f"(_old_live IS DISTINCT FROM _new_live OR _bits & {bits(self.read, columns)} <> 0)"

    def changed(self, columns: Sequence[str], needed: Sequence[str], at_most: int) -> str:
        """Old and new images of rows that changed in one of the columns."""
        differs = self.differs(columns)
        return " UNION ALL ".join(
            f"({self._image(side, needed)} AND {differs} LIMIT {at_most})" for side in "on"
        )

    def old_images(self, needed: Sequence[str], at_most: int) -> str:
        """All old images: for joining, whichever column changed."""
        return f"{self._image('o', needed)} LIMIT {at_most}"

    def _image(self, side: str, needed: Sequence[str]) -> str:
        names = [f"{side}{self.read.index(name)} AS {quoted(name)}" for name in needed]
        live = {"o": "_old_live", "n": "_new_live"}[side]
        columns = ", ".join([*names, "_changed_at", "_bits", "_ours"])
        return f"SELECT {columns} FROM {self.images} WHERE {live}"

    def truncate(self, *, keep_images: bool) -> str:
        """Tombstone what stood before the truncation; parameters: position twice, time, origin.

        A row without position is told by the time of its change.
        """
        old = ", ".join(f"m.{quoted(name)} AS o{at}" for at, name in enumerate(self.read))
        update = (
            f"UPDATE {self.mirror} m SET _deleted = true, _position = %(position)s,"
            " _ahead = false, _changed_at = %(at)s, _origin = %(origin)s"
            " WHERE NOT m._deleted AND (m._position <= %(position)s"
            " OR (m._position IS NULL AND m._changed_at <= %(at)s))"
        )
        if not keep_images:
            return update
        flags = ["_old_live", "_new_live", "_changed_at", "_bits", "_ours"]
        names = ", ".join([*flags, *self.pairs()[::2]])
        returning = "true AS _old_live, false AS _new_live, m._changed_at"
        returning += f", {ALL_BITS} AS _bits, true AS _ours"
        return (
            f"WITH w AS ({update} RETURNING {returning}{', ' + old if old else ''}),"
            f" i AS (INSERT INTO {self.images} ({names}) SELECT {names} FROM w RETURNING 1)"
            " SELECT (SELECT count(*) FROM w), (SELECT count(*) FROM i)"
        )
