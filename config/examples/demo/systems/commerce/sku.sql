SELECT v.id AS key,
       upper(regexp_replace(regexp_replace(v.sku, '-eu$', '', 'i'), '[^A-Za-z0-9]', '', 'g')) AS code,
       v.gtin AS ean,
       en.title AS title_en,
       de.title AS title_de,
       v.weight_grams AS weight_g,
       upper(replace(k.slug, '-', '_')) AS category,
       v.lifecycle,
       v.gl_account_code AS gl_account,
       v.enabled,
       s.on_hand
  FROM commerce.product_variant v
  LEFT JOIN commerce.category k ON k.id = v.category_id
  LEFT JOIN LATERAL (
       SELECT x.title
         FROM commerce.product_variant_translation x
        WHERE x.variant_id = v.id AND x.language_code = 'en'
        ORDER BY x.id
        LIMIT 1
  ) en ON true
  LEFT JOIN LATERAL (
       SELECT x.title
         FROM commerce.product_variant_translation x
        WHERE x.variant_id = v.id AND x.language_code = 'de'
        ORDER BY x.id
        LIMIT 1
  ) de ON true
  LEFT JOIN LATERAL (
       SELECT sum(x.on_hand - x.reserved) AS on_hand
         FROM commerce.stock_level x
        WHERE x.variant_id = v.id
  ) s ON true
 WHERE v.deleted_at IS NULL
