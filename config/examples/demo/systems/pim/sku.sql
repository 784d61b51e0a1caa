-- A variant inherits its title from the product where it has none; weights come in two units.
SELECT v.variant_id AS key,
       upper(regexp_replace(v.variant_code, '[^A-Za-z0-9]', '', 'g')) AS code,
       v."values" ->> 'ean' AS ean,
       coalesce(v."values" -> 'title', p."values" -> 'title') ->> 'en_GB' AS title_en,
       coalesce(v."values" -> 'title', p."values" -> 'title') ->> 'de_DE' AS title_de,
       CASE WHEN pg_input_is_valid(v."values" #>> '{weight,amount}', 'numeric')
            THEN trunc((v."values" #>> '{weight,amount}')::numeric
                       * CASE v."values" #>> '{weight,unit}' WHEN 'KILOGRAM' THEN 1000 ELSE 1 END)
       END AS weight_g,
       c.category_code AS category,
       v.lifecycle,
       v.web_enabled AS enabled
  FROM pim.product_variant v
  LEFT JOIN pim.product p ON p.product_id = v.product_id
  LEFT JOIN pim.category c ON c.category_id = v.category_id
