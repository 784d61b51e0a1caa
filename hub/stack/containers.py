"""The same servers as containers: what `compose.yaml` and the test containers are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.stack import table
from hub.stack.java import properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.stack.model import ServiceName
    from hub.stack.table import Service

PLUGINS = "/plugins"
WORKER_FILE = "/etc/mdhub/worker.properties"
INTERNAL_PORT = 29092
_CONTROLLER_PORT = 29093
# Containers of one stack find each other by service name; the id only has to be the same always.
_CLUSTER_ID = "bWRodWItc3RhY2stMDAwMQ"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """One container; `data` is the folder to keep, `files` are written into it before it starts."""

    name: ServiceName
    image: str
    port: int
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()


def spec_of(name: ServiceName, *, password: str, host_port: str) -> ContainerSpec:
    """The container of a service; Kafka must know the port under which the host sees it."""
    makers = {"postgres": _postgres, "kafka": _kafka, "connect": _connect, "mariadb": _mariadb}
    return makers[name](table.SERVICES[name], password, host_port)


def _postgres(service: Service, password: str, _host_port: str) -> ContainerSpec:
    options = (word for key, value in service.settings.items() for word in ("-c", f"{key}={value}"))
    return ContainerSpec(
        name=service.name,
        image=service.image,
        port=service.container_port,
        command=("postgres", *options),
        environment={
            "POSTGRES_PASSWORD": password,
            "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale-provider=builtin "
            "--builtin-locale=C.UTF-8 --locale=C --auth-host=scram-sha-256",
        },
        data="/var/lib/postgresql",
    )


def _mariadb(service: Service, password: str, _host_port: str) -> ContainerSpec:
    return ContainerSpec(
        name=service.name,
        image=service.image,
        port=service.container_port,
        command=tuple(f"--{key}={value}" for key, value in service.settings.items()),
        environment={"MARIADB_ROOT_PASSWORD": password},
        data="/var/lib/mysql",
    )


def _kafka(service: Service, _password: str, host_port: str) -> ContainerSpec:
    data = "/var/lib/kafka/data"
    settings = {
        **service.settings,
        "listeners": f"PLAINTEXT://:{service.container_port},INTERNAL://:{INTERNAL_PORT},"
        f"CONTROLLER://:{_CONTROLLER_PORT}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{host_port},"
        f"INTERNAL://{service.name}:{INTERNAL_PORT}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,"
        "CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INTERNAL",
        "controller.quorum.voters": f"1@localhost:{_CONTROLLER_PORT}",
        "log.dirs": data,
    }
    return ContainerSpec(
        name=service.name,
        image=service.image,
        port=service.container_port,
        environment={
            "CLUSTER_ID": _CLUSTER_ID,
            "KAFKA_HEAP_OPTS": f"-Xmx{service.heap}",
            **{f"KAFKA_{key.replace('.', '_').upper()}": value for key, value in settings.items()},
        },
        data=data,
    )


def _connect(service: Service, _password: str, _host_port: str) -> ContainerSpec:
    settings = {
        **service.settings,
        "bootstrap.servers": f"kafka:{INTERNAL_PORT}",
        "listeners": f"http://0.0.0.0:{service.container_port}",
        "rest.advertised.host.name": service.name,
        "rest.advertised.port": str(service.container_port),
        "plugin.path": ",".join(f"{PLUGINS}/{one}" for one in table.PLUGIN_SETS),
    }
    return ContainerSpec(
        name=service.name,
        image=service.image,
        port=service.container_port,
        command=("/opt/kafka/bin/connect-distributed.sh", WORKER_FILE),
        environment={"KAFKA_HEAP_OPTS": f"-Xmx{service.heap}"},
        files={WORKER_FILE: properties(settings)},
        plugins=table.PLUGIN_SETS,
    )
