"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from matchers.normalise.text import REMEMBERED, fold, present

_EMAIL = re.compile(r"^(?:mailto:)?([^@\s<>]+)@([^@\s<>]+\.[^@\s<>]+)$")
_DIGITS = re.compile(r"\d+")
_SHORTEST_PHONE = 5
_PLACEHOLDER_LOCALS = re.compile(r"^(?:no-?e?-?mail|no-?reply|none|unknown|example|test)(?:\+.*)?$")
_OFFICE_WORDS = """
accounting accounts admin administration ap bestellung billing booking buchhaltung buero buro
commande compta comptabilite contact contabilidad contacto contato empfang enquiries facturacion
finance hallo hello help helpdesk hola info information invoice invoices invoicing kontakt kontor
kundenservice mail marketing office order orders post postmaster purchase purchasing reception
rechnung rechnungen reservation reservations sales secretariat sekretariat service shop store
support team vendas ventas vente ventes vertrieb verwaltung webmaster zentrale
"""
_OFFICES = frozenset(_OFFICE_WORDS.split())
_PROVIDER_NAMES = """
163 126 aol arcor bigpond bluewin btinternet bt charter comcast cox earthlink email fastmail foxmail
free freenet gmail gmx googlemail hotmail icloud laposte libero live mac mail me msn ntlworld
optonline optusnet orange outlook posteo proton protonmail qq rambler rediffmail sbcglobal sfr shaw
sky talktalk telekom t-online terra tiscali uol verizon virgilio virgin wanadoo web yahoo yandex
ymail zoho
"""
_PROVIDERS = frozenset(_PROVIDER_NAMES.split())
_RESERVED = (".invalid", "@example.com", "@example.org", "@example.net")


@lru_cache(maxsize=REMEMBERED)
def email(text: str | None) -> str | None:
    """Lower case, without display name and sub-address; None for reserved or empty mailboxes."""
    kept = present(text)
    if kept is None:
        return None
    inside = kept[kept.rfind("<") + 1 :].rstrip("> ") if "<" in kept else kept
    found = _EMAIL.match(fold(inside))
    if found is None:
        return None
    local, domain = found.group(1), found.group(2)
    if _PLACEHOLDER_LOCALS.match(local) or f"@{domain}".endswith(_RESERVED):
        return None
    return f"{local.partition('+')[0] or local}@{domain.removeprefix('googlemail.')}"


def office(address: str) -> bool:
    """True for a mailbox of everybody who works there (info@, sales@), in normal form."""
    return address.partition("@")[0].strip("0123456789") in _OFFICES


def own_domain(address: str) -> str | None:
    """The mailbox's domain, None for that of a public provider."""
    domain = address.partition("@")[2]
    return None if domain.partition(".")[0] in _PROVIDERS else domain


@lru_cache(maxsize=REMEMBERED)
def phone(text: str | None, region: str | None = None) -> str | None:
    """National significant number's digits; libphonenumber where a country is known."""
    kept = present(text)
    if kept is None:
        return None
    if kept.startswith(("+", "00")) or region:
        parsed = _parsed("+" + kept[2:] if kept.startswith("00") else kept, region)
        if parsed is not None:
            return parsed
    digits = "".join(_DIGITS.findall(kept)).lstrip("0")
    return digits if len(digits) >= _SHORTEST_PHONE and len(set(digits)) > 1 else None


def _parsed(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.national_significant_number(number).lstrip("0")
