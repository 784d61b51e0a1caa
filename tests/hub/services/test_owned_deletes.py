"""Who may delete: what another system deletes is withheld and asked about, on real PostgreSQL."""

from __future__ import annotations

import pytest

from config.catalogue import load_catalogue
from hub.bootstrap import operating
from hub.bootstrap.simulating import simulation
from hub.services.cases import StaleDecision, Word
from hub.services.deletes import Chosen, NotWithheld
from hub.services.identity.undoing import UndoRefused
from hub.services.identity.work import Intent, Terms
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

ANN = Word(actor="ann", reason="they have closed")
NAME, VAT = "Acme Industrial Supplies GmbH", "DE136695976"
CUSTOMER = "entities/customer.yaml"
NAMES = "  name:\n    owners: [{}]"
RECREATE = "deleters: [erp]\ndelete_of_owned: recreate"


@pytest.fixture
def made(hub_database):
    """Return what makes a hub whose customers only the ERP may delete, as the policy says more."""
    hubs = []

    def make(deleters="deleters: [erp]", *, duplicate_free="[erp]", hub="", names="erp"):
        files = minimal_catalogue().files
        text = files[CUSTOMER].replace("deleters: [erp]", deleters)
        text = text.replace("duplicate_free: [erp]", f"duplicate_free: {duplicate_free}")
        text = text.replace(NAMES.format("erp"), NAMES.format(names))
        said = files["hub.yaml"].replace("    rank: 20\n", f"    rank: 20\n{hub}")
        catalogue = minimal_catalogue(**{CUSTOMER: text, "hub.yaml": said})
        hubs.append(BuiltHub(make_hub(hub_database, catalogue)))
        hubs[-1].go_live()
        return hubs[-1]

    yield make
    for built in hubs:
        built.close()


@pytest.fixture
def built(made):
    return made()


def erp(built, key=1, **said):
    built.put("erp", "customer", id=key, **{"name": NAME, "vat_number": VAT, **said})


def shop(built, key=7, **said):
    built.put("shop", "account", id=key, **{"company": NAME, "vat": VAT, "city": "Bremen", **said})


def clean(built):
    built.settle()
    assert built.differences() == []


def leave(built, key=7):
    built.delete("shop", "account", id=key)
    clean(built)


def both(built):
    """The customer is in both systems; return its golden record."""
    erp(built)
    shop(built)
    clean(built)
    assert built.home("erp", 1) == built.home("shop", 7)
    return built.home("erp", 1)


def case_of(built):
    (case,) = built.cases("delete_of_owned")
    return case


def answer(built, verdict):
    existence = operating.existence(built.hub)
    case = operating.stewardship(built.hub).case(case_of(built)["id"])
    return getattr(existence, verdict)(case.id, case.token, ANN)


def withheld(built):
    rows = built.query("SELECT key, why, state FROM hub.withheld_delete ORDER BY id")
    return [(row["key"], row["why"], row["state"]) for row in rows]


def to_shop(built):
    rows = built.query(
        "SELECT target_key, desired FROM hub.publication WHERE target = 'shop'"
        " AND attribute_group = 'master' AND state = 'PENDING' ORDER BY target_key"
    )
    return {row["target_key"]: row["desired"]["name"] for row in rows}


def test_a_system_that_may_not_delete_does_not_end_the_golden_record(built):
    shop(built)
    clean(built)
    home = built.home("shop", 7)
    leave(built)
    assert built.golden(home)["status"] == "ACTIVE"
    case = case_of(built)
    assert (case["system"], case["key"], case["outcome"]) == ("shop", "7", "leave")
    assert withheld(built) == [("7", "owner", "HELD")]


def test_verify_finds_a_write_that_was_begun_long_after_its_record_was_withheld(built):
    shop(built)
    clean(built)
    leave(built)
    written = """
        INSERT INTO hub.write_ledger (publication_id, target, entity, target_key, golden_id,
               attribute_group, golden_version, fence, attrs, state, opened_at)
        VALUES (1, 'shop', 'customer', '7', %(golden)s, 'master', 1, 1, '{}', 'OPEN',
                clock_timestamp() + interval '1 hour')
    """
    with built.work() as work:
        work.connection.execute(written, {"golden": built.home("shop", 7)})
        work.commit()
    assert "withheld_is_published" in {found["kind"] for found in built.differences()}


def test_a_system_that_may_delete_ends_it(built):
    erp(built)
    clean(built)
    home = built.home("erp", 1)
    built.delete("erp", "customer", id=1)
    clean(built)
    assert built.golden(home)["status"] == "RETIRED"
    assert built.cases() == []


def test_what_the_system_said_goes_on_to_hold(built):
    home = both(built)
    leave(built)
    assert built.golden(home)["attrs"]["city"] == "Bremen"
    erp(built, name="Acme Supplies")
    clean(built)
    assert built.golden(home)["attrs"]["name"] == "Acme Supplies"


