"""Reads `models/<entity>.json`: the matching model that a catalogue pins for an entity."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from config.names import MODEL
from config.problems import Place, suggestion
from golden_records.domain.catalogue import IdentityMode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.problems import Problems
    from golden_records.domain.catalogue import Entity

EXPORT = "write the file with `mdhub policy export`, and leave it as it is"


def read_models(
    files: Mapping[str, str], entities: Mapping[str, Entity], problems: Problems
) -> dict[str, str]:
    """Return the models' text by entity; each must be of an entity that is matched."""
    found = {}
    for path, text in files.items():
        name = MODEL.fullmatch(path)
        if name is None:
            continue
        entity = entities.get(name[1])
        if entity is None:
            remedy = f"rename the file; {suggestion(name[1], entities)}"
            problems.error(Place(path), f"there is no entity '{name[1]}'", remedy)
        elif entity.identity.mode is not IdentityMode.MATCHING:
            remedy = "remove the file; only an entity that is matched has a model"
            problems.error(Place(path), f"'{name[1]}' is recognised by reference", remedy)
        elif not _is_model(text):
            problems.error(Place(path), "this is no matching model", EXPORT)
        else:
            found[name[1]] = text
    return found


def _is_model(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
