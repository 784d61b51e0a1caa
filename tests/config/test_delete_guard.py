"""How many records a system may delete: said for all systems, for one, or not at all."""

from __future__ import annotations

from datetime import timedelta

from config.catalogue import load_catalogue
from golden_records.domain.rulebook import DeleteGuard
from tests.config.test_problems import HUB, broken

SAID = "  delete_guard: {window: 1h, rows: 1000, share: 10, always: 50}\n"


def guards(files):
    return {s.name: s.delete_guard for s in load_catalogue(files).systems.values()}


def test_every_system_is_guarded_where_nothing_is_said():
    files = broken(HUB, SAID, "")
    assert guards(files) == {"erp": DeleteGuard(), "shop": DeleteGuard()}


def test_what_a_system_does_not_say_the_defaults_say():
    files = broken(HUB, SAID, "  delete_guard: {rows: 700, window: 2h}\n")
    files[HUB] = files[HUB].replace("    rank: 10\n", "    delete_guard: {share: 5}\n", 1)
    default = DeleteGuard(rows=700, window=timedelta(hours=2))
    said = DeleteGuard(rows=700, window=timedelta(hours=2), share=5)
    assert guards(files) == {"erp": said, "shop": default}


def test_a_guard_may_be_switched_off_and_on():
    files = broken(HUB, SAID, "  delete_guard: false\n")
    files[HUB] = files[HUB].replace("    rank: 10\n", "    delete_guard: true\n", 1)
    assert guards(files) == {"erp": DeleteGuard(), "shop": None}
