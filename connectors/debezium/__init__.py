"""Debezium's feed: envelope, logical types, decoding and connector registration."""

from __future__ import annotations
