"""The initial load: an entity's records matched and merged as a whole, in one transaction."""

from __future__ import annotations
