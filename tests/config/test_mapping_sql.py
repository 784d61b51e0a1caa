"""A mapping's SELECT may use what PostgreSQL offers; only what cannot work is reported."""

from __future__ import annotations

import pytest

from config.mapping_sql import Readable, check_mapping
from config.problems import Problems
from config.sql import Written

READABLE = Readable(
    system="erp",
    entity="thing",
    tables={
        "party": frozenset({"id", "name", "data", "tags", "parent", "paymentTerms", "kind"}),
        "contact": frozenset({"id", "party", "type", "value", "sequence"}),
        "user": frozenset({"id", "login"}),
    },
    outputs=frozenset({"key", "name", "email", "terms", "amount", "band"}),
    required=frozenset(),
)


def findings(sql, readable=READABLE):
    problems = Problems()
    check_mapping(Written("m.sql", 1, sql), readable, problems)
    return problems.sorted()


VALID = """
SELECT id AS key, name FROM erp.party;

SELECT p.id AS key, p."paymentTerms" AS terms FROM erp.party AS p WHERE p.kind = 'c'

SELECT "key" FROM (SELECT p.id AS "key" FROM erp.party p) q

SELECT p.id AS key, c.value AS email
  FROM erp.party p
  LEFT JOIN LATERAL (SELECT x.value FROM erp.contact x
                      WHERE x.party = p.id AND x.type = 'email'
                      ORDER BY x.sequence, x.id LIMIT 1) c ON true

SELECT DISTINCT ON (p.id) p.id AS key, p.name FROM erp.party p ORDER BY p.id, p.name

WITH big AS (SELECT b.id, b.name FROM erp.party b) SELECT big.id AS key, big.name FROM big

WITH RECURSIVE up AS (
     SELECT p.id AS start, p.parent FROM erp.party p
      UNION ALL
     SELECT up.start, q.parent FROM up JOIN erp.party q ON q.id = up.parent)
SELECT up.start AS key FROM up

SELECT p.id AS key, p.name FROM erp.party p
 UNION ALL
SELECT u.id AS key, u.login FROM erp."user" u

SELECT p.id AS key, x.amount, x.band
  FROM erp.party p
 CROSS JOIN LATERAL jsonb_to_recordset(p.data->'prices') AS x(amount numeric, band text)

SELECT p.id AS key, t.tag AS name FROM erp.party p, unnest(p.tags) AS t(tag)

SELECT p.id AS key, p.data #>> '{a,b}' AS name, p.data @> '{"a": 1}' AS band
  FROM erp.party p WHERE p.data ? 'a'

SELECT p.id AS key,
       CASE WHEN pg_input_is_valid(p.name, 'numeric') THEN p.name::numeric END AS amount
  FROM erp.party p

SELECT p.id AS key,
       string_agg(c.value, ',' ORDER BY c.id) FILTER (WHERE c.type = 'e') AS email
  FROM erp.party p JOIN erp.contact c ON c.party = p.id GROUP BY p.id

SELECT p.id AS key, row_number() OVER (PARTITION BY p.id ORDER BY p.name) AS band
  FROM erp.party p -- a comment with ' and :colon

SELECT x.id AS key, (SELECT x.value FROM erp.contact x WHERE x.party = 1) AS email
  FROM erp.party x

SELECT p.id AS key, v.n AS band FROM erp.party p, (VALUES (1), (2)) AS v(n)

SELECT p.id AS key, p.name
  FROM erp.party p
 WHERE NOT EXISTS (SELECT 1 FROM erp.contact c WHERE c.party = p.id)

SELECT p.id AS key, (p.data->>'t')::timestamptz AT TIME ZONE 'UTC' AS terms FROM erp.party p
"""


@pytest.mark.parametrize("sql", VALID.strip().split("\n\n"))
def test_what_postgresql_offers_may_be_used(sql):
    assert findings(sql) == ()


@pytest.mark.parametrize(("sql", "message", "line"), [
    ("SELECT p.id AS key,\n p.nme AS name\n FROM erp.party p", "'nme' is not a mirrored", 2),
    ("SELECT p.id AS key,\n p.paymentTerms AS terms FROM erp.party p", "'paymentterms'", 2),
    ("SELECT p.id AS key\n FROM party p", "reads 'party AS p'", 2),
    ("SELECT p.id AS key\n FROM erp.party p\n JOIN erp.house w ON true", "not mirrored", 3),
    ("SELECT id AS key FROM erp.party\n UNION ALL\n SELECT p.id+1 AS key FROM erp.party p",
     "key is computed", 3),
    ("SELECT id AS key\n FROM erp.party\n WHERE name < clock_timestamp()::text", "clock", 3),
    ("SELECT p.id AS key, *\n FROM erp.party p", "yields *", 1),
    ("SELECT p.id AS key,\n p.name AS nam FROM erp.party p", "nothing reads the column 'nam'", 2),
    ("INSERT INTO erp.party (id) VALUES (1)", "a mapping is a SELECT", 1),
    ("SELECT p.id AS key,\n 'open FROM erp.party p\n", "is not closed", 2),
    ("SELECT p.id AS key\n FROM erp.party p\n WHERE p.id = $1", "takes no parameters", 1),
    ("SELECT p.id AS key\n FROM erp.party p\n WHERE p.id = :id", "takes no parameters", 3),
])  # fmt: skip
def test_what_cannot_work_is_reported_at_its_line(sql, message, line):
    found = findings(sql)

    assert message in found[0].message
    assert found[0].line == line
