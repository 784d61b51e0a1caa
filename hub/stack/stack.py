"""The local stack as a whole: started side by side, adopted if healthy, stopped in order."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from golden_records.domain.errors import HubError
from hub.clock import SystemClock
from hub.stack import fetchers, processes, table
from hub.stack.account import HOME_FILE, home_for, record_home, short_dir, unprivileged
from hub.stack.artifacts import ArtifactCache, exclusively
from hub.stack.connect import ConnectServer
from hub.stack.errors import StackError, StartFailedError, UnreachableError
from hub.stack.kafka import KafkaServer
from hub.stack.mariadb import MariadbServer
from hub.stack.model import SERVICE_NAMES, ServiceInfo, ServiceName, StackInfo
from hub.stack.postgres import PostgresServer
from hub.stack.probes import probe
from hub.stack.site import LOOPBACK, Progress, Site, require_free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from config.settings import Settings
    from golden_records.domain.clock import Clock
    from hub.stack.processes import ProcessRecord
    from hub.stack.server import Server

_POLL_SECONDS = 0.25
_PATIENCE_WITH_RUNNING_SECONDS = 15.0
_ATTEMPTS = 4
# What PostgreSQL says while the children of a killed one have not ended yet.
_TRY_AGAIN = re.compile(r"still in use|lock file .* already exists")
_KINDS: tuple[Callable[[Site], Server], ...] = (
    PostgresServer,
    KafkaServer,
    ConnectServer,
    MariadbServer,
)
_EXTERNAL_SETTING: Mapping[ServiceName, str] = {
    "postgres": "postgres_url",
    "kafka": "kafka_bootstrap",
    "connect": "connect_url",
    "mariadb": "mariadb_url",
}
# All that `reset` deletes below the state directory; whatever else is there is not ours.
_OURS = ("run", "log", *SERVICE_NAMES, "ports.json", "secrets.json", "site.lock", HOME_FILE)


def _silent(_name: ServiceName, _what: str) -> None:
    """Report to nobody."""


class Stack:
    """The four servers of one state directory; every method may be called from any process."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Touch nothing yet."""
        settings_dir = settings.state_dir
        account = unprivileged(settings.stack_user, effective_uid=os.geteuid())
        self._clock = clock or SystemClock()
        self._settings = settings
        self._site = Site(
            settings=settings,
            clock=self._clock,
            artifacts=ArtifactCache(settings.cache_dir, fetchers.from_settings(settings)),
            account=account,
            home=home_for(account, settings_dir),
        )
        self._servers: dict[ServiceName, Server] = {
            server.name: server for server in (kind(self._site) for kind in _KINDS)
        }

    @property
    def settings(self) -> Settings:
        return self._settings

    def up(self, only: frozenset[str] | None = None, progress: Progress = _silent) -> StackInfo:
        """Have the servers (and what they need) running and healthy; a second call changes nothing.

        Raises one StackError that names every server that could not be had; the others stay up.
        """
        names = _with_needs(only)
        with self._exclusively():
            futures: dict[ServiceName, Future[ServiceInfo]] = {}
            with ThreadPoolExecutor(len(names), thread_name_prefix="stack") as pool:
                for name in names:
                    needs = [futures[need] for need in table.SERVICES[name].after]
                    futures[name] = pool.submit(self._have, name, needs, progress)
            _raise_failures(futures)
        return self.status()

    def start(self, name: ServiceName, progress: Progress = _silent) -> ServiceInfo:
        """Have one server running, without looking at the others."""
        with self._exclusively():
            return self._have(name, (), progress)

    def down(self, progress: Progress = _silent) -> None:
        """Stop what runs, each by its own clean shutdown, dependants first."""
        with self._exclusively():
            for name in table.STOP_ORDER:
                self._stop(name, progress)

    def kill(self, name: ServiceName) -> None:
        """SIGKILL the server and its children, for tests of what happens then."""
        record = self._site.record(name)
        if record is None or self._external_url(name) is not None:
            raise StackError(f"{name} was not started here, so it is not killed", service=name)
        processes.kill(record, self._clock)

    def status(self) -> StackInfo:
        """Ask every server; starts and changes nothing."""
        with ThreadPoolExecutor(len(SERVICE_NAMES)) as pool:
            found = dict(zip(SERVICE_NAMES, pool.map(self._look, SERVICE_NAMES), strict=True))
        return StackInfo(**found)

    def reset(self, progress: Progress = _silent) -> None:
        """Stop everything and delete its data, ports and passwords; the cache stays."""
        self.down(progress)
        with self._exclusively():
            for name in _OURS:
                _delete(self._settings.state_dir / name)
            _delete(short_dir(self._settings.state_dir))

    # --- one server ---

    def _have(
        self, name: ServiceName, needs: Iterable[Future[ServiceInfo]], progress: Progress
    ) -> ServiceInfo:
        external = self._external_url(name)
        if external is not None:
            return self._require_external(name, external)
        record_home(self._site.home, self._settings.state_dir)
        self._servers[name].prepare(progress)
        if not self._adopt(name, progress):
            for need in needs:
                need.result()
            self._launch(name, progress)
        progress(name, "ready")
        return self._look(name)

    def _adopt(self, name: ServiceName, progress: Progress) -> bool:
        """Keep a running server that answers and is as it would be started now; end any other."""
        record = self._site.record(name)
        if record is None or processes.find(record) is None:
            self._site.forget(name)
            return False
        if record.fingerprint not in {"", self._servers[name].launch().fingerprint}:
            progress(name, "settings changed: replacing it")
        elif self._answers_soon(name, record):
            return True
        else:
            progress(name, "runs but does not answer: replacing it")
        self._stop(name, progress)
        return False

    def _answers_soon(self, name: ServiceName, record: ProcessRecord) -> bool:
        deadline = self._clock.monotonic() + _PATIENCE_WITH_RUNNING_SECONDS
        while not self._answers(name):
            if processes.find(record) is None or self._clock.monotonic() >= deadline:
                return False
            self._clock.sleep(_POLL_SECONDS)
        return True

    def _launch(self, name: ServiceName, progress: Progress) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            progress(name, "starting")
            try:
                self._launch_once(name)
            except StartFailedError as error:
                if attempt == _ATTEMPTS or not _TRY_AGAIN.search(str(error)):
                    raise
                self._clock.sleep(attempt)
            else:
                return

    def _launch_once(self, name: ServiceName) -> None:
        port = self._site.port(name)
        require_free(name, port, self._settings.state_dir / "ports.json")
        launch = self._servers[name].launch()
        record = processes.spawn(launch, self._site.fresh_log(name))
        self._site.remember(name, record)
        deadline = self._clock.monotonic() + self._settings.start_timeout
        while not self._answers(name):
            if processes.find(record) is None:
                self._site.forget(name)
                raise self._failed(name, "ended while starting")
            if self._clock.monotonic() >= deadline:
                raise self._failed(name, f"not ready after {self._settings.start_timeout:g} s")
            self._clock.sleep(_POLL_SECONDS)

    def _failed(self, name: ServiceName, what: str) -> StartFailedError:
        log = self._site.log_file(name)
        return StartFailedError(
            f"{name} {what}. The end of {log}:\n{self._site.log_tail(name)}", service=name, log=log
        )

    def _stop(self, name: ServiceName, progress: Progress) -> None:
        record = self._site.record(name)
        if record is not None and processes.find(record) is not None:
            progress(name, "stopping")
            how = self._servers[name].stop_signal
            clean = processes.stop(record, how, self._settings.stop_timeout, self._clock)
            progress(name, "stopped" if clean else "did not stop in time and was killed")
        self._site.forget(name)

    def _answers(self, name: ServiceName) -> bool:
        try:
            probe(name, self._servers[name].url(self._site.port(name)))
        except UnreachableError:
            return False
        return True

    def _look(self, name: ServiceName) -> ServiceInfo:
        external = self._external_url(name)
        if external is not None:
            return _with_answer(_external_info(name, external))
        port = self._site.known_port(name)
        process = processes.find(self._site.record(name))
        place = {"host": LOOPBACK, "port": port, "data_dir": str(self._servers[name].data_dir)}
        stopped = ServiceInfo.model_validate({"name": name, "state": "stopped", **place})
        if process is None or port is None:
            return stopped
        url = self._servers[name].url(port)
        running = {"state": "running", "pid": process.pid, "url": url}
        return _with_answer(stopped.model_copy(update=running))

    # --- external servers ---

    def _external_url(self, name: ServiceName) -> str | None:
        value: str | None = getattr(self._settings, _EXTERNAL_SETTING[name])
        return value

    def _require_external(self, name: ServiceName, url: str) -> ServiceInfo:
        info = _with_answer(_external_info(name, url))
        if not info.usable:
            setting = f"MDHUB_{_EXTERNAL_SETTING[name].upper()}"
            raise UnreachableError(
                f"{info.detail}. Start that server or correct {setting}; unset it to have the "
                f"hub start a {name} of its own.",
                service=name,
            )
        return info

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """One command at a time; a second one waits."""
        self._settings.state_dir.mkdir(parents=True, exist_ok=True)
        with exclusively(self._settings.state_dir / "stack.lock"):
            yield


