"""What a hundred thousand open proposals cost the inbox, against a hundred; and a batch of 500.

The many are copies inserted by SQL as the superuser, without triggers, all open and all
waiting for one reviewer. The batch is asked, opened and decided for real.
"""

import re
import time
from functools import partial
from typing import Any

import httpx

from portal.home.bench.acts import Bench
from portal.home.bench.crowd import make_crowd
from portal.home.bench.measuring import milliseconds, ratio, timed

FEW = 100
MANY = 100_000
BATCH = 500
PAGE_LOADS = 20
PAGES = {
    "needs_me": "/inbox/?tab=mine",
    "my_team": "/inbox/?tab=team",
    "unassigned": "/inbox/?tab=free",
    "mine": "/inbox/?tab=taken",
    "decided": "/inbox/?tab=decided",
    "filter_rare": "/inbox/?tab=team&amount_min=1000000",
    "filter_words": "/inbox/?tab=mine&q=zeppelin",
    "count": "/inbox/count/",
}
_ITEM = re.compile(r'name="item" value="([^"]+)"')
_LIKE = re.compile(r'name="like" value="([^"]+)"')
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_LIVE = re.compile(r'hx-get="(/inbox/live/[^"]*mark=[^"]*)"')


def inbox(bench: Bench, *, many: int = MANY) -> dict[str, Any]:
    """Measure the inbox at 100 and at 100,000 open proposals, and a batch of 500."""
    for _ in range(FEW):
        bench.ask("84.20")
    few = _load(bench)
    for _ in range(BATCH - FEW):
        bench.ask("84.20")
    decided = _decide_batch(bench)
    bench.ask("84.20")
    make_crowd(bench.stage.superuser_url, count=many, open_one_in=1)
    crowded = _load(bench)
    return {
        "open_few": FEW,
        "open_many": many,
        "few": few,
        "many": crowded,
        "many_over_few": {
            name: ratio(crowded[name]["p50_ms"], few[name]["p50_ms"]) for name in few
        },
        "batch": decided,
    }


def _load(bench: Bench) -> dict[str, Any]:
    page = _get(bench.person, PAGES["needs_me"]).text
    found = _LIVE.search(page)
    pages = PAGES | {"live": found.group(1).replace("&amp;", "&") if found else "/"}
    return {
        name: milliseconds(timed(partial(_get, bench.person, path), times=PAGE_LOADS))
        for name, path in pages.items()
    }


def _decide_batch(bench: Bench) -> dict[str, Any]:
    """Reject five hundred like proposals with one word; each its own transaction."""
    person = bench.person
    first = bench.reviewed[-1]["proposal"]
    began = time.perf_counter()
    page = _get(person, f"/inbox/batch/?like={first}").text
    shown = time.perf_counter()
    items, like, token = _ITEM.findall(page), _LIKE.search(page), _CSRF.search(page)
    if not items or not like or not token:
        raise RuntimeError("the page of the batch shows no items")
    form: dict[str, Any] = {
        "csrfmiddlewaretoken": token.group(1),
        "like": like.group(1),
        "item": items,
        "verdict": "REJECT",
        "reason_code": "duplicate",
    }
    answer = person.post("/inbox/batch/decide/", data=form, follow_redirects=True)
    first_chunk = time.perf_counter()
    address = str(answer.url)
    while "/go/" in answer.text:
        answer = person.post(
            f"{address.split('?')[0]}go/",
            data={"csrfmiddlewaretoken": token.group(1)},
            follow_redirects=True,
        )
    ended = time.perf_counter()
    return {
        "items": len(items),
        "page_seconds": round(shown - began, 3),
        "first_answer_seconds": round(first_chunk - shown, 3),
        "whole_seconds": round(ended - shown, 3),
        "decided_a_second": ratio(len(items), ended - shown),
    }


def _get(client: httpx.Client, path: str) -> httpx.Response:
    headers = {"HX-Request": "true"} if path.startswith("/inbox/live") else {}
    answer = client.get(path, headers=headers)
    if answer.status_code not in (200, 204):
        raise RuntimeError(f"GET {path} gave {answer.status_code}")
    return answer
