SELECT a.account_id AS key,
       a.account_name AS name,
       CASE WHEN a.account_type = 'individual' THEN split_part(a.account_name, ' ', 1) END
       AS given_name,
       a.vat_no AS tax_id,
       a.erp_customer_no AS erp_number,
       a.email,
       regexp_replace(a.phone, '[^0-9+]', '', 'g') AS phone,
       a.billing_street AS street,
       upper(a.billing_zip) AS postal_code,
       a.billing_city AS city,
       CASE a.billing_country
            WHEN 'DEU' THEN 'DE' WHEN 'AUT' THEN 'AT' WHEN 'CHE' THEN 'CH'
            WHEN 'FRA' THEN 'FR' WHEN 'GBR' THEN 'GB'
       END AS country,
       c.plan_code AS plan
  FROM cpq.account a
  LEFT JOIN LATERAL (
       SELECT p.plan_code
         FROM cpq.contract x
         JOIN cpq.plan p ON p.plan_id = x.plan_id
        WHERE x.account_id = a.account_id AND x.state = 'active'
        ORDER BY x.starts_on DESC, x.contract_id DESC
        LIMIT 1
  ) c ON true
