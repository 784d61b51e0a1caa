"""What the stack says about itself."""

from __future__ import annotations

import re
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from hub.stack.errors import ServiceNotRunningError

ServiceName = Literal["postgres", "kafka", "connect", "mariadb"]
ServiceState = Literal["running", "stopped", "external", "unhealthy"]
SERVICE_NAMES: tuple[ServiceName, ...] = get_args(ServiceName)

_PASSWORD = re.compile(r"(?<=://)([^:/@]*):([^@/]*)@")


def masked(url: str) -> str:
    """Hide the password of a URL, for what people and logs see."""
    return _PASSWORD.sub(r"\1:***@", url)


class ServiceInfo(BaseModel):
    """One server; `url` carries its credentials, `detail` says why it is unhealthy."""

    model_config = ConfigDict(frozen=True)

    name: ServiceName
    state: ServiceState
    host: str | None = None
    port: int | None = None
    pid: int | None = None
    url: str | None = None
    version: str | None = None
    data_dir: str | None = None
    detail: str | None = None

    @property
    def usable(self) -> bool:
        return self.state in {"running", "external"}


class StackInfo(BaseModel):
    """All four servers; the URLs are for programs and hold passwords, so print `masked()`."""

    model_config = ConfigDict(frozen=True)

    postgres: ServiceInfo
    kafka: ServiceInfo
    connect: ServiceInfo
    mariadb: ServiceInfo

    @property
    def services(self) -> tuple[ServiceInfo, ...]:
        return (self.postgres, self.kafka, self.connect, self.mariadb)

    @property
    def postgres_url(self) -> str:
        """The superuser's libpq URL of the database `postgres`."""
        return _url(self.postgres)

    @property
    def kafka_bootstrap(self) -> str:
        return _url(self.kafka)

    @property
    def connect_url(self) -> str:
        return _url(self.connect)

    @property
    def mariadb_url(self) -> str:
        return _url(self.mariadb)

    def masked(self) -> StackInfo:
        """The same without passwords."""
        return StackInfo(
            **{
                one.name: one.model_copy(update={"url": one.url and masked(one.url)})
                for one in self.services
            }
        )


def _url(service: ServiceInfo) -> str:
    if service.url is None:
        raise ServiceNotRunningError(
            f"{service.name} is not running; start it with `mdhub stack up`", service=service.name
        )
    return service.url
