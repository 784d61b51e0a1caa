"""Open a case where a source's table has another shape than the hub was connected with.

The feed tells at once, in the transaction that applies or sets aside what shows it; a look at the
source's own catalogue tells the rest (a new column is in no event, a table that is gone sends
none). Each closes what it told once it sees the shape fit again. What is older than the time from
which a shape fitted again opens nothing, so a chunk that comes again does not bring a case back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from golden_records.domain.drift import KEY, Shape, Witness, drift_case
from golden_records.domain.rowchange import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from golden_records.domain.casework import Stakes
    from golden_records.domain.drift import Misfit
    from golden_records.domain.rowchange import RowChange, TableContract
    from golden_records.ports import Decoded, DriftCase, UnitOfWork

    Contracts = Mapping[tuple[str, str], TableContract]

FITS: Final = "what the source sends fits again"
MENDED: Final = "the source's table fits again"


class Drifts:
    """The service of schema drift; `stakes` say what cases are worth, by entity."""

    def __init__(self, contracts: Contracts, stakes: Mapping[str, Stakes]) -> None:
        self._contracts = contracts
        self._stakes = stakes

    def watch(self, work: UnitOfWork, decoded: Sequence[Decoded]) -> None:
        """Open and close cases by what the feed shows."""
        told = [misfit for part in decoded for misfit in part.misfits]
        known = work.drift.open_cases()
        if told:
            self._open(work, told, {case.cause for case in known})
        witnessed = [case for case in known if case.witness == Witness.FEED]
        if witnessed:
            changes = [change for part in decoded for change in part.changes]
            self._close(work, witnessed, changes)

    def compare(
        self, work: UnitOfWork, system: str, found: Sequence[Misfit], now: datetime
    ) -> None:
        """Open and close cases by what the source's catalogue shows now."""
        known = [case for case in work.drift.open_cases() if case.system == system]
        sure = {case.cause for case in known if case.witness == Witness.SOURCE}
        self._open(work, found, sure)
        misfits = {misfit.cause for misfit in found}
        over = [
            case.id
            for case in known
            if case.cause not in misfits
            and (case.witness == Witness.SOURCE or not self._expected(case))
        ]
        if over:
            work.drift.close(over, now, MENDED)

    def _expected(self, case: DriftCase) -> bool:
        """Whether the hub still reads what the case is about."""
        contract = self._contracts.get((case.system, case.table))
        return contract is not None and case.place in {*contract.column_names, KEY}

    def _open(self, work: UnitOfWork, found: Iterable[Misfit], known: set[str]) -> None:
        first: dict[str, Misfit] = {}
        for misfit in found:
            if misfit.cause not in known:
                first.setdefault(misfit.cause, misfit)
        if not first:
            return
        fitted = work.drift.fitted(sorted(first))
        for cause, misfit in sorted(first.items()):
            if misfit.witness is Witness.FEED and cause in fitted and misfit.at <= fitted[cause]:
                continue
            entities = work.mirror.readers(misfit.system, misfit.table)
            case = drift_case(misfit, entities)
            stakes = self._stakes.get(entities[0]) if entities else None
            rated = stakes.put(case, {}) if stakes else case
            work.conflicts.open_for(entities[0] if entities else "", [(None, rated)])

    def _close(
        self, work: UnitOfWork, cases: Sequence[DriftCase], changes: Sequence[RowChange]
    ) -> None:
        for case in cases:
            shows = self._proof(case)
            fits = [
                change.source_ts
                for change in changes
                if (change.system, change.table) == (case.system, case.table)
                and change.source_ts > case.since
                and shows(change)
            ]
            if fits:
                work.drift.close([case.id], min(fits), FITS)

    def _proof(self, case: DriftCase) -> Callable[[RowChange], bool]:
        """What shows that the shape fits: a key that was read; a column that is there; a value."""
        contract = self._contracts.get((case.system, case.table))
        if case.place == KEY:
            return lambda change: bool(change.key)
        if contract is None or case.place not in contract.column_names:
            return lambda _change: False
        at = contract.column_names.index(case.place)
        empty = (UNKNOWN, None) if case.change == Shape.TYPE_CHANGED else (UNKNOWN,)

        def holds(change: RowChange) -> bool:
            return change.values is not None and not any(change.values[at] is e for e in empty)

        return holds
