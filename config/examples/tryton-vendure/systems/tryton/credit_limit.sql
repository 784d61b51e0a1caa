-- A row without a limit means unlimited, 0 means no credit, no row means the company's default. A
-- company goes by its number: its name is a party's, and then any party would touch every limit.
SELECT p.id AS key,
       p.id AS customer,
       m.id AS company,
       u.code AS currency,
       CASE WHEN l.id IS NULL THEN d.default_credit_limit_amount ELSE l.credit_limit_amount END
           AS amount
  FROM tryton.party_party p
 CROSS JOIN tryton.company_company m
  JOIN tryton.currency_currency u ON u.id = m.currency
  LEFT JOIN tryton.party_party_credit_limit_amount l ON l.party = p.id AND l.company = m.id
  LEFT JOIN tryton.account_configuration_default_credit_limit_amount d ON d.company = m.id
