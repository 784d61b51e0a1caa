"""What the environment decides: the one place where it is read.

Every name has the prefix `MDHUB_`; `MDHUB_STATE_DIR=/srv/hub` sets `state_dir`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

ArtifactResolver = Literal["auto", "jgo", "mvn"]


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


FolderPath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """Read once, at the edge (CLI, web, worker), and handed on from there."""

    model_config = SettingsConfigDict(
        env_prefix="MDHUB_", frozen=True, extra="ignore", validate_default=True
    )

    # --- local stack: where it lives -----------------------------------------------------------
    state_dir: FolderPath = Path(".state")
    cache_dir: FolderPath = Path(".cache")

    # --- local stack: what is somebody else's (set = never started here, only health-checked) ---
    postgres_url: str | None = None
    kafka_bootstrap: str | None = None
    connect_url: str | None = None
    mariadb_url: str | None = None

    # --- local stack: what it is made of ---------------------------------------------------------
    java: FolderPath | None = None
    mariadbd: FolderPath | None = None
    stack_user: str = "nobody"
    """Whom the databases run as when the hub is started by root; both refuse to run as root."""
    jdbc_sink: bool = False
    """Also offer the JDBC sink connector in Kafka Connect; only the benchmarks need it."""
    artifact_resolver: ArtifactResolver = "auto"
    maven_repository: str | None = None
    """A mirror of Maven Central, for machines that cannot reach it."""
    start_timeout: float = 120.0
    stop_timeout: float = 30.0
