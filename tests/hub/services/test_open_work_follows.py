"""Open work names golden records in force as soon as identity has changed, not when a worker comes.

Open work: what is to be written to targets, open cases, values that people gave.
"""

from __future__ import annotations

import pytest

from hub.bootstrap import operating
from hub.services.overriding import Lifetime
from tests.hub.services.identity_play import (
    ANN,
    EMAIL,
    NAME,
    OTHER,
    VAT,
    clean,
    erp,
    events,
    run,
    shop,
    undo,
)

pytestmark = pytest.mark.postgres

ASTRAY = """
SELECT 'publication' AS what, p.target || ':' || p.target_key AS name
FROM hub.publication p JOIN hub.golden g ON g.id = p.golden_id
WHERE g.status <> 'ACTIVE' OR p.target_key <> '' AND NOT EXISTS (
  SELECT FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id
  WHERE l.golden_id = g.id AND l.state = 'MATCH' AND l.valid_to IS NULL
    AND (s.system, s.entity, s.key) = (p.target, p.entity, p.target_key))
UNION ALL
SELECT c.kind, c.cause FROM hub.conflict c JOIN hub.golden g ON g.status <> 'ACTIVE'
WHERE c.closed_at IS NULL AND (c.golden_id = g.id OR c.details::text LIKE '%%' || g.id || '%%')
UNION ALL
SELECT 'override', o.attribute FROM hub.override o JOIN hub.golden g ON g.id = o.golden_id
WHERE o.closed_at IS NULL AND g.status <> 'ACTIVE'
"""
WORK = """
SELECT (SELECT count(*) FROM hub.publication WHERE state = 'PENDING') AS writes,
       (SELECT count(*) FROM hub.conflict WHERE closed_at IS NULL) AS cases,
       (SELECT count(*) FROM hub.override WHERE closed_at IS NULL) AS overrides
"""


@pytest.fixture
def homes(built):
    """Two customers of two records each, whose systems disagree about limits, and a doubtful one.

    To be written: the ERP's limit to both rows of the shop.
    """
    built.go_live()
    both = {"vat": VAT, "email": EMAIL, "currency": "EUR"}
    erp(built, 1, name=NAME, vat_number=VAT, email=EMAIL, credit_limit=500, limit_currency="EUR")
    shop(built, 2, company=NAME, credit_limit=500, **both)
    other = {"vat": OTHER["vat"], "email": OTHER["email"], "currency": "EUR"}
    erp(
        built,
        3,
        name=OTHER["name"],
        vat_number=other["vat"],
        email=other["email"],
        credit_limit=70,
        limit_currency="EUR",
    )
    shop(built, 4, company=OTHER["name"], credit_limit=70, **other)
    shop(built, 5, email=EMAIL, credit_limit=9, currency="EUR")
    clean(built)
    shop(built, 2, company=NAME, credit_limit=400, **both)
    shop(built, 4, company=OTHER["name"], credit_limit=60, **other)
    clean(built)
    found = built.home("erp", 1), built.home("erp", 3)
    assert found == (built.home("shop", 2), built.home("shop", 4))
    operating.stewardship(built.hub).override(str(found[1]), {"region": "n"}, ANN, Lifetime())
    clean(built)
    (work,) = built.query(WORK)
    assert work["writes"] >= 2
    assert {c["kind"] for c in built.cases()} == {"ambiguous_match", "trespass"}
    assert work["overrides"] == 1
    return found


@pytest.mark.parametrize("action", ["merge", "unmerge", "unlink", "link", "move"])
def test_open_work_follows_what_people_do_and_undo(built, homes, action):
    one, two = homes
    asked = {
        "merge": ([one, two], (), {}),
        "unmerge": ([two], ("shop:4",), {}),
        "unlink": (["shop:customer:4"], ("shop:customer:4",), {"into": "new"}),
        "link": (["shop:customer:4", one], ("shop:customer:4",), {}),
        "move": ([two], ("shop:4",), {"into": str(one)}),
    }
    goldens, records, more = asked[action]
    done = run(built, action, goldens, *records, **more)
    assert built.query(ASTRAY) == []
    clean(built)
    undo(built, done.txn)
    assert built.query(ASTRAY) == []
    clean(built)


def test_open_work_follows_what_the_engine_merges_and_a_person_undoes(built):
    built.go_live()
    erp(built, 1, name=NAME, vat_number=VAT, credit_limit=500, limit_currency="EUR")
    clean(built)
    shop(built, 2, company=NAME, email=EMAIL, credit_limit=9, currency="EUR")
    clean(built)
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL, credit_limit=8, currency="EUR")
    built.settle()
    assert built.query(ASTRAY) == []
    (event,) = events(built, kind="MERGE")
    assert built.query(WORK)[0]["writes"] >= 2
    undo(built, event["txn"])
    assert built.query(ASTRAY) == []
    clean(built)
