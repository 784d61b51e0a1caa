"""Where decided values are written: SQL targets."""

from __future__ import annotations
