"""Each kind of mistake in a catalogue is reported at its line, with a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st
from ruamel.yaml import YAML

import config
from config.catalogue import check_catalogue
from config.folder import read_folder
from golden_records.domain.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from golden_records.domain.findings import Finding

MINIMAL = read_folder(Path(config.__file__).parent / "examples" / "minimal")

CUSTOMER = "entities/customer.yaml"
PRICE = "entities/price.yaml"
HUB = "hub.yaml"
PUBLISH = "publish.yaml"
SHOP_CUSTOMER = "systems/shop/customer.yaml"
SHOP_PRICE = "systems/shop/price.yaml"

CUSTOMER = "entities/customer.yaml"
PRICE = "entities/price.yaml"
HUB = "hub.yaml"
PUBLISH = "publish.yaml"
ERP_CUSTOMER = "systems/erp/customer.yaml"
ERP_SQL = "systems/erp/customer.sql"
ERP_TABLES = "systems/erp/tables.yaml"
ERP_PRICE = "systems/erp/price.yaml"
SHOP_CUSTOMER = "systems/shop/customer.yaml"
SHOP_PRICE = "systems/shop/price.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One entry of mistakes.yaml; see there."""

    file: str
    new: str
    message: str
    remedy: str
    old: str | None = None
    at: str | None = None

    @property
    def before(self) -> str:
        return MINIMAL[self.file] if self.old is None else self.old

    def made_in(self, files: Mapping[str, str]) -> dict[str, str]:
        assert self.before in files[self.file], f"{self.before!r} does not stand in {self.file}"
        return {**files, self.file: files[self.file].replace(self.before, self.new, 1)}

    def found_among(self, findings: Iterable[Finding]) -> list[Finding]:
        return [
            f
            for f in findings
            if f.file == self.file and self.message in f.message and self.remedy in f.remedy
        ]

    def lines_of(self, text: str) -> Collection[int]:
        """Return the lines of the changed text on which the finding may stand."""
        lines = text.split("\n")
        if self.at == "":
            return [len(lines)]
        if self.at:
            return [next(n for n, line in enumerate(lines, 1) if line.startswith(self.at))]
        first = MINIMAL[self.file].split(self.before)[0].count("\n") + 1
        return range(first, first + max(self.before.count("\n"), self.new.count("\n")) + 1)


MISTAKES = {
    name: Mistake(**entry)
    for name, entry in YAML(typ="safe", pure=True)
    .load(Path(__file__).with_name("mistakes.yaml").read_text("utf-8"))
    .items()
}


def broken(file: str, old: str, new: str) -> dict[str, str]:
    return Mistake(file=file, old=old, new=new, message="", remedy="").made_in(MINIMAL)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_at_its_line_with_a_remedy(mistake):
    files = mistake.made_in(MINIMAL)

    catalogue, findings = check_catalogue(files)

    assert catalogue is None
    found = mistake.found_among(findings)
    assert found
    assert found[0].severity is Severity.ERROR
    assert found[0].line in mistake.lines_of(files[mistake.file])


def messages(files):
    return {(f.file, f.message) for f in check_catalogue(files)[1]}


def test_an_owner_without_a_mapping_is_reported():
    files = {path: text for path, text in MINIMAL.items() if path != SHOP_CUSTOMER}

    assert (CUSTOMER, "owner 'shop' has no mapping to 'customer'") in messages(files)


def test_a_reference_whose_keys_resolve_nowhere_is_reported_for_each_mapping():
    files = {path: text for path, text in MINIMAL.items() if path != SHOP_CUSTOMER}

    found = [message for file, message in messages(files) if file == SHOP_PRICE]

    assert any("'shop' has no mapping to 'customer'" in message for message in found)


def test_a_reference_may_name_the_system_whose_key_it_is():
    files = broken(PRICE, "{entity: customer}", "{entity: customer, system: shop}")
    assert check_catalogue(files)[1] == ()

    gone = {path: text for path, text in files.items() if path != SHOP_CUSTOMER}
    expected = "system 'shop' has no mapping to 'customer', so its keys resolve to nothing"
    assert (PRICE, expected) in messages(gone)


def test_references_in_a_circle_are_reported_but_an_entity_may_refer_to_itself():
    circle = broken(
        CUSTOMER, "identity:\n", "references:\n  p: {entity: price, required: false}\nidentity:\n"
    )
    alone = broken(CUSTOMER, "identity:\n", "references:\n  p: {entity: customer}\nidentity:\n")

    assert any("references go in a circle" in message for _, message in messages(circle))
    assert not any("circle" in message for _, message in messages(alone))


