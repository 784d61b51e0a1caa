"""The registry and the unit of work, which holds all ports of one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from golden_records.domain.catalogue import Phase
    from golden_records.ports.bulk import Bulk
    from golden_records.ports.deletes import Withheld
    from golden_records.ports.drift import Drift
    from golden_records.ports.feed import FeedLog, Mirror
    from golden_records.ports.goldens import Conflicts, Goldens
    from golden_records.ports.matching import MatchFacts
    from golden_records.ports.policies import Policies
    from golden_records.ports.publishing import Leases, Ledger, Publications
    from golden_records.ports.records import Marks, SourceRecords
    from golden_records.ports.values import ExchangeRates, Families, Periods, RaiseDecisions


class Registry(Protocol):
    """Phases of (system, entity) pairs and the switches of the systems."""

    def marking(self) -> frozenset[tuple[str, str]]:
        """Pairs past LOADING; held for share, so a change of phase waits for this transaction."""
        ...

    def phases(self) -> dict[tuple[str, str], Phase]: ...

    def model_version(self, entity: str) -> str | None:
        """Return the version of the active matching model, if any was activated."""
        ...

    def model(self, entity: str) -> str | None:
        """Return the active matching model as JSON text."""
        ...

    def activate_model(self, entity: str, version: str, body: str) -> None: ...

    def retire_model(self, entity: str) -> None:
        """Let the default model be used until another is trained."""
        ...

    def live_systems(self) -> frozenset[str]:
        """Systems that are switched on; all others are in dry run."""
        ...

    def set_phase(self, system: str, entity: str, phase: Phase) -> None: ...


class UnitOfWork(Protocol):
    """One transaction; leaving it without `commit` rolls everything back."""

    @property
    def mirror(self) -> Mirror: ...

    @property
    def feed(self) -> FeedLog: ...

    @property
    def drift(self) -> Drift: ...

    @property
    def marks(self) -> Marks: ...

    @property
    def sources(self) -> SourceRecords: ...

    @property
    def goldens(self) -> Goldens: ...

    @property
    def bulk(self) -> Bulk: ...

    @property
    def withheld(self) -> Withheld: ...

    @property
    def conflicts(self) -> Conflicts: ...

    @property
    def rates(self) -> ExchangeRates: ...

    @property
    def periods(self) -> Periods: ...

    @property
    def raises(self) -> RaiseDecisions: ...

    @property
    def families(self) -> Families: ...

    @property
    def publications(self) -> Publications: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def leases(self) -> Leases: ...

    @property
    def policies(self) -> Policies: ...

    @property
    def matching(self) -> MatchFacts: ...

    @property
    def registry(self) -> Registry: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def hold_policy(self) -> None:
        """Hold the policy that this transaction follows, until its end.

        PolicyChanged where another is active: begin again with its rules. To be asked first of all
        locks; whoever holds the policy and whoever takes it would else wait for each other.
        """
        ...

    def savepoint(self) -> AbstractContextManager[object]:
        """A nested transaction: left by an exception it undoes only itself."""
        ...

    def commit(self) -> None: ...
