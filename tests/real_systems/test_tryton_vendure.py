"""Two real systems, their own dumps, real Debezium and Kafka: what arrives, and what goes back.

Every test changes rows of its own, as the applications' logs showed them to change, so their order
does not matter. The statements are those of the README's scenarios beside the dumps.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.real_systems.pairs import confused, figures, read_truth

# `dumps` comes first: where there are none, no server is started.
pytestmark = [
    pytest.mark.stack,
    pytest.mark.enable_socket,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("dumps"),
]

NOW = "now() AT TIME ZONE 'UTC'"
CUSTOMERS = "customer"
SKUS = "sku"


# --- who is who -------------------------------------------------------------------------------


@pytest.mark.parametrize("entity, least", [(CUSTOMERS, 0.97), (SKUS, 0.97)])
def test_golden_records_agree_with_the_truth(standing, real_systems, entity, least):
    truth = read_truth(real_systems / "truth.csv", entity)
    found = figures(truth, standing.linked[entity])
    print(f"\n{entity}: {found}")  # noqa: T201 - the figures are what it is run for
    assert found.f1 >= least, found.wrong


def test_look_alikes_are_kept_apart(standing, real_systems):
    truth = read_truth(real_systems / "truth.csv", CUSTOMERS)
    assert truth.twins
    assert confused(truth, standing.linked[CUSTOMERS]) == []


# --- changes in the ERP -----------------------------------------------------------------------


def test_a_renamed_party_renames_its_golden_record(standing):
    standing.in_tryton(
        f"UPDATE party_party SET name = 'Castro & Partner', write_date = {NOW} WHERE id = 7"
    )
    standing.wait_for((CUSTOMERS, "tryton", 7), "name", "Castro & Partner")


def test_a_credit_limit_in_its_side_table_arrives(standing):
    standing.in_tryton(
        f"UPDATE party_party SET write_date = {NOW} WHERE id = 15",
        "UPDATE party_party_credit_limit_amount SET credit_limit_amount = 33333 WHERE party = 15",
    )
    golden = standing.wait_for(("credit_limit", "tryton", 15), "amount", "33333")
    assert golden["attrs"]["currency"] == "USD"


def test_a_row_without_a_limit_is_not_a_limit_of_nothing(standing):
    standing.in_tryton(
        "UPDATE party_party_credit_limit_amount SET credit_limit_amount = 0 WHERE party = 91"
    )
    standing.wait_for(("credit_limit", "tryton", 91), "amount", "0")
    standing.in_tryton(
        "UPDATE party_party_credit_limit_amount SET credit_limit_amount = NULL WHERE party = 91"
    )
    standing.wait_for(("credit_limit", "tryton", 91), "amount", None)


def test_a_moved_party_moves_its_golden_record(standing):
    standing.in_tryton(
        "UPDATE party_address SET city = 'Newtown', postal_code = '99999' WHERE party = 9"
    )
    golden = standing.wait_for((CUSTOMERS, "tryton", 9), "city", "Newtown")
    assert golden["attrs"]["postal_code"] == "99999"


def test_a_template_that_is_no_longer_active_takes_its_variant_along(standing):
    standing.in_tryton("UPDATE product_template SET active = false WHERE id = 46")
    standing.wait_for((SKUS, "tryton", 46), "status", "inactive")


def test_an_article_that_moves_to_another_category_moves_to_its_gl_account(standing):
    before = standing.golden(SKUS, "tryton", 94)["attrs"]["gl_account"]
    (other,) = standing.in_tryton(
        "SELECT a.code FROM product_category_account x"
        " JOIN account_account a ON a.id = x.account_revenue WHERE x.category = 4"
    )
    standing.in_tryton("UPDATE product_template SET account_category = 4 WHERE id = 94")
    standing.wait_for((SKUS, "tryton", 94), "gl_account", other["code"])
    assert other["code"] != before


def test_a_french_name_is_a_row_of_another_table(standing):
    standing.in_tryton(
        "INSERT INTO ir_translation (name, res_id, lang, src, value, type, fuzzy)"
        " VALUES ('product.template,name', 60, 'fr', 'Kingpin', 'Le Caïd', 'model', false)"
    )
    standing.wait_for((SKUS, "tryton", 60), "name_fr", "Le Caïd")


def test_a_party_that_was_replaced_says_so(standing):
    standing.in_tryton(
        "UPDATE party_address SET active = false WHERE party = 16",
        "UPDATE party_contact_mechanism SET active = false WHERE party = 16",
        "UPDATE party_party SET active = false, replaced_by = 17 WHERE id = 16",
    )
    standing.wait_for((CUSTOMERS, "tryton", 16), "status", "replaced")


def test_a_deleted_party_leaves_its_golden_record(standing):
    """Its children go first, and every event carries a bare id."""
    golden = standing.golden(CUSTOMERS, "tryton", 20)
    tables = ("party_party_lang", "party_identifier", "party_address", "party_contact_mechanism")
    multi = ("account", "credit_limit_amount", "location", "payment_term", "sale_price_list")
    children = [*tables, *(f"party_party_{name}" for name in multi)]
    standing.in_tryton(
        *(f"DELETE FROM {table} WHERE party = 20" for table in children),
        "DELETE FROM party_party WHERE id = 20",
    )
    standing.wait_until(
        lambda: standing.golden(CUSTOMERS, "tryton", 20) is None, "party 20 is no member"
    )
    assert golden is not None
    assert standing.golden(CUSTOMERS, "vendure", 75)["id"] == golden["id"]


# --- changes in the shop ----------------------------------------------------------------------


def test_a_renamed_customer_is_a_new_contact_of_the_company(standing):
    standing.in_vendure("UPDATE customer SET firstName = 'Paula' WHERE id = 81")
    standing.wait_for((CUSTOMERS, "vendure", 81), "contact", "Paula Lefebvre")


def test_a_new_default_address_takes_the_place_of_the_old_one(standing):
    standing.in_vendure(
        "INSERT INTO address (streetLine1, city, defaultBillingAddress, countryId)"
        " VALUES ('9 Other Rd', 'Recife', 1, 235)",
        "UPDATE address SET customerId = 2 WHERE id = LAST_INSERT_ID()",
        "UPDATE address SET defaultBillingAddress = 0"
        " WHERE customerId = 2 AND id <> LAST_INSERT_ID()",
    )
    golden = standing.wait_for((CUSTOMERS, "vendure", 2), "street", "9 Other Rd")
    assert (golden["attrs"]["city"], golden["attrs"]["country"]) == ("Recife", "US")


def test_a_price_in_minor_units_is_an_amount(standing):
    standing.in_vendure(
        "UPDATE product_variant_price SET price = 4242 WHERE variantId = 3 AND currencyCode = 'USD'"
    )
    sku = standing.golden(SKUS, "vendure", 3)["id"]
    (golden,) = standing.wait_until(
        lambda: standing.hub(
            "SELECT attrs FROM hub.golden WHERE entity = 'price' AND attrs ->> 'sku' = %(sku)s"
            " AND attrs ->> 'amount' = '42.42'",
            sku=str(sku),
        ),
        "the price of variant 3 is 42.42",
    )
    assert golden["attrs"]["currency"] == "USD"


def test_a_german_name_that_is_added_arrives(standing):
    standing.in_vendure(
        "INSERT INTO product_translation (languageCode, name, slug, description, baseId)"
        " SELECT 'de', 'Umbenannt', 'umbenannt-x', 'd', productId FROM product_variant"
        " WHERE id = 139"
    )
    standing.wait_for((SKUS, "vendure", 139), "name_de", "Umbenannt")


def test_a_softly_deleted_customer_is_deleted(standing):
    standing.in_vendure(
        "UPDATE customer SET deletedAt = NOW() WHERE id = 64",
        "UPDATE `user` u JOIN customer c ON c.userId = u.id SET u.deletedAt = c.deletedAt"
        " WHERE c.id = 64",
    )
    standing.wait_until(
        lambda: standing.golden(CUSTOMERS, "vendure", 64) is None, "customer 64 is no member"
    )


# --- the way back -----------------------------------------------------------------------------


def test_an_email_of_the_erp_lands_in_the_shops_three_tables(standing):
    email = "maria.neu@alfredsfutterkiste.example"
    golden = standing.golden(CUSTOMERS, "tryton", 179)
    assert golden["id"] == standing.golden(CUSTOMERS, "vendure", 150)["id"]
    mechanism = "WHERE party = 179 AND type = 'email'"
    standing.in_tryton(
        f"UPDATE party_contact_mechanism SET value = '{email}' {mechanism}",
        f"UPDATE party_contact_mechanism SET value_compact = value, write_date = {NOW} {mechanism}",
    )
    standing.wait_for((CUSTOMERS, "vendure", 150), "email", email)
    standing.wait_echoed(golden["id"], "vendure", "email", "email", email)
    found = standing.in_vendure(
        "SELECT c.id, c.emailAddress, u.identifier, a.identifier FROM customer c"
        " JOIN `user` u ON u.id = c.userId"
        " JOIN authentication_method a ON a.userId = u.id"
        f" WHERE '{email}' IN (c.emailAddress, u.identifier, a.identifier)"
    )
    assert found == ((150, email, email, email),)


def test_an_email_of_the_shop_lands_in_the_erps_contact_mechanism(standing):
    email = "t.hardy@aroundthehorn.example"
    golden = standing.golden(CUSTOMERS, "vendure", 28)
    assert golden["id"] == standing.golden(CUSTOMERS, "tryton", 168)["id"]
    user = "(SELECT userId FROM customer WHERE id = 28)"
    standing.in_vendure(
        f"UPDATE authentication_method SET identifier = '{email}' WHERE userId = {user}",
        f"UPDATE `user` SET identifier = '{email}' WHERE id = {user}",
        f"UPDATE customer SET emailAddress = '{email}' WHERE id = 28",
    )
    standing.wait_for((CUSTOMERS, "vendure", 28), "email", email)
    standing.wait_echoed(golden["id"], "tryton", "email", "email", email)
    found = standing.in_tryton(
        "SELECT party, type, value_compact, write_date IS NOT NULL AS dated"
        f" FROM party_contact_mechanism WHERE value = '{email}'"
    )
    assert found == [{"party": 168, "type": "email", "value_compact": email, "dated": True}]


def test_a_customer_without_an_email_gets_the_golden_one_in_all_three_tables(standing):
    email = standing.golden(CUSTOMERS, "tryton", 54)["attrs"]["email"]
    assert email
    golden = standing.golden(CUSTOMERS, "vendure", 53)
    assert golden["attrs"]["email"] == email
    found = standing.in_vendure(
        "SELECT c.emailAddress, u.identifier, a.identifier FROM customer c"
        " JOIN `user` u ON u.id = c.userId JOIN authentication_method a ON a.userId = u.id"
        " WHERE c.id = 53"
    )
    assert found == ((email, email, email),)


def test_no_two_customers_of_the_shop_ever_share_an_email(standing):
    shared = standing.in_vendure(
        "SELECT emailAddress FROM customer WHERE deletedAt IS NULL"
        " GROUP BY emailAddress HAVING count(*) > 1"
    )
    assert shared == ()


def test_a_list_price_of_the_erp_lands_in_the_shops_minor_units(standing):
    standing.in_tryton(
        f"UPDATE product_template SET write_date = {NOW} WHERE id = 80",
        f"UPDATE product_list_price SET list_price = 77.77, write_date = {NOW}"
        " WHERE template = 80 AND product IS NULL",
    )
    golden = standing.wait_for(("price", "tryton", 80), "amount", "77.77")
    standing.wait_echoed(golden["id"], "vendure", "price", "amount", "77.77")
    found = standing.in_vendure(
        "SELECT variantId, currencyCode, price FROM product_variant_price"
        " WHERE price = 7777 OR variantId = 129 AND currencyCode = 'USD'"
    )
    assert found == ((129, "USD", 7777),)


def test_a_price_of_the_shop_lands_in_the_erps_list_price(standing):
    row = _shared_price(standing)
    standing.in_vendure(
        f"UPDATE product_variant_price SET price = 1234 WHERE variantId = {row['variant']}"
        " AND currencyCode = 'USD'"
    )
    golden = standing.wait_for(("price", "tryton", row["product"]), "amount", "12.34")
    standing.wait_echoed(golden["id"], "tryton", "price", "amount", "12.34")
    found = standing.in_tryton(
        "SELECT x.list_price, p.id FROM product_list_price x"
        " JOIN product_product p ON p.template = x.template WHERE x.list_price = 12.34"
    )
    assert found == [{"list_price": Decimal("12.34"), "id": int(row["product"])}]


def test_a_list_price_that_was_lost_is_inserted_again(standing):
    """No row is not a price of nothing: the shop's price stands, and goes back as a new row."""
    (price,) = standing.in_vendure(
        "SELECT price FROM product_variant_price WHERE variantId = 135 AND currencyCode = 'USD'"
    )
    standing.in_tryton("DELETE FROM product_list_price WHERE template = 166")
    (row,) = standing.wait_until(
        lambda: standing.in_tryton(
            "SELECT list_price, company, product, create_date IS NOT NULL AS dated"
            " FROM product_list_price WHERE template = 166"
        ),
        "template 166 has a list price again",
    )
    amount = Decimal(price[0]) / 100
    assert row == {"list_price": amount, "company": 1, "product": None, "dated": True}


