"""Reads the files of a catalogue from a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.catalogue import check_catalogue, load_catalogue
from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.findings import Finding

_KINDS = frozenset({".yaml", ".yml", ".sql", ".json"})


class FolderMissingError(TerminalError):
    """The catalogue's folder is not there; give the catalogue's path, or set MDHUB_CATALOGUE."""


def read_folder(path: Path) -> Mapping[str, str]:
    """Return path (relative, with /) → text of each YAML, SQL, JSON file, but hidden ones."""
    if not path.is_dir():
        message = f"there is no folder {path}; give the catalogue's path, or set MDHUB_CATALOGUE"
        raise FolderMissingError(message, path=str(path))
    found = {}
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        hidden = any(part.startswith(".") for part in inside.parts)
        if file.is_file() and file.suffix in _KINDS and not hidden:
            found[inside.as_posix()] = _text(file)
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot read {file}: {error}; make it a readable UTF-8 text"
        raise TerminalError(message, path=str(file)) from error


def check_folder(path: Path) -> tuple[Finding, ...]:
    """Return every finding of the catalogue in this folder, errors and warnings."""
    return check_catalogue(read_folder(path))[1]


def load_folder(path: Path) -> Catalogue:
    """Load the catalogue in this folder. Raises CatalogueBroken with every finding."""
    return load_catalogue(read_folder(path))
