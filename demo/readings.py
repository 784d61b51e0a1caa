"""What the databases hold now, read by plain SQL into the world's own spelling."""

# ruff: noqa: S608 - built of this file's own constants; there are no values

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.records import Ref, Values

if TYPE_CHECKING:
    from demo.databases import Desk

_ERP_CONTACT = """(SELECT c.value FROM contact_mechanism c
   WHERE c.party_id = p.id AND c.kind = '{kind}' AND c.is_active
   ORDER BY c.sequence, c.id LIMIT 1) AS {kind}"""
_PIM_TITLE = """coalesce(v."values" -> 'title', p."values" -> 'title') ->> '{locale}'"""
_SHOP_TITLE = """(SELECT t.title FROM product_variant_translation t
   WHERE t.variant_id = v.id AND t.language_code = '{language}') AS title_{language}"""
_SHOP_COMPANY = """CASE entity_code WHEN 'DE01' THEN '1000' WHEN 'AT01' THEN '2000'
   WHEN 'CH01' THEN '3000' ELSE entity_code END"""
_SHOP_BOOK = """CASE c.code WHEN 'web-std' THEN 'STD' WHEN 'web-wholesale' THEN 'WHOLESALE'
   ELSE c.code END"""

READINGS: dict[tuple[str, str], str] = {
    ("erp", "customer"): f"""
        SELECT p.id::text AS key, p.legal_name AS name, p.party_kind AS kind, p.party_no AS number,
               CASE WHEN p.is_active THEN 'active' ELSE 'inactive' END AS status,
               p.ledger_balance::text AS ledger_balance,
               (SELECT t.number FROM party_tax_number t WHERE t.party_id = p.id
                 AND t.scheme = 'VAT' ORDER BY t.id LIMIT 1) AS tax_id,
               {_ERP_CONTACT.format(kind="phone")}, {_ERP_CONTACT.format(kind="email")},
               a.street_lines AS street, a.postcode AS postal_code, a.city, n.iso2 AS country
          FROM party p
          LEFT JOIN LATERAL (SELECT * FROM party_address a WHERE a.party_id = p.id
                AND a.address_use = 'B' AND a.is_active
                ORDER BY a.sort_order, a.id LIMIT 1) a ON true
          LEFT JOIN country n ON n.id = a.country_id""",
    ("erp", "credit_limit"): """
        SELECT l.party_id || '/' || m.company_no AS key, l.party_id::text AS customer,
               m.company_no AS entity, l.amount::text AS amount, c.code AS currency
          FROM party_credit_limit l JOIN company m ON m.id = l.company_id
          JOIN currency c ON c.id = l.currency_id""",
    ("erp", "sku"): """
        SELECT i.id::text AS key, i.item_no AS code, i.ean, i.description AS title_en,
               k.category_code AS gl_category
          FROM item i JOIN item_category k ON k.id = i.category_id""",
    ("erp", "gl_mapping"): """
        SELECT k.category_code AS key, k.category_code AS category, g.account_code AS account
          FROM category_account a JOIN item_category k ON k.id = a.category_id
          JOIN gl_account g ON g.id = a.revenue_account_id WHERE a.company_id = 1""",
    ("cpq", "customer"): """
        SELECT a.account_id::text AS key, a.account_name AS name, a.vat_no AS tax_id,
               CASE a.account_type WHEN 'business' THEN 'O' ELSE 'P' END AS kind,
               a.erp_customer_no AS erp_no, a.email, a.phone, a.billing_street AS street,
               a.billing_zip AS postal_code, a.billing_city AS city,
               CASE a.billing_country WHEN 'DEU' THEN 'DE' WHEN 'AUT' THEN 'AT' WHEN 'CHE' THEN 'CH'
                    WHEN 'FRA' THEN 'FR' WHEN 'GBR' THEN 'GB' ELSE a.billing_country END AS country,
               (SELECT p.plan_code FROM contract c JOIN plan p USING (plan_id)
                 WHERE c.account_id = a.account_id AND c.state = 'active'
                 ORDER BY c.starts_on DESC, c.contract_id DESC LIMIT 1) AS plan
          FROM account a""",
    ("cpq", "sku"): """
        SELECT item_id::text AS key, item_code AS code, gtin AS ean, item_name AS title_en,
               product_family AS family FROM catalog_item""",
    ("cpq", "price_row"): """
        SELECT e.entry_id::text AS key, e.item_id::text AS sku, b.book_code AS book,
               e.currency_code AS currency, e.min_quantity::text AS quantity,
               to_char(e.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
               AS valid_from, e.unit_price::text AS amount, e.approved_by
          FROM price_book_entry e JOIN price_book b USING (price_book_id)""",
    ("pim", "sku"): f"""
        SELECT v.variant_id::text AS key, v.variant_code AS code, v."values" ->> 'ean' AS ean,
               {_PIM_TITLE.format(locale="en_GB")} AS title_en,
               {_PIM_TITLE.format(locale="de_DE")} AS title_de,
               trunc((v."values" #>> '{{weight,amount}}')::numeric
                 * CASE v."values" #>> '{{weight,unit}}' WHEN 'KILOGRAM' THEN 1000 ELSE 1 END)::text
               AS weight_g,
               c.category_code AS category, v.lifecycle,
               v.web_enabled::text AS enabled
          FROM product_variant v JOIN product p USING (product_id)
          JOIN category c ON c.category_id = v.category_id""",
    ("commerce", "customer"): """
        SELECT CAST(c.id AS CHAR) AS `key`, IF(c.company_name IS NULL, 'P', 'O') AS kind,
               COALESCE(c.company_name, CONCAT_WS(' ', c.first_name, c.last_name)) AS name,
               c.customer_number AS number, c.vat_id AS tax_id,
               IF(c.email LIKE 'noemail+%', NULL, c.email) AS email, c.phone,
               IF(c.marketing_consent, 'true', 'false') AS consent, UPPER(c.plan_code) AS plan,
               IF(c.account_status = 'active', 'active', 'inactive') AS status,
               CAST(c.loyalty_points AS CHAR) AS loyalty_points,
               IF(c.deleted_at IS NULL, NULL, 'true') AS deleted,
               a.line1 AS street, a.zip AS postal_code, a.city, a.country_code AS country
          FROM customer c LEFT JOIN customer_address a ON a.id = (SELECT MIN(b.id)
               FROM customer_address b WHERE b.customer_id = c.id AND b.is_billing)""",
    ("commerce", "credit_limit"): f"""
        SELECT CONCAT(customer_id, '/', {_SHOP_COMPANY}) AS `key`,
               CAST(customer_id AS CHAR) AS customer, {_SHOP_COMPANY} AS entity,
               currency_code AS currency, CAST(limit_minor / 100 AS CHAR) AS amount,
               CAST(used_minor / 100 AS CHAR) AS used FROM customer_credit""",
    ("commerce", "sku"): f"""
        SELECT CAST(v.id AS CHAR) AS `key`, v.sku AS code, v.gtin AS ean,
               {_SHOP_TITLE.format(language="en")}, {_SHOP_TITLE.format(language="de")},
               CAST(v.weight_grams AS CHAR) AS weight_g,
               UPPER(REPLACE(k.slug, '-', '_')) AS category, v.lifecycle,
               IF(v.enabled, 'true', 'false') AS enabled, v.gl_account_code AS gl_account,
               CAST(s.on_hand AS CHAR) AS on_hand, IF(v.deleted_at IS NULL, NULL, 'true') AS deleted
          FROM product_variant v LEFT JOIN category k ON k.id = v.category_id
          LEFT JOIN stock_level s ON s.variant_id = v.id AND s.warehouse_code = 'BER'""",
    ("commerce", "price"): f"""
        SELECT CONCAT_WS('/', p.variant_id, {_SHOP_BOOK}, p.currency_code, p.min_quantity) AS `key`,
               CAST(p.variant_id AS CHAR) AS sku, {_SHOP_BOOK} AS book,
               p.currency_code AS currency, CAST(p.min_quantity AS CHAR) AS quantity,
               CAST(p.amount_minor / 100 AS CHAR) AS amount
          FROM variant_price p JOIN channel c ON c.id = p.channel_id""",
}


def read(desk: Desk, system: str, entity: str) -> dict[Ref, Values]:
    """Return every record that the system holds of the entity now."""
    found: dict[Ref, Values] = {}
    with desk.transaction(system) as cursor:
        cursor.execute(READINGS[system, entity])
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            values: dict[str, Any] = dict(zip(names, row, strict=True))
            found[Ref(system, entity, values.pop("key"))] = values
    return found
