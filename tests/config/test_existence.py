"""Who may create and delete, as the catalogue says it."""

from __future__ import annotations

from config.catalogue import check_catalogue, load_catalogue
from golden_records.domain.rulebook import DeleteOfOwned
from tests.config.test_problems import MINIMAL

CUSTOMER = "entities/customer.yaml"
CRM = "  crm:\n    engine: postgresql\n    secret: CRM_URL\ndefaults:"
RECREATE = "deleters: [erp]\ndelete_of_owned: recreate"


def saying(deleters, **more):
    text = MINIMAL[CUSTOMER].replace("deleters: [erp]", deleters)
    return {**MINIMAL, CUSTOMER: text, **more}


def errors(files):
    _, findings = check_catalogue(files)
    return [(finding.file, finding.message) for finding in findings]


def test_without_deleters_every_system_may_delete():
    entity = load_catalogue(saying("")).entities["customer"]
    assert all(map(entity.existence.may_delete, ("erp", "shop")))
    assert entity.existence.delete_of_owned is DeleteOfOwned.LEAVE


def test_without_creators_every_system_may_create():
    files = {**MINIMAL, CUSTOMER: MINIMAL[CUSTOMER].replace("creators: [erp, shop]", "")}
    assert load_catalogue(files).entities["customer"].existence.may_create("shop")
    files[CUSTOMER] += "creators: [erp]\n"
    assert not load_catalogue(files).entities["customer"].existence.may_create("shop")


def test_with_deleters_no_other_system_may():
    entity = load_catalogue(saying(RECREATE)).entities["customer"]
    assert (entity.existence.may_delete("erp"), entity.existence.may_delete("shop")) == (
        True,
        False,
    )
    assert entity.existence.recreates


def test_a_system_that_says_nothing_of_the_entity_neither_creates_nor_deletes_it():
    hub = MINIMAL["hub.yaml"].replace("defaults:", CRM)
    found = errors(saying("deleters: [erp, crm]", **{"hub.yaml": hub}))
    message = "system 'crm' has no mapping to 'customer', so it has none of them"
    assert found == [(CUSTOMER, message)]


def test_what_is_to_be_created_again_needs_a_plan_that_creates():
    found = errors(saying("deleters: [shop]\ndelete_of_owned: recreate"))
    message = "no write plan creates a 'customer' in a system that may not delete it"
    assert found == [(CUSTOMER, message)]
