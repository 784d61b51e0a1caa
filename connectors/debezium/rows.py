"""Keys and rows of one table: columns in contract order, each by the converter chosen for it."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn

import orjson

from connectors.debezium.errors import (
    KeyShapeError,
    MissingKeyError,
    UnstorableError,
    WrongValueError,
)
from connectors.debezium.logical_types import (
    CONVERSION_ERRORS,
    TEXT_LIKE,
    Converter,
    converter,
    mirror_kind,
)
from connectors.debezium.wire import wire_of_schema, wire_of_settings
from golden_records.domain.drift import KEY, Shape
from golden_records.domain.rowchange import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.debezium.settings import FeedSettings
    from golden_records.domain.rowchange import ColumnContract, TableContract

    Fields = Sequence[Mapping[str, Any]]

ARRAYS_WITH_PLACEHOLDER: Final = TEXT_LIKE | {"integer", "bigint"}


class RowReader:
    """Reads keys and rows of one table in one wire form."""

    __slots__ = (
        "_columns",
        "_converters",
        "_key",
        "_key_names",
        "_never_null",
        "_perhaps_unsent",
        "_several",
        "_take",
        "contract",
    )

    def __init__(
        self, contract: TableContract, settings: FeedSettings, fields: Fields | None = None
    ) -> None:
        """Choose converters from the event's schema fields where given, else from the settings."""
        self.contract = contract
        chosen = _converters(contract, settings, fields)
        self._columns = tuple((column.name, chosen[column.name]) for column in contract.columns)
        self._converters = tuple(convert for _, convert in self._columns)
        self._take = itemgetter(*contract.column_names)
        self._several = len(contract.columns) > 1
        self._key = tuple((name, chosen[name]) for name in contract.key)
        self._key_names = frozenset(contract.key)
        self._never_null = _positions(contract, settings, _null_may_be_nan)
        self._perhaps_unsent = (
            () if contract.whole_rows else _positions(contract, settings, _null_may_be_unsent)
        )

    def key(self, payload: Any) -> tuple[Any, ...]:  # noqa: ANN401  # whatever JSON held
        """The key in contract order; RecordError when it is absent, of other columns, or null."""
        if type(payload) is not dict:
            raise MissingKeyError
        if len(payload) != len(self._key) or not self._key_names.issuperset(payload):
            found = ", ".join(sorted(payload))
            raise KeyShapeError(
                f"The key of {self._name} has the columns {found} and not"
                f" {', '.join(self.contract.key)}; connect the table anew",
                column=KEY,
                shape=Shape.KEY_CHANGED,
                found=found,
            )
        try:
            key = tuple([convert(payload[name]) for name, convert in self._key])
        except CONVERSION_ERRORS as error:
            self._blame(self._key, payload, error)
        for part in key:
            if part is None or part is UNKNOWN:
                raise WrongValueError(f"The key of {self._name} has a part without value")
        return key

    def row(
        self, after: Mapping[str, Any], *, whole: bool, absent: list[str] | None = None
    ) -> tuple[Any, ...]:
        """The values in contract order; absent columns are UNKNOWN, and are added to `absent`.

        `whole` is true for a row that cannot hold placeholders (read, create), false for an update.
        """
        try:
            raw = self._take(after) if self._several else (self._take(after),)
        except KeyError:
            raw = tuple([after.get(name, UNKNOWN) for name, _ in self._columns])
            if absent is not None:
                absent += [name for name in self.contract.column_names if name not in after]
        unknown = UNKNOWN
        try:
            values = [
                value if value is None or value is unknown else convert(value)
                for convert, value in zip(self._converters, raw, strict=True)
            ]
        except CONVERSION_ERRORS as error:
            self._blame(self._columns, after, error)
        if self._never_null:
            _doubt(values, self._never_null)
        if self._perhaps_unsent and not whole:
            _doubt(values, self._perhaps_unsent)
        return tuple(values)

    def _blame(
        self,
        columns: tuple[tuple[str, Converter], ...],
        payload: Mapping[str, Any],
        cause: BaseException,
    ) -> NoReturn:
        """Find the first column whose value fails, so that the message names it."""
        for name, convert in columns:
            value = payload.get(name)
            try:
                if value is not None:
                    convert(value)
            except CONVERSION_ERRORS as error:
                shape = None if isinstance(error, UnstorableError) else Shape.TYPE_CHANGED
                raise WrongValueError(
                    f"{self._name}.{name} ({self.contract.column(name).type}): {error}",
                    column=name,
                    shape=shape,
                    found=f"a value that does not fit ({error})",
                ) from None
        raise WrongValueError(f"{self._name}: {cause}") from None

    @property
    def _name(self) -> str:
        return f"{self.contract.schema}.{self.contract.table}"


def fingerprint(fields: Fields) -> bytes:
    """What tells one version of an event's schema from another."""
    return orjson.dumps(fields)


def _converters(
    contract: TableContract, settings: FeedSettings, fields: Fields | None
) -> dict[str, Converter]:
    by_name = {field.get("field"): field for field in fields or ()}
    return {
        column.name: converter(
            column,
            wire_of_schema(column, by_name[column.name], settings)
            if column.name in by_name
            else wire_of_settings(column, settings),
        )
        for column in contract.columns
    }


def _positions(
    contract: TableContract,
    settings: FeedSettings,
    test: Callable[[ColumnContract, FeedSettings], bool],
) -> tuple[int, ...]:
    return tuple(
        position for position, column in enumerate(contract.columns) if test(column, settings)
    )


def _null_may_be_nan(column: ColumnContract, settings: FeedSettings) -> bool:
    """Precise mode writes null for NaN; where NULL is forbidden, a null can be nothing else."""
    numeric = column.type.startswith("numeric")
    return numeric and settings.decimal == "precise" and not column.nullable


def _null_may_be_unsent(column: ColumnContract, settings: FeedSettings) -> bool:
    """Whether an update writes null for a large value that it did not touch.

    It does in base64 mode for bytea, and in every mode for arrays of types that have no
    placeholder of their own (`numeric[]`, `date[]`, ...).
    """
    kind = mirror_kind(column.type)
    if kind.endswith("[]"):
        return kind.removesuffix("[]") not in ARRAYS_WITH_PLACEHOLDER
    return kind == "bytea" and settings.binary.startswith("base64")


def _doubt(values: list[Any], positions: tuple[int, ...]) -> None:
    for position in positions:
        if values[position] is None:
            values[position] = UNKNOWN
