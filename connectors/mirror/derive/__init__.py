"""From the definition of a mapping view to the roots that a changed row may touch."""

from __future__ import annotations
