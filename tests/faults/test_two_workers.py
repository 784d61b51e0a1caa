"""Two workers on four partitions: they share the work and the roots, also across a rebalance."""

from __future__ import annotations

import time

import psycopg
import pytest

from tests.faults.dice import say

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

ALONE_SECONDS = 6
TOGETHER_SECONDS = 40

# PGAPPNAME names the worker; the triggers stand in for asking each of them.
WATCH = """
CREATE TABLE IF NOT EXISTS public.done (worker text, stage text, root text, n bigint);
CREATE OR REPLACE FUNCTION public.note_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.done VALUES (current_setting('application_name'), 'apply', NULL,
  NEW.received); RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION public.note_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.cause = 'feed' THEN INSERT INTO public.done VALUES (
  current_setting('application_name'), 'mark',
  NEW.entity || '/' || NEW.system || '/' || NEW.root_key, 1); END IF; RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION public.note_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.done VALUES (current_setting('application_name'), 'resolve', NULL, 1);
RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER note AFTER INSERT ON hub.feed_count
  FOR EACH ROW EXECUTE FUNCTION public.note_feed();
CREATE OR REPLACE TRIGGER note_mark AFTER INSERT ON hub.dirty_root
  FOR EACH ROW EXECUTE FUNCTION public.note_mark();
CREATE OR REPLACE TRIGGER note_take AFTER DELETE ON hub.dirty_root
  FOR EACH ROW EXECUTE FUNCTION public.note_take();
"""
UNWATCH = """
DROP TRIGGER note ON hub.feed_count;
DROP TRIGGER note_mark ON hub.dirty_root;
DROP TRIGGER note_take ON hub.dirty_root;
DROP TABLE public.done;
"""
SHARES = """
SELECT stage, worker, sum(n) / sum(sum(n)) OVER (PARTITION BY stage) FROM public.done
WHERE stage IN ('apply', 'resolve') GROUP BY stage, worker ORDER BY 1, 2
"""
SHARED_ROOTS = """
SELECT count(*) FROM (SELECT root FROM public.done WHERE stage = 'mark'
                      GROUP BY root HAVING count(DISTINCT worker) > 1) AS shared
"""


@pytest.fixture
def watched(landscape):
    with psycopg.connect(landscape.hub.places.postgres, autocommit=True) as session:
        session.execute(WATCH)
        yield session
        session.execute(UNWATCH)


def test_a_worker_that_joins_takes_its_share_and_every_value_is_right(landscape, watched):
    assert all(system.partitions >= 4 for system in landscape.hub.catalogue.systems.values())
    player = landscape.play(seed=23, rate=25)
    time.sleep(ALONE_SECONDS)
    second = landscape.crew.hire()
    try:
        time.sleep(TOGETHER_SECONDS)
        player.finish()
        landscape.check()
    finally:
        landscape.crew.dismiss(second)
    shares = watched.execute(SHARES).fetchall()
    shared = watched.execute(SHARED_ROOTS).fetchone()[0]
    say(f"seed 23: {shares}, {shared} roots marked by both")
    assert len(shares) == 4, "both workers applied and both resolved"
    assert min(share for _, _, share in shares) >= 0.2
    assert shared > 0
