"""Reads how records of an entity are recognised as the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.section import Pool, Section, as_name, as_scalar
from config.tree import Keys
from golden_records.domain.catalogue import Identity, IdentityMode
from matchers.spec import FieldKind

if TYPE_CHECKING:
    from config.names import Names
    from golden_records.domain.catalogue import Attribute

KINDS = Pool.of("matching kind", [str(kind) for kind in FieldKind])
_NONE = Identity(mode=IdentityMode.REFERENCE)


def read_identity(
    entity: Section,
    name: str,
    attributes: tuple[Attribute, ...],
    names: Names,
) -> Identity:
    section = entity.section("identity", "identity", required=True)
    if section is None:
        return _NONE
    with section:
        matching = section.take("matching")
        reference = section.take("reference")
        if (matching is None) == (reference is None):
            remedy = "give exactly one of `matching: {...}` and `reference: [...]`"
            section.error(None, "identity needs one way to recognise a record", remedy)
            return _NONE
        if reference is not None:
            fields = Pool.of(f"attribute or reference of {name}", names.entities[name].fields)
            components = section.names("reference", fields)
            return Identity(mode=IdentityMode.REFERENCE, components=components)
        inner = section.section("matching", "matching")
        return _matching(inner, attributes, names) if inner else _NONE


def _matching(section: Section, attributes: tuple[Attribute, ...], names: Names) -> Identity:
    with section:
        fields = _fields(section, attributes)
        match = section.fraction("match", default=0.9)
        review = section.fraction("review", default=0.5)
        if not review <= match < 1:
            message = f"review {review} and match {match} leave no room for a decision"
            section.error(section.take("match"), message, "choose 0 < review <= match < 1")
        return Identity(
            mode=IdentityMode.MATCHING,
            fields=fields,
            exclusive=frozenset(section.names("exclusive", Pool.of("matching field", fields))),
            region=section.text("region"),
            duplicate_free=frozenset(section.names("duplicate_free", names.system_pool)),
            max_per_system=section.integer("max_per_system", least=1),
            match=match,
            review=review,
            auto_merge=section.flag("auto_merge"),
        )


def _fields(section: Section, attributes: tuple[Attribute, ...]) -> dict[str, str]:
    """Read names, whose kinds the attributes give, or a mapping from name to kind."""
    kinds = {attribute.name: attribute.kind for attribute in attributes}
    value = section.take("fields", required=True)
    found = _pairs(section) if isinstance(value, Keys) else _listed(section, kinds)
    pool = Pool.of("attribute", kinds)
    for place in value.entries if isinstance(value, Keys) else ():
        as_name(place[0], pool, section.problems)
    if value is not None and not found:
        section.error(value, "no field is matched on", "name at least one attribute")
    return found


def _pairs(section: Section) -> dict[str, str]:
    tree = section.take("fields")
    found = {}
    for name, value in tree.entries if isinstance(tree, Keys) else ():
        word = as_scalar(value, name.text, section.problems)
        kind = as_name(word, KINDS, section.problems) if word else None
        if kind:
            found[name.text] = kind
    return found


def _listed(section: Section, kinds: dict[str, str | None]) -> dict[str, str]:
    found = {}
    pool = Pool.of("attribute", kinds)
    for word in section.words("fields"):
        name = as_name(word, pool, section.problems)
        kind = kinds.get(name) if name else None
        if name and kind is None:
            message = f"'{name}' is matched on but has no kind"
            section.error(
                word, message, f"give the attribute a kind: {', '.join(sorted(KINDS.names))}"
            )
        elif name and kind:
            found[name] = kind
    return found
