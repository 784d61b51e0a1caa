"""What the services need from the outside, as Protocols.

A unit of work is one PostgreSQL transaction; everything reached through it happens in that
transaction or not at all. Nothing here commits but `UnitOfWork.commit`.
"""

from __future__ import annotations

from golden_records.ports.bulk import (
    Bulk,
    LoadedGroup,
    LoadedLink,
    LoadedRecord,
    StagedRecord,
)
from golden_records.ports.deletes import Withheld, WithheldDelete
from golden_records.ports.drift import Drift, DriftCase
from golden_records.ports.feed import (
    BadRecord,
    Decoded,
    Decoder,
    Evaluated,
    Evaluation,
    FeedCount,
    FeedLog,
    Mirror,
    MirrorOutcome,
    TableCounts,
)
from golden_records.ports.goldens import Conflicts, Goldens, GoldenWrite, LinkWrite, Turn
from golden_records.ports.matching import (
    DecidedPair,
    HotKey,
    KeyFigures,
    KnownModel,
    MatchedRecord,
    MatchFacts,
)
from golden_records.ports.policies import Policies, Sweep
from golden_records.ports.publishing import (
    Attempt,
    Lease,
    Leases,
    LeaseTerms,
    Ledger,
    Publications,
    PublicationWrite,
    Target,
    WriteOutcome,
    WriteResult,
)
from golden_records.ports.records import (
    Mark,
    Marks,
    RecordHead,
    RecordWrite,
    SourceRecords,
    StoredRecord,
)
from golden_records.ports.values import (
    ExchangeRates,
    Families,
    Periods,
    PeriodWrite,
    RaiseDecisions,
)
from golden_records.ports.work import Registry, UnitOfWork

__all__ = [
    "Attempt",
    "BadRecord",
    "Bulk",
    "Conflicts",
    "DecidedPair",
    "Decoded",
    "Decoder",
    "Drift",
    "DriftCase",
    "Evaluated",
    "Evaluation",
    "ExchangeRates",
    "Families",
    "FeedCount",
    "FeedLog",
    "GoldenWrite",
    "Goldens",
    "HotKey",
    "KeyFigures",
    "KnownModel",
    "Lease",
    "LeaseTerms",
    "Leases",
    "Ledger",
    "LinkWrite",
    "LoadedGroup",
    "LoadedLink",
    "LoadedRecord",
    "Mark",
    "Marks",
    "MatchFacts",
    "MatchedRecord",
    "Mirror",
    "MirrorOutcome",
    "PeriodWrite",
    "Periods",
    "Policies",
    "PublicationWrite",
    "Publications",
    "RaiseDecisions",
    "RecordHead",
    "RecordWrite",
    "Registry",
    "SourceRecords",
    "StagedRecord",
    "StoredRecord",
    "Sweep",
    "TableCounts",
    "Target",
    "Turn",
    "UnitOfWork",
    "Withheld",
    "WithheldDelete",
    "WriteOutcome",
    "WriteResult",
]
