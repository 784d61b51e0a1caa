"""Comparators: two normal values in, an agreement level out. Missing is never agreement."""

from __future__ import annotations
