"""A million runs at once, as the runs list sees them: rows and what they are found by.

Copies of one real run, made different by their number, inserted by SQL as the superuser
without triggers. They have no events; their folds are 600 bytes, so that the table is as
wide as a real one. The list's indexes are taken away while the rows go in and made anew.
"""

import psycopg

SECONDS_APART = 20
# One in so many runs has each of these; what is rare is rare enough to be looked for.
_NUMBERS = """
CREATE TEMPORARY TABLE many AS
SELECT n, uuidv7(- begun - n * interval '1 millisecond') AS id,
       clock_timestamp() - n * %(apart)s * interval '1 second' AS moment,
       (ARRAY['COMPLETED', 'FAILED', 'WAITING', 'RUNNING'])[
            CASE WHEN n %% 20 = 1 THEN 2 WHEN n %% 33 = 2 THEN 3 WHEN n %% 50 = 3 THEN 4
            ELSE 1 END] AS state,
       (ARRAY['refund', 'credit', 'cancel', 'send', 'change_field'])[1 + n %% 7 %% 5] AS verb,
       CASE WHEN n %% 5000 = 7 THEN 'archive' ELSE
            (ARRAY['billing', 'orders', 'crm', 'mail'])[1 + n %% 4] END AS system,
       CASE WHEN n %% 1000 = 5 THEN 2 WHEN n %% 9 = 4 THEN 6 ELSE 7 END AS answered,
       CASE WHEN n %% 4000 = 11 THEN 1 ELSE 0 END AS unauthorised,
       n %% 2000 = 13 AS is_held,
       round((n %% 50000) / 100.0, 2) AS amount,
       'did:' || md5((n %% 40)::text)::uuid AS person,
       (ARRAY['lamp', 'chair', 'table', 'shelf', 'desk', 'sofa', 'rug'])[1 + n %% 7]
            || ' ' || substr(md5((n %% 5000)::text), 1, 6)
            || CASE WHEN n %% 20000 = 17 THEN ' zeppelin' ELSE '' END AS words
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
 CROSS JOIN (SELECT interval '1 minute' AS begun) AS pause
"""
_CHANGED = {
    "id": "many.id",
    "agent_run_id": "'crowd-' || many.n",
    "created_at": "many.moment",
    "started_at": "many.moment",
    "ended_at": "CASE WHEN many.state IN ('COMPLETED', 'FAILED')"
    " THEN many.moment + interval '90 seconds' END",
    "last_event_at": "many.moment + interval '90 seconds'",
    "state": "many.state",
    "title": "initcap(many.verb) || ' EUR ' || many.amount || ' for order '"
    " || many.n || ': ' || many.words || '.'",
    "answered": "many.answered",
    "unauthorised_count": "many.unauthorised",
    "amount_max": "many.amount",
    "amount_currency": "'EUR'",
    "is_held": "many.is_held",
    "hold_reason": "CASE WHEN many.is_held THEN 'A stop rule fired.' ELSE '' END",
    "fold": "jsonb_build_object('v', 1, 'filler', repeat(md5(many.n::text), 18))",
}
_FOUND_BY = """
INSERT INTO runs_runindex (run_id, workflow_id, started_at, tokens)
SELECT many.id, %s::uuid, many.moment, array_to_tsvector(
       string_to_array(many.words, ' ')
       || ARRAY['crowd', many.n::text, 'crowd-' || many.n, 'order', 'eur', many.verb,
            many.amount::text, '=verb:' || many.verb, '=system:' || many.system,
            '=' || many.person,
            CASE WHEN many.n %% 3 = 0 THEN replace('=' || many.person, 'did', 'approved')
            ELSE '=system:' || many.system END,
            CASE WHEN many.answered < 7 THEN '=unanswered:decided' ELSE many.verb END,
            CASE WHEN many.answered < 6 THEN '=unanswered:approved' ELSE many.verb END,
            CASE WHEN many.is_held THEN '=was:held' ELSE many.verb END])
  FROM many
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
 WHERE schemaname = 'public' AND tablename IN ('runs_run', 'runs_runindex')
   AND indexname LIKE 'runs\\_%' AND indexname NOT LIKE '%identity'
"""


def make_runs(
    superuser_url: str, *, first: int, last: int, apart: float = SECONDS_APART
) -> None:
    """Add the runs of these numbers, copies of the newest real one, so many seconds apart."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '256MB'")
        numbers = {"first": first, "last": last, "apart": apart}
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(_NUMBERS, numbers)
        found = connection.execute(
            "SELECT id, workflow_id FROM runs_run WHERE agent_run_id NOT LIKE 'crowd-%'"
            " ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if found is None:
            raise RuntimeError("there is no run to copy")
        source, workflow = found
        indexes = [
            row
            for row in connection.execute(_INDEXES).fetchall()
            if "UNIQUE" not in row[1]
        ]
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        connection.execute(_copied(connection), [source])
        connection.execute(_FOUND_BY, [workflow])
        for _, definition in indexes:
            connection.execute(definition)
        # What autovacuum does in its own time on a portal that grew to this in months.
        connection.execute("VACUUM (ANALYZE) runs_run, runs_runindex")


def _copied(connection: psycopg.Connection) -> str:
    names = [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = 'runs_run'"
            " AND is_generated = 'NEVER' ORDER BY ordinal_position"
        )
    ]
    listed = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(_CHANGED.get(name, f'source."{name}"') for name in names)
    return (
        f"INSERT INTO runs_run ({listed}) SELECT {values}"  # noqa: S608 - names of ours
        " FROM many CROSS JOIN runs_run AS source WHERE source.id = %s"
    )
