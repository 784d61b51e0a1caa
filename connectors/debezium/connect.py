"""Kafka Connect's REST interface, as far as the hub uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx

from connectors.debezium.errors import (
    ConnectorFailedError,
    ConnectorRefusedError,
    ConnectorSlowError,
    ConnectUnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden_records.domain.clock import Clock

RUNNING: Final = "RUNNING"
FAILED: Final = "FAILED"
NOT_FOUND: Final = 404
# A rebalance of the workers; the same request succeeds a moment later.
CONFLICT: Final = 409
POLL_SECONDS: Final = 0.5
FORGET_SECONDS: Final = 20.0
REBALANCE_TRIES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorStatus:
    """The states of a connector and its tasks, with the first line of the trace of each failure."""

    name: str
    state: str
    tasks: tuple[str, ...]
    failures: tuple[str, ...]

    @property
    def running(self) -> bool:
        """Whether the connector and at least one task run, and none is anything else."""
        return bool(self.tasks) and {self.state, *self.tasks} == {RUNNING}


class ConnectClient:
    """Registers, watches and removes connectors. Every call may raise ConnectUnreachableError."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Open a client for the REST interface at `url`; `timeout` is of one request, seconds."""
        self._url = url.rstrip("/")
        self._clock = clock
        self._client = httpx.Client(base_url=self._url, timeout=timeout, transport=transport)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def connectors(self) -> tuple[str, ...]:
        """The names of all registered connectors."""
        return tuple(sorted(self._call("GET", "/connectors").json()))

    def put(self, name: str, config: Mapping[str, str]) -> None:
        """Create the connector or give it this configuration; the same twice changes nothing."""
        self._call("PUT", f"/connectors/{_path(name)}/config", dict(config))

    def config(self, name: str) -> dict[str, str]:
        """The configuration as stored, with references to secrets unresolved."""
        config: dict[str, str] = self._call("GET", f"/connectors/{_path(name)}/config").json()
        return config

    def status(self, name: str) -> ConnectorStatus | None:
        """The states of the connector and its tasks; None when there is none of that name."""
        response = self._request("GET", f"/connectors/{_path(name)}/status")
        if response.status_code == NOT_FOUND:
            return None
        self._check(response)
        return _status(name, response.json())

    def streaming(self, name: str) -> bool:
        """Whether the connector has sent its whole snapshot: its stored offset is past it.

        A source without a change since is known by the mark on its last snapshot record.
        """
        offsets = self._offsets(name)
        return bool(offsets) and all(
            not offset.get("snapshot")
            or offset.get("last_snapshot_record")
            or offset.get("snapshot_completed")
            for offset in offsets
        )

    def offset(self, name: str) -> dict[str, Any]:
        """Where the connector will go on, in its own words; empty before it has read anything."""
        return next(iter(self._offsets(name)), {})

    def _offsets(self, name: str) -> list[dict[str, Any]]:
        answer = self._call("GET", f"/connectors/{_path(name)}/offsets").json()
        return [entry["offset"] or {} for entry in answer["offsets"]]

    def restart_failed(self, name: str) -> None:
        """Restart the connector and its tasks where they have failed, and nothing that runs."""
        path = f"/connectors/{_path(name)}/restart?includeTasks=true&onlyFailed=true"
        self._call("POST", path)

    def delete(self, name: str) -> None:
        """Remove the connector, if it is there; its topics, offsets and slot stay."""
        response = self._request("DELETE", f"/connectors/{_path(name)}")
        if response.status_code != NOT_FOUND:
            self._check(response)

    def forget(self, name: str) -> None:
        """Remove the connector with its offsets, so that one of that name begins anew."""
        if self.status(name) is None:
            return
        self._call("PUT", f"/connectors/{_path(name)}/stop")
        deadline = self._clock.monotonic() + FORGET_SECONDS
        while self._clock.monotonic() < deadline:
            found = self.status(name)
            if found is None or (found.state == "STOPPED" and not found.tasks):
                break
            self._clock.sleep(POLL_SECONDS)
        self._call("DELETE", f"/connectors/{_path(name)}/offsets")
        self.delete(name)

    def wait_running(self, name: str, timeout: float) -> ConnectorStatus:
        """Wait until the connector and its tasks run.

        ConnectorFailedError at the first failure, ConnectorSlowError after `timeout` seconds.
        """
        deadline = self._clock.monotonic() + timeout
        while True:
            status = self.status(name)
            if status is not None and status.running:
                return status
            if status is not None and status.failures:
                raise ConnectorFailedError(
                    f"The connector {name} failed: {'; '.join(status.failures)}", connector=name
                )
            if self._clock.monotonic() >= deadline:
                seen = "not registered" if status is None else f"{status.state}, {status.tasks}"
                raise ConnectorSlowError(
                    f"The connector {name} is not running after {timeout:g} s ({seen});"
                    " look at the Connect worker's log",
                    connector=name,
                )
            self._clock.sleep(POLL_SECONDS)

    def _call(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> httpx.Response:
        response = self._request(method, path, body)
        self._check(response)
        return response

    def _request(
        self, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> httpx.Response:
        for _ in range(REBALANCE_TRIES):
            try:
                response = self._client.request(method, path, json=body)
            except httpx.HTTPError as error:
                raise ConnectUnreachableError(
                    f"Kafka Connect at {self._url} does not answer ({type(error).__name__});"
                    " start it or correct its address",
                    url=self._url,
                ) from error
            if response.status_code != CONFLICT:
                break
            self._clock.sleep(POLL_SECONDS)
        return response

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        message = _message(response)
        if response.is_client_error and response.status_code != CONFLICT:
            raise ConnectorRefusedError(
                f"Kafka Connect refused {response.request.method} {response.request.url.path}:"
                f" {message}",
                status=response.status_code,
            )
        raise ConnectUnreachableError(
            f"Kafka Connect at {self._url} answered {response.status_code}: {message}",
            url=self._url,
        )


def _status(name: str, answer: Mapping[str, Any]) -> ConnectorStatus:
    connector, tasks = answer["connector"], answer["tasks"]
    failures = [
        f"{what}: {_first_line(one.get('trace'))}"
        for what, one in (("connector", connector), *((f"task {t['id']}", t) for t in tasks))
        if one["state"] == FAILED
    ]
    return ConnectorStatus(
        name=name,
        state=connector["state"],
        tasks=tuple(task["state"] for task in tasks),
        failures=tuple(failures),
    )


def _first_line(trace: str | None) -> str:
    """What failed and the innermost cause that says anything; the stack is in the worker's log."""
    lines = (trace or "no trace").splitlines()
    causes = [line for line in lines if line.startswith("Caused by:") and line.count(": ") > 1]
    return "; ".join([lines[0], *causes[-1:]])


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text[:500] or response.reason_phrase


def _path(name: str) -> str:
    return quote(name, safe="")
