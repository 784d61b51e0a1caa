"""Services that follow the active policy: whoever finds another one takes up its rules.

A transaction that holds the policy and finds another version than its service's raises
PolicyChanged and has done nothing. The service is then made anew, once for all threads, and the
call is repeated; so a worker needs no restart when a policy becomes active.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from config.catalogue import load_catalogue
from golden_records.domain.policy import PolicyChanged
from hub.bootstrap.opening import assemble_hub, contract_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from golden_records.domain.feed import ApplyOutcome, Chunk, ResolveOutcome
    from hub.bootstrap.opening import Hub
    from hub.services.apply import Apply
    from hub.services.resolve import Resolve

S = TypeVar("S")
R = TypeVar("R")


def newest(hub: Hub) -> Hub:
    """Return the hub under the policy that is active now; the same one where nothing changed."""
    with hub.work() as work:
        if work.policies.active() in {hub.catalogue.version, None}:
            return hub
        files, rows = work.registry.active() or {}, work.registry.contracts()
    return assemble_hub(
        (hub.settings, hub.clock, hub.places),
        hub.engine,
        load_catalogue(files),
        {(row["system"], row["table_name"]): contract_of(row["body"]) for row in rows},
        epochs={row["system"]: row["epoch"] for row in rows},
    )


class Following(Generic[S]):
    """A service on the hub as the active policy has it."""

    def __init__(self, hub: Hub, build: Callable[[Hub], S]) -> None:
        self._hub = hub
        self._build = build
        self._service = build(hub)
        self._lock = threading.Lock()

    @property
    def service(self) -> S:
        return self._service

    def call(self, action: Callable[[S], R]) -> R:
        """Do it under the active policy."""
        while True:
            service = self._service
            try:
                return action(service)
            except PolicyChanged:
                self.renew(service)

    def renew(self, seen: S) -> None:
        """Make the service anew, unless another thread has done so since."""
        with self._lock:
            if self._service is seen:
                self._hub = newest(self._hub)
                self._service = self._build(self._hub)


class FollowingApply:
    """`streams.ports.ApplyService`."""

    def __init__(self, hub: Hub, build: Callable[[Hub], Apply]) -> None:
        self._following = Following(hub, build)

    def apply(self, chunks: Sequence[Chunk]) -> ApplyOutcome:
        return self._following.call(lambda service: service.apply(chunks))


class FollowingResolve:
    """`streams.ports.ResolveService`."""

    def __init__(self, hub: Hub, build: Callable[[Hub], Resolve]) -> None:
        self._following = Following(hub, build)

    def resolve(self, *shards: int) -> ResolveOutcome:
        return self._following.call(lambda service: service.resolve(*shards))
