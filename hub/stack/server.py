"""What the stack needs of every kind of server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import signal
    from pathlib import Path

    from hub.stack.model import ServiceName
    from hub.stack.processes import Launch
    from hub.stack.site import Progress


class Server(Protocol):
    """One local server; it owns no process, only the knowledge of how to run one."""

    name: ServiceName
    stop_signal: signal.Signals

    @property
    def data_dir(self) -> Path:
        """Where its data is."""
        ...

    def prepare(self, progress: Progress) -> None:
        """Resolve programs and create the data; what is there already is kept."""
        ...

    def launch(self) -> Launch:
        """Say how to start it; called after `prepare`."""
        ...

    def url(self, port: int) -> str:
        """The URL with credentials."""
        ...


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
