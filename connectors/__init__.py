"""Adapters to the outside: Debezium, mirror tables, Kafka and targets."""

from __future__ import annotations
