"""Canonical values: the one form in which values are stored, compared and hashed.

| type      | canonical form | taken as the same |
|-----------|----------------|-------------------|
| text      | NFC, trailing blanks cut, `''` is null | `'x '` of a CHAR column, `'x'` |
| integer   | int | `7`, `"7"`, `7.0`, Decimal 7 |
| decimal   | shortest plain text, `-0` is `"0"` | `1.50`, `"1.5"`, `"01.5"` |
| boolean   | bool | 0/1, BIT(1), and the words that PostgreSQL knows |
| date      | ISO text | a timestamp at midnight; MariaDB's `0000-00-00` is null |
| timestamp | ISO text, UTC, `Z`, microseconds only if there are any | any offset; none means UTC |
| json      | as it is, without fractions: these become decimal text | order of keys never counts |

`infinity` and `-infinity`, PostgreSQL's open ends of a date or timestamp, stay as they are. A blank
text is null for every type. Without this table the hub would answer 1.50 with 1.5 for ever.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from unicodedata import is_normalized, normalize
from uuid import UUID

from golden_records.domain.catalogue import ValueType
from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from golden_records.domain.catalogue import Entity

    Canonical: TypeAlias = Callable[[object], object]
    Canonicaliser: TypeAlias = Callable[[Mapping[str, object]], dict[str, object]]

GREATEST_EXPONENT: Final = 1000
"""Beyond it a decimal is refused: its plain text would fill the memory before it meant anything."""

SHOWN: Final = 80
INFINITIES: Final = frozenset({"infinity", "-infinity"})
NO_DATE: Final = "0000-00-00"
WORDS: Final[Mapping[str, bool]] = {
    word: word in {"t", "true", "1", "y", "yes", "on"}
    for word in ("t", "true", "1", "y", "yes", "on", "f", "false", "0", "n", "no", "off")
}
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_MIDNIGHT = "T00:00:00Z"


class ValueRefused(TerminalError):
    """The value does not fit its type; correct the mapping, or the value at its source."""


def canonical(value_type: ValueType, raw: object) -> object:
    """Return the canonical form; ValueRefused when the value cannot be of that type."""
    return None if raw is None else _OF_TYPE[value_type](raw)


def same(value_type: ValueType, a: object, b: object) -> bool:
    """Tell whether two raw values are the same once canonical."""
    return canonical(value_type, a) == canonical(value_type, b)


def as_decimal(value: object) -> Decimal:
    """Read a canonical decimal or integer for arithmetic; ValueRefused for anything else."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return _decimal(value)
    raise _refuse(value, "a number in canonical form")


def canonicaliser(entity: Entity) -> Canonicaliser:
    """Compile the canonical form of an entity's attributes and references, for every record.

    A name that `raw` lacks stays absent (the system says nothing about it); other names are
    dropped. References are text, the source's own key.
    """
    steps = tuple(
        [(attribute.name, _OF_TYPE[attribute.type]) for attribute in entity.attributes]
        + [(reference.name, _text) for reference in entity.references]
    )

    def canonicalise(raw: Mapping[str, object]) -> dict[str, object]:
        attrs: dict[str, object] = {}
        name = ""
        try:
            for name, step in steps:
                if name in raw:
                    value = raw[name]
                    attrs[name] = None if value is None else step(value)
        except ValueRefused as refusal:
            message = f"{entity.name}.{name}: {refusal}"
            raise ValueRefused(message, entity=entity.name, attribute=name) from refusal
        return attrs

    return canonicalise


def canonical_attrs(entity: Entity, raw: Mapping[str, object]) -> dict[str, object]:
    """Canonicalise one record; whoever has many compiles `canonicaliser(entity)` once."""
    return canonicaliser(entity)(raw)


def _refuse(raw: object, wanted: str) -> ValueRefused:
    shown = repr(raw)
    shown = shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
    return ValueRefused(f"{type(raw).__name__} {shown} is not {wanted}")


def _text(raw: object) -> object:
    text = raw if isinstance(raw, str) else _spelt(raw)
    if not text.isascii():
        text = _normal(text)
    if "\x00" in text:
        raise _refuse(raw, "text: it holds a NUL character, which PostgreSQL cannot store")
    return text.rstrip(" ") or None


