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
GOLDENS = "SELECT id, entity, status, version, attrs, lineage, merged_into FROM hub.golden"
MEMBERS = """
SELECT l.golden_id, s.id, s.entity, s.system, s.key, s.root_key, s.canonical, s.changed_at, s.base
FROM hub.source_record s JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH'
 AND l.valid_to IS NULL WHERE NOT s.deleted
"""

LIVE = "SELECT entity, system, key FROM hub.source_record WHERE NOT deleted"
WITHHELD = "SELECT entity, system, key FROM hub.withheld_delete WHERE closed_at IS NULL"
TOGETHER = """
SELECT d.id FROM hub.pair_decision d
JOIN hub.link a ON a.record_id = d.record_a AND a.state = 'MATCH' AND a.valid_to IS NULL
JOIN hub.link b ON b.record_id = d.record_b AND b.state = 'MATCH' AND b.valid_to IS NULL
WHERE d.verdict = 'DIFFERENT' AND d.closed_at IS NULL AND a.golden_id = b.golden_id
"""
MARKED = "SELECT DISTINCT shard FROM hub.dirty_root ORDER BY shard"
EVENTS = "SELECT before, after FROM hub.identity_event ORDER BY seq"
LINKS = "SELECT golden_id, record_id FROM hub.link WHERE state = 'MATCH' AND valid_to IS NULL"
