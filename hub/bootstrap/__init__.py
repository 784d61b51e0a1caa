"""The composition root: the only place that knows every adapter."""

from __future__ import annotations
