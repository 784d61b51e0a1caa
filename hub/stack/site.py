"""The state directory: what a stack remembers between two commands."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import psutil

from hub.stack.artifacts import ArtifactCache, exclusively
from hub.stack.errors import PortInUseError
from hub.stack.model import ServiceName
from hub.stack.processes import ProcessRecord, read_record

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import Settings
    from golden_records.domain.clock import Clock
    from hub.stack.account import Account

LOOPBACK = "127.0.0.1"
_T = TypeVar("_T")
Progress = Callable[[ServiceName, str], None]
_PASSWORD_BYTES = 18
_KEPT_LOG = ".1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a server needs to know about where it runs."""

    settings: Settings
    clock: Clock
    artifacts: ArtifactCache
    account: Account | None
    home: Path
    """Where data of `account` lives: the state directory unless that account cannot enter it."""

    @property
    def state_dir(self) -> Path:
        return self.settings.state_dir

    def pid_file(self, name: ServiceName) -> Path:
        return self.state_dir / "run" / f"{name}.json"

    def log_file(self, name: ServiceName) -> Path:
        return self.state_dir / "log" / f"{name}.log"

    def record(self, name: ServiceName) -> ProcessRecord | None:
        return read_record(self.pid_file(name))

    def remember(self, name: ServiceName, record: ProcessRecord) -> None:
        self.pid_file(name).parent.mkdir(parents=True, exist_ok=True)
        self.pid_file(name).write_text(record.model_dump_json(), encoding="utf-8")

    def forget(self, name: ServiceName) -> None:
        self.pid_file(name).unlink(missing_ok=True)

    def fresh_log(self, name: ServiceName) -> Path:
        """The log of a new start; the one before is kept beside it."""
        log = self.log_file(name)
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log.exists():
            log.replace(log.with_name(log.name + _KEPT_LOG))
        return log

    def log_tail(self, name: ServiceName, lines: int = 15) -> str:
        log = self.log_file(name)
        if not log.is_file():
            return ""
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def port(self, name: str) -> int:
        """The port of a server: chosen free the first time, the same ever after."""
        return self._remembered("ports.json", name, _free_port)

    def known_port(self, name: str) -> int | None:
        """The remembered port, without choosing one."""
        return _read(self.state_dir / "ports.json").get(name)

    def secret(self, name: str) -> str:
        """A password made the first time, in a file that only we can read."""
        return self._remembered("secrets.json", name, lambda: secrets.token_hex(_PASSWORD_BYTES))

    def _remembered(self, filename: str, key: str, make: Callable[[], _T]) -> _T:
        path = self.state_dir / filename
        self.state_dir.mkdir(parents=True, exist_ok=True)
        with exclusively(self.state_dir / "site.lock"):
            known = _read(path)
            if key not in known:
                known[key] = make()
                _write_private(path, known)
        return cast("_T", known[key])


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _write_private(path: Path, content: object) -> None:
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(content, indent=2), encoding="utf-8")
    partial.replace(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def require_free(name: str, port: int, ports_file: Path) -> None:
    """Say who holds the port, before a server fails on it with a stack trace."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUseError(
                f"Port {port} of {name} is taken{_holder(port)}. End that program, or delete "
                f"`{name}` from {ports_file} to let another port be chosen.",
                service=name,
                port=port,
            ) from error


def _holder(port: int) -> str:
    try:
        held = [
            c.pid
            for c in psutil.net_connections("tcp")
            if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN and c.pid
        ]
        return f" by {psutil.Process(held[0]).name()} (process {held[0]})" if held else ""
    except psutil.Error:
        return ""
