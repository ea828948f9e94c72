"""Reads what one week of one workflow saw out of its events, each kind by its index.

Used once for each week, in the background: a week of a hundred thousand runs is seven scans
of index ranges, and never a scan of the table.
"""

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from runs.models import ReviewWeek, WeekSight
from runs.queries.populations import WEEK, bounds_of

LINES_MAX = 40
ROWS_MAX = 200
BACK_WEEKS = 12
# The events of one kind in one week, of runs that count; by the index runs_event_kind.
_OF_WEEK = (
    " FROM runs_runevent e JOIN runs_run r ON r.id = e.run_id"
    " WHERE e.workflow_id = %(workflow)s AND e.kind = '{kind}' AND e.at >= %(begin)s"
    " AND e.at < %(end)s AND r.merged_into_id IS NULL AND NOT r.is_test"
)
_MOMENT = " AND e.provenance = 'ENFORCED'"
_TOLD = " AND e.provenance <> 'ENFORCED'"
_ADD_UP = (
    " SELECT key, count(*), count(DISTINCT run_id),"  # noqa: S608 - our own constants
    f" (array_agg(DISTINCT run_id))[1:{ROWS_MAX}],"
    " (array_agg(example ORDER BY at DESC) FILTER (WHERE example IS NOT NULL))[1:3]"
    f" FROM found GROUP BY key ORDER BY 2 DESC, 1 LIMIT {LINES_MAX}"
)


def _sql(columns: str, kind: str, more: str) -> str:
    chosen = f"WITH found AS (SELECT e.run_id, e.at, {columns}"
    return f"{chosen}{_OF_WEEK.format(kind=kind)}{more}){_ADD_UP}"


_NO_EXAMPLE = "NULL::jsonb AS example"
_COUNTED = {
    "correction": _sql(
        "left(change->>'path', 120) AS key,"
        " jsonb_build_object('before', left(change->>'before', 80),"
        " 'after', left(change->>'after', 80), 'run', e.run_id) AS example",
        "edited",
        _MOMENT,
    ).replace(
        " WHERE e.workflow_id",
        " CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.facts->'changes')"
        " WHEN 'array' THEN e.facts->'changes' ELSE '[]' END) AS change"
        " WHERE e.workflow_id",
    ),
    "stop": _sql(
        f"left(reason->>'rule', 120) AS key, {_NO_EXAMPLE}",
        "ruled",
        _MOMENT + " AND coalesce(e.facts->>'occasion', 'ask') = 'ask'"
        " AND reason->>'code' LIKE 'stop_rule.%%' AND reason->>'rule' <> ''",
    ).replace(
        " WHERE e.workflow_id",
        " CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.facts->'reasons')"
        " WHEN 'array' THEN e.facts->'reasons' ELSE '[]' END) AS reason"
        " WHERE e.workflow_id",
    ),
    "held": _sql(
        f"left(e.facts->>'rule', 120) AS key, {_NO_EXAMPLE}",
        "held",
        _MOMENT + " AND e.facts->>'rule' <> ''",
    ),
    "weak": _sql(
        f"reason->>'code' AS key, {_NO_EXAMPLE}",
        "ruled",
        _MOMENT + " AND coalesce(e.facts->>'occasion', 'ask') = 'ask'"
        " AND reason->>'code' IN ('stop_rule.missing_data',"
        " 'stop_rule.conflicting_records', 'check.failed', 'check.missing')",
    ).replace(
        " WHERE e.workflow_id",
        " CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.facts->'reasons')"
        " WHEN 'array' THEN e.facts->'reasons' ELSE '[]' END) AS reason"
        " WHERE e.workflow_id",
    ),
    "unread": _sql(
        f"left(e.facts->>'tool', 120) AS key, {_NO_EXAMPLE}",
        "tool.called",
        _TOLD + " AND e.facts->>'status' = 'error'"
        " AND e.facts#>>'{mapped,tier}' = 'read'",
    ),
    "unknown": _sql(
        f"left(e.facts->>'tool', 120) AS key, {_NO_EXAMPLE}",
        "tool.called",
        _TOLD + " AND (e.facts#>>'{mapped,is_unknown}')::boolean",
    ),
}
# Rounded to two digits, so that weeks add up and stay small.
_TIMED = (
    "WITH found AS (SELECT e.run_id, left({key}, 120) AS key, ({value})::numeric AS took"
    "{of_week} AND ({value}) IS NOT NULL), rounded AS (SELECT run_id, key, took,"
    " CASE WHEN took < 100 THEN round(took) ELSE round(took, 1 -"
    " floor(log(took))::int) END AS value FROM found), counted AS (SELECT key, value,"
    " count(*) AS number FROM rounded GROUP BY 1, 2), slowest AS (SELECT key,"
    " (array_agg(run_id ORDER BY took DESC, run_id))[1:{rows}] AS runs, count(*) AS number,"
    " count(DISTINCT run_id) AS in_runs FROM rounded GROUP BY 1)"
    " SELECT s.key, s.number, s.in_runs, s.runs,"
    " jsonb_object_agg(c.value::bigint, c.number) FROM slowest s JOIN counted c"
    " ON c.key IS NOT DISTINCT FROM s.key GROUP BY 1, 2, 3, 4 ORDER BY 2 DESC, 1"
    " LIMIT {lines}"
)
_TIMES = {
    "tool": ("tool.called", _TOLD, "e.facts->>'tool'", "e.facts->>'duration_ms'"),
    "model": ("model.called", _TOLD, "e.facts->>'model'", "e.facts->>'duration_ms'"),
    "person": (
        "decided",
        _MOMENT,
        "'a person'",
        "((e.facts->>'seconds')::numeric * 1000)::text",
    ),
}


