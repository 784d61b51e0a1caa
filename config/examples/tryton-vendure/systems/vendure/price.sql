-- Money is an integer of minor units; the currencies sold in have two digits of them.
SELECT x.id AS key,
       x."variantId" AS sku,
       x."currencyCode" AS currency,
       x.price / 100.0 AS amount
  FROM vendure.product_variant_price x
  JOIN vendure.product_variant v ON v.id = x."variantId"
  JOIN vendure.product p ON p.id = v."productId"
  JOIN vendure.channel c ON c.id = x."channelId"
 WHERE c.code = '__default_channel__' AND v."deletedAt" IS NULL AND p."deletedAt" IS NULL
