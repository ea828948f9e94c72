"""What the numbers cost at ten thousand runs and at a million, and counting them anew."""

import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
from django.conf import settings
from django.urls import reverse

from portal.accounts.actors import SYSTEM, Actor
from portal.core.errors import NotFound
from portal.home.bench.acts import Bench
from portal.home.bench.decision_crowd import decide_crowd
from portal.home.bench.fact_crowd import count_crowd, tell_of_crowd
from portal.home.bench.measuring import MIB, milliseconds, ratio, timed
from portal.home.bench.run_crowd import SECONDS_APART, make_runs
from portal.home.queries.kpis.catalogue import figures_for, rows_for
from portal.home.queries.kpis.figure import Scope, Side
from portal.home.queries.kpis.from_runs import RUN_KPIS
from registry.queries.across import workflow_places
from runs.operations.counting import count_due_runs
from runs.operations.rebuilding import rebuild_tallies
from runs.operations.weeks import open_week
from runs.queries.populations import WEEK, monday_of

FEW = 10_000
MANY = 1_000_000
TIMES = 7
WEEKS = 12
SLUG = "refund-management"
PAGES = {
    "numbers": "/numbers/",
    "numbers of one workflow": f"/numbers/?workflow={SLUG}",
    "cycle time": "/numbers/cycle-time/",
    "adherence": "/numbers/adherence/",
    "cycle time reduction": "/numbers/cycle-time-reduction/",
    "deciding time": "/numbers/deciding-time/",
    "reviewer seconds": "/numbers/reviewer-seconds/",
    "queue age": "/numbers/queue-age/",
    "override": "/numbers/override/",
    "rework": "/numbers/rework/",
    "exceptions": "/numbers/exceptions/",
    "portfolio": "/portfolio/",
    "rows, all runs": "/numbers/cycle-time/rows/?side=over",
    "rows, one in four thousand": "/numbers/adherence/rows/?side=excluded",
    "rows, decided": "/numbers/override/rows/?side=under",
    "rows, overridden": "/numbers/override/rows/?side=over",
    "rows, rework": "/numbers/rework/rows/?side=over",
    "rows, waiting": "/numbers/queue-age/rows/?side=over",
    "rows, asked": "/numbers/asked/rows/?side=over",
    "rows, escalated": "/numbers/escalations-in-time/rows/?side=over",
}


def numbers(bench: Bench, *, many: int = MANY) -> dict[str, Any]:
    """Measure pages, figures over fourteen scopes and rows at 10,000 and a million runs."""
    bench.ask("84.20")
    url = bench.stage.superuser_url
    few_now = min(FEW, many)
    # Over the same months, so that every page is of a hundred times as much.
    make_runs(url, first=1, last=few_now, apart=SECONDS_APART * many / few_now)
    count_crowd(url)
    decide_crowd(url, zone=settings.TIME_ZONE)
    few = _load(bench, weeks_back=1)
    make_runs(url, first=few_now + 1, last=many)
    count_crowd(url)
    decide_crowd(url, zone=settings.TIME_ZONE)
    crowded = _load(bench, weeks_back=2)
    return {
        "runs_few": few_now,
        "runs_many": many,
        "few": few,
        "many": crowded,
        "many_over_few": {
            name: ratio(crowded[name]["p50_ms"], few[name]["p50_ms"]) for name in few
        },
    }


def rebuild(bench: Bench, *, runs: int = FEW) -> dict[str, Any]:
    """Measure counting runs for the first time, and counting everything again."""
    bench.ask("84.20")
    url = bench.stage.superuser_url
    make_runs(url, first=1, last=runs)
    tell_of_crowd(url)
    now = datetime.now(tz=UTC) + timedelta(hours=1)
    before = _memory()
    begun = time.monotonic()
    counted = 0
    while taken := count_due_runs(now=now):
        counted += taken
    first = time.monotonic() - begun
    begun = time.monotonic()
    # The crowd's events were told to no tally: those are what is wrong, once.
    wrong = rebuild_tallies(actor=SYSTEM, now=now)
    again = time.monotonic() - begun
    return {
        "runs": counted,
        "events": counted * 8,
        "counted_per_second": round(counted / first),
        "rebuild_seconds": round(again, 1),
        "rebuild_runs_per_second": round(counted / again),
        "put_right": wrong,
        "wrong_after": rebuild_tallies(actor=SYSTEM, now=now),
        "memory_grown_mib": round((_memory() - before) / MIB, 1),
    }


def _load(bench: Bench, *, weeks_back: int) -> dict[str, Any]:
    actor = bench.company.actor("maya")
    today = datetime.now(tz=UTC).date()
    now = datetime.now(tz=UTC)
    month = Scope(today - timedelta(27), today)
    before = Scope(today - timedelta(55), today - timedelta(28))
    weeks = [
        Scope(today - timedelta(7 * n + 6), today - timedelta(7 * n))
        for n in range(WEEKS)
    ]
    keys = [each.kpi.key for each in RUN_KPIS]
    asked: dict[str, Callable[[], object]] = {
        "figures, one scope": partial(_figures, actor, keys, [month], now),
        "figures, fourteen scopes": partial(
            _figures, actor, keys, [month, before, *weeks], now
        ),
        "behind, all runs": partial(_rows, actor, "cycle-time", Side.OVER, month),
        "behind, rare": partial(_rows, actor, "adherence", Side.EXCLUDED, month),
        "behind, none": partial(_rows, actor, "contained", Side.OVER, month),
        **{name: partial(_get, bench.person, path) for name, path in PAGES.items()},
        "week": partial(_get, bench.person, _open_week(actor, weeks_back)),
    }
    return {
        name: milliseconds(timed(each, times=TIMES, warm=1))
        for name, each in asked.items()
    }


def _open_week(actor: Actor, weeks_back: int) -> str:
    """Open a week that is over and give the address of its page."""
    now = datetime.now(tz=UTC)
    (workflow_id,) = (
        each.id for each in workflow_places(actor=actor) if each.slug == SLUG
    )
    week_id = open_week(
        actor=SYSTEM,
        workflow_id=workflow_id,
        starts_on=monday_of(now) - weeks_back * WEEK,
        now=now,
    )
    return reverse("week", args=[week_id])


def _figures(actor: Actor, keys: list[str], scopes: list[Scope], now: datetime) -> None:
    figures_for(actor=actor, keys=keys, scopes=scopes, now=now)


def _rows(actor: Actor, key: str, side: Side, scope: Scope) -> None:
    rows_for(actor=actor, key=key, scope=scope, side=side, cursor=None)


def _get(person: httpx.Client, path: str) -> httpx.Response:
    answer = person.get(path)
    if answer.status_code != 200:
        raise NotFound(f"GET {path} gave {answer.status_code}")
    return answer


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
