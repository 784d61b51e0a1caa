"""Whatever comes in whatever order, the hub's state is what a computation from scratch yields."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.hub.services.hub_builder import BuiltHub, make_hub

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

NAMES = ("Acme Industrial Supplies GmbH", "Zenith Maritime Logistics AG", "Nordlicht Verlag KG")
VATS = ("DE136695976", "DE811569869", None)
EMAILS = ("office@acme-industrial.de", "hq@zenith.de", None)
NUMBERS = st.integers(1, 3)


def rows(system, table, **columns):
    return st.tuples(
        st.just("put"), st.just(system), st.just(table), st.fixed_dictionaries(columns)
    )


STEPS = st.one_of(
    rows(
        "erp",
        "customer",
        id=NUMBERS,
        name=st.sampled_from(NAMES),
        vat_number=st.sampled_from(VATS),
        email=st.sampled_from(EMAILS),
        credit_limit=st.sampled_from((None, 100, 200)),
    ),
    rows(
        "shop",
        "account",
        id=NUMBERS,
        company=st.sampled_from(NAMES),
        vat=st.sampled_from(VATS),
        email=st.sampled_from(EMAILS),
    ),
    rows(
        "erp",
        "customer_price",
        id=NUMBERS,
        customer_id=NUMBERS,
        product_code=st.just("A"),
        currency=st.just("EUR"),
        amount=st.integers(1, 3),
    ),
    rows("erp", "address", id=NUMBERS, customer_id=NUMBERS, kind=st.just("billing")),
    st.tuples(
        st.just("delete"),
        st.just("erp"),
        st.sampled_from(("customer", "customer_price", "address")),
        st.fixed_dictionaries({"id": NUMBERS}),
    ),
    st.tuples(
        st.just("delete"),
        st.just("shop"),
        st.just("account"),
        st.fixed_dictionaries({"id": NUMBERS}),
    ),
    st.just(("again", "", "", {})),
    st.just(("settle", "", "", {})),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=4, max_size=20))
def test_the_state_is_what_a_computation_from_scratch_yields(
    databases, installed_database, minimal, steps
):
    built = BuiltHub(make_hub(databases.make(installed_database), minimal, installed=True))
    try:
        fed = []
        for what, system, table, row in steps:
            if what == "settle":
                built.settle()
            elif what == "again":
                built.apply(*fed)
            else:
                make = built.change if what == "put" else built.deletion
                fed.append(make(system, table, **row))
                built.apply(fed[-1])
        built.settle()
        assert built.differences() == []
        assert built.settle() == 0
    finally:
        built.close()