def _normal(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refuse(text, "text: it holds half of a surrogate pair") from None
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def _spelt(raw: object) -> str:
    """Spell what a key or code may be when it is not text."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float | Decimal):
        return str(_decimal_or_none(raw))
    if isinstance(raw, int | UUID):
        return str(raw)
    if isinstance(raw, datetime):
        return _instant(raw)
    if isinstance(raw, date):
        return raw.isoformat()
    raise _refuse(raw, "text")


def _integer(raw: object) -> object:
    if isinstance(raw, int):
        return int(raw)
    number = _number(raw, "an integer")
    if number is None:
        return None
    if number != number.to_integral_value():
        raise _refuse(raw, "an integer")
    return int(number)


def _decimal_or_none(raw: object) -> object:
    if isinstance(raw, str) and _PLAIN.fullmatch(raw) and raw != "-0":
        return raw
    number = _number(raw, "a decimal number")
    if number is None:
        return None
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _number(raw: object, wanted: str) -> Decimal | None:
    if isinstance(raw, str) and not raw.strip():
        return None
    number = _decimal(raw, wanted)
    if number and abs(number.adjusted()) > GREATEST_EXPONENT:
        raise _refuse(raw, f"{wanted} of a reasonable size")
    return number


def _decimal(raw: object, wanted: str = "a decimal number") -> Decimal:
    if isinstance(raw, float):
        raw = repr(raw)
    if not isinstance(raw, str | int | Decimal) or (isinstance(raw, str) and "_" in raw):
        raise _refuse(raw, wanted)
    try:
        number = Decimal(raw)
    except InvalidOperation:
        raise _refuse(raw, wanted) from None
    if not number.is_finite():
        raise _refuse(raw, wanted)
    return number


def _boolean(raw: object) -> object:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, bytes) and raw in {b"\x00", b"\x01"}:
        return raw == b"\x01"
    if isinstance(raw, int | float | Decimal) and raw in {0, 1}:
        return raw == 1
    if isinstance(raw, str):
        word = raw.strip().lower()
        if not word:
            return None
        if word in WORDS:
            return WORDS[word]
    raise _refuse(raw, "a boolean")


def _date(raw: object) -> object:
    if isinstance(raw, str):
        text = raw.strip()
        if not text or text.startswith(NO_DATE):
            return None
        if text in INFINITIES:
            return text
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raw = _moment(text, "a date")
    if isinstance(raw, datetime):
        instant = _instant(raw)
        if not instant.endswith(_MIDNIGHT):
            raise _refuse(raw, "a date: it has a time of day; cast it in the mapping")
        return instant[: -len(_MIDNIGHT)]
    if isinstance(raw, date):
        return raw.isoformat()
    raise _refuse(raw, "a date")


def _timestamp(raw: object) -> object:
    if isinstance(raw, str):
        text = raw.strip()
        if not text or text.startswith(NO_DATE):
            return None
        return text if text in INFINITIES else _instant(_moment(text, "a timestamp"))
    if isinstance(raw, datetime):
        return _instant(raw)
    if isinstance(raw, date):
        return raw.isoformat() + _MIDNIGHT
    raise _refuse(raw, "a timestamp")


def _moment(text: str, wanted: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _refuse(text, f"{wanted} in ISO form") from None


def _instant(moment: datetime) -> str:
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise _refuse(moment, "a timestamp between the years 1 and 9999") from None
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _json(raw: object) -> object:
    """Canonicalise a document; text that opens like one is one (drivers differ in parsing it)."""
    if isinstance(raw, str):
        text = raw.strip()
        if not text:
            return None
        if text[0] not in "{[":
            return _member(raw)
        try:
            raw = json.loads(text, parse_float=Decimal)
        except ValueError:
            raise _refuse(raw, "JSON") from None
    return _member(raw)


def _member(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value if value.isascii() else _normal(value)
    if isinstance(value, float | Decimal):
        number = _decimal(value)
        return int(number) if number == number.to_integral_value() else _decimal_or_none(value)
    if isinstance(value, dict):
        return {str(key): _member(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_member(item) for item in value]
    raise _refuse(value, "JSON")


_OF_TYPE: Final[Mapping[ValueType, Canonical]] = {
    ValueType.TEXT: _text,
    ValueType.INTEGER: _integer,
    ValueType.DECIMAL: _decimal_or_none,
    ValueType.BOOLEAN: _boolean,
    ValueType.DATE: _date,
    ValueType.TIMESTAMP: _timestamp,
    ValueType.JSON: _json,
}

ORDER: Final[Mapping[ValueType, Callable[[Any], Any]]] = {
    ValueType.INTEGER: lambda value: value,
    ValueType.DECIMAL: Decimal,
    ValueType.DATE: lambda value: value,
    ValueType.TIMESTAMP: lambda value: value.removesuffix("Z"),
}
"""What orders canonical values, for the types that have an order by size or time.

A timestamp loses its `Z`, because 12:00:00Z would otherwise sort after 12:00:00.5Z; the two
infinities sort where they belong."""
