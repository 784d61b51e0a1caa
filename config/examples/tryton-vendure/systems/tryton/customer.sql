-- Tryton sorts rows without a sequence first. A contact person is a commented entry; a party that
-- has none is its own. Names were typed in as "Given Surname" and as "Surname, Given".
SELECT p.id AS key,
       p.name,
       who.contact,
       CASE WHEN who.contact LIKE '%,%' THEN split_part(btrim(split_part(who.contact, ',', 2)), ' ', 1)
            ELSE split_part(btrim(who.contact), ' ', 1)
       END AS given_name,
       em.value AS email,
       ph.value AS phone,
       t.code_compact AS vat_number,
       a.street,
       a.postal_code,
       a.city,
       a.country,
       CASE WHEN p.active THEN 'active'
            WHEN p.replaced_by IS NOT NULL THEN 'replaced'
            ELSE 'inactive'
       END AS status
  FROM tryton.party_party p
  LEFT JOIN LATERAL (
       SELECT x.value
         FROM tryton.party_contact_mechanism x
        WHERE x.party = p.id AND x.comment = 'contact person' AND x.active
        ORDER BY x.sequence NULLS FIRST, x.id
        LIMIT 1
  ) cp ON true
 CROSS JOIN LATERAL (SELECT coalesce(cp.value, p.name) AS contact) who
  LEFT JOIN LATERAL (
       SELECT x.value
         FROM tryton.party_contact_mechanism x
        WHERE x.party = p.id AND x.type = 'email' AND x.active
        ORDER BY x.sequence NULLS FIRST, x.id
        LIMIT 1
  ) em ON true
  LEFT JOIN LATERAL (
       SELECT x.value
         FROM tryton.party_contact_mechanism x
        WHERE x.party = p.id AND x.type IN ('phone', 'mobile') AND x.active
        ORDER BY x.sequence NULLS FIRST, x.id
        LIMIT 1
  ) ph ON true
  LEFT JOIN LATERAL (
       SELECT x.code_compact
         FROM tryton.party_identifier x
        WHERE x.party = p.id AND (x.type = 'eu_vat' OR coalesce(x.type, '') = '') AND x.active
        ORDER BY x.type NULLS LAST, x.sequence NULLS FIRST, x.id
        LIMIT 1
  ) t ON true
  LEFT JOIN LATERAL (
       SELECT coalesce(nullif(x.street_unstructured, ''),
                       nullif(concat_ws(' ', x.street_name, x.building_number, x.unit_number), ''))
                  AS street,
              x.postal_code, x.city, c.code AS country
         FROM tryton.party_address x
         LEFT JOIN tryton.country_country c ON c.id = x.country
        WHERE x.party = p.id AND x.active
        ORDER BY x.invoice DESC NULLS LAST, x.sequence NULLS FIRST, x.id
        LIMIT 1
  ) a ON true
