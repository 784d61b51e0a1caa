"""Reads the rules that an entity's values must keep to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from config.expressions import check_condition
from config.section import Pool
from golden_records.domain.catalogue import ValueType
from golden_records.domain.rulebook import Scope, ValidationRule, Validity
from golden_records.domain.values import ORDER, ValueRefused, canonical

if TYPE_CHECKING:
    from config.names import EntityNames, Names
    from config.section import Section
    from config.tree import Scalar

TESTS: Final = (
    "required", "min", "max", "min_length", "max_length", "pattern", "enum", "check",
)  # fmt: skip
_WORDS: Final = frozenset({ValueType.TEXT})


def read_validation(entity: Section, name: str, names: Names) -> tuple[ValidationRule, ...]:
    found = []
    for word, section in entity.sections("validation", "validation rule"):
        with section:
            found.append(_Reader(name, names, section).read(word))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One rule being read."""

    entity: str
    names: Names
    section: Section

    @property
    def own(self) -> EntityNames:
        return self.names.entities[self.entity]

    def read(self, word: Scalar) -> ValidationRule:
        section = self.section
        attributes = self._attributes()
        rule = ValidationRule(
            name=word.text,
            attributes=attributes,
            validity=section.choice("validity", Validity, Validity.INVALID) or Validity.INVALID,
            scope=section.choice("scope", Scope, Scope.RECORD) or Scope.RECORD,
            systems=section.names("systems", self.names.system_pool),
            message=section.text("message"),
            required=section.flag("required"),
            least=self._bound("min", attributes),
            most=self._bound("max", attributes),
            min_length=self._length("min_length", attributes),
            max_length=self._length("max_length", attributes),
            pattern=self._pattern(attributes),
            choices=self._choices(attributes),
            check=self._condition("check"),
            when=self._condition("when"),
        )
        self._check(rule)
        return rule

    def _attributes(self) -> tuple[str, ...]:
        pool = Pool.of(f"attribute of {self.entity}", self.own.attributes)
        found = self.section.names("attributes", pool)
        if not found and self.section.take("attributes") is None:
            self.section.error(None, "the rule judges no attribute", "add `attributes: [...]`")
        return found

    def _check(self, rule: ValidationRule) -> None:
        section = self.section
        if all(section.take(key) is None for key in TESTS):
            message = f"the rule '{rule.name}' tests nothing"
            section.error(None, message, f"add one of: {', '.join(TESTS)}")
        if rule.scope is Scope.GOLDEN and rule.systems:
            message = "a rule about the golden record has no systems"
            section.error(section.take("systems"), message, "remove `systems` or `scope: golden`")
        if rule.scope is Scope.GOLDEN and rule.validity is Validity.SUSPECT:
            message = "a rule about the golden record takes nothing out of the running"
            section.error(section.take("validity"), message, "remove `validity`")
        bounds = ((rule.least, rule.most), (rule.min_length, rule.max_length))
        for (low, high), key in zip(bounds, ("max", "max_length"), strict=True):
            if low is not None and high is not None and self._above(low, high, rule):
                section.error(section.take(key), "no value keeps to the bounds", "swap the two")

    def _above(self, low: object, high: object, rule: ValidationRule) -> bool:
        types = {self.own.attributes[name] for name in rule.attributes}
        order = next((ORDER[t] for t in types if t in ORDER and isinstance(low, str)), None)
        return bool(order(low) > order(high) if order else low > high)  # type: ignore[operator]

    def _bound(self, key: str, attributes: tuple[str, ...]) -> object:
        value = self.section.scalar(key)
        if value is None:
            return None
        if any(self.own.attributes[name] not in ORDER for name in attributes):
            message = f"'{key}' needs values that can be ordered"
            remedy = "name attributes of type integer, decimal, date or timestamp"
            self.section.error(value, message, remedy)
            return None
        return self._canonical(value, attributes)

    def _canonical(self, value: Scalar, attributes: tuple[str, ...]) -> object:
        """Read a value as one of the attributes' type; all of one rule must have the same."""
        types = sorted({self.own.attributes[name] for name in attributes})
        if len(types) > 1:
            message = f"the attributes of the rule are of the types {' and '.join(types)}"
            self.section.error(value, message, "make a rule for each type")
        if len(types) != 1:
            return None
        try:
            return canonical(types[0], value.text)
        except ValueRefused:
            message = f"'{value.text}' is no {types[0]}"
            self.section.error(value, message, "write a value of the attribute's type")
            return None

    def _length(self, key: str, attributes: tuple[str, ...]) -> int | None:
        self._only_words(key, attributes)
        return self.section.integer(key)

    def _pattern(self, attributes: tuple[str, ...]) -> str | None:
        self._only_words("pattern", attributes)
        value = self.section.scalar("pattern")
        if value is None:
            return None
        try:
            re.compile(value.text)
        except re.error as error:
            message = f"'{value.text}' is not a regular expression: {error}"
            self.section.error(value, message, "correct it; the whole value must match it")
            return None
        return value.text

    def _only_words(self, key: str, attributes: tuple[str, ...]) -> None:
        value = self.section.take(key)
        if value and not {self.own.attributes[name] for name in attributes} <= _WORDS:
            message = f"'{key}' tests texts, and an attribute of the rule is none"
            self.section.error(value, message, "use min, max, enum or check")

    def _choices(self, attributes: tuple[str, ...]) -> tuple[object, ...]:
        words = self.section.words("enum")
        return tuple(self._canonical(word, attributes) for word in words)

    def _condition(self, key: str) -> str | None:
        value = self.section.scalar(key)
        if value is None:
            return None
        check_condition(value, dict.fromkeys(self.own.fields), self.section.problems)
        return value.text
