SELECT i.id AS key,
       upper(regexp_replace(i.item_no, '[^A-Za-z0-9]', '', 'g')) AS code,
       i.ean,
       i.description AS title_en,
       g.account_code AS gl_account
  FROM erp.item i
  LEFT JOIN LATERAL (
       SELECT acc.account_code
         FROM erp.category_account x
         JOIN erp.company m ON m.id = x.company_id
         JOIN erp.gl_account acc ON acc.id = x.revenue_account_id
        WHERE x.category_id = i.category_id AND m.company_no = '1000'
        ORDER BY x.id
        LIMIT 1
  ) g ON true
