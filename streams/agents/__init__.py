"""Faust agents: apply and resolve."""

from __future__ import annotations
