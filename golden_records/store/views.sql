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

-- Functions read views, not tables: they run as the caller, and are inlined into his query.
CREATE OR REPLACE FUNCTION public.crosswalk_as_of(as_of timestamptz)
RETURNS SETOF public.crosswalk LANGUAGE sql STABLE AS $$
  SELECT entity, system, source_key, golden_id, origin, probability, valid_from
  FROM public.link_history
  WHERE state = 'MATCH' AND valid_from <= as_of AND (valid_to > as_of OR valid_to IS NULL)
$$;

CREATE OR REPLACE VIEW public.conflicts AS
SELECT id, entity, golden_id, kind, attribute, system, key AS source_key, details, outcome, state,
       exposure, assignee, opened_at, pending_until, due_at, closed_at, resolution, currency, class,
       closed_by
FROM hub.conflict;

CREATE OR REPLACE VIEW public.conflict_history AS
SELECT conflict_id, state, actor, assignee, pending_until, resolution, details, recorded_at,
       id AS event_id
FROM hub.conflict_event;

-- Each with the last of its events until then. A case that was opened again has no time of its
-- first end but the event's.
CREATE OR REPLACE FUNCTION public.conflicts_as_of(as_of timestamptz)
RETURNS SETOF public.conflicts LANGUAGE sql STABLE AS $$
  SELECT c.id, c.entity, c.golden_id, c.kind, c.attribute, c.system, c.source_key, e.details,
         c.outcome, e.state, c.exposure, e.assignee, c.opened_at, e.pending_until, c.due_at,
         CASE WHEN e.ended THEN least(c.closed_at, e.recorded_at) END, e.resolution, c.currency,
         c.class, CASE WHEN e.ended THEN e.actor END
  FROM public.conflicts c
  CROSS JOIN LATERAL (
    SELECT h.*, h.state NOT IN ('pending', 'open', 'assigned') AS ended
    FROM public.conflict_history h
    WHERE h.conflict_id = c.id AND h.recorded_at <= as_of
    ORDER BY h.event_id DESC LIMIT 1) e
  WHERE c.opened_at <= as_of
$$;

CREATE OR REPLACE VIEW public.lineage AS
SELECT g.entity, g.id AS golden_id, a.key AS attribute, g.attrs -> a.key AS value,
       a.value ->> 'system' AS system, a.value ->> 'key' AS source_key, a.value ->> 'rule' AS rule,
       (a.value ->> 'changed_at')::timestamptz AS changed_at, a.value -> 'losers' AS losers,
       g.policy_version, a.value -> 'rates' AS rates
FROM hub.golden g, jsonb_each(g.lineage) a
WHERE g.status = 'ACTIVE';

CREATE OR REPLACE VIEW public.exchange_rates AS
SELECT r.rate_id, r.source AS from_currency, r.target AS to_currency, r.rate, r.valid_from,
       r.valid_to, a.version AS added_in, a.imported_at AS recorded_from, c.version AS closed_in,
       c.imported_at AS recorded_to
FROM hub.exchange_rate r JOIN hub.rate_import a ON a.id = r.added_in
LEFT JOIN hub.rate_import c ON c.id = r.closed_in;

CREATE OR REPLACE VIEW public.raise_decisions AS
SELECT d.golden_id, g.entity, d.attribute_group, d."values", d.approved, d.actor, d.reason,
       d.policy_version, d.decided_at, d.closed_at, d.closed_because
FROM hub.raise_decision d JOIN hub.golden g ON g.id = d.golden_id;

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
