"""What people do to data when they type it a second time."""

# ruff: noqa: PLR2004 - the chances of dirt are the numbers of this world

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_FIRM_VARIANTS = (
    ("GmbH & Co. KG", "GmbH + Co KG"),
    ("GmbH", "Gesellschaft mbH"),
    ("GmbH", "GMBH"),
    ("Limited", "Ltd."),
    ("Ltd", "Limited"),
    ("SARL", "S.A.R.L."),
    (" AG", " Aktiengesellschaft"),
)
_STREET_VARIANTS = (
    ("straße", "str."),
    ("strasse", "str."),
    ("Straße", "Str."),
    ("Street", "St."),
    ("Road", "Rd"),
    ("Avenue", "Av."),
    ("allee", "-Allee"),
)


def typo(rng: Random, text: str) -> str:
    """Swap, drop or double one letter inside the text."""
    if len(text) < 4:
        return text
    at = rng.randrange(1, len(text) - 2)
    return rng.choice(
        (
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
        ),
    )


def change_case(rng: Random, text: str) -> str:
    return rng.choice((text.upper(), text.lower()))


def add_space(rng: Random, text: str) -> str:
    return rng.choice((f"{text} ", f" {text}", text.replace(" ", "  ", 1)))


def swap_words(_rng: Random, text: str) -> str:
    head, _, tail = text.partition(" ")
    return f"{tail} {head}" if tail else text


def _variant(rng: Random, text: str, variants: tuple[tuple[str, str], ...]) -> str:
    fitting = [pair for pair in variants if pair[0] in text]
    return text.replace(*rng.choice(fitting), 1) if fitting else text


def firm_variant(rng: Random, text: str) -> str:
    return _variant(rng, text, _FIRM_VARIANTS)


def street_variant(rng: Random, text: str) -> str:
    return _variant(rng, text, _STREET_VARIANTS)


def fold_umlauts(_rng: Random, text: str) -> str:
    return text.translate(_UMLAUTS)


def reformat_phone(rng: Random, text: str) -> str:
    """Write the same number another way: national, with 00, with dashes."""
    calling_code, area, local = text.lstrip("+").split(" ")
    return rng.choice(
        (
            f"00{calling_code} {area} {local}",
            f"0{area}/{local}",
            f"0{area} {local[:3]} {local[3:]}",
            f"+{calling_code}-{area}-{local}",
        ),
    )


def reformat_tax_number(rng: Random, text: str) -> str:
    spaced = f"{text[:2]} {text[2:]}"
    return rng.choice((text.lower(), spaced, re.sub(r"(\d{3})(?=\d)", r"\1 ", text)))


NAME_DIRT: tuple[Callable[[Random, str], str], ...] = (
    typo,
    change_case,
    add_space,
    firm_variant,
    fold_umlauts,
)
PERSON_DIRT: tuple[Callable[[Random, str], str], ...] = (typo, change_case, swap_words)
# Of two who share a home and a mailbox nobody could tell who "Laurent Ruth" is.
RELATIVE_DIRT: tuple[Callable[[Random, str], str], ...] = (typo, change_case)
STREET_DIRT: tuple[Callable[[Random, str], str], ...] = (
    street_variant,
    street_variant,
    typo,
    change_case,
    fold_umlauts,
)
CITY_DIRT: tuple[Callable[[Random, str], str], ...] = (change_case, fold_umlauts, typo)


def maybe(
    rng: Random,
    chance: float,
    dirt: tuple[Callable[[Random, str], str], ...],
    text: str,
) -> str:
    """Spoil the text with one of the ways, with the given chance."""
    return rng.choice(dirt)(rng, text) if rng.random() < chance else text
