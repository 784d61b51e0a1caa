"""From bytes to the payload of a change event, and what else lies in the topics of a connector.

Both forms of JsonConverter are read: the payload alone (schemas off) and `{"schema", "payload"}`
(schemas on), key and value each for itself. Avro, Protobuf and flattened rows are refused by name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from connectors.debezium.errors import (
    BinaryRecordError,
    FlattenedRecordError,
    NotAnEnvelopeError,
    UndecodableRecordError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WRAPPED: Final = frozenset({"schema", "payload"})
FLATTENED: Final = frozenset({"__op", "__deleted", "__table", "__lsn", "__source_ts_ms"})
BARE_WORDS: Final = (b"NaN", b"Infinity")
MAGIC: Final = b"\x00"

HEARTBEAT: Final = "heartbeat"
TRANSACTION: Final = "transaction boundary"
SCHEMA_CHANGE: Final = "schema change"
MESSAGE: Final = "message"
TOMBSTONE: Final = "tombstone"
SIGNAL: Final = "signal"


class Unwrapped(NamedTuple):
    """A payload and, with schemas on, its schema."""

    payload: Any
    schema: Mapping[str, Any] | None


def loads(raw: bytes) -> Any:  # noqa: ANN401  # JSON is any of its types
    """Read JSON as Debezium writes it, bare NaN included; RecordError for anything else."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _loads_otherwise(raw, error)


def _loads_otherwise(raw: bytes, error: ValueError) -> object:
    if raw[:1] == MAGIC:
        raise BinaryRecordError from None
    if not any(word in raw for word in BARE_WORDS):
        raise UndecodableRecordError(f"The bytes are not JSON in UTF-8: {error}") from None
    try:
        value = json.loads(raw)
        orjson.dumps(value)
    except (ValueError, TypeError, RecursionError) as again:
        raise UndecodableRecordError(f"The bytes are not JSON in UTF-8: {again}") from None
    return value


def unwrap(value: object) -> Unwrapped:
    """Take the payload out of `{"schema", "payload"}`; a bare payload stays as it is."""
    if isinstance(value, dict) and value.keys() == WRAPPED:
        return Unwrapped(value["payload"], value["schema"])
    return Unwrapped(value, None)


def other_kind(topic: str, payload: Mapping[str, Any]) -> str:
    """Name what a payload without `op` is; RecordError when the hub has no word for it."""
    keys = payload.keys()
    if keys == {"ts_ms"} or topic.startswith("__debezium-heartbeat"):
        return HEARTBEAT
    if {"status", "id"} <= keys and "event_count" in keys:
        return TRANSACTION
    if {"ddl", "tableChanges"} & keys:
        return SCHEMA_CHANGE
    if keys & FLATTENED:
        raise FlattenedRecordError
    raise NotAnEnvelopeError(
        "The record is JSON but no Debezium change event: it has neither op nor source;"
        " take transforms that flatten or rename out of the connector"
    )


def row_schema(schema: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]] | None:
    """The fields of `after` in the schema of an envelope; None with schemas off."""
    if schema is None:
        return None
    for field in schema.get("fields") or ():
        if field.get("field") == "after":
            fields: Sequence[Mapping[str, Any]] | None = field.get("fields")
            return fields
    return None


def key_schema(schema: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]] | None:
    """The fields of a key's schema; None with schemas off."""
    return schema.get("fields") if schema else None
