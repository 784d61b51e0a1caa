"""A whole catalogue becomes the domain's own types."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import config
from config.catalogue import load_catalogue, version_of
from config.folder import FolderMissingError, check_folder, load_folder, read_folder
from config.problems import CatalogueBroken
from golden_records.domain.catalogue import (
    Engine,
    IdentityMode,
    OwnerRule,
    OwnerSilence,
    Reference,
    Strategy,
    ValueType,
)
from golden_records.domain.errors import TerminalError
from golden_records.domain.merge import merger
from golden_records.domain.rulebook import Trespass

ROOT = Path(config.__file__).parent
FOLDER = ROOT / "examples" / "minimal"
FILES = read_folder(FOLDER)
MINIMAL = load_catalogue(FILES)
DOCS = ROOT.parent / "docs" / "catalogue.md"


@pytest.mark.parametrize("folder", sorted((ROOT / "examples").iterdir()), ids=lambda f: f.name)
def test_no_example_has_findings_and_the_merge_can_follow_every_policy(folder):
    assert check_folder(folder) == ()

    for entity in load_folder(folder).entities.values():
        merger(entity)


def test_a_folder_is_its_files():
    assert load_folder(FOLDER) == MINIMAL


def test_systems_are_read_with_their_engines_ranks_and_names_of_secrets():
    erp, shop = MINIMAL.systems["erp"], MINIMAL.systems["shop"]

    assert (erp.engine, erp.secret, erp.rank, erp.schema) == (
        Engine.POSTGRESQL, "ERP_URL", 10, "public",
    )  # fmt: skip
    assert (shop.engine, shop.write_secret, shop.schema) == (
        Engine.MARIADB, "SHOP_WRITE_URL", "shop",
    )  # fmt: skip
    assert erp.write_secret is None


def test_the_key_of_a_table_is_among_its_columns():
    address = next(t for t in MINIMAL.tables if t.name == "address")

    assert (address.schema, address.key, address.columns[:2]) == (
        "public", ("id",), ("id", "customer_id"),
    )  # fmt: skip


def test_matched_fields_take_their_kinds_from_the_attributes():
    identity = MINIMAL.entities["customer"].identity

    assert identity.mode is IdentityMode.MATCHING
    assert identity.fields["vat_number"] == "tax_id"
    assert identity.exclusive == {"vat_number"}
    assert (identity.match, identity.review, identity.region) == (0.9, 0.5, "DE")


def test_a_field_may_be_matched_by_another_kind_than_its_attributes():
    old = "fields: [name, email, vat_number, street, city, postcode, country]"
    new = "fields: {name: name, vat_number: code}"
    text = FILES["entities/customer.yaml"]
    assert old in text

    catalogue = load_catalogue({**FILES, "entities/customer.yaml": text.replace(old, new)})

    assert catalogue.entities["customer"].identity.fields == {"name": "name", "vat_number": "code"}


def test_an_entity_by_reference_has_components_and_a_period():
    price = MINIMAL.entities["price"]

    assert price.identity.mode is IdentityMode.REFERENCE
    assert price.identity.components == ("customer", "product_code", "currency")
    assert price.references == (Reference(name="customer", entity="customer"),)
    assert price.effective == ("valid_from", "valid_to")
    assert price.time_zone == "Europe/Berlin"
    assert price.settle == timedelta()


def test_groups_take_named_attributes_or_those_that_name_them_or_the_one_of_their_name():
    groups = {s.group: s for s in MINIMAL.entities["customer"].survivorship}

    assert groups["limit"].attributes == ("credit_limit", "limit_currency")
    assert groups["address"].attributes == ("street", "city", "postcode", "country")
    assert groups["name"].attributes == ("name",)


def test_every_attribute_and_reference_survives_in_exactly_one_group():
    for entity in MINIMAL.entities.values():
        survives = [name for group in entity.survivorship for name in group.attributes]

        fields = [a.name for a in entity.attributes] + [r.name for r in entity.references]
        assert sorted(survives) == sorted(fields)
        assert all(a.group for a in entity.attributes)


def test_a_group_says_who_owns_it_and_what_a_trespass_means():
    groups = {s.group: s for s in MINIMAL.entities["customer"].survivorship}

    address = groups["address"]
    assert address.owners == (
        OwnerRule(system="shop", when="region == 'online'"),
        OwnerRule(system="erp"),
    )
    assert (address.trespass, address.grace) == (Trespass.PROPOSE, timedelta(minutes=15))
    assert groups["limit"].silent is OwnerSilence.KEEP
    assert groups["email"].strategies == (Strategy.MOST_RECENT, Strategy.SOURCE_RANK)
    assert groups["email"].skew == timedelta(seconds=5)


def test_a_column_list_is_compiled_to_the_select_that_an_author_would_write():
    mapping = next(m for m in MINIMAL.mappings if (m.system, m.entity) == ("erp", "price"))

    assert mapping.sql.startswith('SELECT "id" AS key, "customer_id" AS "customer", ')
    assert mapping.sql.endswith('FROM "erp"."customer_price" WHERE amount IS NOT NULL')
    assert mapping.source_file == "systems/erp/price.yaml"


def test_a_mapping_in_a_file_is_taken_as_it_is_but_for_a_closing_semicolon():
    path = "systems/erp/customer.sql"
    catalogue = load_catalogue({**FILES, path: FILES[path].rstrip() + ";\n"})

    mapping = next(m for m in catalogue.mappings if m.source_file == path)
    assert mapping.sql == FILES[path].rstrip()


def test_a_plan_without_attributes_writes_those_of_the_group_of_its_name():
    plan = MINIMAL.plan("shop", "customer", "limit")

    assert plan is not None
    assert plan.attributes == ("credit_limit", "limit_currency")
    assert (plan.steps[0].rows_min, plan.steps[0].rows_max) == (1, 1)
    assert (plan.creates, plan.cas) == (False, True)


@pytest.mark.parametrize(("rows", "expected"), [
    ("1", (1, 1)), ("0..3", (0, 3)), ('"0..1"', (0, 1)), ('">=1"', (1, None)),
    ('">= 2"', (2, None)),
])  # fmt: skip
def test_the_rows_of_a_step_are_a_number_a_range_or_a_minimum(rows, expected):
    path = "systems/erp/customer.yaml"
    text = FILES[path].replace("rows: 1", f"rows: {rows}")
    plan = load_catalogue({**FILES, path: text}).plan("erp", "customer", "contact")

    assert plan is not None
    assert (plan.steps[0].rows_min, plan.steps[0].rows_max) == expected


def test_the_lanes_own_frequency_serves_what_no_class_takes():
    lane = next(x for x in MINIMAL.lanes if x.name == "limit-to-shop")

    assert [c.name for c in lane.classes] == ["decrease", "large", "rest"]
    assert [c.frequency.mode for c in lane.classes] == ["immediate", "every", "every"]
    assert lane.classes[-1].when is None
    assert lane.classes[-1].frequency.every == timedelta(minutes=15)


def test_a_lane_takes_zone_and_batch_from_the_defaults():
    lane = next(x for x in MINIMAL.lanes if x.name == "master-to-shop")

    assert lane.classes[0].frequency.time_zone == "Europe/Berlin"


def test_an_attribute_without_anything_is_a_text():
    region = next(a for a in MINIMAL.entities["customer"].attributes if a.name == "region")

    assert (region.type, region.kind, region.group) == (ValueType.TEXT, None, "region")


def test_a_broken_catalogue_is_refused_with_every_finding_in_one_message():
    files = {**FILES, "hub.yaml": "name: x\nsystems:\n  erp: {engine: oracle, secrte: A}\n"}

    with pytest.raises(CatalogueBroken) as raised:
        load_catalogue(files)

    findings = raised.value.findings
    assert len(findings) > 3
    assert all(f.place in str(raised.value) and f.remedy in str(raised.value) for f in findings)


def test_the_version_is_that_of_the_texts_whatever_their_order_and_line_ends():
    turned = dict(reversed(FILES.items()))
    windows = {path: text.replace("\n", "\r\n") for path, text in FILES.items()}

    assert version_of(FILES) == version_of(turned) == version_of(windows) == MINIMAL.version
    assert re.fullmatch(r"[0-9a-f]{64}", MINIMAL.version)


@given(st.sampled_from(sorted(FILES)), st.text(min_size=1).filter(str.strip))
def test_every_change_of_a_text_changes_the_version(path, more):
    assert version_of({**FILES, path: FILES[path] + "#" + more}) != MINIMAL.version


def test_a_text_cannot_hide_in_another_files_text():
    assert version_of({"a": "b", "c": "d"}) != version_of({"a": "bc", "d": ""})


def test_a_missing_folder_says_what_to_do(tmp_path):
    with pytest.raises(FolderMissingError, match="MDHUB_CATALOGUE"):
        read_folder(tmp_path / "nowhere")


def test_a_file_that_is_not_utf8_is_named(tmp_path):
    (tmp_path / "hub.yaml").write_bytes(b"name: \xff\n")

    with pytest.raises(TerminalError, match=r"hub\.yaml"):
        read_folder(tmp_path)


def test_hidden_and_other_files_are_left_out(tmp_path):
    for name in ("hub.yaml", "README.md", ".hidden.yaml", ".git/config.yaml", "a/b.sql"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")

    assert sorted(read_folder(tmp_path)) == ["a/b.sql", "hub.yaml"]


def blocks_of(language):
    block = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return block.findall(DOCS.read_text("utf-8"))


def test_the_documented_entities_and_hub_are_those_of_the_example():
    blocks = blocks_of("yaml")

    for path in ("hub.yaml", "entities/customer.yaml", "entities/price.yaml"):
        assert FILES[path] in blocks


@pytest.mark.parametrize("language", ["yaml", "sql"])
def test_every_documented_block_is_a_part_of_the_example(language):
    lines = {line.strip() for text in FILES.values() for line in text.split("\n")}

    for block in blocks_of(language):
        assert {line.strip() for line in block.split("\n")} <= lines
