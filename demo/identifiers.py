"""Identifiers whose check digits are right, so that a hub which validates them believes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdnum import ean, luhn
from stdnum.at import uid as at_uid
from stdnum.ch import uid as ch_uid
from stdnum.iso7064 import mod_11_10

from demo.vocabulary import PHONES

if TYPE_CHECKING:
    from random import Random


def _digits(rng: Random, count: int) -> str:
    return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(count - 1))


def _german(rng: Random) -> str:
    body = _digits(rng, 8)
    return f"DE{body}{mod_11_10.calc_check_digit(body)}"


def _austrian(rng: Random) -> str:
    body = _digits(rng, 7)
    return f"ATU{body}{at_uid.calc_check_digit('U' + body)}"


def _swiss(rng: Random) -> str:
    body = _digits(rng, 8)
    check = ch_uid.calc_check_digit(body)
    return f"CHE{body}{check}" if check.isdigit() and len(check) == 1 else _swiss(rng)


def _french(rng: Random) -> str:
    body = _digits(rng, 8)
    siren = f"{body}{luhn.calc_check_digit(body)}"
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def _british(rng: Random) -> str:
    body = _digits(rng, 7)
    weighted = sum(int(digit) * weight for digit, weight in zip(body, range(8, 1, -1), strict=True))
    return f"GB{body}{97 - weighted % 97:02d}"


_TAX_NUMBERS = {
    "DE": _german,
    "AT": _austrian,
    "CH": _swiss,
    "FR": _french,
    "GB": _british,
}


def tax_number(rng: Random, country: str) -> str:
    return _TAX_NUMBERS[country](rng)


def gtin(rng: Random) -> str:
    body = "40" + "".join(str(rng.randint(0, 9)) for _ in range(10))
    return f"{body}{ean.calc_check_digit(body)}"


def phone(rng: Random, country: str) -> str:
    calling_code, areas, length = PHONES[country]
    return f"+{calling_code} {rng.choice(areas)} {_digits(rng, length - 1)}"
