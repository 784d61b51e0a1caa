"""YAML as a tree whose every node knows its file, line and column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from config.problems import Place

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

    from config.problems import Problems


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: its text, and the kind that YAML 1.2 gives it (str, int, float, bool, null).

    `first_line` is the line of the file on which the text's own first line stands.
    """

    place: Place
    text: str
    kind: str
    first_line: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping, in the order of the file; a key stands in it once (the first one counts)."""

    place: Place
    entries: tuple[tuple[Scalar, Tree], ...]

    def get(self, key: str) -> Tree | None:
        return next((value for name, value in self.entries if name.text == key), None)

    def names(self) -> tuple[str, ...]:
        return tuple(name.text for name, _ in self.entries)


Tree = Scalar | Items | Keys


def parse(file: str, text: str, problems: Problems) -> Keys | None:
    """Return the file's mapping; one that cannot be read yields None and a problem."""
    start = Place(file, 1, 1)
    try:
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else start
        _not_yaml(place, str(error.problem or error.context), problems)
        return None
    except YAMLError as error:
        _not_yaml(start, str(error).splitlines()[0], problems)
        return None
    tree = Keys(start, ()) if node is None else _convert(file, node, problems)
    if isinstance(tree, Keys):
        return tree
    problems.error(tree.place, "the file is not a mapping", "write `name: value` lines")
    return None


def _not_yaml(place: Place, what: str, problems: Problems) -> None:
    remedy = "correct the YAML; quote a text that begins with one of > | * & ! % @ ` [ {"
    problems.error(place, f"not YAML: {what}", remedy)


def _convert(file: str, node: Node, problems: Problems) -> Tree:
    place = Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, MappingNode):
        return _mapping(file, node, problems)
    if isinstance(node, SequenceNode):
        return Items(place, tuple(_convert(file, item, problems) for item in node.value))
    return _scalar(place, node)


def _scalar(place: Place, node: Node) -> Scalar:
    block = isinstance(node, ScalarNode) and node.style in {"|", ">"}
    first_line = (place.line or 1) + (1 if block else 0)
    return Scalar(place, str(node.value), str(node.tag).rsplit(":", 1)[-1], first_line)


def _mapping(file: str, node: MappingNode, problems: Problems) -> Keys:
    place = Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
    entries: dict[str, tuple[Scalar, Tree]] = {}
    for key_node, value_node in node.value:
        key = _convert(file, key_node, problems)
        value = _convert(file, value_node, problems)
        if not isinstance(key, Scalar):
            problems.error(key.place, "a key must be a single word", "write `name: value`")
        elif key.text in entries:
            first = entries[key.text][0].place.line
            message = f"'{key.text}' stands here twice, first on line {first}"
            problems.error(key.place, message, "keep one of the two")
        else:
            entries[key.text] = (key, value)
    return Keys(place, tuple(entries.values()))
