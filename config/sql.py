"""SQL as it stands in a catalogue: parsed, with every finding at its own line of the file."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from config.problems import Place
from golden_records.domain.catalogue import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.problems import Problems
    from config.tree import Scalar

# What sqlglot cannot classify becomes a finding here; its own warning would only repeat it.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())

DIALECTS = {Engine.POSTGRESQL: "postgres", Engine.MARIADB: "mysql"}

_PARAMETER = re.compile(
    r"'(?:[^'\\]|''|\\.)*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|::|:([A-Za-z_]\w*)",
    re.DOTALL,
)
_OPENING = re.compile(r"['\"`]|/\*")
_BOUND = re.compile(r"(?<![:\w\\]):\w+(?!:)")
_PREFIX = "hubparam_"
"""Put before a parameter's name while parsing, since `:key` would be a keyword to some dialects."""


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of SQL and where its first line stands."""

    file: str
    first_line: int
    text: str

    @classmethod
    def of(cls, value: Scalar) -> Written:
        return cls(value.place.file, value.first_line, value.text)

    def place(self, line: int = 1, column: int | None = None) -> Place:
        return Place(self.file, self.first_line + line - 1, column)

    def place_of(self, node: exp.Expr) -> Place:
        """Return where this part of the statement stands, or the start where that is unknown."""
        for part in node.walk():
            if "line" in part.meta:
                return self.place(int(part.meta["line"]))
        return self.place()


def parse_statement(written: Written, engine: Engine, problems: Problems) -> exp.Expr | None:
    """Return the one statement of the text; problems are added and yield None."""
    try:
        found = statements(written.text, engine)
    except ParseError as error:
        first = error.errors[0]
        what = str(first["description"]).split(" for <class")[0]
        near = str(first["highlight"] or "the end").replace(_PREFIX, "")
        message = f"SQL does not parse: {what} near '{near}'"
        problems.error(written.place(int(first["line"] or 1)), message, _correct(engine))
        return None
    except SqlglotError:
        message = "SQL does not parse: a string, name or comment is not closed"
        problems.error(written.place(_open_line(written.text)), message, _correct(engine))
        return None
    if len(found) == 1:
        return found[0]
    message = f"{len(found)} SQL statements stand here"
    problems.error(written.place(), message, "write one statement")
    return None


def statements(text: str, engine: Engine) -> list[exp.Expr]:
    """Parse SQL with named parameters; sqlglot's errors where it does not parse."""
    named = _PARAMETER.sub(lambda m: f":{_PREFIX}{m[1]}" if m[1] else m[0], text)
    return [one for one in sqlglot.parse(named, dialect=DIALECTS[engine]) if one is not None]


def _open_line(text: str) -> int:
    """Return the line of the quote or comment that never ends."""
    closed = _PARAMETER.sub(lambda m: "\n" * m[0].count("\n"), text)
    start = _OPENING.search(closed)
    return closed.count("\n", 0, start.start()) + 1 if start else 1


def _correct(engine: Engine) -> str:
    return f"correct the statement; its dialect is {engine}"


def parameters(written: Written) -> dict[str, Place]:
    """Return the named parameters and where each stands first."""
    found: dict[str, Place] = {}
    for match in _PARAMETER.finditer(written.text):
        if match[1]:
            line = written.text.count("\n", 0, match.start()) + 1
            found.setdefault(match[1], written.place(line))
    return found


def misread(written: Written) -> Iterator[tuple[Place, str, str]]:
    """Yield what would be bound otherwise than it reads, as place, problem and remedy.

    The target's driver sees `:name` in quoted texts and comments too, and misses `:name::type`.
    """
    for match in _PARAMETER.finditer(written.text):
        place = written.place(written.text.count("\n", 0, match.start()) + 1)
        if match[1] is None and (inside := _BOUND.search(match[0])):
            message = f"'{inside[0]}' in a quoted text or comment would be taken for a parameter"
            yield place, message, f"write '\\{inside[0]}' there"
        elif match[1] and written.text.startswith("::", match.end()):
            yield place, f"':{match[1]}::' is no parameter", f"write CAST(:{match[1]} AS ...)"


def unnamed_parameter(statement: exp.Expr) -> bool:
    """Say whether the statement has a `?`, `%s` or `$1`, which nothing could supply."""
    marks = [node.name for node in statement.find_all(exp.Placeholder)]
    numbers = [node.this for node in statement.find_all(exp.Parameter)]
    return any(not mark.startswith(_PREFIX) for mark in marks) or any(
        isinstance(number, exp.Literal) for number in numbers
    )


def identifier(node: exp.Expr) -> str:
    """Return the name as PostgreSQL sees it: folded to lower case unless it is quoted."""
    inner = node.this
    folded = isinstance(inner, exp.Identifier) and not inner.quoted
    return node.name.lower() if folded else node.name


def quoted(name: str) -> str:
    """Quote an identifier for PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'
