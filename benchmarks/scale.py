"""Verification and simulation of very many golden records, and the plans of what they live on.

Usage: python -m benchmarks.scale POSTGRES_URL [GOLDENS] [--json]
Makes a database of its own with two source records a golden record, by set-based SQL and not by
resolving, and drops it again. Seconds are wall clock, memory is this process's greatest.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from benchmarks.golden import ENTITY, NOW, members
from benchmarks.scratch import scratch_hub
from config.catalogue import load_catalogue
from config.folder import read_folder
from golden_records.domain.catalogue import Phase
from golden_records.domain.merge import merger
from golden_records.domain.rowchange import ColumnContract, TableContract
from golden_records.store import goldens, marks, policies as policy_sql, sources
from hub.bootstrap.policies import policies, sweeping, under
from hub.bootstrap.simulating import simulation
from hub.bootstrap.verifying import verification
from hub.clock import SystemClock
from hub.services.policies import Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from golden_records.domain.catalogue import Catalogue
    from hub.bootstrap.opening import Hub

MINIMAL: Final = Path(__file__).parents[1] / "config" / "examples" / "minimal"
DEFAULT: Final = 1_000_000
OWNERS: Final = "    attributes: [credit_limit, limit_currency]\n    owners: [erp]"
KINDS: Final = {
    "id": "bigint",
    "customer_id": "bigint",
    "account_id": "bigint",
    "credit_limit": "numeric",
    "amount": "numeric",
    "valid_from": "date",
    "valid_to": "date",
}
TARGET_SECONDS: Final = 300.0
TARGET_MEGABYTES: Final = 4096.0
TARGET_MERGES: Final = 5000.0
BIG: Final = ("golden", "golden_version", "link", "source_record", "reference", "publication")

# The shop says another limit of every tenth customer, and has said so from the start.
FILL: Final = (
    """
    INSERT INTO mirror_erp.customer (id, name, vat_number, email, region, credit_limit,
           limit_currency, _position, _offset, _deleted, _ahead)
    SELECT n, 'Company ' || n || ' GmbH', 'DE' || 100000000 + n, 'office' || n || '@example.de',
           'north', mod(n, 997) * 100, 'EUR', '1', n, false, false
    FROM generate_series(1, %(goldens)s::bigint) n
    """,
    """
    INSERT INTO mirror_shop.account (id, company, vat, email, credit_limit, currency, _position,
           _offset, _deleted, _ahead)
    SELECT n, 'Company ' || n || ' GmbH', 'DE' || 100000000 + n, 'office' || n || '@example.de',
           mod(n, 997) * 100 + (mod(n, 10) = 0)::integer * 50, 'EUR', '1', n, false, false
    FROM generate_series(1, %(goldens)s::bigint) n
    """,
)

RECORDS: Final = """
WITH said AS (SELECT v.key::text AS key, to_jsonb(v) - 'key' AS attrs FROM {view} v),
spelt AS (SELECT key, attrs, attrs || jsonb_build_object('credit_limit', attrs ->> 'credit_limit')
          AS canonical FROM said)
INSERT INTO hub.source_record (entity, system, key, root_key, attrs, canonical, changed_at,
                               base)
SELECT 'customer', '{system}', key, key, attrs, canonical,
       (SELECT jsonb_object_agg(k, '2026-01-01T00:00:00+00:00')
        FROM jsonb_object_keys(canonical) k),
       canonical - CASE WHEN '{system}' = 'shop' AND mod(key::bigint, 10) = 0
                        THEN 'credit_limit' ELSE '' END
