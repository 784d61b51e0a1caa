"""The statements by which each system's own program changes what it holds.

One entry per system, entity and group of attributes; parameters carry the record's key and its
values in the world's spelling. Statements of one entry belong in one transaction.
"""

# ruff: noqa: ISC004, S608 - SQL built of this file's own constants; values are parameters

from __future__ import annotations

_ERP_NOW = "write_date = clock_timestamp() AT TIME ZONE 'UTC'"
_ERP_PARTY = f"UPDATE party SET {_ERP_NOW}, write_user = 'clerk', "
_ERP_TOUCH = f"UPDATE party SET {_ERP_NOW}, write_user = "
_ERP_ITEM = f"UPDATE item SET {_ERP_NOW}, write_user = 'clerk', "
_ERP_MECHANISM = (
    f"UPDATE contact_mechanism SET value = %(value)s, {_ERP_NOW}"
    " WHERE party_id = %(key)s AND kind = %(kind)s AND is_active"
)
_SHOP_NOW = "updated_at = UTC_TIMESTAMP(6)"
_PIM_NOW = "updated_at = clock_timestamp()"
_MINOR = "ROUND(CAST(%(amount)s AS DECIMAL(18,4)) * 100)"
_COMPANY = "(SELECT id FROM company WHERE company_no = %(entity)s)"
_LABELS = (
    "jsonb_strip_nulls(jsonb_build_object("
    "'en_GB', %(title_en)s::text, 'de_DE', %(title_de)s::text))"
)

