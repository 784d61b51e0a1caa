"""Evaluation: what the source's records are now, as far as they differ from what is stored."""

# ruff: noqa: S608 - the SQL is made of the catalogue's names, quoted; keys are bound parameters
from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from psycopg import errors

from connectors.mirror.names import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg import Connection

    from connectors.mirror.names import Names
    from connectors.mirror.plans import MappingPlan

BATCH: Final = "P"
ONE_BY_ONE: Final = "L"

SETTINGS: Final = {
    "plan_cache_mode": "force_generic_plan",
    "random_page_cost": "1.1",
    "jit": "off",
    "TimeZone": "UTC",
}

DATA_ERRORS: Final = (errors.DataError, errors.CardinalityViolation, errors.RaiseException)
"""What the data of a few keys may cause; anything else is not the mapping's fault."""

COMPARE: Final = """
WITH m AS ({evaluated}),
e AS (SELECT m.key::text AS root, {record} AS record, to_jsonb(m) - 'key' AS attrs FROM m),
n AS (SELECT e.*, count(*) OVER (PARTITION BY record) AS times FROM e),
s AS (SELECT id, key, root_key, attrs, deleted FROM hub.source_record
      WHERE entity = {entity} AND system = {system} AND root_key = ANY(%(keys)s::text[]))
SELECT coalesce(n.record, s.key), coalesce(n.root, s.root_key), n.attrs::text, s.id,
       coalesce(n.times, 1)
FROM n FULL JOIN s ON s.key = n.record
WHERE CASE WHEN n.record IS NULL THEN NOT s.deleted
           ELSE s.id IS NULL OR s.deleted OR n.times > 1 OR s.attrs IS DISTINCT FROM n.attrs END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """A record that differs from the stored one. `attrs` None: it no longer comes back.

    `known_id` is the stored record's id. Numbers are int or Decimal, never float. `raw` is the
    JSON that PostgreSQL wrote: stored as it is, it equals itself the next time.
    """

    key: str
    root_key: str
    attrs: dict[str, Any] | None
    known_id: int | None
    raw: str | None = None
    """The attributes as PostgreSQL wrote them, to be stored and compared with next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What differs, and the root keys for which the mapping fails even alone, with the error."""

    records: list[Evaluated] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def evaluate(
    conn: Connection[Any], names: Names, plan: MappingPlan, keys: Sequence[str]
) -> Evaluation:
    """Evaluate the keys together; where that fails, halve until the bad keys stand alone."""
    with local_settings(conn):
        statement = comparison(plan, names, form_of(conn, names, plan))
        return _bisected(conn, statement, list(dict.fromkeys(keys)))


def sample(conn: Connection[Any], view: str, limit: int) -> list[Mapping[str, object]]:
    """Some rows of a mapping's view, without its key."""
    rows = conn.execute(
        f"SELECT (to_jsonb(v) - 'key')::text FROM {view} v LIMIT %s", (limit,)
    ).fetchall()
    return [found for (text,) in rows if (found := _decoded(text)) is not None]


@contextmanager
def local_settings(conn: Connection[Any]) -> Iterator[None]:
    """The planner's settings that were measured best for keys, put back afterwards."""
    before = set_config(conn, SETTINGS)
    yield
    set_config(conn, before)


def set_config(conn: Connection[Any], values: Mapping[str, str]) -> dict[str, str]:
    """Set parameters for the rest of the transaction; return what they were."""
    known = [f"current_setting({literal(name)})" for name in values]
    # The list is worked off from the left: what was is read before it is set.
    calls = [f"set_config({literal(name)}, %s, true)" for name in values]
    row = conn.execute(f"SELECT {', '.join(known + calls)}", tuple(values.values())).fetchone()
    return dict(zip(values, row or (), strict=False))


def form_of(conn: Connection[Any], names: Names, plan: MappingPlan) -> str:
    """The form that the last growth check chose, the batch form if there was none."""
    row = conn.execute(
        f"SELECT form FROM {names.forms} WHERE system = %s AND entity = %s", plan.pair
    ).fetchone()
    return row[0] if row else BATCH


def evaluated(plan: MappingPlan, names: Names, form: str, keys: str = "%(keys)s") -> str:
    """The SELECT of the mapping's rows for some keys, in one of the two forms."""
    view = names.mapping(*plan.pair)
    array = f"{keys}::text[]::{plan.key_type}[]"
    if form == ONE_BY_ONE:
        return (
            f"SELECT v.* FROM unnest({array}) r(key) CROSS JOIN LATERAL"
            f" (SELECT * FROM {view} m WHERE m.key = r.key OFFSET 0) v"
        )
    return f"SELECT * FROM {view} v WHERE v.key = ANY({array})"


def record_key(plan: MappingPlan) -> str:
    """The record's key: the evaluation key alone, or with the columns that complete it."""
    return key_of(plan.mapping.record, "m")


def key_of(record: Sequence[str], alias: str) -> str:
    """The SQL of the record's key in rows of a mapping that go by that alias."""
    if not record:
        return f"{alias}.key::text"
    columns = ", ".join(f"{alias}.{quoted(name)}" for name in record)
    return f"jsonb_build_array({alias}.key, {columns})::text"


def comparison(plan: MappingPlan, names: Names, form: str) -> str:
    """The statement that evaluates keys and returns what differs from the stored records."""
    system, entity = plan.pair
    # Names stand beside bound parameters here, so a percent sign in one has to be doubled.
    return COMPARE.format(
        evaluated=evaluated(plan, names, form),
        record=record_key(plan).replace("%", "%%"),
        entity=literal(entity).replace("%", "%%"),
        system=literal(system).replace("%", "%%"),
    )


def _bisected(conn: Connection[Any], statement: str, keys: list[str]) -> Evaluation:
    if not keys:
        return Evaluation()
    conn.execute("SAVEPOINT mirror_evaluate")
    try:
        rows = conn.execute(statement, {"keys": keys}).fetchall()
    except DATA_ERRORS as error:
        conn.execute("ROLLBACK TO SAVEPOINT mirror_evaluate")
        if len(keys) == 1:
            conn.execute("RELEASE SAVEPOINT mirror_evaluate")
            return Evaluation(failed={keys[0]: str(error)})
    else:
        conn.execute("RELEASE SAVEPOINT mirror_evaluate")
        return _read(rows)
    conn.execute("RELEASE SAVEPOINT mirror_evaluate")
    half = len(keys) // 2
    parts = [_bisected(conn, statement, part) for part in (keys[:half], keys[half:])]
    return Evaluation(
        records=[record for part in parts for record in part.records],
        failed={key: error for part in parts for key, error in part.failed.items()},
    )


def _read(rows: Sequence[tuple[Any, ...]]) -> Evaluation:
    failed = {
        root: f"the mapping yields {times} rows with the record key {key}; name the columns that"
        " tell them apart in `record`"
        for key, root, _attrs, _id, times in rows
        if times > 1
    }
    records = [
        Evaluated(key=key, root_key=root, attrs=_decoded(attrs), known_id=known, raw=attrs)
        for key, root, attrs, known, _times in rows
        if root not in failed
    ]
    return Evaluation(records=records, failed=failed)


def _decoded(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found
