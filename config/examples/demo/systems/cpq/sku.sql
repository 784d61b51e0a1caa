SELECT i.item_id AS key,
       upper(regexp_replace(i.item_code, '[^A-Za-z0-9]', '', 'g')) AS code,
       i.gtin AS ean,
       i.item_name AS title_en
  FROM cpq.catalog_item i
