"""Identity operations of people: link, unlink, merge, unmerge, move, undo, and their previews."""

from __future__ import annotations
