"""What the random histories ask of the database, and how they empty it."""

from __future__ import annotations

EMPTY = """
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname LIKE 'mirror\\_%' OR (schemaname = 'hub' AND tablename NOT IN
                 ('alembic_version', 'catalogue', 'contract', 'phase', 'system_state',
                  'policy_fact', 'policy_sweep', 'policy_wait'))
  LOOP EXECUTE 'DELETE FROM ' || t.name; END LOOP;
END $$
"""
ACTIVE = "SELECT version FROM hub.catalogue WHERE active"
MEMBERS = """
SELECT l.golden_id, s.entity, s.system, s.key
FROM hub.source_record s JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH'
 AND l.valid_to IS NULL WHERE NOT s.deleted
"""
MERGED_BY_ENGINE = """
SELECT ARRAY(SELECT txn FROM hub.identity_event WHERE kind = 'MERGE' AND actor = 'engine'
             ORDER BY seq DESC LIMIT 1) AS txns
"""
LOOK = """
SELECT (SELECT version FROM hub.catalogue WHERE active) AS version,
  (SELECT coalesce(jsonb_agg(g), '[]') FROM (
     SELECT id, entity, status, version, attrs, merged_into FROM hub.golden) g) AS goldens,
  (SELECT coalesce(jsonb_agg(m), '[]') FROM (
     SELECT l.golden_id, s.id, s.entity, s.system, s.key, s.root_key, s.canonical, s.changed_at,
            s.base
     FROM hub.source_record s JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH'
      AND l.valid_to IS NULL WHERE NOT s.deleted) m) AS members,
  (SELECT coalesce(jsonb_agg(jsonb_build_array(entity, system, key)), '[]')
     FROM hub.source_record WHERE NOT deleted) AS live,
  (SELECT coalesce(jsonb_agg(jsonb_build_array(entity, system, key)), '[]')
     FROM hub.withheld_delete WHERE closed_at IS NULL) AS withheld,
  (SELECT coalesce(jsonb_agg(d.id), '[]') FROM hub.pair_decision d
     JOIN hub.link a ON a.record_id = d.record_a AND a.state = 'MATCH' AND a.valid_to IS NULL
     JOIN hub.link b ON b.record_id = d.record_b AND b.state = 'MATCH' AND b.valid_to IS NULL
     WHERE d.verdict = 'DIFFERENT' AND d.closed_at IS NULL AND a.golden_id = b.golden_id)
     AS together,
  (SELECT coalesce(jsonb_agg(jsonb_build_array(before, after) ORDER BY seq), '[]')
     FROM hub.identity_event) AS events,
  (SELECT coalesce(jsonb_agg(jsonb_build_array(golden_id, record_id, origin)), '[]') FROM hub.link
     WHERE state = 'MATCH' AND valid_to IS NULL) AS links,
  (SELECT coalesce(jsonb_agg(golden_id), '[]') FROM hub.override WHERE closed_at IS NULL)
     AS overridden,
  (SELECT coalesce(jsonb_agg(to_jsonb(q) - '{key,value,headers}'::text[]), '[]')
     FROM hub.quarantine q) AS aside,
  (SELECT count(*) FROM hub.dirty_root WHERE due_at <= %(now)s) AS due
"""
"""Everything that the invariants beside verification look at, in one statement."""
WAITING = """
SELECT (SELECT coalesce(array_agg(DISTINCT shard ORDER BY shard), '{}') FROM hub.dirty_root)
         AS shards,
       (SELECT coalesce(jsonb_object_agg(record_id, golden_id), '{}') FROM hub.link
        WHERE state = 'MATCH' AND valid_to IS NULL AND origin = 'MANUAL') AS by_hand
"""
"""The shards that have marks, and the links that people made, by record."""