FROM spelt
"""

LINKED: Final = (
    """
    INSERT INTO hub.golden (id, entity, status, version, attrs, lineage, policy_version)
    SELECT uuidv7(), 'customer', 'ACTIVE', 1, canonical, '{}', %(policy)s
    FROM hub.source_record WHERE system = 'erp'
    """,
    """
    INSERT INTO hub.golden_version (golden_id, version, entity, status, attrs, lineage, cause,
                                    policy_version)
    SELECT id, 1, entity, status, attrs, lineage, 'backfill', policy_version FROM hub.golden
    """,
    """
    INSERT INTO hub.link (entity, record_id, golden_id, state, origin, reasons, policy_version,
                          txn)
    SELECT 'customer', s.id, g.id, 'MATCH', 'AUTO', '{}', %(policy)s, g.id
    FROM hub.golden g JOIN hub.source_record s
      ON s.canonical ->> 'vat_number' = g.attrs ->> 'vat_number'
    """,
)


def contracts(catalogue: Catalogue) -> dict[tuple[str, str], TableContract]:
    """Contracts as the sources' catalogues would give them, by the names of the columns."""
    found = {}
    for table in catalogue.tables:
        names = (*table.key, *(c for c in table.columns if c not in table.key))
        columns = [(name, KINDS.get(name, "text")) for name in names]
        found[table.system, table.name] = TableContract(
            system=table.system,
            schema=table.schema,
            table=table.name,
            topic=f"scale.{table.system}.{table.name}",
            columns=tuple(ColumnContract(name=n, type=t, source_type=t) for n, t in columns),
            key=table.key,
        )
    return found


@contextmanager
def population(url: str, count: int) -> Iterator[Hub]:
    """A hub of the smallest example with so many golden records, until the block is left."""
    catalogue = load_catalogue(read_folder(MINIMAL))
    with scratch_hub(url, catalogue, contracts(catalogue), SystemClock()) as hub:
        fill(hub, count)
        yield hub


def fill(hub: Hub, count: int) -> None:
    """Fill an empty hub."""
    with hub.work() as work:
        parameters = {"goldens": count, "policy": hub.catalogue.version}
        for statement in FILL:
            work.connection.execute(statement, parameters)
        for system in ("erp", "shop"):
            view = hub.mirrors.names.mapping(system, "customer")
            work.connection.execute(RECORDS.format(view=view, system=system))
            work.registry.set_phase(system, "customer", Phase.LIVE)
        for statement in LINKED:
            work.connection.execute(statement, parameters)
        work.commit()
    with psycopg.connect(hub.places.postgres, autocommit=True) as session:
        session.execute("VACUUM ANALYZE")


def measured(action: Any) -> tuple[Any, float, float]:  # noqa: ANN401 - any result will do
    """Return the result, seconds of wall clock and seconds of this process's own."""
    wall, own = time.monotonic(), time.process_time()
    result = action()
    return result, time.monotonic() - wall, time.process_time() - own


def merges() -> float:
    """Source records a second that one worker's merge takes up, five members a golden record."""
    compiled, records = merger(ENTITY), members(different=True)
    rounds = 5000
    _, _, own = measured(
        lambda: [compiled.merge(records, None, (), NOW) for _ in range(rounds)] and None
    )
    return rounds * len(records) / own


def other_policy(hub: Hub) -> Catalogue:
    """The shop owns the limits."""
    files = dict(hub.catalogue.files)
    text = files["entities/customer.yaml"]
    files["entities/customer.yaml"] = text.replace(OWNERS, OWNERS.replace("erp", "shop"))
    return load_catalogue(files)


def sweep(hub: Hub, catalogue: Catalogue) -> int:
    """Activate and mark everything; return the longest step's milliseconds."""
    service, word = policies(hub), Word(actor="benchmark")
    service.draft(catalogue, hub.catalogue.version, word)
    service.simulated(catalogue.version, word, {})
    service.approve(catalogue.version, word)
    service.activate(catalogue.version, word)
    steps = sweeping(under(hub, catalogue))
    longest, more = 0.0, True
    while more:
        more, wall, _ = measured(steps.step)
        longest = max(longest, wall)
    return round(longest * 1000)


