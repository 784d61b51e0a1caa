"""Kafka Connect in distributed mode with Debezium's connectors."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from hub.stack import table
from hub.stack.account import own
from hub.stack.java import find_java, options, properties
from hub.stack.processes import Launch
from hub.stack.site import LOOPBACK, Progress, Site

if TYPE_CHECKING:
    from pathlib import Path

    from hub.stack.model import ServiceName

_SET = "kafka"


class ConnectServer:
    """Keeps its state in Kafka topics, so its folder holds only its configuration."""

    name: ServiceName = "connect"
    stop_signal = signal.SIGTERM

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def data_dir(self) -> Path:
        return self._site.state_dir / "connect"

    def url(self, port: int) -> str:
        return f"http://{LOOPBACK}:{port}"

    def prepare(self, progress: Progress) -> None:
        for artifact_set in (_SET, *self._plugin_sets()):
            self._site.artifacts.resolve(artifact_set, lambda what: progress(self.name, what))
        own(self.data_dir, None)

    def launch(self) -> Launch:
        config = self.data_dir / "worker.properties"
        text = properties(self._settings())
        config.write_text(text, encoding="utf-8")
        heap = table.SERVICES[self.name].heap or ""
        argv = (
            str(find_java(self._site.settings)),
            *options(heap, self.name, self._site.state_dir),
            "-cp",
            f"{self._site.artifacts.jars(_SET)}/*",
            "org.apache.kafka.connect.cli.ConnectDistributed",
            str(config),
        )
        return Launch(argv=argv, cwd=self.data_dir, config=text)

    def _plugin_sets(self) -> tuple[str, ...]:
        extra = (table.JDBC_SINK_SET,) if self._site.settings.jdbc_sink else ()
        return (*table.PLUGIN_SETS, *extra)

    def _settings(self) -> dict[str, str]:
        settings = self._site.settings
        plugins = (str(self._site.artifacts.folder(one)) for one in self._plugin_sets())
        port = self._site.port(self.name)
        bootstrap = settings.kafka_bootstrap or f"{LOOPBACK}:{self._site.port('kafka')}"
        return {
            **table.CONNECT_SETTINGS,
            "bootstrap.servers": bootstrap,
            "listeners": f"http://{LOOPBACK}:{port}",
            "rest.advertised.host.name": LOOPBACK,
            "rest.advertised.port": str(port),
            "plugin.path": ",".join(plugins),
        }
