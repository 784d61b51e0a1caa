"""The local servers: PostgreSQL, Kafka, Kafka Connect and MariaDB without containers."""

from __future__ import annotations
