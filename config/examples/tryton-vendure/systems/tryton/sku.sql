-- The name's own row is in the company's language; ir_translation has the others. The GL account
-- hangs on the template's accounting category: three joins, and one row may move many articles.
SELECT p.id AS key,
       n.code,
       ltrim(regexp_replace(upper(regexp_replace(n.code, '[^A-Za-z0-9]', '', 'g')),
                            '^978([0-9]{10})$', '\1'), '0') AS bare_code,
       i.code AS ean,
       t.name,
       de.value AS name_de,
       fr.value AS name_fr,
       CASE WHEN p.active AND t.active THEN 'active'
            WHEN p.replaced_by IS NOT NULL THEN 'replaced'
            ELSE 'inactive'
       END AS status,
       g.code AS gl_account
  FROM tryton.product_product p
  JOIN tryton.product_template t ON t.id = p.template
 CROSS JOIN LATERAL (SELECT coalesce(nullif(p.code, ''), nullif(t.code, '')) AS code) n
  LEFT JOIN LATERAL (
       SELECT x.code
         FROM tryton.product_identifier x
        WHERE x.product = p.id AND x.type = 'ean'
        ORDER BY x.sequence NULLS FIRST, x.id
        LIMIT 1
  ) i ON true
  LEFT JOIN LATERAL (
       SELECT x.value
         FROM tryton.ir_translation x
        WHERE x.res_id = t.id AND x.name = 'product.template,name' AND x.lang = 'de'
          AND x.type = 'model' AND NOT x.fuzzy
        ORDER BY x.id
        LIMIT 1
  ) de ON true
  LEFT JOIN LATERAL (
       SELECT x.value
         FROM tryton.ir_translation x
        WHERE x.res_id = t.id AND x.name = 'product.template,name' AND x.lang = 'fr'
          AND x.type = 'model' AND NOT x.fuzzy
        ORDER BY x.id
        LIMIT 1
  ) fr ON true
  LEFT JOIN LATERAL (
       SELECT acc.code
         FROM tryton.product_category_account x
         JOIN tryton.account_account acc ON acc.id = x.account_revenue
        WHERE x.category = t.account_category
        ORDER BY x.company, x.id
        LIMIT 1
  ) g ON true
