"""One Kafka broker that is its own controller."""

from __future__ import annotations

import base64
import signal
import subprocess
import uuid
from typing import TYPE_CHECKING

from hub.stack import table
from hub.stack.account import own
from hub.stack.errors import StartFailedError
from hub.stack.java import find_java, options, properties
from hub.stack.processes import Launch
from hub.stack.site import LOOPBACK, Progress, Site

if TYPE_CHECKING:
    from pathlib import Path

    from hub.stack.model import ServiceName

_SET = "kafka"


class KafkaServer:
    """Listens for clients on one loopback port and for itself as controller on another."""

    name: ServiceName = "kafka"
    stop_signal = signal.SIGTERM

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def data_dir(self) -> Path:
        return self._site.state_dir / "kafka" / "data"

    @property
    def _config(self) -> Path:
        return self._site.state_dir / "kafka" / "server.properties"

    def url(self, port: int) -> str:
        return f"{LOOPBACK}:{port}"

    def prepare(self, progress: Progress) -> None:
        self._site.artifacts.resolve(_SET, lambda what: progress(self.name, what))
        # Connect keeps connectors, and so passwords, in topics.
        own(self.data_dir, None)
        self._config.write_text(properties(self._settings()), encoding="utf-8")
        if not (self.data_dir / "meta.properties").is_file():
            progress(self.name, "formatting the log directory")
            self._format()

    def launch(self) -> Launch:
        return Launch(
            argv=self._java("kafka.Kafka", str(self._config)),
            cwd=self.data_dir.parent,
            config=properties(self._settings()),
        )

    def _settings(self) -> dict[str, str]:
        clients, controller = self._site.port(self.name), self._site.port("kafka-controller")
        return {
            **table.KAFKA_SETTINGS,
            "listeners": f"PLAINTEXT://{LOOPBACK}:{clients},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{clients}",
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "log.dirs": str(self.data_dir),
        }

    def _java(self, main: str, *arguments: str) -> tuple[str, ...]:
        heap = table.SERVICES[self.name].heap or ""
        return (
            str(find_java(self._site.settings)),
            *options(heap, self.name, self._site.state_dir),
            "-cp",
            f"{self._site.artifacts.jars(_SET)}/*",
            main,
            *arguments,
        )

    def _format(self) -> None:
        # A fixed first letter: an id that begins with a dash would be read as an option.
        unique = b"m" + uuid.uuid4().bytes[1:]
        cluster = base64.urlsafe_b64encode(unique).decode().rstrip("=")
        tool = "kafka.tools.StorageTool"
        argv = self._java(tool, "format", "-t", cluster, "-c", str(self._config))
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise StartFailedError(f"Kafka's storage format failed: {done.stderr[-600:]}")
