-- Entries are never updated: each is in force until the next one of the same offer begins.
SELECT e.item_id AS key,
       e.entry_id AS entry,
       e.item_id AS sku,
       b.book_code AS price_list,
       e.currency_code AS currency,
       e.min_quantity AS quantity,
       round(e.unit_price, 2) AS amount,
       e.valid_from,
       lead(e.valid_from) OVER (
            PARTITION BY e.item_id, e.price_book_id, e.currency_code, e.min_quantity
            ORDER BY e.valid_from, e.entry_id
       ) AS valid_to
  FROM cpq.price_book_entry e
  LEFT JOIN cpq.price_book b ON b.price_book_id = e.price_book_id
