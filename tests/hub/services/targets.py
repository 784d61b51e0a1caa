"""Targets of the random histories: what is sent becomes the source's own rows, as an echo."""

from __future__ import annotations

from datetime import timedelta

from golden_records.ports import WriteOutcome, WriteResult
from hub.services.publish import Publish, PublishSettings

COLUMNS = {
    ("shop", "customer"): (
        "account",
        {"credit_limit": "credit_limit", "limit_currency": "currency", "name": "company",
         "vat_number": "vat"},
    ),
    ("erp", "customer"): ("customer", {"email": "email"}),
    ("shop", "price"): ("account_price", {"amount": "amount"}),
}  # fmt: skip
REFUSED = WriteResult(outcome=WriteOutcome.PERMANENT, message="takes no new rows")
WRITTEN = WriteResult(outcome=WriteOutcome.WRITTEN)
A_YEAR = timedelta(days=365)


class Target:
    """Takes values of rows that it has, and refuses new rows; `sent` is what has to come back."""

    tagged = False

    def __init__(self, rows):
        self._rows = rows
        self.sent = []

    def write(self, lease, _now):
        table, columns = COLUMNS[lease.target, lease.entity]
        row = self._rows.get((lease.target, table, int(lease.target_key or 0)))
        if row is None:
            return REFUSED
        values = {columns[n]: v for n, v in lease.desired.items() if n in columns}
        self.sent.append((lease.target, table, row["id"], values))
        return WRITTEN

    def write_together(self, leases, now):
        return [self.write(lease, now) for lease in leases]


class Later:
    """A clock by which everything is due."""

    def __init__(self, clock):
        self._clock = clock

    def now(self):
        return self._clock.now() + A_YEAR


def written(hub, system, rows):
    """Send what waits for a system; return (system, table, id, values) of what it took."""
    target = Target(rows)
    with hub.work() as work:
        work.registry.switch(system, live=True)
        work.commit()
    Publish(hub.work, {system: target}, Later(hub.clock), lambda: 0.0, PublishSettings()).tick(
        system
    )
    return target.sent
