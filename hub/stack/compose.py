"""`compose.yaml`, rendered from the table of servers: `python -m hub.stack.compose` writes it."""

from __future__ import annotations

import io
from pathlib import Path

from ruamel.yaml import YAML

from hub.stack import containers, table
from hub.stack.model import SERVICE_NAMES, ServiceName

FILE = "compose.yaml"
PASSWORD = "${MDHUB_STACK_PASSWORD:?set it in .env}"  # noqa: S105 - a reference, not a password
_CACHE = "${MDHUB_CACHE_DIR:-./.cache}"
_HEADER = """\
# The local servers as containers, for machines that have an engine; `mdhub stack up` needs none.
# Rendered from hub/stack/table.py by `python -m hub.stack.compose`; a test holds them equal.
#
#   python -m hub.stack.artifacts resolve debezium-postgres debezium-mariadb
#   MDHUB_STACK_PASSWORD=... docker compose up --wait
#
# Then point MDHUB_POSTGRES_URL, MDHUB_KAFKA_BOOTSTRAP, MDHUB_CONNECT_URL and MDHUB_MARIADB_URL
# at 127.0.0.1; connectors reach the databases as postgres:5432 and mariadb:3306.
"""


def render() -> str:
    """The text of the file; the same table always gives the same text."""
    specs = {
        name: containers.spec_of(name, password=PASSWORD, host_port=_host_port(name))
        for name in SERVICE_NAMES
    }
    document = {
        "name": "mdhub",
        "services": {name: _service(spec) for name, spec in specs.items()},
        "configs": {
            _config_name(path): {"content": text}
            for spec in specs.values()
            for path, text in spec.files.items()
        },
        "volumes": {name: {} for name, spec in specs.items() if spec.data},
    }
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(document, stream)
    return _HEADER + stream.getvalue()


def _service(spec: containers.ContainerSpec) -> dict[str, object]:
    row = table.SERVICES[spec.name]
    entries: dict[str, object] = {
        "image": spec.image,
        "command": list(spec.command),
        "environment": dict(spec.environment),
        "ports": [f"127.0.0.1:{_host_port(spec.name)}:{spec.port}"],
        "volumes": _volumes(spec),
        "configs": [{"source": _config_name(path), "target": path} for path in spec.files],
        "depends_on": {need: {"condition": "service_healthy"} for need in row.after},
        "healthcheck": {
            "test": ["CMD", *row.healthcheck],
            "interval": "5s",
            "timeout": "10s",
            "retries": 30,
        },
    }
    return {key: value for key, value in entries.items() if value}


def _host_port(name: ServiceName) -> str:
    return f"${{MDHUB_{name.upper()}_PORT:-{table.SERVICES[name].container_port}}}"


def _volumes(spec: containers.ContainerSpec) -> list[str]:
    kept = [f"{spec.name}:{spec.data}"] if spec.data else []
    plugins = (f"{_CACHE}/artifacts/{one}:{containers.PLUGINS}/{one}:ro" for one in spec.plugins)
    return [*kept, *plugins]


def _config_name(path: str) -> str:
    return Path(path).stem


if __name__ == "__main__":
    Path(FILE).write_text(render(), encoding="utf-8")
