"""A hub on PostgreSQL and a terminal in front of it; Kafka is away, as it may be when one looks."""

from __future__ import annotations

import json

import pytest

from golden_records.domain.errors import HubError
from hub.cli.main import cli
from hub.cli.output import OK, report_error
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

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

CITIES = ("Berlin", "Hamburg", "Bremen", "Kassel", "Trier")
TRADES = ("Timber", "Optics", "Foods", "Maritime", "Paper", "Steel", "Glass")


class Terminal:
    """Runs commands as `mdhub` does, on the hub of the test."""

    def __init__(self, hub, capsys):
        self._hub = hub
        self._capsys = capsys
        self.out = self.err = ""

    def run(self, *words):
        """Return the exit code; what was printed is in `out` and `err`."""
        self._capsys.readouterr()
        try:
            code = cli.main([str(w) for w in words], standalone_mode=False, obj=self._hub)
        except HubError as error:
            code = report_error(error)
        self.out, self.err = self._capsys.readouterr()
        return code if isinstance(code, int) else OK

    def json(self, *words):
        """Return what the command prints with --json; it must succeed or find something."""
        code = self.run(*words, "--json")
        assert code in {0, 1}, self.err
        return json.loads(self.out)


@pytest.fixture
def built(hub_database):
    made = BuiltHub(make_hub(hub_database, minimal_catalogue()))
    yield made
    made.close()


@pytest.fixture
def mdhub(built, capsys):
    return Terminal(built.hub, capsys)


@pytest.fixture
def acme(built):
    """One customer that both systems know; return its golden id."""
    built.put("erp", "customer", id=1, **ACME, credit_limit=500, limit_currency="EUR")
    built.put("shop", "account", id=9, **ACME_AT_SHOP, credit_limit=300, currency="EUR")
    built.settle()
    assert built.home("erp", 1) == built.home("shop", 9)
    return built.home("erp", 1)


@pytest.fixture
def doubtful(mdhub, built):
    """The case of two records that share a mail address and nothing else."""
    built.put("erp", "customer", id=1, name=ACME["name"], email=ACME["email"], region="a")
    built.settle()
    built.put("shop", "account", id=2, email=ACME["email"])
    built.settle()
    (case,) = mdhub.json("case", "list")
    return case["id"]


def company(number):
    """A company as the ERP writes it, and as the shop does."""
    name = f"{TRADES[number % 7]} {chr(65 + number % 26)}{chr(97 + number * 7 % 26)}nova"
    mail = f"office@{name.lower().replace(' ', '-')}-{number}.de"
    place = {"city": CITIES[number % 5], "postcode": f"{10000 + number * 37}"}
    return (
        {"name": f"{name} GmbH", "email": mail, **place},
        {"company": name, "email": mail if number % 3 else None, **place},
    )


@pytest.fixture
def companies(built):
    """Sixty companies, two thirds of them in both systems."""
    changes = []
    for number in range(1, 61):
        erp, shop = company(number)
        changes.append(built.change("erp", "customer", id=number, **erp))
        if number % 3:
            changes.append(built.change("shop", "account", id=number, **shop))
    built.apply(*changes)
    built.settle()
    return built


def decide_pairs(built, verdict, *pairs):
    """A person's word about pairs of records, each a system and a number."""
    with built.transaction() as work:
        word = {"verdict": verdict, "actor": "ann", "reason": "called them"}
        for one, other in pairs:
            ids = sorted((built.record_id(*one), built.record_id(*other)))
            work.decisions.decide_pairs("customer", [tuple(ids)], word)
        work.commit()
