"""Alembic migrations of the hub's schema: `pre_` before new code is live, `post_` after."""

from __future__ import annotations
