"""People in any number, with names as unevenly spread as real ones and errors in the copies."""

# ruff: noqa: S311 - repeatable, not secret

from __future__ import annotations

import random
from itertools import accumulate
from typing import TYPE_CHECKING

from matchers import FieldKind, FieldSpec, MatchSpec, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

PERSON = MatchSpec(
    entity="person",
    fields=(
        FieldSpec(name="given", kind=FieldKind.GIVEN_NAME),
        FieldSpec(name="surname", kind=FieldKind.SURNAME),
        FieldSpec(name="born", kind=FieldKind.DATE),
        FieldSpec(name="city", kind=FieldKind.CITY),
        FieldSpec(name="postcode", kind=FieldKind.POSTCODE),
        FieldSpec(name="phone", kind=FieldKind.PHONE),
    ),
)
_ONSETS = ("b", "br", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v", "w")
_RHYMES = ("a", "ai", "an", "ar", "e", "el", "en", "er", "i", "in", "o", "on", "or", "u", "um")


class People:
    """A repeatable stream of records; about one in four is a copy with errors of an earlier one."""

    def __init__(self, seed: int = 0) -> None:
        """The same seed gives the same people."""
        self._random = random.Random(seed)
        self._given = self._words(800, 2)
        self._surnames = self._words(12_000, 3)
        self._cities = self._words(600, 3)

    def records(self, count: int) -> Iterator[Record]:
        """`count` records."""
        originals: list[dict[str, str | None]] = []
        for number in range(count):
            if originals and self._random.random() < 0.25:  # noqa: PLR2004
                values = self._copy(self._random.choice(originals))
            else:
                values = self._person()
                originals.append(values)
            yield Record(f"p{number:07d}", "crm" if number % 2 else "erp", values)

    def _words(self, count: int, syllables: int) -> tuple[list[str], list[float]]:
        made: dict[str, None] = {}
        while len(made) < count:
            parts = (
                self._random.choice(_ONSETS) + self._random.choice(_RHYMES)
                for _ in range(syllables)
            )
            made["".join(parts)] = None
        return list(made), list(accumulate(1 / (rank + 10) for rank in range(count)))

    def _draw(self, words: tuple[list[str], list[float]]) -> str:
        return self._random.choices(words[0], cum_weights=words[1])[0]

    def _person(self) -> dict[str, str | None]:
        draw = self._random.randrange
        city = self._draw(self._cities)
        return {
            "given": self._draw(self._given),
            "surname": self._draw(self._surnames),
            "born": f"{draw(1930, 2005)}-{draw(1, 13):02d}-{draw(1, 29):02d}",
            "city": city,
            "postcode": f"{sum(map(ord, city)) % 90 + 10}{draw(1000):03d}",
            "phone": f"0{draw(10**8, 10**9)}",
        }

    def _copy(self, values: dict[str, str | None]) -> dict[str, str | None]:
        copied = dict(values)
        for name in self._random.sample(sorted(copied), 2):
            text = copied[name]
            if text is None or self._random.random() < 0.4:  # noqa: PLR2004
                copied[name] = None
            else:
                spot = self._random.randrange(len(text))
                letter = self._random.choice("0123456789" if text[spot].isdigit() else "aeinrst")
                copied[name] = text[:spot] + letter + text[spot + 1 :]
        return copied
