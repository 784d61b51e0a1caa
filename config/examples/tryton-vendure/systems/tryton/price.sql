-- A variant's own price goes before its template's. The row may be missing: then no price is known,
-- and the record is there all the same, so that one can be written.
-- Of companies with one currency the first one's price counts.
SELECT p.id AS key,
       p.id AS sku,
       u.code AS currency,
       coalesce(own.list_price, general.list_price) AS amount
  FROM tryton.product_product p
 CROSS JOIN tryton.company_company m
  JOIN tryton.currency_currency u ON u.id = m.currency
  LEFT JOIN LATERAL (
       SELECT x.list_price
         FROM tryton.product_list_price x
        WHERE x.product = p.id AND x.company = m.id
        ORDER BY x.id
        LIMIT 1
  ) own ON true
  LEFT JOIN LATERAL (
       SELECT x.list_price
         FROM tryton.product_list_price x
        WHERE x.template = p.template AND x.product IS NULL AND x.company = m.id
        ORDER BY x.id
        LIMIT 1
  ) general ON true
 WHERE NOT EXISTS (SELECT 1
                     FROM tryton.company_company y
                    WHERE y.currency = m.currency AND y.id < m.id)
