"""What the targets themselves saw: every update of some rows, in order, and whether it was ours.

Triggers in the demo's databases write it down, so nothing of it is the hub's own account.
"""

from __future__ import annotations

from collections import defaultdict

from demo import journal
from demo.databases import connect_mariadb, connect_postgres
from demo.vocabulary import SHOP_ENTITIES
from demo.world import JOURNAL_FILE, Truth

PEOPLE = "people"
POSTGRES_TABLES = (("erp", "item"), ("pim", "product_variant"))
STAMPS = ["write_date", "write_user", "updated_at"]

POSTGRES = """
CREATE TABLE seen_write (id bigint GENERATED ALWAYS AS IDENTITY, row_key text, changed boolean);
CREATE FUNCTION see_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('application_name') <> 'people' THEN
    INSERT INTO seen_write (row_key, changed)
    VALUES (to_jsonb(NEW)::text, to_jsonb(NEW) - %s::text[] <> to_jsonb(OLD) - %s::text[]);
  END IF;
  RETURN NULL;
END $$;
"""

MARIADB = (
    """CREATE TABLE seen_write (id bigint AUTO_INCREMENT PRIMARY KEY, customer_id bigint,
         entity_code varchar(8), before_minor bigint, after_minor bigint, changed tinyint)""",
    """CREATE TRIGGER see_write AFTER UPDATE ON customer_credit FOR EACH ROW
         INSERT INTO seen_write (customer_id, entity_code, before_minor, after_minor, changed)
         SELECT NEW.customer_id, NEW.entity_code, OLD.limit_minor, NEW.limit_minor,
                OLD.limit_minor <> NEW.limit_minor OR OLD.currency_code <> NEW.currency_code
         FROM DUAL WHERE @who IS NULL""",
)


def install(servers):
    """Watch the targets; to be called before the hub writes to them."""
    for system, table in POSTGRES_TABLES:
        with connect_postgres(servers, servers.database(system)) as connection:
            stamps = "'{" + ",".join(STAMPS) + "}'"
            connection.execute(POSTGRES % (stamps, stamps))
            connection.execute(
                f"CREATE TRIGGER see_write AFTER UPDATE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION see_write()"
            )
    shop = servers.database("commerce")
    with connect_mariadb(servers, shop) as connection, connection.cursor() as cursor:
        for statement in MARIADB:
            cursor.execute(statement)


def sign(desk):
    """Have the desk's connections say that people work at them."""
    for system in ("erp", "cpq", "pim"):
        with desk.transaction(system) as cursor:
            cursor.execute(f"SET application_name = '{PEOPLE}'")
    with desk.transaction("commerce") as cursor:
        cursor.execute(f"SET @who = '{PEOPLE}'")


def idle_writes(servers):
    """Writes of ours that changed nothing: each is a second write of one version."""
    found = []
    for system, table in POSTGRES_TABLES:
        with connect_postgres(servers, servers.database(system)) as connection:
            rows = connection.execute("SELECT row_key FROM seen_write WHERE NOT changed").fetchall()
        found += [(f"{system}.{table}", key) for (key,) in rows]
    return found + [("commerce.customer_credit", row) for row in _limits(servers) if not row[-1]]


def writes(servers):
    """How many updates of ours the watched tables saw."""
    total = len(_limits(servers))
    for system, _ in POSTGRES_TABLES:
        with connect_postgres(servers, servers.database(system)) as connection:
            total += connection.execute("SELECT count(*) FROM seen_write").fetchone()[0]
    return total


def stale_overwrites(servers, state):
    """Limits that we wrote to the shop and that the ERP had replaced before an earlier write."""
    said = _said(state)
    reached = defaultdict(int)
    found = []
    for customer, entity, _before, after, _changed in _limits(servers):
        amounts = said.get((str(customer), entity), [])
        if after not in amounts:
            continue
        at = reached[customer, entity]
        if after in amounts[at:]:
            reached[customer, entity] = amounts.index(after, at)
        else:
            found.append((customer, entity, after, amounts[at:]))
    return found


def _limits(servers):
    shop = servers.database("commerce")
    with connect_mariadb(servers, shop) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id, entity_code, before_minor, after_minor, changed"
            " FROM seen_write ORDER BY id"
        )
        return list(cursor.fetchall())


def _said(state):
    """By limit of the shop, the amounts that the ERP's people said of it, oldest first.

    Limits of one truth that the ERP holds twice are left out: there each of them may be right.
    """
    told, holders, shop = defaultdict(list), defaultdict(set), {}
    entries = [(r.ref, r.truth, r.values) for r in Truth.load(state).records]
    entries += [(e.ref, e.truth, e.values) for e in journal.read(state / JOURNAL_FILE)]
    for ref, truth, values in entries:
        if ref.entity == "credit_limit" and ref.system == "erp":
            holders[truth].add(ref)
            if values.get("amount"):
                told[truth].append(round(float(values["amount"]) * 100))
        if ref.entity == "credit_limit" and ref.system == "commerce" and "customer" in values:
            shop[truth] = (values["customer"], SHOP_ENTITIES[values["entity"]])
    return {where: told[truth] for truth, where in shop.items() if len(holders[truth]) == 1}
