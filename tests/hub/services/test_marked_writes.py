"""A write with our mark is acknowledged by a change that carries it, and by no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hub.services.hub_builder import MINIMAL, BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

ROW = {"id": 1, "name": "Acme", "email": "old@acme.example"}
OURS, SOMEBODY = "hub_erp_2", None


@pytest.fixture
def marked(databases, installed_database):
    """A hub that marks its transactions in the ERP."""
    declared = Path(MINIMAL, "hub.yaml").read_text("utf-8")
    changed = declared.replace("secret: ERP_URL", "secret: ERP_URL\n    origin: hub_erp")
    built = BuiltHub(
        make_hub(databases.make(installed_database), minimal_catalogue(**{"hub.yaml": changed}))
    )
    built.put("erp", "customer", **ROW)
    built.settle()
    yield built
    built.close()


def write(built, *, tagged):
    """Note that the hub is writing another mail address to the ERP."""
    with built.work() as work:
        work.connection.execute(
            "INSERT INTO hub.write_ledger (publication_id, target, entity, target_key, golden_id,"
            " attribute_group, golden_version, fence, tagged, attrs, state)"
            " VALUES (1, 'erp', 'customer', '1', %s, 'g', 1, 1, %s, %s, 'OPEN')",
            (built.home("erp", 1), tagged, '{"email": "new@acme.example"}'),
        )
        work.commit()


def state(built):
    (row,) = built.query("SELECT state, closed_at IS NOT NULL AS closed FROM hub.write_ledger")
    return row["state"], row["closed"]


@pytest.mark.parametrize(
    ("tagged", "origin", "echoed"),
    [(True, OURS, True), (True, SOMEBODY, False), (False, OURS, True), (False, SOMEBODY, True)],
)
def test_the_mark_decides_for_writes_that_carry_one(marked, tagged, origin, echoed):
    write(marked, tagged=tagged)
    change = marked.change("erp", "customer", **ROW | {"email": "new@acme.example"})
    marked.apply(change._replace(origin=origin))
    marked.settle()
    assert state(marked) == (("ECHOED", True) if echoed else ("OPEN", False))
    assert marked.differences() == []


def test_a_later_change_in_the_same_chunk_does_not_hide_our_write(marked):
    write(marked, tagged=True)
    ours = marked.change("erp", "customer", **ROW | {"email": "new@acme.example"})
    theirs = marked.change(
        "erp", "customer", **ROW | {"email": "new@acme.example", "name": "Acme AG"}
    )
    marked.apply(ours._replace(origin=OURS), theirs)
    marked.settle()
    assert state(marked) == ("ECHOED", True)


def test_a_snapshot_may_show_what_we_wrote(marked):
    write(marked, tagged=True)
    change = marked.change("erp", "customer", **ROW | {"email": "new@acme.example"})
    marked.apply(change._replace(snapshot=True))
    marked.settle()
    assert state(marked) == ("ECHOED", True)
