"""The first screen of a run of fifty events against one of five thousand."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from portal.home.bench.acts import SLUG, Bench
from portal.home.bench.measuring import milliseconds, ratio, timed

FEW = 50
MANY = 5_000
BATCH = 1_000
LOADS = 40
FOLDING_SECONDS_MAX = 120
_FOUND = "SELECT id, event_count FROM runs_run WHERE agent_run_id = %s"


def run_page(bench: Bench, *, many: int = MANY) -> dict[str, Any]:
    """Measure the run page, its next part and its whole text, in a short and a long run."""
    few = _measured(bench, "bench-short", FEW)
    more = _measured(bench, "bench-long", many)
    pages = ("page", "part", "text")
    return {
        "few": few,
        "many": more,
        "many_over_few": {
            page: ratio(more[page]["p50_ms"], few[page]["p50_ms"])
            for page in pages
            if page in few and page in more
        },
    }


def _measured(bench: Bench, run: str, count: int) -> dict[str, Any]:
    run_id = _tell(bench, run, count)
    address = f"/runs/{run_id}/"
    first = bench.person.get(address)
    found: dict[str, Any] = {
        "events": count,
        "page_bytes": len(first.content),
        "page": milliseconds(timed(partial(_get, bench, address), times=LOADS)),
        "text": milliseconds(
            timed(partial(_get, bench, f"/runs/{run_id}.md"), times=10, warm=1)
        ),
    }
    _, is_long, rest = first.text.partition('rel="next" href="')
    if is_long:
        after = rest.split('"')[0].replace("&amp;", "&")
        found["part"] = milliseconds(timed(partial(_get, bench, after), times=LOADS))
    return found


def _tell(bench: Bench, run: str, count: int) -> str:
    """Tell a run of so many events over HTTP, wait until it is folded, and give its id."""
    began, kinds = datetime.now(tz=UTC) - timedelta(hours=3), _kinds()
    for start in range(0, count, BATCH):
        told = [
            {
                "id": f"{run}-{place}",
                "workflow": SLUG,
                "run": run,
                "at": (began + timedelta(seconds=place)).isoformat(),
                **kinds[place % len(kinds)](place),
            }
            for place in range(start, min(count, start + BATCH))
        ]
        answer = bench.agent.post("/api/v1/events", json={"events": told})
        if answer.status_code != 202:
            raise RuntimeError(
                f"telling gave {answer.status_code}: {answer.text[:300]}"
            )
    return _run_id(bench, run, count)


def _run_id(bench: Bench, run: str, count: int) -> str:
    ends = time.monotonic() + FOLDING_SECONDS_MAX
    with psycopg.connect(bench.stage.database_url, autocommit=True) as database:
        while time.monotonic() < ends:
            found = database.execute(_FOUND, [run]).fetchone()
            if found and found[1] >= count:
                return str(found[0])
            time.sleep(0.3)
    raise RuntimeError("the worker did not fold the events in time")


def _kinds() -> list[Any]:
    """Give what an agent tells, by turns: half of it is plumbing, as in real traces."""
    return [
        lambda n: {"kind": "note", "text": f"Looked into part {n} of the case."},
        lambda n: {"kind": "model.called", "model": "gpt-5", "input_tokens": 900 + n},
        lambda n: {
            "kind": "tool.called", "tool": f"check_{n % 7}", "args": {"n": n}, "status": "ok",
            "result": {"told": "x" * 400},
        },
        lambda n: {"kind": "model.called", "model": "gpt-5", "output_tokens": 80},
    ]  # fmt: skip


def _get(bench: Bench, path: str) -> None:
    answer = bench.person.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"GET {path} gave {answer.status_code}")
