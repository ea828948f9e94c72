"""What opening a week costs: of a thousand runs and of a hundred thousand, and in what memory."""

import os
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from portal.accounts.actors import SYSTEM
from portal.home.bench.acts import Bench
from portal.home.bench.measuring import MemoryWatch, memory_of, ratio
from portal.home.bench.run_crowd import make_runs
from runs.operations.weeks import open_week
from runs.queries.populations import WEEK, bounds_of, monday_of

FEW = 1_000
MANY = 100_000
# Each run asked once and acted by itself, was approved, or did neither; its fold says so.
_INTO_THE_WEEK = """
UPDATE runs_run SET state = 'COMPLETED', is_held = false, hold_reason = '',
       started_at = moment, ended_at = moment, last_event_at = moment,
       fold = fold || jsonb_build_object('asks', jsonb_build_object(id::text,
            jsonb_build_object('asked', jsonb_build_array(
                 '', '', 'refund', 'billing', amount_max::text, 'EUR', ''),
            'ruled', jsonb_build_array('', 'allow', '', 'allowance.allowed'),
            'redeemed', jsonb_build_object('g', 1))
            || CASE WHEN n %% 3 = 0 THEN jsonb_build_object(
                 'resolved', jsonb_build_array('', 'approved')) ELSE '{}'::jsonb END))
  FROM (SELECT id AS found, row_number() OVER (ORDER BY id) AS n,
               %(begin)s + row_number() OVER (ORDER BY id) * interval '5 seconds' AS moment
          FROM runs_run WHERE agent_run_id LIKE 'crowd-%%' AND substr(agent_run_id, 7)::int
               BETWEEN %(first)s AND %(last)s) AS numbered
 WHERE id = found
RETURNING workflow_id
"""


def week_opening(bench: Bench, *, many: int = MANY) -> dict[str, Any]:
    """Measure opening a week of a thousand runs, and then one of a hundred thousand."""
    bench.ask("84.20")
    this_week = monday_of(datetime.now(tz=UTC))
    few = _opened(bench, this_week - 3 * WEEK, first=1, last=FEW)
    crowded = _opened(bench, this_week - 2 * WEEK, first=FEW + 1, last=FEW + many)
    return {
        "few": few,
        "many": crowded,
        "seconds_a_thousand_runs_many_over_few": ratio(
            crowded["seconds"] / many, few["seconds"] / FEW
        ),
    }


def _opened(bench: Bench, starts_on, *, first: int, last: int) -> dict[str, Any]:
    url = bench.stage.superuser_url
    make_runs(url, first=first, last=last)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        row = connection.execute(
            _INTO_THE_WEEK,
            {"begin": bounds_of(starts_on)[0], "first": first, "last": last},
        ).fetchone()
        connection.execute("VACUUM (ANALYZE) runs_run")
    if row is None:
        raise RuntimeError("there is no run in the week")
    here = {"opening": os.getpid()}
    before = memory_of(here)["opening"]["mib"]
    with MemoryWatch(here) as watch:
        began = time.perf_counter()
        open_week(
            actor=SYSTEM,
            workflow_id=UUID(str(row[0])),
            starts_on=starts_on,
            now=datetime.now(tz=UTC),
        )
        seconds = time.perf_counter() - began
    largest = watch.largest.get("opening", {"mib": before})["mib"]
    return {
        "runs": last - first + 1,
        "seconds": round(seconds, 2),
        "more_memory_mib": round(max(0.0, largest - before), 1),
    }
