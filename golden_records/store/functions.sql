-- Functions of the hub's schema; created anew at every migration.

-- The shard of a root: equal on every worker and in every session, so it may be stored.
CREATE OR REPLACE FUNCTION hub.shard_of(entity text, system text, root_key text, shards integer)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((hashtextextended(entity || '/' || system || '/' || root_key, 0) & 9223372036854775807)
          % shards)::smallint
$$;

-- Lock keys: one name space for the identity of an entity, one for crosswalk keys.
CREATE OR REPLACE FUNCTION hub.identity_lock(entity text)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT hashtextextended('identity/' || entity, 1)
$$;

CREATE OR REPLACE FUNCTION hub.crosswalk_lock(entity text, system text, key text)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT hashtextextended('crosswalk/' || entity || '/' || system || '/' || key, 2)
$$;

-- What a case may become: it moves among the three open states, and is closed for good but that a
-- decision may be undone. Whoever acts says who he is in `mdhub.actor`; else it is the engine.
CREATE OR REPLACE FUNCTION hub.actor() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('mdhub.actor', true), ''), 'engine')
$$;

CREATE OR REPLACE FUNCTION hub.conflict_may_become(was text, now text)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT was = now OR was IN ('pending', 'open', 'assigned') OR (was = 'resolved' AND now = 'open')
$$;

CREATE OR REPLACE FUNCTION hub.conflict_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT hub.conflict_may_become(OLD.state, NEW.state) THEN
    RAISE EXCEPTION 'case % is %; it cannot become %', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  NEW.closed_by := CASE WHEN NEW.closed_at IS NULL THEN NULL
                        WHEN OLD.closed_at IS NULL THEN hub.actor() ELSE OLD.closed_by END;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION hub.conflict_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO hub.conflict_event (conflict_id, state, actor, assignee, pending_until, resolution,
                                  details)
  VALUES (NEW.id, NEW.state, hub.actor(), NEW.assignee, NEW.pending_until, NEW.resolution,
          NEW.details);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER conflict_step BEFORE UPDATE ON hub.conflict
  FOR EACH ROW EXECUTE FUNCTION hub.conflict_step();
CREATE OR REPLACE TRIGGER conflict_opened AFTER INSERT ON hub.conflict
  FOR EACH ROW EXECUTE FUNCTION hub.conflict_record();
CREATE OR REPLACE TRIGGER conflict_changed AFTER UPDATE ON hub.conflict FOR EACH ROW
  WHEN ((OLD.state, OLD.assignee, OLD.pending_until, OLD.resolution, OLD.details)
        IS DISTINCT FROM (NEW.state, NEW.assignee, NEW.pending_until, NEW.resolution, NEW.details))
  EXECUTE FUNCTION hub.conflict_record();
