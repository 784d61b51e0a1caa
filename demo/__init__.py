"""A world for the hub to live in: four systems, their people's work, and a judge.

Nothing here imports the hub. What should be true afterwards is known from the record of what was
done, never from the hub's own tables.
"""

from __future__ import annotations
