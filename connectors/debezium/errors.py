"""Why a record of the feed could not become a change, and what a connector or source refuses."""

from __future__ import annotations

from golden_records.domain.errors import TerminalError, TransientError


class RecordError(TerminalError):
    """The record cannot be read as a change event; it is set aside whole."""


class UndecodableRecordError(RecordError):
    """The bytes are not JSON in UTF-8."""


class BinaryRecordError(RecordError):
    """The record is Avro or Protobuf; set key.converter and value.converter to JsonConverter."""


class FlattenedRecordError(RecordError):
    """The record is a flattened row; take ExtractNewRecordState out of the transforms."""


class NotAnEnvelopeError(RecordError):
    """The record is JSON but no Debezium change event."""


class UnknownOpError(RecordError):
    """The operation code is none of r, c, u, d, t, m."""


class UnknownConnectorError(RecordError):
    """The record comes from a connector whose log positions the hub cannot order."""


class UnknownTableError(RecordError):
    """The record is of a table that no contract describes; map the table or drop it."""


class MissingKeyError(RecordError):
    """The record has no key; give the source table a primary key."""


class KeyShapeError(RecordError):
    """The record's key has other columns than the contract; connect the table anew."""


class MissingRowError(RecordError):
    """The record should carry a row after the change and does not."""


class MissingPositionError(RecordError):
    """The record does not say where in the source's log it stands."""


class WrongValueError(RecordError):
    """A column holds what its contract does not allow."""


class UnstorableError(ValueError):
    """The value is of the column's type, and PostgreSQL or Python has no such value."""


class ContractError(TerminalError):
    """A column's source type cannot be mirrored in the type that its contract names."""


class ConnectUnreachableError(TransientError):
    """Kafka Connect does not answer; start it or correct its address."""


class ConnectorRefusedError(TerminalError):
    """Kafka Connect refused the connector's configuration."""


class ConnectorFailedError(TerminalError):
    """The connector or one of its tasks failed; its trace says why."""


class ConnectorSlowError(TransientError):
    """The connector did not reach RUNNING in time; look at its status and try again."""


class SourceUnreachableError(TransientError):
    """The source database does not answer or refuses the login."""


class SourceMismatchError(TerminalError):
    """The source's catalogue lacks what the mapping asks for."""


class PublicationIncompleteError(TerminalError):
    """The publication lacks a mapped table, and the hub's role may not add it."""
