"""Converters for bytes and bit strings, in each of the connector's ways to write them."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import a2b_base64
from typing import TYPE_CHECKING

from connectors.debezium.scalar_values import as_text
from connectors.debezium.wire import source_arguments
from golden_records.domain.rowchange import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.debezium.wire import Wire
    from golden_records.domain.rowchange import ColumnContract


def _base64(value: str) -> bytes:
    return a2b_base64(value, strict_mode=True)


READERS: Mapping[str, Callable[[str], bytes]] = {
    "bytes": _base64,
    "base64": _base64,
    "base64-url-safe": urlsafe_b64decode,
    "hex": bytes.fromhex,
}


def binary(_column: ColumnContract, wire: Wire) -> Callable[[object], object]:
    """Bytes; the placeholder is known bare and in the column's own encoding."""
    read = READERS[wire.binary]
    placeholder, unavailable = wire.placeholder, wire.placeholder.encode()

    def convert(value: object) -> object:
        if value == placeholder:
            return UNKNOWN
        content = read(as_text(value))
        return UNKNOWN if content == unavailable else content

    return convert


def bit_text(column: ColumnContract, _wire: Wire) -> Callable[[object], object]:
    """BIT(n) as its ones and zeros; on the wire base64 of little-endian bytes, or a boolean."""
    length, _ = source_arguments(column.source_type)

    def convert(value: object) -> str:
        return f"{_bits(value):0{length or 1}b}"

    return convert


def bit_number(_column: ColumnContract, _wire: Wire) -> Callable[[object], object]:
    """BIT(n) as a whole number."""
    return _bits


def _bits(value: object) -> int:
    if type(value) is bool:
        return int(value)
    return int.from_bytes(_base64(as_text(value)), "little")
