-- A company is named by its address only; the customer's own name is then the contact person's.
-- Who has no e-mail got one made up by the import: that says nothing, and identifies nobody.
SELECT c.id AS key,
       coalesce(nullif(a.company, ''), concat_ws(' ', c."firstName", c."lastName")) AS name,
       concat_ws(' ', c."firstName", c."lastName") AS contact,
       split_part(btrim(c."firstName"), ' ', 1) AS given_name,
       CASE WHEN c."emailAddress" NOT LIKE 'noemail+%@import.invalid' THEN c."emailAddress" END
           AS email,
       coalesce(nullif(c."phoneNumber", ''), nullif(a."phoneNumber", '')) AS phone,
       a.street,
       a."postalCode" AS postal_code,
       a.city,
       a.country,
       'active' AS status
  FROM vendure.customer c
  LEFT JOIN LATERAL (
       SELECT x.company, x."phoneNumber", nullif(x."postalCode", '') AS "postalCode",
              concat_ws(E'\n', x."streetLine1", nullif(x."streetLine2", '')) AS street,
              nullif(x.city, '') AS city, r.code AS country
         FROM vendure.address x
         LEFT JOIN vendure.region r ON r.id = x."countryId"
        WHERE x."customerId" = c.id
        ORDER BY x."defaultBillingAddress" DESC, x.id
        LIMIT 1
  ) a ON true
 WHERE c."deletedAt" IS NULL
