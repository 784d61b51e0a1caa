-- A customer without an address of its own got a made-up one from an import: that says nothing.
SELECT c.id AS key,
       coalesce(c.company_name, concat_ws(' ', c.first_name, c.last_name)) AS name,
       CASE WHEN c.company_name IS NULL THEN c.first_name END AS given_name,
       c.vat_id AS tax_id,
       CASE WHEN c.email NOT LIKE 'noemail+%' THEN c.email END AS email,
       c.phone,
       CASE c.account_status WHEN 'active' THEN 'active' ELSE 'inactive' END AS status,
       upper(c.plan_code) AS plan,
       c.marketing_consent AS consent,
       concat_ws(E'\n', a.line1, a.line2) AS street,
       a.zip AS postal_code,
       a.city,
       a.country_code AS country
  FROM commerce.customer c
  LEFT JOIN LATERAL (
       SELECT x.line1, x.line2, x.zip, x.city, x.country_code
         FROM commerce.customer_address x
        WHERE x.customer_id = c.id AND x.is_billing = 1
        ORDER BY x.id
        LIMIT 1
  ) a ON true
 WHERE c.deleted_at IS NULL
