"""PostgreSQL adapters of the ports, by SQLAlchemy Core and psycopg."""

from __future__ import annotations
