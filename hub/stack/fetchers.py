"""Getting Java archives by coordinate: with jgo (pure Python) or with Maven where it is installed.

Neither decides which versions are used nor is trusted: `artifacts.verify` checks the sums.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from hub.stack.errors import ArtifactsUnavailableError

if TYPE_CHECKING:
    from config.settings import Settings

Fetch = Callable[[Sequence[str], Path], None]
_SIDE_BY_SIDE = 8
_TIMEOUT_SECONDS = 60


def from_settings(settings: Settings) -> Fetch:
    """Choose by `artifact_resolver`; `auto` tries jgo, then Maven if the machine has it."""
    with_jgo: Fetch = partial(fetch_with_jgo, repository=settings.maven_repository)
    choices: dict[str, Fetch] = {
        "jgo": with_jgo,
        "mvn": fetch_with_mvn,
        "auto": partial(_fetch_either, first=with_jgo),
    }
    return choices[settings.artifact_resolver]


def fetch_with_jgo(coordinates: Sequence[str], folder: Path, repository: str | None = None) -> None:
    """Put the archives into the folder; the user's own Maven repository is not touched."""
    from jgo.maven import MavenContext  # noqa: PLC0415 - slow to import, rarely needed

    scratch = folder.with_name(folder.name + ".fetched")
    remotes = {"mirror": repository} if repository else None
    context = MavenContext(repo_cache=scratch, remote_repos=remotes, timeout=_TIMEOUT_SECONDS)
    folder.mkdir(parents=True, exist_ok=True)

    def one(coordinate: str) -> None:
        group, name, version = coordinate.split(":")
        found = context.project(group, name).at_version(version).artifact().resolve()
        found.replace(folder / f"{name}-{version}.jar")

    try:
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(one, coordinates))
    except (OSError, RuntimeError) as error:
        raise _unavailable(str(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def fetch_with_mvn(coordinates: Sequence[str], folder: Path) -> None:
    """The same through Maven, which knows the user's own settings (mirrors, proxies)."""
    mvn = shutil.which("mvn")
    if mvn is None:
        raise _unavailable("MDHUB_ARTIFACT_RESOLVER is `mvn`, but there is no mvn on the PATH")
    folder.mkdir(parents=True, exist_ok=True)
    pom = folder.with_name(folder.name + ".pom.xml")
    pom.write_text(pom_of(coordinates), encoding="utf-8")
    goal = "dependency:copy-dependencies"
    argv = [mvn, "-q", "-B", "-f", str(pom), goal, f"-DoutputDirectory={folder}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    pom.unlink()
    if done.returncode != 0:
        raise _unavailable((done.stdout or done.stderr)[-600:])


def pom_of(coordinates: Sequence[str]) -> str:
    """A project that depends on exactly these files and on nothing behind them."""
    dependencies = "".join(
        "<dependency>{}<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId>"
        "</exclusion></exclusions></dependency>".format(
            "".join(
                f"<{tag}>{escape(part)}</{tag}>"
                for tag, part in zip(
                    ("groupId", "artifactId", "version"), coordinate.split(":"), strict=True
                )
            )
        )
        for coordinate in coordinates
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>mdhub</groupId>"
        "<artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{dependencies}</dependencies></project>"
    )


def _fetch_either(coordinates: Sequence[str], folder: Path, first: Fetch) -> None:
    try:
        first(coordinates, folder)
    except ArtifactsUnavailableError:
        if shutil.which("mvn") is None:
            raise
        fetch_with_mvn(coordinates, folder)


def closure(roots: Sequence[str], scratch: Path) -> list[str]:
    """Every run-time archive behind the roots, roots included (for the maintenance command)."""
    from jgo.maven import MavenContext  # noqa: PLC0415

    context = MavenContext(repo_cache=scratch, timeout=_TIMEOUT_SECONDS)
    dependencies = [context.create_dependency(root) for root in roots]
    inputs, behind = context.resolver.resolve(dependencies)
    return sorted({f"{d.groupId}:{d.artifactId}:{d.version}" for d in (*inputs, *behind)})


def _unavailable(why: str) -> ArtifactsUnavailableError:
    return ArtifactsUnavailableError(
        f"The servers' Java archives could not be resolved: {why}. They are needed once; check "
        "the network or proxy, set MDHUB_MAVEN_REPOSITORY to a mirror, or point "
        "MDHUB_KAFKA_BOOTSTRAP, MDHUB_CONNECT_URL and MDHUB_MARIADB_URL at servers of your own."
    )
