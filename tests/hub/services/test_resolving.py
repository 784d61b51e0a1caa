"""From changed rows to golden records, on real PostgreSQL."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.postgres

ACME = {
    "name": "Acme Industrial Supplies GmbH",
    "vat_number": "DE136695976",
    "email": "office@acme-industrial.de",
}
ACME_AT_SHOP = {
    "company": "Acme Industrial Supplies",
    "vat": "DE136695976",
    "email": "office@acme-industrial.de",
}


def test_records_of_one_thing_become_one_golden_record(built):
    built.put("erp", "customer", id=1, **ACME)
    built.put("shop", "account", id=9, **ACME_AT_SHOP)
    built.settle()
    assert built.home("erp", 1) == built.home("shop", 9) is not None
    assert built.differences() == []
