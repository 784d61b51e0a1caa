SELECT l.customer_id AS key,
       l.customer_id AS customer,
       CASE l.entity_code
            WHEN 'DE01' THEN '1000' WHEN 'AT01' THEN '2000' WHEN 'CH01' THEN '3000'
            ELSE l.entity_code
       END AS legal_entity,
       l.limit_minor / 100.0 AS amount,
       l.currency_code AS currency,
       l.used_minor / 100.0 AS used
  FROM commerce.customer_credit l
  JOIN commerce.customer c ON c.id = l.customer_id
 WHERE c.deleted_at IS NULL
