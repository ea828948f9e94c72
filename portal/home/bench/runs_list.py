"""What the runs list costs at ten thousand runs and at a million, with each of its filters."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx

from portal.home.bench.acts import Bench
from portal.home.bench.measuring import milliseconds, ratio, timed
from portal.home.bench.run_crowd import make_runs

FEW = 10_000
MANY = 1_000_000
PAGE_LOADS = 7
PERSON = "cfcd2084-95d5-65ef-66e7-dff9f98764da"
_NEXT = re.compile(r'rel="next" href="([^"]+)"')


def runs_list(bench: Bench, *, many: int = MANY) -> dict[str, Any]:
    """Measure the list, its filters and the week at 10,000 and at a million runs."""
    bench.ask("84.20")
    url = bench.stage.superuser_url
    make_runs(url, first=1, last=FEW)
    few = _load(bench.person)
    make_runs(url, first=FEW + 1, last=many)
    crowded = _load(bench.person)
    return {
        "runs_few": FEW,
        "runs_many": many,
        "few": few,
        "many": crowded,
        "many_over_few": {
            name: ratio(crowded[name]["p50_ms"], few[name]["p50_ms"]) for name in few
        },
    }


def pages() -> dict[str, str]:
    """Give the addresses that are measured: what is in every run and what is in few."""
    today = datetime.now(tz=UTC).date()
    last_week = today - timedelta(days=7)
    return {
        "everything": "/runs/?view=all",
        "workflow": "/runs/?workflow=refund-management",
        "agent": "/runs/?agent=refund-agent",
        "state, common": "/runs/?state=COMPLETED",
        "state, none": "/runs/?state=CANCELLED",
        "person": f"/runs/?person={PERSON}",
        "person who approved": f"/runs/?person={PERSON}&role=approved",
        "owner": f"/runs/?person={PERSON}&role=owner",
        "verb": "/runs/?verb=refund",
        "system, common": "/runs/?system=billing",
        "system, rare": "/runs/?system=archive",
        "verb and system that never meet": "/runs/?verb=send&system=archive&state=FAILED",
        "amount, rare": "/runs/?amount_from=499.99&currency=EUR",
        "amount, none": "/runs/?amount_from=10000",
        "on hold": "/runs/?hold=now",
        "held once": "/runs/?hold=was",
        "answers, few": "/runs/?answered_to=3",
        "cannot say who approved": "/runs/?unanswered=approved",
        "unauthorised": "/runs/?only=unauthorised",
        "late": "/runs/?only=amended",
        "words, common": "/runs/?q=lamp+order",
        "words, rare": "/runs/?q=zeppelin",
        "words, none": "/runs/?q=unheardof",
        "words and state": "/runs/?q=chair&state=FAILED&verb=credit",
        "the agent's run id": "/runs/?q=crowd-9999",
        "a week ago": f"/runs/?until={last_week}",
        "week grid": f"/runs/week/?week={last_week}",
        "search everywhere": "/search/?q=zeppelin",
    }


def _load(person: httpx.Client) -> dict[str, Any]:
    found = {
        name: milliseconds(timed(partial(_get, person, path), times=PAGE_LOADS, warm=1))
        for name, path in pages().items()
    }
    deep = "/runs/?verb=refund"
    for _ in range(5):
        deep = _next_of(person, deep)
    found["sixth page of a filter"] = milliseconds(
        timed(partial(_get, person, deep), times=PAGE_LOADS, warm=1)
    )
    return found


def _next_of(person: httpx.Client, path: str) -> str:
    beyond = _NEXT.search(_get(person, path).text)
    if beyond is None:
        raise RuntimeError(f"{path} has no next page")
    return beyond.group(1).replace("&amp;", "&")


def _get(person: httpx.Client, path: str) -> httpx.Response:
    answer = person.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"GET {path} gave {answer.status_code}")
    return answer