def test_the_case_holds_the_money_at_stake(built):
    shop(built, credit_limit=5000, currency="EUR")
    clean(built)
    leave(built)
    case = case_of(built)
    assert (str(case["exposure"]), case["currency"]) == ("5000", "EUR")


def test_an_accepted_deletion_is_applied(built):
    shop(built)
    clean(built)
    home = built.home("shop", 7)
    leave(built)
    done = answer(built, "accept")
    assert done.resolution == "deletion accepted, by ann: they have closed"
    assert done.marked == [built.record_id("shop", 7)]
    clean(built)
    assert built.golden(home)["status"] == "RETIRED"
    assert built.cases() == []
    assert withheld(built) == [("7", "owner", "APPLIED")]


def test_a_refused_deletion_leaves_the_record_as_it_is_whatever_is_looked_at_again(built):
    shop(built)
    clean(built)
    leave(built)
    assert answer(built, "refuse").resolution == "deletion refused, by ann: they have closed"
    with built.transaction() as work:
        work.mirror.mark_all("shop", "customer", cause="replay", priority=5)
        work.commit()
    clean(built)
    assert built.home("shop", 7)
    assert built.cases() == []
    assert withheld(built) == [("7", "owner", "DISCARDED")]


def test_a_decision_about_what_has_changed_is_refused(built):
    both(built)
    leave(built)
    seen = operating.stewardship(built.hub).case(case_of(built)["id"])
    erp(built, name="Acme Supplies")
    clean(built)
    with pytest.raises(StaleDecision):
        operating.existence(built.hub).accept(seen.id, seen.token, ANN)
    assert withheld(built) == [("7", "owner", "HELD")]


def test_the_deletion_may_also_be_decided_among_the_withheld_ones(built):
    shop(built)
    clean(built)
    leave(built)
    deletes = operating.deletes(built.hub)
    assert deletes.release(Chosen(pair=("customer", "shop")), ANN) == 1
    assert built.cases() == []
    clean(built)
    assert withheld(built) == [("7", "owner", "APPLIED")]


def decisions(built):
    sql = """
        SELECT d.*, array(SELECT c.id FROM hub.conflict c WHERE c.decision_id = d.id) AS cases
        FROM hub.decision d ORDER BY id
    """
    return built.query(sql)


@pytest.mark.parametrize(
    ("answered", "kind"), [("accept", "ACCEPT_DELETION"), ("refuse", "REFUSE_DELETION")]
)
def test_an_answer_is_a_fact_with_who_why_by_which_policy_and_on_what(built, answered, kind):
    home = both(built)
    leave(built)
    case = operating.stewardship(built.hub).case(case_of(built)["id"])
    answer(built, answered)
    (fact,) = decisions(built)
    assert (fact["kind"], fact["actor"], fact["reason"]) == (kind, "ann", "they have closed")
    assert (fact["policy_version"], fact["inputs"]) == (built.hub.catalogue.version, case.inputs)
    assert (fact["goldens"], fact["case_id"], fact["cases"]) == ([str(home)], case.id, [case.id])
    assert fact["body"]["system"] == "shop"
    clean(built)


def test_what_is_decided_anew_is_another_fact_on_what_stands_by_then(built):
    both(built)
    leave(built)
    case = case_of(built)
    deletes, all_of_them = operating.deletes(built.hub), Chosen(pair=("customer", "shop"))
    deletes.discard(all_of_them, ANN)
    deletes.release(all_of_them, ANN)
    first, second = decisions(built)
    assert [first["kind"], second["kind"]] == ["REFUSE_DELETION", "ACCEPT_DELETION"]
    assert first["inputs"] != second["inputs"]
    assert first["body"] == second["body"]
    assert (first["cases"], second["cases"]) == ([case["id"]], [])
    with pytest.raises(NotWithheld):
        deletes.release(all_of_them, ANN)
    assert len(decisions(built)) == 2


def test_undo_says_how_a_decision_on_a_deletion_is_taken_back(built):
    both(built)
    leave(built)
    case = case_of(built)
    answer(built, "refuse")
    (row,) = operating.deletes(built.hub).rows(
        {"states": ["DISCARDED"], "system": None, "entity": None, "limit": 9}
    )
    with pytest.raises(UndoRefused, match=f"mdhub deletes release {row['id']}`"):
        operating.undoing(built.hub).case(case["id"], Terms(word=ANN))


def test_a_decision_on_a_deletion_does_not_keep_a_merge_from_being_undone(built):
    erp(built)
    shop(built, company="Zenith Maritime Logistics AG", vat="DE811569869")
    clean(built)
    mine, theirs = built.home("erp", 1), built.home("shop", 7)
    intent = Intent(action="merge", goldens=(str(mine), str(theirs)))
    merged = operating.golden_operations(built.hub).run(intent, Terms(word=ANN))
    clean(built)
    leave(built)
    answer(built, "refuse")
    clean(built)
    operating.undoing(built.hub).transaction(merged.txn, Terms(word=ANN))
    clean(built)
    assert (built.home("erp", 1), built.home("shop", 7)) == (mine, theirs)
    assert withheld(built) == [("7", "owner", "DISCARDED")]


