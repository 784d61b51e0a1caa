-- Views that do not depend on the catalogue's entities. Run in one transaction.

CREATE OR REPLACE VIEW public.crosswalk AS
SELECT s.entity, s.system, s.key AS source_key, l.golden_id, l.origin, l.probability,
       l.valid_from AS linked_at
FROM hub.source_record s
JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
WHERE NOT s.deleted;

CREATE OR REPLACE VIEW public.link_history AS
SELECT l.entity, s.system, s.key AS source_key, l.golden_id, l.state, l.origin, l.probability,
       l.reasons, l.valid_from, l.valid_to, l.txn
FROM hub.link l JOIN hub.source_record s ON s.id = l.record_id;

CREATE OR REPLACE VIEW public.conflicts AS
SELECT id, entity, golden_id, kind, attribute, system, key AS source_key, details, outcome, state,
       exposure, assignee, opened_at, pending_until, due_at, closed_at, resolution, currency, class,
       closed_by
FROM hub.conflict;

CREATE OR REPLACE VIEW public.conflict_history AS
SELECT conflict_id, state, actor, assignee, pending_until, resolution, details, recorded_at
FROM hub.conflict_event;

CREATE OR REPLACE VIEW public.lineage AS
SELECT g.entity, g.id AS golden_id, a.key AS attribute, g.attrs -> a.key AS value,
       a.value ->> 'system' AS system, a.value ->> 'key' AS source_key, a.value ->> 'rule' AS rule,
       (a.value ->> 'changed_at')::timestamptz AS changed_at, a.value -> 'losers' AS losers,
       g.policy_version
FROM hub.golden g, jsonb_each(g.lineage) a
WHERE g.status = 'ACTIVE';

CREATE OR REPLACE VIEW public.redirects AS
SELECT entity, id AS golden_id, merged_into, updated_at AS merged_at
FROM hub.golden WHERE status = 'MERGED';

CREATE OR REPLACE VIEW public.convergence AS
SELECT p.entity, p.golden_id, p.target, p.target_key, d.key AS attribute, d.value AS desired,
       CASE WHEN p.state = 'PENDING' AND p.seen -> d.key = d.value THEN 'ECHOED' ELSE p.state END
         AS state,
       p.lane, p.class, p.due_at, p.first_dirty_at, p.sent_at, p.echoed_at, p.attempts, p.last_error
FROM hub.publication p, jsonb_each(p.desired) d;

CREATE OR REPLACE VIEW public.feed_counts AS
SELECT system, table_name, sum(received) AS received, sum(applied) AS applied,
       sum(duplicate) AS duplicate, sum(stale) AS stale, sum(quarantined) AS quarantined,
       sum(ignored) AS ignored
FROM hub.feed_count GROUP BY system, table_name;

CREATE OR REPLACE FUNCTION hub.grant_analyst() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mdhub_analyst') THEN
    CREATE ROLE mdhub_analyst NOLOGIN;
  END IF;
  GRANT USAGE ON SCHEMA public TO mdhub_analyst;
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO mdhub_analyst;
END $$;
