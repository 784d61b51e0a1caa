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