def test_a_record_that_is_back_closes_its_case(built):
    home = both(built)
    leave(built)
    erp(built, name="Acme Supplies")
    clean(built)
    shop(built)
    clean(built)
    assert built.cases("delete_of_owned") == []
    assert withheld(built) == [("7", "owner", "RETURNED")]
    assert built.home("shop", 7) == home
    assert to_shop(built) == {"7": "Acme Supplies"}, "what came meanwhile is due now"


def test_nothing_is_written_to_a_system_that_does_not_have_the_record_any_more(built):
    both(built)
    erp(built, name="Acme Supplies")
    clean(built)
    assert to_shop(built) == {"7": "Acme Supplies"}
    leave(built)
    assert to_shop(built) == {}
    erp(built, name="Acme")
    clean(built)
    assert to_shop(built) == {}


def test_what_refers_to_it_is_not_created_there_either(built):
    both(built)
    leave(built)
    row = {"customer_id": 1, "product_code": "A", "currency": "EUR", "amount": 5}
    built.put("erp", "customer_price", id=3, **row)
    clean(built)
    assert built.home("erp", 3, "price")
    assert built.query("SELECT 1 FROM hub.publication WHERE entity = 'price'") == []


def test_an_accepted_deletion_is_not_undone_by_a_write_plan_that_creates(built):
    home = both(built)
    leave(built)
    answer(built, "accept")
    erp(built, name="Acme Supplies")
    clean(built)
    assert built.golden(home)["status"] == "ACTIVE"
    assert built.golden(home)["attrs"]["name"] == "Acme Supplies"
    assert to_shop(built) == {}


def test_where_the_policy_says_so_the_system_gets_the_record_again(made):
    built = made(RECREATE, duplicate_free="[erp, shop]")
    home = both(built)
    leave(built)
    assert case_of(built)["outcome"] == "recreate"
    assert to_shop(built) == {"": NAME}
    shop(built, key=8)
    clean(built)
    assert built.home("shop", 8) == home
    assert built.home("shop", 7) is None
    assert built.cases() == []
    assert withheld(built) == [("7", "owner", "APPLIED")]
    assert to_shop(built) == {}


def test_a_deletion_that_was_accepted_is_not_made_good_although_the_policy_would(made):
    built = made(RECREATE)
    both(built)
    leave(built)
    answer(built, "accept")
    clean(built)
    assert to_shop(built) == {}


def test_a_duplicate_that_is_deleted_takes_nothing_out_of_the_system(built):
    home = both(built)
    shop(built, key=8)
    clean(built)
    assert built.home("shop", 8) == home
    leave(built, key=8)
    assert built.home("shop", 8) is None
    assert built.cases() == []
    leave(built, key=7)
    assert withheld(built) == [("7", "owner", "HELD")]


def test_a_record_without_a_golden_record_is_deleted_by_whom_it_belongs_to(built):
    built.put("shop", "account_price", id=4, account_id=99, sku="A", currency="EUR", amount=5)
    built.settle()
    assert [case["kind"] for case in built.cases()] == ["reference_missing"]
    built.delete("shop", "account_price", id=4)
    clean(built)
    assert built.cases() == []
    assert withheld(built) == []


def test_a_table_that_was_emptied_is_one_case_of_the_guard(made):
    built = made(hub="    delete_guard: {rows: 2, share: 100, always: 2}\n")
    for key in range(1, 6):
        shop(built, key=key, company=f"Customer {key}", vat=None, email=f"{key}@example.com")
    clean(built)
    built.apply(*(built.deletion("shop", "account", id=key) for key in range(1, 6)))
    clean(built)
    kinds = [case["kind"] for case in built.cases("delete_of_owned", "mass_delete")]
    assert "mass_delete" in kinds
    assert kinds.count("delete_of_owned") <= 2
    assert len(withheld(built)) == 5


@pytest.mark.parametrize("gone", [False, True])
def test_a_simulation_foretells_no_write_to_what_is_gone(made, gone):
    built = made(names="shop")
    both(built)
    shop(built, company="Acme Supplies")
    clean(built)
    if gone:
        leave(built)
    files = dict(built.hub.catalogue.files)
    files[CUSTOMER] = files[CUSTOMER].replace(NAMES.format("shop"), NAMES.format("erp"))
    rows = []
    simulation(built.hub, load_catalogue(files)).run(
        built.hub.clock.now(), lambda _: None, rows.append
    )
    writes = {(row["target"], row["key"]) for row in rows if row["kind"] == "write"}
    assert writes == (set() if gone else {("shop", "7")})
