"""`mdhub verify`: nothing is found, or what and where."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("words", [(), ("--invariants",)])
def test_a_hub_that_nobody_touched_has_no_difference(mdhub, acme, words):
    assert mdhub.run("verify", *words) == 0
    assert "no difference" in mdhub.out
    report = mdhub.json("verify", *words)
    assert (report["clean"], report["goldens"], report["differences"]) == (True, 1, [])


@pytest.mark.parametrize("words", [(), ("--invariants",)])
def test_what_somebody_changed_is_shown_with_what_it_should_be(mdhub, built, acme, words):
    with built.transaction() as work:
        work.connection.execute(
            'UPDATE hub.golden SET attrs = attrs || \'{"name": "X"}\' WHERE id = %s', (acme,)
        )
        work.commit()
    assert mdhub.run("verify", *words) == 1
    assert "golden_differs" in mdhub.out
    assert "I5 the newest version in history" in mdhub.out
    (differs,) = (
        d for d in mdhub.json("verify", *words)["differences"] if d["kind"] == "golden_differs"
    )
    assert (differs["key"], differs["attribute"], differs["found"]) == (str(acme), "name", "X")
