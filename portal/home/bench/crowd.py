"""Much history at once: copies of a few real proposals and runs, inserted by SQL.

Only for a database that is thrown away: it runs as the superuser, without triggers, and
leaves no journal entries. What is read by pages has the shape of what was really written.
"""

from collections.abc import Mapping

import psycopg

OPEN_ONE_IN = 50
EVENTS_ONE_IN = 5
SECONDS_APART = 20
_TABLES = (
    "runs_run",
    "approvals_actionrequest",
    "approvals_authorityrecord",
    "approvals_proposal",
    "approvals_proposalversion",
    "runs_runevent",
)
_PLAN = """
CREATE TEMPORARY TABLE plan AS
WITH source AS (
    SELECT p.id AS proposal, p.action_request_id AS request, p.run_id AS run,
           v.id AS version, v.authority_record_id AS record,
           row_number() OVER (ORDER BY p.id) - 1 AS place, count(*) OVER () AS many
      FROM approvals_proposal p JOIN approvals_proposalversion v ON v.proposal_id = p.id
)
SELECT n, source.*, uuidv7() AS new_proposal, uuidv7() AS new_request,
       uuidv7() AS new_run, uuidv7() AS new_version, uuidv7() AS new_record,
       n %% %(open_one_in)s = 0 AS is_open,
       clock_timestamp() - n * %(apart)s * interval '1 second' AS moment
  FROM generate_series(1, %(count)s) AS n
  JOIN source ON source.place = n %% source.many
"""
_RUNS = {
    "id": "plan.new_run",
    "agent_run_id": "'crowd-' || plan.n",
    "created_at": "plan.moment",
    "started_at": "plan.moment",
    "last_event_at": "plan.moment + interval '90 seconds'",
    "state": "CASE WHEN plan.is_open THEN 'WAITING' ELSE 'COMPLETED' END",
    "ended_at": "CASE WHEN plan.is_open THEN NULL"
    " ELSE plan.moment + interval '90 seconds' END",
}
_REQUESTS = {
    "id": "plan.new_request",
    "run_id": "plan.new_run",
    "created_at": "plan.moment",
    "changed_at": "plan.moment",
    "status": "CASE WHEN plan.is_open THEN 'IN_REVIEW' ELSE 'APPROVED' END",
    "resolution": "CASE WHEN plan.is_open THEN '' ELSE 'approved' END",
    "resolved_at": "CASE WHEN plan.is_open THEN NULL ELSE plan.moment END",
}
_RECORDS = {
    "id": "plan.new_record",
    "action_request_id": "plan.new_request",
    "ruled_at": "plan.moment",
}
_PROPOSALS = {
    "id": "plan.new_proposal",
    "action_request_id": "plan.new_request",
    "run_id": "plan.new_run",
    "authority_record_id": "plan.new_record",
    "created_at": "plan.moment",
    "due_at": "CASE WHEN plan.is_open THEN clock_timestamp() + plan.n * interval '1 second'"
    " ELSE plan.moment + interval '2 hours' END",
    "state": "CASE WHEN plan.is_open THEN 'OPEN' ELSE 'APPROVED' END",
    "resolved_at": "CASE WHEN plan.is_open THEN NULL ELSE plan.moment END",
}
_VERSIONS = {
    "id": "plan.new_version",
    "proposal_id": "plan.new_proposal",
    "authority_record_id": "plan.new_record",
    "created_at": "plan.moment",
}
_EVENTS = {
    "id": "uuidv7()",
    "run_id": "plan.new_run",
    "at": "plan.moment",
    "received_at": "plan.moment",
}
_COPIES: tuple[tuple[str, Mapping[str, str], str], ...] = (
    ("runs_run", _RUNS, "source.id = plan.run"),
    ("approvals_actionrequest", _REQUESTS, "source.id = plan.request"),
    ("approvals_authorityrecord", _RECORDS, "source.id = plan.record"),
    ("approvals_proposal", _PROPOSALS, "source.id = plan.proposal"),
    ("approvals_proposalversion", _VERSIONS, "source.id = plan.version"),
    (
        "runs_runevent",
        _EVENTS,
        f"source.run_id = plan.run AND plan.n %% {EVENTS_ONE_IN} = 0",
    ),
)


def make_crowd(
    superuser_url: str, *, count: int, open_one_in: int = OPEN_ONE_IN
) -> None:
    """Add so many proposals, each with its request, ruling, version and run."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        wanted = {
            "open_one_in": open_one_in,
            "apart": SECONDS_APART,
            "count": count,
        }
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(_PLAN, wanted)
        # Only what was there before is copied, never a copy.
        for table, changed, where in _COPIES:
            connection.execute(copy_of(connection, table, changed, where), [])
        for table in _TABLES:
            connection.execute(f"ANALYZE {table}")


def copy_of(
    connection: psycopg.Connection, table: str, changed: Mapping[str, str], where: str
) -> str:
    """Write the statement that copies rows of a table by `plan`, some columns changed."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s"
            " AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
    ]
    listed = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'source."{name}"') for name in names)
    return (
        f"INSERT INTO {table} ({listed})"  # noqa: S608 - names of ours only
        f" SELECT {values} FROM plan JOIN {table} AS source ON {where}"
    )
