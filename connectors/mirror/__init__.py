"""Mirror tables of the sources, and the mappings that read them."""

from __future__ import annotations
