"""Golden records: the pure domain, the ports of the services, and the PostgreSQL store."""

from __future__ import annotations
