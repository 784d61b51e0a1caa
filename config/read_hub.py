"""Reads hub.yaml: the hub's name, its systems, and what holds unless a file says otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from config.expressions import check_zone
from config.names import check_name
from config.read_deletes import read_guard
from config.section import Pool, Section
from golden_records.domain.catalogue import Engine, System
from golden_records.domain.rulebook import DeleteGuard

if TYPE_CHECKING:
    from config.problems import Problems
    from config.tree import Keys

_GTID_DOMAIN = re.compile(r"(gtid_domain:)?[1-9]\d{0,9}")
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds where an entity or a lane says nothing."""

    settle: timedelta = timedelta(seconds=2)
    settle_limit: timedelta = timedelta(seconds=10)
    skew: timedelta | None = None
    time_zone: str = "UTC"
    delete_guard: DeleteGuard | None = field(default_factory=DeleteGuard)


@dataclass(frozen=True, slots=True)
class Hub:
    """What hub.yaml says."""

    name: str
    systems: dict[str, System]
    defaults: Defaults
    environment: str | None = None
    four_eyes: bool = False


NO_HUB = Hub("", {}, Defaults())


def read_hub(tree: Keys, problems: Problems) -> Hub:
    with Section(tree, problems, "hub.yaml") as hub:
        name = hub.text("name", required=True) or ""
        hub.take("systems", required=True)
        defaults = Defaults()
        inner = hub.section("defaults", "defaults")
        if inner:
            with inner:
                defaults = _defaults(inner)
        systems = {}
        for word, section in hub.sections("systems", "system"):
            check_name(word, "a system", problems)
            with section:
                systems[word.text] = _system(word.text, section, defaults)
        environment = _environment(hub)
        hub.take("cases")
        four_eyes = _four_eyes(hub)
    return Hub(name, systems, defaults, environment, four_eyes)


def _four_eyes(hub: Section) -> bool:
    """Read whether a policy needs a second person."""
    policy = hub.section("policy", "policy")
    if not policy:
        return False
    with policy:
        return policy.flag("four_eyes")


def _environment(hub: Section) -> str | None:
    """Read which of the environments this hub is; what differs between them names all of them."""
    known = tuple(word.text for word in hub.words("environments"))
    if known and hub.take("environment") is None:
        remedy = f"add `environment: {known[0]}`, or the one that this hub is"
        hub.error(hub.take("environments"), "it is not said which environment this is", remedy)
    return hub.name("environment", Pool.of("environment", known))


def _system(name: str, section: Section, defaults: Defaults) -> System:
    engine = section.choice("engine", Engine) or Engine.POSTGRESQL
    rank = section.integer("rank")
    return System(
        name=name,
        engine=engine,
        secret=_setting(section, "secret", required=True) or "",
        write_secret=_setting(section, "write_secret"),
        rank=100 if rank is None else rank,
        schema=_schema(section, engine),
        partitions=section.integer("partitions", least=1) or 4,
        origin=_origin(section, engine),
        delete_guard=read_guard(section, defaults.delete_guard),
    )


def _schema(section: Section, engine: Engine) -> str:
    """PostgreSQL has a usual schema; in MariaDB the schema is the database and must be named."""
    schema = section.text("schema", required=engine is Engine.MARIADB)
    return schema or "public"


def _origin(section: Section, engine: Engine) -> str | None:
    value = section.scalar("origin")
    if value and engine is Engine.MARIADB and not _GTID_DOMAIN.fullmatch(value.text):
        remedy = "write gtid_domain:N with a number that nobody else uses as a domain"
        section.error(value, f"'{value.text}' marks no transaction in MariaDB", remedy)
    return value.text if value else None


def _setting(section: Section, key: str, *, required: bool = False) -> str | None:
    value = section.scalar(key, required=required)
    if value is None or _SETTING.fullmatch(value.text):
        return value.text if value else None
    section.error(
        value,
        f"'{key}' is not the name of a setting",
        "write a name such as ERP_URL; the URL itself belongs in the environment or in a file",
    )
    return None


def _defaults(section: Section) -> Defaults:
    plain = Defaults()
    zone = section.scalar("time_zone")
    if zone:
        check_zone(zone, section.problems)
    return Defaults(
        settle=section.duration("settle", plain.settle),
        settle_limit=section.duration("settle_limit", plain.settle_limit),
        skew=section.duration("skew", None),
        time_zone=zone.text if zone else plain.time_zone,
        delete_guard=read_guard(section),
    )
