"""The load check names every problem at once, with its line and what to do."""

from __future__ import annotations

import pytest

from golden_records.domain.findings import Severity

pytestmark = pytest.mark.postgres

TABLES = {
    "party": {"id": "integer", "code": "text", "grp": "text"},
    "contact": {"id": "integer", "party": "integer", "value": "text", "seq": "integer"},
}


def check(world, sql, **options):
    w = world(TABLES, {"customer": sql}, install=False, **options)
    return w.mirrors.check(w.conn)


def errors(world, sql, **options):
    return [f for f in check(world, sql, **options) if f.severity is Severity.ERROR]


def test_a_good_mapping_has_no_findings(world):
    assert check(world, "SELECT id AS key, code FROM erp.party") == []


CTE_TWICE = """WITH c AS (SELECT party FROM erp.contact)
SELECT p.id AS key,
  (SELECT count(*) FROM c WHERE c.party = p.id) a,
  (SELECT count(*) FROM c WHERE c.party = p.id + 1) b FROM erp.party p"""


@pytest.mark.parametrize(
    "sql, line, words",
    [
        ("SELECT id AS key,\n  nmae FROM erp.party", 2, "nmae"),
        ("SELECT id AS key\nFROM erp.partie", 2, "erp.partie is not mirrored"),
        ("SELECT id AS key\nFROM pim.party", 2, "not a table of erp"),
        ("SELECT id AS key\nFROM party", 2, "without its system"),
        ("SELECT id AS key\nFROM pg_catalog.pg_class", 2, "not a table of erp"),
        ("SELECT id AS key FROM", 1, "not one SELECT"),
        ("DELETE FROM erp.party", 1, "not a SELECT"),
        ("SELECT id::text AS key FROM erp.party", None, "not an uncast column"),
        ("SELECT code FROM erp.party", None, "no column key"),
        ("SELECT id AS key\nFROM erp.party WHERE now() > '2026-01-01'", 2, "current_timestamp"),
        ("SELECT id AS key,\n CURRENT_DATE AS d FROM erp.party", 2, "current_date"),
        ("SELECT id AS key,\n random() AS r FROM erp.party", 2, "random"),
        (
            "SELECT id AS key FROM erp.party\nWHERE id NOT IN (SELECT party FROM erp.contact)",
            2,
            "NOT IN",
        ),
        (
            CTE_TWICE,
            4,
            "read 2 times",
        ),
    ],
)
def test_a_problem_is_named_with_its_line(world, sql, line, words):
    found = errors(world, sql)
    assert [(f.line, f.file) for f in found] == [(line, "systems/erp/customer.sql")]
    assert words in found[0].message
    assert found[0].remedy


def test_all_problems_of_all_mappings_are_reported_at_once(world):
    w = world(
        TABLES,
        {
            "customer": "SELECT id::text AS key, now() AS n FROM erp.party",
            "contact": "SELECT id AS key, oops FROM erp.contact",
        },
        install=False,
    )
    files = sorted(f.file for f in w.mirrors.check(w.conn) if f.severity is Severity.ERROR)
    assert files == ["systems/erp/contact.sql", *["systems/erp/customer.sql"] * 2]


def test_a_missing_record_column_is_an_error(world):
    (found,) = errors(world, "SELECT id AS key FROM erp.party", record={"customer": ("currency",)})
    assert "currency" in found.message


def test_a_table_that_touches_every_root_is_a_warning_that_an_author_may_accept(world):
    sql = "SELECT p.id AS key, (SELECT count(*) FROM erp.contact c) AS n FROM erp.party p"
    (found,) = check(world, sql)
    assert (found.severity, "contact" in found.message) == (Severity.WARNING, True)
    assert check(world, sql, every_root={"customer": frozenset({"contact"})}) == []


def test_a_mirror_of_another_type_is_an_error(world):
    w = world(TABLES, {"customer": "SELECT id AS key FROM erp.party"})
    w.conn.execute("CREATE SCHEMA elsewhere")
    changed = {**TABLES, "contact": {**TABLES["contact"], "seq": "text"}}
    other = world(changed, {"customer": "SELECT id AS key FROM erp.party"}, install=False)
    (found,) = other.mirrors.check(other.conn)
    assert "seq is integer in the mirror and text" in found.message


def test_a_new_column_widens_the_mirror(world):
    w = world(TABLES, {"customer": "SELECT id AS key FROM erp.party"})
    w.apply(w.feed.put("party", 1, "a", "g"))
    wider = {**TABLES, "party": {**TABLES["party"], "vat": "text"}}
    x = world(wider, {"customer": "SELECT id AS key, vat FROM erp.party"})
    x.feed.lsn = x.feed.offset = 500
    x.apply(x.feed.put("party", 1, "a", "g", "CH1"))
    assert x.rows("party", "vat") == [("CH1",)]
    x.mirrors.install(x.conn)


SAFE = """SELECT p.id AS key, c.value FROM erp.party p LEFT JOIN LATERAL
  (SELECT x.value FROM erp.contact x WHERE x.party = p.id ORDER BY x.seq, x.id LIMIT 1) c ON true"""
JOINED = """SELECT p.id AS key, c.value FROM erp.party p LEFT JOIN
  (SELECT DISTINCT ON (party) party, value FROM erp.contact ORDER BY party, seq, id) c
  ON c.party = p.id"""
UNSAFE = """SELECT p.id AS key, c.n FROM erp.party p LEFT JOIN
  (SELECT value, count(*) AS n FROM erp.contact GROUP BY value) c ON c.value = p.code || ''"""


@pytest.mark.parametrize(
    "sql, form", [(SAFE, "P"), (JOINED, "L"), (UNSAFE, None)], ids=["safe", "joined", "unsafe"]
)
def test_the_growth_check_chooses_a_form_or_refuses(world, sql, form):
    w = world(TABLES, {"customer": sql})
    w.conn.execute(
        "INSERT INTO mirror_erp.party (id, code, grp, _offset, _deleted, _ahead)"
        " SELECT n, 'c' || n, 'g', 0, false, false FROM generate_series(1, 20000) n"
    )
    w.conn.execute(
        "INSERT INTO mirror_erp.contact (id, party, value, seq, _offset, _deleted, _ahead)"
        " SELECT n, n / 3, 'v' || n, 1, 0, false, false FROM generate_series(1, 60000) n"
    )
    w.mirrors.analyze(w.conn, "erp")
    before = statistics(w)
    found = [f for f in w.mirrors.check(w.conn) if f.severity is Severity.ERROR]
    assert statistics(w) == before
    if form is None:
        assert "grows with the tables" in found[0].message
    else:
        assert found == []
        row = w.conn.execute(f"SELECT form FROM {w.mirrors.names.forms}").fetchone()
        assert row == (form,)
    assert len(w.mirrors.evaluate(w.conn, "erp", "customer", ["7", "8"]).records) == 2


def statistics(w):
    return w.conn.execute(
        "SELECT relname, reltuples FROM pg_class WHERE relnamespace = 'mirror_erp'::regnamespace"
        " ORDER BY 1"
    ).fetchall()