def _with_needs(only: frozenset[str] | None) -> list[ServiceName]:
    """The wanted servers and what they need, needs first."""
    unknown = (only or frozenset()) - set(SERVICE_NAMES)
    if unknown:
        known = ", ".join(SERVICE_NAMES)
        raise StackError(f"No such server: {', '.join(sorted(unknown))}; there are {known}.")
    wanted = set(SERVICE_NAMES if only is None else only)
    for name in tuple(wanted):
        wanted.update(table.SERVICES[name].after)  # type: ignore[index]
    return [name for name in SERVICE_NAMES if name in wanted]


def _raise_failures(futures: Mapping[ServiceName, Future[ServiceInfo]]) -> None:
    failures: dict[int, HubError] = {}
    for future in futures.values():
        error = future.exception()
        if error is not None and not isinstance(error, HubError):
            raise error
        if error is not None:
            failures[id(error)] = error  # a dependant fails with the very error of its need
    if len(failures) == 1:
        raise next(iter(failures.values()))
    if failures:
        raise StackError("\n\n".join(str(error) for error in failures.values()))


def _external_info(name: ServiceName, url: str) -> ServiceInfo:
    parts = urlsplit(url if "://" in url else f"//{url.split(',', maxsplit=1)[0]}")
    return ServiceInfo(name=name, state="external", host=parts.hostname, port=parts.port, url=url)


def _with_answer(info: ServiceInfo) -> ServiceInfo:
    try:
        version = probe(info.name, info.url or "")
    except UnreachableError as error:
        return info.model_copy(update={"state": "unhealthy", "detail": str(error)})
    if not version and info.state == "running":
        version = table.SERVICES[info.name].version
    return info.model_copy(update={"version": version or None})


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