CHANGES: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("erp", "customer", "name"): (_ERP_PARTY + "legal_name = %(name)s WHERE id = %(key)s",),
    ("erp", "customer", "status"): (
        _ERP_PARTY + "is_active = (%(status)s = 'active') WHERE id = %(key)s",
    ),
    ("erp", "customer", "ledger_balance"): (
        _ERP_PARTY + "ledger_balance = %(ledger_balance)s::numeric WHERE id = %(key)s",
    ),
    ("erp", "customer", "touch"): (_ERP_TOUCH + "'batch' WHERE id = %(key)s",),
    ("erp", "customer", "address"): (
        f"UPDATE party_address SET street_lines = %(street)s, postcode = %(postal_code)s,"
        f" city = %(city)s, {_ERP_NOW},"
        " country_id = (SELECT id FROM country WHERE iso2 = %(country)s)"
        " WHERE party_id = %(key)s AND address_use = 'B'",
        _ERP_TOUCH + "'clerk' WHERE id = %(key)s",
    ),
    ("erp", "customer", "phone"): (
        _ERP_MECHANISM.replace("%(value)s", "%(phone)s").replace("%(kind)s", "'phone'"),
    ),
    ("erp", "customer", "email"): (
        _ERP_MECHANISM.replace("%(value)s", "%(email)s").replace("%(kind)s", "'email'"),
    ),
    ("erp", "credit_limit", "amount"): (
        f"UPDATE party_credit_limit SET amount = %(amount)s::numeric, {_ERP_NOW}"
        f" WHERE party_id = %(customer)s AND company_id = {_COMPANY}",
        _ERP_TOUCH + "'credit' WHERE id = %(customer)s",
    ),
    ("erp", "credit_limit", "delete"): (
        f"DELETE FROM party_credit_limit WHERE party_id = %(customer)s AND company_id = {_COMPANY}",
    ),
    ("erp", "sku", "gl_category"): (
        _ERP_ITEM + "category_id = (SELECT id FROM item_category"
        " WHERE category_code = %(gl_category)s) WHERE id = %(key)s",
    ),
    ("erp", "gl_mapping", "account"): (
        "UPDATE category_account SET revenue_account_id = (SELECT id FROM gl_account"
        " WHERE company_id = 1 AND account_code = %(account)s)"
        " WHERE company_id = 1 AND category_id = (SELECT id FROM item_category"
        " WHERE category_code = %(key)s)",
    ),
    ("cpq", "customer", "plan"): (
        "UPDATE contract SET state = 'ended', ends_on = current_date,"
        " last_modified = clock_timestamp() WHERE account_id = %(key)s AND state = 'active'",
        "INSERT INTO contract (account_id, plan_id, starts_on, state, last_modified)"
        " SELECT %(key)s, plan_id, current_date, 'active', clock_timestamp()"
        " FROM plan WHERE plan_code = %(plan)s",
    ),
    ("cpq", "price_row", "delete"): ("DELETE FROM price_book_entry WHERE entry_id = %(key)s",),
    ("pim", "sku", "title"): (
        f"""UPDATE product_variant SET "values" =
        "values" || jsonb_build_object('title', {_LABELS}),
        {_PIM_NOW} WHERE variant_id = %(key)s""",
    ),
    ("pim", "sku", "inherited_title"): (
        f"""UPDATE product SET "values" = "values" || jsonb_build_object('title', {_LABELS}),
        {_PIM_NOW} WHERE product_id = (SELECT product_id FROM product_variant
        WHERE variant_id = %(key)s)""",
    ),
    ("pim", "sku", "weight_g"): (
        f"""UPDATE product_variant SET "values" = jsonb_set("values", '{{weight}}',
        jsonb_build_object('amount', %(weight_g)s::int, 'unit', 'GRAM')), {_PIM_NOW}
        WHERE variant_id = %(key)s""",
    ),
    ("pim", "sku", "category"): (
        f"UPDATE product_variant SET {_PIM_NOW}, category_id = (SELECT category_id FROM category"
        " WHERE category_code = %(category)s) WHERE variant_id = %(key)s",
    ),
    ("pim", "sku", "lifecycle"): (
        f"UPDATE product_variant SET lifecycle = %(lifecycle)s, {_PIM_NOW}"
        " WHERE variant_id = %(key)s",
    ),
    ("pim", "sku", "delete"): ("DELETE FROM product_variant WHERE variant_id = %(key)s",),
    ("commerce", "customer", "email"): (
        f"UPDATE customer SET email = %(email)s, {_SHOP_NOW} WHERE id = %(key)s",
        "UPDATE login SET identifier = %(email)s WHERE customer_id = %(key)s",
    ),
    ("commerce", "customer", "consent"): (
        f"UPDATE customer SET marketing_consent = (%(consent)s = 'true'), {_SHOP_NOW}"
        " WHERE id = %(key)s",
    ),
    ("commerce", "customer", "loyalty_points"): (
        f"UPDATE customer SET loyalty_points = %(loyalty_points)s, {_SHOP_NOW} WHERE id = %(key)s",
    ),
    ("commerce", "customer", "name"): (
        f"UPDATE customer SET company_name = IF(company_name IS NULL, NULL, %(name)s),"
        " first_name = IF(company_name IS NULL, SUBSTRING_INDEX(%(name)s, ' ', 1), NULL),"
        " last_name = IF(company_name IS NULL,"
        " SUBSTRING(%(name)s, LOCATE(' ', %(name)s) + 1), NULL),"
        f" {_SHOP_NOW} WHERE id = %(key)s",
    ),
    ("commerce", "customer", "delete"): (
        f"UPDATE customer SET deleted_at = UTC_TIMESTAMP(3), {_SHOP_NOW} WHERE id = %(key)s",
    ),
    ("commerce", "credit_limit", "amount"): (
        f"UPDATE customer_credit SET limit_minor = {_MINOR}, {_SHOP_NOW}"
        " WHERE customer_id = %(customer)s AND entity_code = %(shop_entity)s",
    ),
    ("commerce", "credit_limit", "used"): (
        f"UPDATE customer_credit SET used_minor = {_MINOR.replace('amount', 'used')}, {_SHOP_NOW}"
        " WHERE customer_id = %(customer)s AND entity_code = %(shop_entity)s",
    ),
    ("commerce", "price", "amount"): (
        f"UPDATE variant_price SET amount_minor = {_MINOR}, {_SHOP_NOW}"
        " WHERE variant_id = %(sku)s AND channel_id = (SELECT id FROM channel"
        " WHERE code = %(channel)s) AND currency_code = %(currency)s"
        " AND min_quantity = %(quantity)s",
    ),
    ("commerce", "sku", "enabled"): (
        f"UPDATE product_variant SET enabled = (%(enabled)s = 'true'), {_SHOP_NOW}"
        " WHERE id = %(key)s",
    ),
    ("commerce", "sku", "on_hand"): (
        f"UPDATE stock_level SET on_hand = %(on_hand)s, {_SHOP_NOW}"
        " WHERE variant_id = %(key)s AND warehouse_code = 'BER'",
    ),
    ("commerce", "sku", "title"): (
        "INSERT INTO product_variant_translation (variant_id, language_code, title, updated_at)"
        " VALUES (%(key)s, 'en', %(title_en)s, UTC_TIMESTAMP(6))"
        " ON DUPLICATE KEY UPDATE title = VALUES(title), updated_at = VALUES(updated_at)",
    ),
    ("commerce", "sku", "delete"): (
        f"UPDATE product_variant SET deleted_at = UTC_TIMESTAMP(3), {_SHOP_NOW} WHERE id = %(key)s",
    ),
}
