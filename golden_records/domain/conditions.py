"""Conditions in CEL (Common Expression Language), compiled when the catalogue loads.

A condition sees canonical values, with one exception: decimals are doubles (`context_of`), because
their canonical text would compare as text ("9" > "10"). Comparisons mix integers and doubles;
arithmetic does not, so write `amount - 1.0`. Dates and timestamps are ISO text and compare as such.

A missing or null attribute makes a condition that needs it false, as in SQL: `segment == 'B2B'`,
and `amount > 10.0` alike. Ask for the lack itself with `golden.segment == null`. Everything else
that fails is an error of the condition's author and is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import cel

from golden_records.domain.catalogue import ValueType
from golden_records.domain.errors import TerminalError

if TYPE_CHECKING:
    from golden_records.domain.catalogue import Entity

# fmt: off
FUNCTIONS: Final = frozenset({
    "size", "startsWith", "endsWith", "contains", "matches", "int", "uint", "double", "string",
    "bytes", "timestamp", "duration", "type", "dyn", "getFullYear", "getMonth", "getDate",
    "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds",
    "getMilliseconds",
})
# fmt: on
"""What the library offers; it would report another name only when the branch is reached."""

_TEXTS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,")
_PATH = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*)\b(?!\s*\())?")


class ConditionRefused(TerminalError):
    """The condition is not valid CEL; correct it in the catalogue."""


class ConditionFailed(TerminalError):
    """The condition cannot be evaluated; correct it in the catalogue."""


class Condition:
    """One compiled condition; equal texts are equal conditions. ConditionRefused if it is wrong.

    `variables` are the names that it reads, `paths` the same with one level of fields
    (`golden.segment`), for those who check that they exist or that something they need changed.
    """

    __slots__ = ("_fields", "_names", "_program", "paths", "text", "variables")

    def __init__(self, text: str) -> None:
        self.text = text
        self._program = _compiled(text)
        plain = _TEXTS.sub("''", text)
        self.variables = frozenset(self._program.variables()) - frozenset(_BOUND.findall(plain))
        pairs = [pair for pair in _PATH.findall(plain) if pair[0] in self.variables]
        self.paths = frozenset(f"{name}.{field}" if field else name for name, field in pairs)
        self._names = tuple(sorted(self.variables))
        self._fields = _fields(pairs)

    def holds(self, context: Mapping[str, object]) -> bool:
        """Evaluate; a missing or null operand is false, ConditionFailed for any other error."""
        seen = self._seen(context)
        try:
            result = self._program.execute(seen)
        except Exception as error:
            if self._lacks(seen):
                return False
            message = f"condition {self.text!r} cannot be evaluated: {error}"
            raise ConditionFailed(message, condition=self.text) from error
        if result is None or isinstance(result, bool):
            return bool(result)
        kind = type(result).__name__
        message = f"condition {self.text!r} yields {kind}, not a boolean; compare it with something"
        raise ConditionFailed(message, condition=self.text)

    def _seen(self, context: Mapping[str, object]) -> dict[str, object]:
        """Hand over only what is read: converting a whole record costs more than evaluating."""
        seen: dict[str, object] = {}
        for name in self._names:
            if name in context:
                value = context[name]
                fields = self._fields.get(name)
                if isinstance(value, Mapping):
                    value = _pruned(value, fields)
                seen[name] = value
        return seen

    def _lacks(self, seen: Mapping[str, object]) -> bool:
        """Tell whether anything that the condition reads is missing or null."""
        for name in self._names:
            value = seen.get(name)
            fields = self._fields.get(name, ())
            if value is None:
                return True
            if isinstance(value, dict) and any(value.get(field) is None for field in fields):
                return True
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Condition({self.text!r})"

    def __reduce__(self) -> tuple[type[Condition], tuple[str]]:
        return Condition, (self.text,)


class Measure(Condition):
    """One compiled expression that yields a number; ConditionRefused if it is wrong."""

    __slots__ = ()

    def amount(self, context: Mapping[str, object]) -> Decimal | None:
        """Evaluate; None where an operand is missing, ConditionFailed for any other error."""
        seen = self._seen(context)
        try:
            result = self._program.execute(seen)
        except Exception as error:
            if self._lacks(seen):
                return None
            message = f"expression {self.text!r} cannot be evaluated: {error}"
            raise ConditionFailed(message, condition=self.text) from error
        if result is None:
            return None
        if isinstance(result, int | float) and not isinstance(result, bool):
            return Decimal(str(result))
        kind = type(result).__name__
        message = f"expression {self.text!r} yields {kind}, not a number"
        raise ConditionFailed(message, condition=self.text)


def context_of(entity: Entity, attrs: Mapping[str, object]) -> dict[str, object]:
    """Return canonical attributes as conditions see them: decimals as doubles."""
    decimals = decimal_names(entity)
    return {name: as_double(value) if name in decimals else value for name, value in attrs.items()}


def decimal_names(entity: Entity) -> frozenset[str]:
    """The entity's attributes that conditions see as doubles."""
    return frozenset(a.name for a in entity.attributes if a.type is ValueType.DECIMAL)


def as_double(value: object) -> object:
    """Turn a canonical decimal into a double; null stays null."""
    return float(value) if isinstance(value, str | int) else value


def _compiled(text: str) -> Any:  # noqa: ANN401 - the library has no public name for the type
    try:
        program = cel.compile(text)
    except Exception as error:
        message = f"condition {text!r} is not valid CEL: {error}"
        raise ConditionRefused(message, condition=text) from error
    unknown = [f for f in program.functions() if f.isidentifier() and f not in FUNCTIONS]
    unknown = [name for name in unknown if not name.startswith("_")]
    if unknown:
        names = ", ".join(sorted(FUNCTIONS))
        message = f"condition {text!r} calls unknown {', '.join(unknown)}; there are {names}"
        raise ConditionRefused(message, condition=text)
    return program


def _pruned(value: Mapping[str, object], fields: tuple[str, ...] | None) -> dict[str, object]:
    if fields is None:
        return dict(value)
    return {field: value[field] for field in fields if field in value}


def _fields(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Per variable the fields that are read, where it is never read as a whole."""
    whole = {name for name, field in pairs if not field}
    fields: dict[str, set[str]] = {}
    for name, field in pairs:
        if name not in whole:
            fields.setdefault(name, set()).add(field)
    return {name: tuple(sorted(read)) for name, read in fields.items()}
