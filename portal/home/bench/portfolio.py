"""What ten thousand workflows cost the portfolio and the numbers, against a hundred.

The workflows are those of the lists of workflows; each has four weeks of tallies and of
proposals that ended, so that its health is measured. Their runs are only in their tallies.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import psycopg

from portal.home.bench.acts import Bench
from portal.home.bench.measuring import milliseconds, ratio, timed
from portal.home.bench.registry_list import (
    WORKFLOWS_FEW,
    WORKFLOWS_MANY,
    add_workflows,
    see_everything,
)

TIMES = 4
PAGES = {
    "portfolio": "/portfolio/",
    "portfolio, most runs": "/portfolio/?sort=runs",
    "portfolio, to be watched": "/portfolio/?health=watch",
    "numbers over all of them": "/numbers/",
    "numbers, twelve weeks": "/numbers/?period=12w",
    "one number: cycle time": "/numbers/cycle-time/",
    "one number by department": "/numbers/override/?by=department",
}
_TALLIES = """
INSERT INTO runs_tally (workflow_id, "on", measure, value)
SELECT w.id, %(today)s::date - day, m.name, m.value
  FROM registry_workflow w CROSS JOIN generate_series(0, 27) AS day CROSS JOIN (VALUES
    ('run.count', 10), ('run.acts', 8), ('run.acts_gateway', 7), ('run.state.completed', 9),
    ('run.took', 9), ('run.took_ms', 900000), ('run.took.112', 9), ('ruled.allow', 6),
    ('ruled.review', 4)) AS m (name, value)
 WHERE w.slug LIKE 'crowd-%%' AND substr(w.slug, 7)::int >= %(first)s
"""
_ENDS = """
INSERT INTO approvals_endtally (workflow_id, "on", state, is_material, missed_due, was_asked,
    is_superseded, is_escalated, in_time, count)
SELECT w.id, %(today)s::date - day, kind.state, false, false, false, false, false, false,
       kind.many
  FROM registry_workflow w CROSS JOIN generate_series(0, 27) AS day
 CROSS JOIN (VALUES ('APPROVED', 3), ('REJECTED', 1)) AS kind (state, many)
 WHERE w.slug LIKE 'crowd-%%' AND substr(w.slug, 7)::int >= %(first)s
   AND (kind.state = 'APPROVED' OR substr(w.slug, 7)::int %% 3 = 0)
"""


def portfolio(bench: Bench) -> dict[str, Any]:
    """Measure what is added up over a hundred workflows and over ten thousand."""
    url = bench.stage.superuser_url
    rosa, dana = bench.company.people["rosa"], bench.company.people["dana"]
    add_workflows(url, 1, WORKFLOWS_FEW, rosa.id, dana.id)
    _work(url, 1)
    everything = see_everything(bench)
    try:
        few = _load(everything)
        add_workflows(url, WORKFLOWS_FEW + 1, WORKFLOWS_MANY, rosa.id, None)
        _work(url, WORKFLOWS_FEW + 1)
        many = _load(everything)
    finally:
        everything.close()
    return {
        "workflows_few": WORKFLOWS_FEW,
        "workflows_many": WORKFLOWS_MANY,
        "few": few,
        "many": many,
        "many_over_few": {
            name: ratio(many[name]["p50_ms"], few[name]["p50_ms"]) for name in few
        },
    }


def _work(superuser_url: str, first: int) -> None:
    wanted = {"first": first, "today": datetime.now(tz=UTC).date()}
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_TALLIES, wanted)
        connection.execute(_ENDS, wanted)
        connection.execute("VACUUM (ANALYZE) runs_tally, approvals_endtally")


def _load(person: httpx.Client) -> dict[str, Any]:
    return {
        name: milliseconds(timed(partial(_get, person, path), times=TIMES, warm=1))
        for name, path in PAGES.items()
    }


def _get(person: httpx.Client, path: str) -> None:
    answer = person.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"GET {path} gave {answer.status_code}")
