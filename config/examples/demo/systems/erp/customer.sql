SELECT p.id AS key,
       p.legal_name AS name,
       CASE WHEN p.party_kind = 'P' THEN split_part(p.legal_name, ' ', 1) END AS given_name,
       p.party_no AS erp_number,
       CASE WHEN p.is_active THEN 'active' ELSE 'inactive' END AS status,
       t.number AS tax_id,
       regexp_replace(ph.value, '[^0-9+]', '', 'g') AS phone,
       em.value AS email,
       a.street_lines AS street,
       upper(a.postcode) AS postal_code,
       a.city,
       a.iso2 AS country
  FROM erp.party p
  LEFT JOIN LATERAL (
       SELECT x.number
         FROM erp.party_tax_number x
        WHERE x.party_id = p.id AND x.scheme = 'VAT'
        ORDER BY x.id
        LIMIT 1
  ) t ON true
  LEFT JOIN LATERAL (
       SELECT x.value
         FROM erp.contact_mechanism x
        WHERE x.party_id = p.id AND x.kind = 'phone' AND x.is_active
        ORDER BY x.sequence, x.id
        LIMIT 1
  ) ph ON true
  LEFT JOIN LATERAL (
       SELECT x.value
         FROM erp.contact_mechanism x
        WHERE x.party_id = p.id AND x.kind = 'email' AND x.is_active
        ORDER BY x.sequence, x.id
        LIMIT 1
  ) em ON true
  LEFT JOIN LATERAL (
       SELECT x.street_lines, x.postcode, x.city, c.iso2
         FROM erp.party_address x
         LEFT JOIN erp.country c ON c.id = x.country_id
        WHERE x.party_id = p.id AND x.address_use = 'B' AND x.is_active
        ORDER BY x.sort_order, x.id
        LIMIT 1
  ) a ON true
