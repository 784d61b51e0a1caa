SELECT c.id AS key,
       c.name,
       c.email,
       c.vat_number,
       a.street,
       a.city,
       a.postcode,
       a.country,
       c.region,
       c.credit_limit,
       c.limit_currency
  FROM erp.customer c
  LEFT JOIN LATERAL (
       SELECT x.street, x.city, x.postcode, x.country
         FROM erp.address x
        WHERE x.customer_id = c.id AND x.kind = 'billing'
        ORDER BY x.id
        LIMIT 1
  ) a ON true