def test_an_attribute_is_not_also_a_reference():
    files = broken(PRICE, "  product_code: {}", "  product_code: {}\n  customer: {}")

    assert (PRICE, "'customer' is an attribute and a reference") in messages(files)


@pytest.mark.parametrize(("path", "message"), [
    ("entities/customer.yml", "nothing reads this file"),
    ("notes.yaml", "nothing reads this file"),
    ("systems/erp/deep/customer.yaml", "nothing reads this file"),
    ("systems/erp/old.sql", "no mapping reads this file"),
    ("systems/crm/customer.yaml", "there is no system 'crm' in hub.yaml"),
    ("systems/erp/sku.yaml", "there is no entity 'sku'"),
])  # fmt: skip
def test_a_file_that_nothing_reads_is_reported(path, message):
    assert (path, message) in messages({**MINIMAL, path: "select: {from: customer}"})


def test_a_folder_without_hub_yaml_says_so_once():
    catalogue, findings = check_catalogue({})

    assert catalogue is None
    assert [f.message for f in findings] == ["there is no hub.yaml"]


@pytest.mark.parametrize("path", [path for path in MINIMAL if path.endswith(".yaml")])
def test_a_file_that_is_not_yaml_is_one_finding_and_no_more(path):
    _, findings = check_catalogue({**MINIMAL, path: "a: [1\nb: 2\n"})

    assert [(f.file, f.line) for f in findings] == [(path, 2)]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "- a\n", "just words\n", "a: 1\n---\nb: 2\n", "a: *b\n", "\t:"]
)
@pytest.mark.parametrize("path", sorted(MINIMAL))
def test_no_text_makes_reading_fail_otherwise_than_by_findings(path, text):
    catalogue, findings = check_catalogue({**MINIMAL, path: text})

    assert (catalogue is None) == any(f.severity is Severity.ERROR for f in findings)


TOGETHER = (
    "unknown key of the hub", "missing secret", "not a whole number", "unknown zone of the hub",
    "misspelt key of an attribute", "unknown type", "unknown exclusive field", "not a probability",
    "not a duration", "unknown trespass", "unknown silence", "unknown variable",
    "strategy without order", "unknown system as creator", "unknown system as owner",
    "unknown entity of a reference", "settles too early",
    "unknown every_root", "never written", "unknown cas", "star",
    "unknown column", "condition of a select", "read does not parse", "unknown parameter",
    "rows backwards", "unknown when", "not a flag", "no key of a table",
    "unknown field", "bad cron", "impossible grid", "unknown target", "class without a frequency",
    "misspelt key of a lane",
)  # fmt: skip


def test_all_mistakes_of_a_catalogue_are_reported_at_once():
    files = dict(MINIMAL)
    made = [MISTAKES[name] for name in TOGETHER]
    for mistake in made:
        files = mistake.made_in(files)

    findings = check_catalogue(files)[1]

    assert [m for m in made if not m.found_among(findings)] == []


def test_findings_are_in_the_order_of_files_and_lines():
    files = broken(HUB, "rank: 20", "rank: high")
    files[PUBLISH] = files[PUBLISH].replace("every: 5min", "every: 5").replace("cron:", "corn:")

    findings = check_catalogue(files)[1]

    places = [(f.file, f.line or 0, f.column or 0) for f in findings]
    assert places == sorted(places)
    assert len(places) == len(set(findings))


LINES = [(path, number) for path, text in MINIMAL.items() for number in range(text.count("\n"))]
WORDS = st.sampled_from(
    ["", "x", "x: y", "- x", "{}", "[]", "null", ":key", "'", "erp", "  key: 1"]
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LINES), WORDS, st.booleans()), min_size=1, max_size=4))
def test_no_damage_makes_reading_fail_otherwise_than_by_findings(damages):
    files = dict(MINIMAL)
    for (path, number), word, whole in damages:
        lines = files[path].split("\n")
        indent = len(lines[number]) - len(lines[number].lstrip())
        lines[number] = " " * indent + word if whole else f"{lines[number]} {word}"
        files[path] = "\n".join(lines)

    catalogue, findings = check_catalogue(files)

    assert (catalogue is None) == any(f.severity is Severity.ERROR for f in findings)
    assert all(f.message and f.remedy for f in findings)
