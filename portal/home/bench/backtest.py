"""Rows a second of a backtest over a long history, and the memory that it takes.

The history is copies of a few requests that were really asked, inserted by SQL as the
superuser, without triggers, spread over ninety days. The draft that is tried is wider in
one limit and narrower in another, so that answers change both ways.
"""

import resource
import time
from datetime import UTC, datetime
from typing import Any

import psycopg

from approvals.operations.backtest_runs import claim_backtest, run_slice
from approvals.operations.backtesting import ask_backtest
from approvals.queries.backtest_pages import backtest_page
from approvals.queries.history import Place, stretch_of
from portal.home.bench.acts import SLUG, Bench
from portal.home.bench.crowd import copy_of
from portal.home.bench.measuring import MIB, ratio
from portal.home.demo.workflows import id_of
from registry.operations.drafts import save_draft
from registry.operations.packets import new_version

ROWS = 1_000_000
AMOUNTS = ("5.00", "14.90", "22.50", "24.00", "31.00", "40.00", "84.20", "250.00")
SPREAD_DAYS = 89
READ_AT_ONCE = 2_000
SECONDS_MAX = 3_600.0
_PLAN = """
CREATE TEMPORARY TABLE plan AS
WITH source AS (
    SELECT a.id AS request, r.id AS record, row_number() OVER (ORDER BY a.id) - 1 AS place,
           count(*) OVER () AS many
      FROM approvals_actionrequest a
      JOIN approvals_authorityrecord r ON r.action_request_id = a.id AND r.occasion = 'ASK'
)
SELECT n, source.*, uuidv7() AS new_request, uuidv7() AS new_record,
       clock_timestamp() - n * %(apart)s * interval '1 second' AS moment
  FROM generate_series(1, %(count)s) AS n JOIN source ON source.place = n %% source.many
"""
_IN_REVIEW = "source.status = 'IN_REVIEW'"
_REQUESTS = {
    "id": "plan.new_request",
    "created_at": "plan.moment",
    "changed_at": "plan.moment",
    "resolution": f"CASE WHEN NOT {_IN_REVIEW} THEN '' WHEN plan.n % 50 = 0"
    " THEN 'rejected' ELSE 'approved' END",
    "status": f"CASE WHEN NOT {_IN_REVIEW} THEN source.status WHEN plan.n % 50 = 0"
    " THEN 'REJECTED' ELSE 'APPROVED' END",
    "resolved_at": f"CASE WHEN {_IN_REVIEW} THEN plan.moment ELSE NULL END",
}
_RECORDS = {
    "id": "plan.new_record",
    "action_request_id": "plan.new_request",
    "ruled_at": "plan.moment",
}


def backtest(bench: Bench, *, rows: int = ROWS) -> dict[str, Any]:
    """Measure one backtest in this process, from its first row to its digest."""
    for amount in AMOUNTS:
        bench.ask(amount)
    began = time.perf_counter()
    _make_history(bench.stage.superuser_url, rows - len(AMOUNTS))
    made = time.perf_counter() - began
    _draft(bench)
    actor = bench.company.actor("maya")
    read = _read_only(id_of(SLUG))

    before = _peak_mib()
    begun = ask_backtest(actor=actor, slug=SLUG, days=90, now=_now())
    claim_backtest(backtest_id=begun)
    began, busy = time.perf_counter(), time.process_time()
    run_slice(backtest_id=begun, now=_now(), seconds=SECONDS_MAX)
    taken, busy = time.perf_counter() - began, time.process_time() - busy
    began = time.perf_counter()
    page = backtest_page(actor=actor, backtest_id=begun)
    shown = time.perf_counter() - began
    if page.summary is None or page.summary.rows != rows:
        raise RuntimeError(f"the backtest is {page.head.state}, {page.head.done} done")
    return {
        "rows": rows,
        "rows_a_second": round(rows / taken),
        # What a machine that does nothing else would give with one processor.
        "rows_a_processor_second": round(rows / busy),
        "seconds": round(taken, 1),
        "changed": page.summary.changed,
        "rows_kept": sum(page.summary.kept.values()),
        "mib_before": before,
        "mib_added_at_most": round(_peak_mib() - before, 1),
        "summary_ms": round(shown * 1000, 1),
        "replay_over_reading_alone": ratio(taken, read),
        "seconds_to_make_the_history": round(made, 1),
    }


def _make_history(superuser_url: str, count: int) -> None:
    apart = SPREAD_DAYS * 86_400 / max(1, count)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(_PLAN, {"apart": apart, "count": count})
        for table, changed, where in (
            ("approvals_actionrequest", _REQUESTS, "source.id = plan.request"),
            ("approvals_authorityrecord", _RECORDS, "source.id = plan.record"),
        ):
            # Without arguments a percent sign stands for itself.
            connection.execute(copy_of(connection, table, changed, where))
            connection.execute(f"ANALYZE {table}")


def _draft(bench: Bench) -> None:
    """Open a draft that allows refunds up to EUR 35 and asks for more confidence."""
    actor, workflow_id = bench.company.actor("maya"), id_of(SLUG)
    draft = new_version(actor=actor, workflow_id=workflow_id, now=_now())
    page = dict(draft.document)
    page["allowances"] = [
        row | {"amount_max": "35.00"} if row["verb"] == "refund" else row
        for row in page["allowances"]
    ]
    page["checks"] = [{"name": "photo seen", "required_for": ["credit"]}]
    save_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=draft.revision,
        document=page,
        what="refunds up to EUR 35",
        now=_now(),
    )


def _read_only(workflow_id: Any) -> float:
    """Give the seconds that reading the same rows takes, with nothing done to them."""
    began, place, until = time.perf_counter(), Place(), _now()
    while found := stretch_of(
        workflow_id=workflow_id, after=place, until=until, limit=READ_AT_ONCE
    ):
        place = found[-1].place
    return time.perf_counter() - began


def _peak_mib() -> float:
    """Give the most memory that this process has held at any time."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB, 1)


def _now() -> datetime:
    return datetime.now(tz=UTC)
