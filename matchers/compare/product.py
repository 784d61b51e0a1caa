"""Product titles: model numbers, words, plain numbers and what tells variants apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matchers.compare.levels import MISSING, Comparator, Level, Strength
from matchers.compare.tokens import overlap
from matchers.normalise.product import Title, title

if TYPE_CHECKING:
    from matchers.terms import TermTable

_MODEL_LEVELS = (
    Level("same model number", 0.62, 0.0005, 1.0),
    Level("model number within the other's title", 0.18, 0.0008),
    Level("model numbers that end in other letters", 0.08, 0.0012),
    Level("different model numbers", 0.12, 0.9975),
)
_WORD_LEVELS = (
    Level("same words", 0.15, 0.00002),
    Level("nearly the same words", 0.20, 0.00008),
    Level("most telling words agree", 0.25, 0.0003),
    Level("about half of the words agree", 0.20, 0.002),
    Level("some words agree", 0.12, 0.01),
    Level("few words agree", 0.06, 0.04),
    Level("different", 0.02, 0.95),
)
_NUMBER_LEVELS = (
    Level("same numbers", 0.45, 0.01),
    Level("one side's numbers are all there", 0.30, 0.04),
    Level("some numbers agree", 0.15, 0.05),
    Level("other numbers", 0.10, 0.90),
)
_CONTRAST_LEVELS = (
    Level("no other variant", 0.85, 0.4),
    Level("told apart as variants", 0.15, 0.6),
)
_TEXT_LEVELS = (
    Level("nearly the same text", 0.10, 0.00005),
    Level("much in common", 0.25, 0.0005),
    Level("something in common", 0.35, 0.02),
    Level("different", 0.30, 0.98),
)
_WORD_BANDS = ((0.95, 0), (0.8, 1), (0.65, 2), (0.5, 3), (0.35, 4), (0.2, 5))
_TEXT_BANDS = ((0.75, 0), (0.45, 1), (0.2, 2))
_FOUND = 0.4
_SHORTEST_WITHIN = 4
# What more records hold than this numbers no model.
_GENERIC = 20
_STEM = "s:"
_KEY_WORDS = 6


def compare_model(one: Title, other: Title, terms: TermTable) -> int:
    """A model number in common, or one that stands squeezed inside the other's text.

    What many titles hold ("CS3", "MP3") numbers no model.
    """
    left, right = _telling(one.models, terms), _telling(other.models, terms)
    if left & right:
        return 0
    if _within(left, other) or _within(right, one):
        return 1
    if any(terms.count(_STEM + stem) <= _GENERIC for stem in one.stems & other.stems):
        return 2
    return 3 if left and right else MISSING


def _telling(models: frozenset[str], terms: TermTable) -> set[str]:
    return {model for model in models if terms.count(model) <= _GENERIC}


def _within(models: set[str], other: Title) -> bool:
    return any(len(model) >= _SHORTEST_WITHIN and model in other.everything for model in models)


def compare_words(one: Title, other: Title, terms: TermTable) -> int:
    """Cosine of the words weighted by rarity, and how much of the shorter title is found.

    One shop writes the maker, the edition and the box beside the name, the other does not.
    """
    if one.squeezed == other.squeezed:
        return 0
    found = overlap(_unsaid(one, other), _unsaid(other, one), terms)
    alike = (1 - _FOUND) * found.cosine + _FOUND * found.contained
    return next((level for least, level in _WORD_BANDS if alike >= least), 6)


def _unsaid(one: Title, other: Title) -> tuple[str, ...]:
    """The words but for those that the other record says beside its title only.

    A maker in a column of its own need not stand in the title too.
    """
    if not other.beside:
        return one.words
    elsewhere = other.beside.difference(other.words)
    return tuple(word for word in one.words if word not in elsewhere)


def compare_text(one: Title, other: Title, terms: TermTable) -> int:
    """The same on long text, with coarser bands."""
    cosine = overlap(one.words, other.words, terms).cosine
    return next((level for least, level in _TEXT_BANDS if cosine >= least), 3)


def compare_contrast(one: Title, other: Title, terms: TermTable) -> int:
    """The words that tell variants apart: colour, edition, language, size; both must say some.

    The table of this comparison holds these words and no others (see `contrast`).
    """
    left, right = _contrasting(one, terms), _contrasting(other, terms)
    if not left or not right:
        return MISSING
    return int(bool(left.difference(other.words) and right.difference(one.words)))


def _contrasting(value: Title, terms: TermTable) -> set[str]:
    return {word for word in value.words if word in terms.counts}


def compare_numbers(one: Title, other: Title, _terms: TermTable) -> int:
    """Versions, sizes, counts: a conflict tells variants apart."""
    left, right = one.numbers, other.numbers
    if not left or not right:
        return MISSING
    if left == right:
        return 0
    if left <= right or right <= left:
        return 1
    return 2 if left & right else 3


def _words(value: Title) -> tuple[str, ...]:
    return tuple(sorted(set(value.words)))


def _models(value: Title) -> tuple[str, ...]:
    return (*sorted(value.models), *(_STEM + stem for stem in sorted(value.stems)))


def _agreed_models(one: Title, other: Title) -> tuple[str, ...]:
    return tuple(sorted(one.models & other.models, key=lambda model: (-len(model), model)))[:1]


def _word_keys(value: Title, terms: TermTable) -> list[tuple[str, Strength]]:
    rare = sorted(set(value.words), key=lambda word: (-terms.idf(word), -len(word), word))
    rare = rare[:_KEY_WORDS]
    found = [(f"w:{word}", Strength.BASE) for word in rare]
    found += [
        ("t:" + "+".join(sorted((one, other))), Strength.STRONG)
        for i, one in enumerate(rare)
        for other in rare[i + 1 :]
    ]
    return found


def _model_keys(value: Title, _terms: TermTable) -> list[tuple[str, Strength]]:
    found = [(f"m:{model}", Strength.EXACT) for model in sorted(value.models)]
    return found + [(_STEM + stem, Strength.STRONG) for stem in sorted(value.stems)]


def _no_keys(_value: Title, _terms: TermTable) -> list[tuple[str, Strength]]:
    return []


def _show(value: Title) -> str:
    return " ".join(value.words)


def _normalise(parts: tuple[str | None, ...], _region: str | None) -> Title | None:
    return title(parts)


def reading(comparator: Comparator, titles: int) -> Comparator:
    """The comparator for so many title columns, and others that stand beside them."""

    def normalise(parts: tuple[str | None, ...], _region: str | None) -> Title | None:
        return title(parts[:titles], parts[titles:])

    return replace(comparator, normalise=normalise)


MODEL = Comparator(
    name="model",
    levels=_MODEL_LEVELS,
    normalise=_normalise,
    compare=compare_model,
    keys=_model_keys,
    terms=_models,
    agreed=_agreed_models,
    show=lambda value: " ".join(sorted(value.models)) or "(none)",
)
WORDS = Comparator(
    name="words",
    levels=_WORD_LEVELS,
    normalise=_normalise,
    compare=compare_words,
    keys=_word_keys,
    terms=_words,
    show=_show,
)
CONTRAST = Comparator(
    name="contrast",
    levels=_CONTRAST_LEVELS,
    normalise=_normalise,
    compare=compare_contrast,
    keys=_no_keys,
    show=_show,
)
NUMBERS = Comparator(
    name="numbers",
    levels=_NUMBER_LEVELS,
    normalise=_normalise,
    compare=compare_numbers,
    keys=_no_keys,
    show=lambda value: " ".join(sorted(value.numbers)) or "(none)",
)
TEXT = Comparator(
    name="text",
    levels=_TEXT_LEVELS,
    normalise=_normalise,
    compare=compare_text,
    keys=_no_keys,
    terms=_words,
    show=_show,
)
FOUND_BY_TEXT = replace(TEXT, keys=_word_keys)
"""For records that have nothing but texts to find each other by."""
