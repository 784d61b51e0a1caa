"""How a transaction ends that nobody committed."""

from __future__ import annotations

import pytest

from golden_records.store.work import PLANS_LAST, make_engine, work_factory

pytestmark = pytest.mark.postgres

PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%hub.phase%'"
TIMES = 7
"""psycopg prepares a statement that was run five times."""


@pytest.fixture
def work(hub_database):
    engine = make_engine(hub_database)
    yield work_factory(engine, lambda connection: connection, 4)
    engine.dispose()


def read(work):
    with work() as unit:
        unit.registry.phases()


def prepared(work):
    with work() as unit:
        return unit.connection.execute(PREPARED).fetchone()[0]


def test_statements_stay_prepared_though_those_who_read_do_not_commit(work):
    for _ in range(TIMES):
        read(work)
    assert prepared(work) == 1


def test_what_was_written_without_a_commit_is_gone(work):
    with work() as unit:
        unit.registry.switch("erp", live=True)
    with work() as unit:
        assert "erp" not in unit.registry.live_systems()


def test_an_error_rolls_back_what_was_written_before_it(work):
    with pytest.raises(ZeroDivisionError), work() as unit:  # noqa: PT012 - both belong to it
        unit.registry.switch("erp", live=True)
        raise ZeroDivisionError
    with work() as unit:
        assert "erp" not in unit.registry.live_systems()


def test_a_session_plans_anew_after_a_number_of_transactions(work):
    plans = "SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements"
    for _ in range(PLANS_LAST + TIMES):
        read(work)
    with work() as unit:
        assert unit.connection.execute(plans).fetchone()[0] > 0, "and goes on with what it prepared"
