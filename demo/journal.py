"""The world's own record of what its people did, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TextIO

from demo.records import Record, Ref, Values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Effect = Literal["create", "set", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record that one business change touched; a change of several records has several."""

    at: str
    truth: str
    action: str
    effect: Effect
    system: str
    entity: str
    key: str
    values: Values

    @property
    def ref(self) -> Ref:
        return Ref(self.system, self.entity, self.key)

    @property
    def record(self) -> Record:
        return Record(ref=self.ref, truth=self.truth, values=self.values)

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.at)


class Journal:
    """Appends entries; a line is written only after its transaction committed."""

    def __init__(self, stream: TextIO) -> None:
        """Append to an open text stream."""
        self._stream = stream
        self.length = 0

    def append(self, entry: Entry) -> None:
        self._stream.write(json.dumps(asdict(entry)) + "\n")
        self._stream.flush()
        self.length += 1


def read(path: Path) -> Iterator[Entry]:
    """Read a journal back, oldest first; no file is an empty journal."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Entry(**json.loads(line))