def weeks_unseen(*, now: datetime) -> list[tuple[UUID, date]]:
    """Give the opened weeks of the last months that were not gathered yet. One query."""
    since = now.date() - (BACK_WEEKS + 1) * WEEK
    known = set(
        WeekSight.objects.filter(starts_on__gte=since).values_list(
            "workflow_id", "starts_on"
        )
    )
    rows = ReviewWeek.objects.filter(starts_on__gte=since, workflow__isnull=False)
    opened = rows.order_by("starts_on", "workflow_id").values_list(
        "workflow_id", "starts_on"
    )
    return [week for week in opened if week not in known]


def seen_in(*, workflow_id: UUID, starts_on: date) -> dict[str, Any]:
    """Read what a week saw: its lines, the runs behind each, its rulings. Ten queries."""
    begin, end = bounds_of(starts_on)
    span: dict[str, Any] = {"workflow": workflow_id, "begin": begin, "end": end}
    lines: list[dict[str, Any]] = []
    rows: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for kind, statement in _COUNTED.items():
            cursor.execute(statement, span)
            for key, count, in_runs, runs, examples in cursor.fetchall():
                shown = [_read(each) for each in examples or ()]
                lines.append(_line(kind, key, count, in_runs, examples=shown))
                rows[f"{kind}:{key}"] = [str(run) for run in runs]
        for kind, (event, source, key_sql, value) in _TIMES.items():
            statement = _TIMED.format(
                key=key_sql,
                value=value,
                of_week=_OF_WEEK.format(kind=event) + source,
                rows=ROWS_MAX,
                lines=LINES_MAX,
            )
            cursor.execute(statement, span)
            for key, count, in_runs, runs, times in cursor.fetchall():
                lines.append(_line(kind, key, count, in_runs, times=_read(times)))
                unique = dict.fromkeys(str(run) for run in runs)
                rows[f"{kind}:{key}"] = list(unique)
        asked = _MOMENT + " AND coalesce(e.facts->>'occasion', 'ask') = 'ask'"
        cursor.execute(f"SELECT count(*){_OF_WEEK.format(kind='ruled')}{asked}", span)
        rulings = cursor.fetchone()[0]
    return {"version": 1, "lines": lines, "rows": rows, "rulings": rulings}


def _line(kind: str, key: str, count: int, runs: int, **more: Any) -> dict[str, Any]:
    line = {"kind": kind, "key": key or "", "count": count, "runs": runs}
    return line | {"examples": [], "times": {}} | more


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
