SELECT v.id AS key,
       v.sku AS code,
       ltrim(regexp_replace(upper(regexp_replace(v.sku, '[^A-Za-z0-9]', '', 'g')),
                            '^978([0-9]{10})$', '\1'), '0') AS bare_code,
       coalesce(ven.name, pen.name) AS name,
       coalesce(vde.name, pde.name) AS name_de,
       CASE WHEN v.enabled = 1 AND p.enabled = 1 THEN 'active' ELSE 'inactive' END AS status,
       v.enabled = 1 AND p.enabled = 1 AS on_sale
  FROM vendure.product_variant v
  JOIN vendure.product p ON p.id = v."productId"
  LEFT JOIN LATERAL (
       SELECT x.name
         FROM vendure.product_variant_translation x
        WHERE x."baseId" = v.id AND x."languageCode" = 'en'
        ORDER BY x.id
        LIMIT 1
  ) ven ON true
  LEFT JOIN LATERAL (
       SELECT x.name
         FROM vendure.product_translation x
        WHERE x."baseId" = p.id AND x."languageCode" = 'en'
        ORDER BY x.id
        LIMIT 1
  ) pen ON true
  LEFT JOIN LATERAL (
       SELECT x.name
         FROM vendure.product_variant_translation x
        WHERE x."baseId" = v.id AND x."languageCode" = 'de'
        ORDER BY x.id
        LIMIT 1
  ) vde ON true
  LEFT JOIN LATERAL (
       SELECT x.name
         FROM vendure.product_translation x
        WHERE x."baseId" = p.id AND x."languageCode" = 'de'
        ORDER BY x.id
        LIMIT 1
  ) pde ON true
 WHERE v."deletedAt" IS NULL AND p."deletedAt" IS NULL