def plans(hub: Hub) -> list[str]:
    """Return the sequential scans of big tables in the plans of what runs all the time."""
    with hub.work() as work:
        rows = work.connection.execute("SELECT id FROM hub.golden LIMIT 50").fetchall()
        records = work.connection.execute("SELECT id FROM hub.source_record LIMIT 50").fetchall()
        ids, record_ids = [row[0] for row in rows], [row[0] for row in records]
        work.connection.execute(
            "INSERT INTO hub.policy_sweep (version, kind, entity, upto_golden, upto_record)"
            " SELECT 'plan', 'goldens', 'customer', max(id::text)::uuid, 100000 FROM hub.golden"
        )
        sweep_id = work.connection.execute("SELECT max(id) FROM hub.policy_sweep").fetchall()
        shared = {"ids": ids, "most": 5000, "shards": 64, "priority": 7, "cause": "policy"}
        more = {"id": sweep_id[0][0], "forget": False, "waiting": False, "roots": ["1", "2"]}
        pair = {"entity": "customer", "system": "erp", "now": NOW, "identities": ["[]"]}
        statements = {
            "members": (sources.MEMBERS, {}),
            "records by id": (sources.BY_ID, {"ids": record_ids}),
            "records by root": (sources.BY_ROOT, {}),
            "golden rows": (goldens.READ, {}),
            "live links": (goldens.LIVE_LINKS, {"ids": record_ids}),
            "overrides": (goldens.OVERRIDES, {}),
            "identities": (goldens.IDENTITIES, {}),
            "what becomes effective": (marks.MARK_EFFECTIVE, {}),
            "sweep of golden records": (policy_sql.MARK_GOLDENS, {}),
            "sweep of records": (policy_sql.MARK_RECORDS, {}),
        }
        found = []
        for name, (sql, own) in statements.items():
            text = f"EXPLAIN (FORMAT JSON) {sql}"
            parameters = {**shared, **more, **pair, **own}
            plan = work.connection.execute(text, parameters).fetchall()[0][0]
            found += [f"{name}: {table}" for table in scanned(plan) if table in BIG]
    return found


def scanned(plan: object) -> Iterator[str]:
    """Yield the tables that a plan reads from end to end."""
    if isinstance(plan, list):
        for item in plan:
            yield from scanned(item)
    elif isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield str(plan["Relation Name"])
        for item in plan.values():
            yield from scanned(item)


def run(url: str, count: int) -> dict[str, object]:
    """Measure everything once."""
    found: dict[str, object] = {"goldens": count, "records_merged_per_second": round(merges())}
    begun = time.monotonic()
    with population(url, count) as hub:
        found["built_in"] = round(time.monotonic() - begun, 1)
        now = hub.clock.now()
        found["scans_of_big_tables"] = plans(hub)
        service = verification(hub)
        report, wall, own = measured(lambda: service.verify(lambda _: None))
        found["verify"] = {"seconds": round(wall, 1), "own_cpu": round(own, 1),
                           "differences": report.found, "megabytes": memory()}  # fmt: skip
        other = other_policy(hub)
        trial = simulation(hub, other)
        figures, wall, own = measured(lambda: trial.run(now, lambda _: None))
        found["simulate"] = {"seconds": round(wall, 1), "own_cpu": round(own, 1),
                             "changed": sum(figures.goldens.values()),
                             "megabytes": memory()}  # fmt: skip
        found["longest_sweep_step_ms"] = sweep(hub, other)
    return found


def memory() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def ratios(found: dict[str, Any], count: int) -> list[tuple[str, str]]:
    """Each figure against its target; times are taken to grow with the number."""
    scale = DEFAULT / count
    rows = [
        (
            "source records merged a second",
            f"{found['records_merged_per_second']:,} (wanted {TARGET_MERGES:,.0f})",
        )
    ]
    for name in ("verify", "simulate"):
        one = found[name]
        share = one["seconds"] * scale / TARGET_SECONDS
        rows.append(
            (
                f"{name}, {count:,} golden records",
                (
                    f"{one['seconds']} s, {one['own_cpu']} s of own CPU; for a million"
                    f" {share:.2f} of {TARGET_SECONDS:.0f} s; {one['megabytes']:.0f} MB,"
                    f" {one['megabytes'] / TARGET_MEGABYTES:.2f} of {TARGET_MEGABYTES:.0f}"
                ),
            )
        )
    rows.append(("differences found by verify", str(found["verify"]["differences"])))
    rows.append(("golden records that simulate changes", str(found["simulate"]["changed"])))
    rows.append(("longest step of a sweep", f"{found['longest_sweep_step_ms']} ms"))
    rows.append(("big tables read whole", ", ".join(found["scans_of_big_tables"]) or "none"))
    return rows


def main(words: list[str]) -> None:
    numbers = [word for word in words[1:] if word.isdecimal()]
    count = int(numbers[0]) if numbers else DEFAULT
    found = run(words[0], count)
    if "--json" in words:
        print(json.dumps(found, indent=2))
        return
    for name, text in ratios(found, count):
        print(f"{name:<40}{text}")


if __name__ == "__main__":
    main(sys.argv[1:])
