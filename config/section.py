"""Typed reading of one mapping of a file.

What is asked for is known; what nobody asked for is reported when the section is closed. A reader
that finds a problem adds it and returns the default, so that reading goes on to the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeVar

from config.durations import SYNTAX, duration
from config.problems import Place, nearest, suggestion
from config.tree import Items, Keys, Scalar, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta
    from types import TracebackType

    from config.problems import Problems

_E = TypeVar("_E", bound=StrEnum)
_D = TypeVar("_D")


@dataclass(frozen=True, slots=True)
class Pool:
    """The names of one kind that may be referred to."""

    kind: str
    names: frozenset[str]

    @classmethod
    def of(cls, kind: str, names: Iterable[str]) -> Pool:
        return cls(kind, frozenset(names))


@dataclass(slots=True)
class Section:
    """One mapping of a file; use it as a context so that unknown keys are reported."""

    tree: Keys
    problems: Problems
    what: str
    head: Scalar | None = None
    """What the mapping stands under, where it has a name."""
    asked: set[str] = field(default_factory=set)

    @property
    def place(self) -> Place:
        return self.head.place if self.head else self.tree.place

    def __enter__(self) -> Self:
        """Start reading."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Report the keys that nothing reads."""
        for key, _ in self.tree.entries:
            if key.text not in self.asked:
                self._unknown(key)

    def _unknown(self, key: Scalar) -> None:
        like = nearest(key.text, self.asked)
        known = ", ".join(sorted(self.asked))
        remedy = f"write '{like}'" if like else f"remove it; known keys: {known}"
        self.problems.error(key.place, f"nothing reads '{key.text}' in {self.what}", remedy)

    def error(self, tree: Tree | None, message: str, remedy: str) -> None:
        """Report a problem at this value, or at the section where there is none."""
        self.problems.error(tree.place if tree else self.place, message, remedy)

    def take(self, key: str, *, required: bool = False) -> Tree | None:
        """Return the value; an empty one counts as absent."""
        self.asked.add(key)
        value = self.tree.get(key)
        if isinstance(value, Scalar) and value.kind == "null":
            value = None
        if value is None and required:
            self.error(None, f"'{key}' is missing in {self.what}", f"add `{key}: ...`")
        return value

    def scalar(self, key: str, *, required: bool = False) -> Scalar | None:
        value = self.take(key, required=required)
        return None if value is None else as_scalar(value, key, self.problems)

    def text(self, key: str, *, required: bool = False) -> str | None:
        value = self.scalar(key, required=required)
        return value.text if value else None

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.scalar(key)
        if value is None:
            return default
        if value.kind != "bool":
            self.error(value, f"'{key}' is '{value.text}'", "write true or false")
        return value.text.lower() == "true"

    def integer(self, key: str, *, least: int = 0) -> int | None:
        value = self.scalar(key)
        if value is None:
            return None
        if value.kind == "int" and value.text.isdecimal() and int(value.text) >= least:
            return int(value.text)
        self.error(value, f"'{key}' is '{value.text}'", f"write a whole number from {least} up")
        return None

    def fraction(self, key: str, *, default: float) -> float:
        """Read a probability: above 0, up to 1."""
        value = self.scalar(key)
        if value is None:
            return default
        if value.kind in {"int", "float"} and 0 < _number(value.text) <= 1:
            return _number(value.text)
        self.error(value, f"'{key}' is '{value.text}'", "write a probability such as 0.9")
        return default

    def duration(self, key: str, default: _D) -> timedelta | _D:
        value = self.scalar(key)
        if value is None:
            return default
        found = as_duration(value, self.problems)
        return default if found is None else found

    def choice(self, key: str, kinds: type[_E], default: _E | None = None) -> _E | None:
        value = self.scalar(key, required=default is None)
        return default if value is None else as_choice(value, key, kinds, self.problems) or default

    def name(self, key: str, pool: Pool, *, required: bool = False) -> str | None:
        value = self.scalar(key, required=required)
        return None if value is None else as_name(value, pool, self.problems)

    def names(self, key: str, pool: Pool) -> tuple[str, ...]:
        """Read a list of known names, each once."""
        found = [as_name(value, pool, self.problems) for value in self.words(key)]
        return tuple(name for name in found if name)

    def words(self, key: str, *, required: bool = False) -> tuple[Scalar, ...]:
        """Read a list of single words, each once."""
        seen: dict[str, Scalar] = {}
        for item in self.items(key, required=required):
            word = as_scalar(item, key, self.problems)
            if word and word.text in seen:
                self.error(word, f"'{word.text}' stands in '{key}' twice", "keep one of the two")
            elif word:
                seen[word.text] = word
        return tuple(seen.values())

    def items(self, key: str, *, required: bool = False) -> tuple[Tree, ...]:
        value = self.take(key, required=required)
        if isinstance(value, Items):
            return value.items
        if value is not None:
            self.error(value, f"'{key}' is not a list", f"write `{key}: [...]`")
        return ()

    def section(self, key: str, what: str, *, required: bool = False) -> Section | None:
        value = self.take(key, required=required)
        return None if value is None else as_section(value, what, self.problems)

    def sections(self, key: str, what: str) -> Iterator[tuple[Scalar, Section]]:
        """Yield name and section of each entry of a mapping; an empty entry is an empty section."""
        inner = self.section(key, what)
        yield from entries(inner.tree, what, self.problems) if inner else ()


def entries(tree: Keys, what: str, problems: Problems) -> Iterator[tuple[Scalar, Section]]:
    """Yield name and section of each entry."""
    for name, value in tree.entries:
        section = as_section(value, f"{what} '{name.text}'", problems)
        if section:
            section.head = name
            yield name, section


def as_section(value: Tree, what: str, problems: Problems) -> Section | None:
    """Read a mapping; nothing at all is an empty one."""
    if isinstance(value, Scalar) and value.kind == "null":
        return Section(Keys(value.place, ()), problems, what)
    if isinstance(value, Keys):
        return Section(value, problems, what)
    problems.error(value.place, f"{what} is not a mapping", "write `name: value` lines under it")
    return None


def as_scalar(value: Tree, what: str, problems: Problems) -> Scalar | None:
    if isinstance(value, Scalar) and value.kind != "null":
        return value
    problems.error(value.place, f"'{what}' is not a single value", "write one value")
    return None


def as_name(value: Scalar, pool: Pool, problems: Problems) -> str | None:
    if value.text in pool.names:
        return value.text
    message = f"unknown {pool.kind} '{value.text}'"
    problems.error(value.place, message, suggestion(value.text, pool.names))
    return None


def as_choice(value: Scalar, what: str, kinds: type[_E], problems: Problems) -> _E | None:
    if value.text in [str(kind) for kind in kinds]:
        return kinds(value.text)
    message = f"unknown {what} '{value.text}'"
    problems.error(value.place, message, suggestion(value.text, [str(kind) for kind in kinds]))
    return None


def as_duration(value: Scalar, problems: Problems) -> timedelta | None:
    try:
        return duration(value.text)
    except ValueError:
        problems.error(value.place, f"'{value.text}' is not a duration", SYNTAX)
        return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
