-- The ERP keeps no row where a customer has no credit: no row says 0, and says it to every company.
SELECT p.id AS key,
       p.id AS customer,
       m.company_no AS legal_entity,
       coalesce(l.amount, 0) AS amount,
       coalesce(lc.code, mc.code) AS currency
  FROM erp.party p
 CROSS JOIN erp.company m
  LEFT JOIN erp.currency mc ON mc.id = m.currency_id
  LEFT JOIN erp.party_credit_limit l ON l.party_id = p.id AND l.company_id = m.id
  LEFT JOIN erp.currency lc ON lc.id = l.currency_id
