SELECT p.id AS key,
       p.variant_id AS sku,
       CASE c.code
            WHEN 'web-std' THEN 'STD' WHEN 'web-wholesale' THEN 'WHOLESALE'
            ELSE c.code
       END AS price_list,
       p.currency_code AS currency,
       p.min_quantity AS quantity,
       p.amount_minor / 100.0 AS amount
  FROM commerce.variant_price p
  JOIN commerce.product_variant v ON v.id = p.variant_id
  LEFT JOIN commerce.channel c ON c.id = p.channel_id
 WHERE v.deleted_at IS NULL
