"""Java archives by coordinate and SHA-256, resolved once into the cache.

`artifacts.txt` names every file of every set, so nothing is decided at run time: jgo (or Maven,
where it is installed) only fetches, and what it fetched must have the pinned sum. A set that is
complete needs no network. `python -m hub.stack.artifacts lock` rewrites the list from
`table.ARTIFACT_ROOTS`.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from hub.stack import fetchers, table
from hub.stack.errors import ArtifactsUnavailableError, ChecksumMismatchError, StackError

LIST = "artifacts.txt"
_FIELDS = 3
_SHA256_LENGTH = 64
_COMPLETE = "COMPLETE"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Artifact:
    """One archive of one set."""

    artifact_set: str
    group: str
    name: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.name}:{self.version}"

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}.jar"

    def line(self) -> str:
        return f"{self.artifact_set} {self.coordinate} {self.sha256}"


def parse(text: str) -> tuple[Artifact, ...]:
    """Read the list; a line that is not `set group:name:version sha256` is named in the error."""
    lines = enumerate(text.splitlines(), start=1)
    return tuple(
        _parse_line(number, line) for number, line in lines if line.strip() and line[0] != "#"
    )


def _parse_line(number: int, line: str) -> Artifact:
    words = line.split()
    coordinate = words[1].split(":") if len(words) == _FIELDS else []
    if len(coordinate) != _FIELDS or len(words[2]) != _SHA256_LENGTH:
        raise StackError(
            f"{LIST} line {number} is not `set group:name:version sha256`; "
            "run `python -m hub.stack.artifacts lock`",
            line=number,
        )
    return Artifact(
        artifact_set=words[0],
        group=coordinate[0],
        name=coordinate[1],
        version=coordinate[2],
        sha256=words[2],
    )


def pinned() -> tuple[Artifact, ...]:
    return parse(files("hub.stack").joinpath(LIST).read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class ArtifactCache:
    """The resolved sets under `cache_dir/artifacts/<set>/jars`."""

    def __init__(self, cache_dir: Path, fetch: fetchers.Fetch) -> None:
        """Take the fetcher as an argument, so that tests need no registry."""
        self._root = cache_dir / "artifacts"
        self._fetch = fetch

    def folder(self, artifact_set: str) -> Path:
        return self._root / artifact_set

    def jars(self, artifact_set: str) -> Path:
        return self.folder(artifact_set) / "jars"

    def resolve(self, artifact_set: str, say: Say = lambda _: None) -> Path:
        """Make the set complete and return its folder of jars; safe to call side by side."""
        wanted = [one for one in pinned() if one.artifact_set == artifact_set]
        if self._is_complete(artifact_set, wanted):  # so a cache may be read-only
            return self.jars(artifact_set)
        self._root.mkdir(parents=True, exist_ok=True)
        with exclusively(self._root / f"{artifact_set}.lock"):
            if not self._is_complete(artifact_set, wanted):
                say(f"resolving {len(wanted)} files")
                self._complete(artifact_set, wanted)
        return self.jars(artifact_set)

    def _is_complete(self, artifact_set: str, wanted: Iterable[Artifact]) -> bool:
        marker = self.folder(artifact_set) / _COMPLETE
        return (
            marker.is_file()
            and marker.read_text(encoding="utf-8") == _fingerprint(wanted)
            and all((self.jars(artifact_set) / one.filename).is_file() for one in wanted)
        )

    def _complete(self, artifact_set: str, wanted: list[Artifact]) -> None:
        fetched = self._root / f"{artifact_set}.partial"
        shutil.rmtree(fetched, ignore_errors=True)
        (fetched / "jars").mkdir(parents=True)
        self._fetch([one.coordinate for one in wanted], fetched / "jars")
        verify(fetched / "jars", wanted)
        (fetched / _COMPLETE).write_text(_fingerprint(wanted), encoding="utf-8")
        shutil.rmtree(self.folder(artifact_set), ignore_errors=True)
        fetched.rename(self.folder(artifact_set))


def verify(folder: Path, wanted: Iterable[Artifact]) -> None:
    """Compare every file with its pinned sum; one that differs is deleted and named."""
    for one in wanted:
        path = folder / one.filename
        if not path.is_file():
            raise ArtifactsUnavailableError(
                f"{one.coordinate} was not delivered; run `mdhub stack up` again",
                coordinate=one.coordinate,
            )
        found = sha256_of(path)
        if found != one.sha256:
            path.unlink()
            raise ChecksumMismatchError(
                f"{one.coordinate} has SHA-256 {found}, pinned is {one.sha256}. The file was "
                "deleted and not used. Run `mdhub stack up` again; if it stays, the registry or "
                "mirror delivers a changed file: do not trust it, tell whoever runs it.",
                coordinate=one.coordinate,
                found=found,
            )


def _fingerprint(wanted: Iterable[Artifact]) -> str:
    return "\n".join(one.line() for one in wanted)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Hold a lock file against other threads and other processes."""
    with path.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def lock(scratch: Path) -> str:
    """Resolve the roots anew and return the text of the list; needs the network."""
    lines = [
        "# Every Java archive of the local servers: set, group:name:version, SHA-256.",
        "# Written by `python -m hub.stack.artifacts lock`; not edited by hand.",
    ]
    for artifact_set, roots in table.ARTIFACT_ROOTS.items():
        coordinates = fetchers.closure(roots, scratch / "closure")
        kept = [c for c in coordinates if _belongs(artifact_set, c)]
        target = scratch / artifact_set
        fetchers.fetch_with_jgo(kept, target)
        lines += sorted(_pin(artifact_set, c, target).line() for c in kept)
    return "\n".join(lines) + "\n"


def _belongs(artifact_set: str, coordinate: str) -> bool:
    name = coordinate.split(":")[1]
    return artifact_set in {"kafka", "mariadb"} or not name.startswith(table.NOT_IN_PLUGINS)


def _pin(artifact_set: str, coordinate: str, folder: Path) -> Artifact:
    group, name, version = coordinate.split(":")
    path = folder / f"{name}-{version}.jar"
    return Artifact(
        artifact_set=artifact_set,
        group=group,
        name=name,
        version=version,
        sha256=sha256_of(path),
    )


def main(argv: list[str]) -> int:
    """`lock` rewrites the list, `resolve [set ...]` fills the cache."""
    import tempfile  # noqa: PLC0415 - the maintenance command only

    from config.settings import Settings  # noqa: PLC0415

    match argv:
        case ["lock"]:
            with tempfile.TemporaryDirectory() as scratch:
                text = lock(Path(scratch))
            Path(str(files("hub.stack").joinpath(LIST))).write_text(text, encoding="utf-8")
        case ["resolve", *sets]:
            settings = Settings()
            cache = ArtifactCache(settings.cache_dir, fetchers.from_settings(settings))
            for artifact_set in sets or table.ARTIFACT_ROOTS:
                print(cache.resolve(artifact_set))  # noqa: T201 - a command's output
        case _:
            print("usage: python -m hub.stack.artifacts lock | resolve [SET ...]")  # noqa: T201
            return 2
    return 0


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