def _shared_price(standing):
    """The first article that both sell and that no other test changes."""
    (row,) = standing.hub(
        "SELECT t.key AS product, v.key AS variant FROM hub.source_record t"
        " JOIN hub.link lt ON lt.record_id = t.id AND lt.state = 'MATCH' AND lt.valid_to IS NULL"
        " JOIN hub.link lv ON lv.golden_id = lt.golden_id AND lv.state = 'MATCH'"
        "      AND lv.valid_to IS NULL"
        " JOIN hub.source_record v ON v.id = lv.record_id AND v.system = 'vendure'"
        " WHERE t.entity = 'sku' AND t.system = 'tryton' AND t.key::integer > 100"
        " ORDER BY t.key::integer LIMIT 1"
    )
    return row


# --- the whole --------------------------------------------------------------------------------


def test_verification_finds_no_difference(standing):
    standing.wait_quiet("marks")
    code, output = standing.run("verify")
    assert code == 0, output


def test_every_mapping_is_fit_for_the_real_rows(standing):
    code, output = standing.run("mapping", "check")
    assert (code, "0 error(s), 0 warning(s)" in output) == (0, True), output


def test_no_changed_row_leaves_a_record_unmarked(standing):
    standing.wait_quiet("marks")
    code, output = standing.run("mapping", "prove", "--trials", "25")
    assert code == 0, output


def test_nothing_was_set_aside(standing):
    assert standing.hub("SELECT * FROM hub.quarantine") == []
