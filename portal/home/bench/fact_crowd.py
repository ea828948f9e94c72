"""Facts and tallies of the crowd of runs, and events for some of them, by SQL.

The facts are what counting would give a run of its kind: a time of its own, units, a retry
now and then, a handoff in nine. The tallies are their sums, as after adding up.
"""

import psycopg
from django.conf import settings

from runs.rules.counting.measures import VERSION

_FACTS = """
INSERT INTO runs_runfact (run_id, workflow_id, "on", started_at, ended_at, is_test,
    case_type, case_hash, requester_hash, took_ms, event_count, version, measures,
    counted_at)
SELECT id, workflow_id, (ended_at AT TIME ZONE %(zone)s)::date, started_at, ended_at, false,
       (ARRAY['damaged', 'late', 'wrong'])[1 + n %% 3], '', '',
       CASE WHEN state = 'COMPLETED' THEN took END, 12, %(version)s,
       jsonb_strip_nulls(jsonb_build_object(
        'run.count', '1', 'run.ended_told', '1', 'run.cases', '1',
        'run.state.' || lower(state), '1',
        'run.units', CASE WHEN state = 'COMPLETED' THEN '1' END,
        'run.units_told', CASE WHEN state = 'COMPLETED' THEN '1' END,
        'run.took', CASE WHEN state = 'COMPLETED' THEN '1' END,
        'run.took_ms', CASE WHEN state = 'COMPLETED' THEN took::text END,
        'run.person_ms', CASE WHEN state = 'COMPLETED' THEN (took / 2)::text END,
        'run.idle_ms', CASE WHEN state = 'COMPLETED' THEN (took - took / 2)::text END,
        'run.closed', CASE WHEN state = 'COMPLETED' THEN '1' END,
        'run.confirmed', CASE WHEN n %% 3 = 1 AND state = 'COMPLETED' THEN '1' END,
        'run.closed_told', CASE WHEN n %% 3 = 1 AND state = 'COMPLETED' THEN '1' END,
        'run.closed_named', CASE WHEN state = 'COMPLETED' THEN '1' END,
        'run.reopened', CASE WHEN n %% 400 = 9 AND state = 'COMPLETED' THEN '1' END,
        'run.cases_named', '1', 'run.cases_escalated', CASE WHEN n %% 120 = 18 THEN '1' END,
        'run.intents', '3', 'run.with_tools', '1',
        'run.again', CASE WHEN n %% 10 = 0 THEN '1' END,
        'run.retried', CASE WHEN n %% 10 = 0 THEN '1' END,
        'run.handed', CASE WHEN n %% 9 = 0 THEN '1' END,
        'run.cases_handed', CASE WHEN n %% 9 = 0 THEN '1' END,
        'run.acts', '1', 'run.acts_gateway', '1', 'run.acts_succeeded', '1',
        'run.answered', '7', 'run.answered_all', '1', 'run.complete', '1',
        'run.deviating', CASE WHEN n %% 4000 = 11 THEN '1' END,
        'run.deviates.ungranted', CASE WHEN n %% 4000 = 11 THEN '1' END,
        'run.costed', '1', 'run.costed.EUR', '1', 'run.cost.models.EUR', '0.03',
        'run.calls', '2', 'run.calls_priced', '2', 'run.cost_units', '1',
        'run.cost_units.EUR', '1'
       ) || CASE WHEN state = 'COMPLETED' THEN jsonb_build_object(
        'run.took.' || ((bits - 4) * 8 + (took >> (bits - 4))), '1') ELSE '{}' END),
       ended_at
  FROM (SELECT *, length(ltrim(took::bit(40)::text, '0')) AS bits FROM (
        SELECT id, workflow_id, state, started_at, ended_at, n,
               20000 + (n * 7919 %% 3600000) AS took
          FROM (SELECT *, substr(agent_run_id, 7)::bigint AS n FROM runs_run
                 WHERE agent_run_id LIKE 'crowd-%%' AND ended_at IS NOT NULL) AS numbered
       ) AS timed) AS sized
 WHERE NOT EXISTS (SELECT FROM runs_runfact f WHERE f.run_id = sized.id)
"""
_TALLIES = """
INSERT INTO runs_tally (workflow_id, "on", measure, value)
SELECT f.workflow_id, f."on", each.key, sum(each.value::numeric)
  FROM runs_runfact f CROSS JOIN LATERAL jsonb_each_text(f.measures) AS each
 GROUP BY 1, 2, 3
ON CONFLICT (workflow_id, "on", measure) DO UPDATE SET value = excluded.value
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
 WHERE schemaname = 'public' AND tablename = 'runs_runfact' AND indexdef NOT LIKE '%UNIQUE%'
"""
_EVENTS = """
INSERT INTO runs_runevent (run_id, id, workflow_id, kind, at, received_at, provenance,
    source_id, source_name, source_event_id, is_late, facts)
SELECT r.id, uuidv7(), r.workflow_id, e.kind, r.started_at + e.after, r.started_at + e.after,
       'REPORTED', r.agent_id, 'Crowd', '', false, e.facts::jsonb
  FROM runs_run r CROSS JOIN (VALUES
    ('run.started', interval '0 s', '{"trigger": "an e-mail"}'),
    ('data.read', interval '3 s', '{"system": "orders", "resource": "order 12"}'),
    ('tool.called', interval '5 s', '{"tool": "look", "status": "ok", "args": {"n": 1}}'),
    ('tool.called', interval '9 s', '{"tool": "look", "status": "ok", "args": {"n": 1}}'),
    ('model.called', interval '20 s',
     '{"model": "m", "cost": {"value": "0.03", "currency": "EUR"}}'),
    ('decision.made', interval '30 s', '{"text": "a refund is due", "confidence": "0.8"}'),
    ('outcome.confirmed', interval '60 s', '{"resolved": true, "basis": "customer"}'),
    ('run.finished', interval '90 s', '{"status": "completed", "units": "1"}')
  ) AS e (kind, after, facts)
 WHERE r.agent_run_id LIKE 'crowd-%'
"""
_DUE = """
INSERT INTO runs_rundue (id, run_id, due_at)
SELECT gen_random_uuid(), id, started_at FROM runs_run WHERE agent_run_id LIKE 'crowd-%'
"""


def count_crowd(superuser_url: str) -> None:
    """Give the runs of the crowd that are over their facts, and their days the sums.

    As counted today, so that nothing is found stale and counted again meanwhile.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '256MB'")
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        connection.execute(_FACTS, {"zone": settings.TIME_ZONE, "version": VERSION})
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute(_TALLIES)
        connection.execute("VACUUM (ANALYZE) runs_runfact, runs_tally")


def tell_of_crowd(superuser_url: str) -> None:
    """Give each run of the crowd eight events, and note that all are to be counted."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_EVENTS)
        connection.execute(_DUE)
        connection.execute("VACUUM (ANALYZE) runs_run, runs_rundue, runs_runevent")
