"""What is measured, and against what: each act gives one part of the report."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.agents import issue_key
from portal.accounts.operations.sessions import change_password
from portal.home.bench.crowd import EVENTS_ONE_IN, OPEN_ONE_IN, make_crowd
from portal.home.bench.importing import import_rows
from portal.home.bench.matrix import matrix_save
from portal.home.bench.measuring import (
    MemoryWatch,
    memory_of,
    milliseconds,
    ratio,
    rush,
    timed,
    together,
)
from portal.home.bench.stage import Stage
from portal.home.demo import workflows
from portal.home.demo.company import PASSWORD, Company, found_company

RULINGS = 200
AT_ONCE = 8
AGENTS = 16
COMMITS = 300
BATCHES = 20
BATCH_SIZE = 1_000
FOLDING_SECONDS_MAX = 120
PROPOSALS_FEW = 100
PROPOSALS_MANY = 100_000
PAGE_LOADS = 40
ASKED_AGAIN_MAX = 20
COME_BACK_SECONDS = 0.1
SLUG = "refund-management"
REST_SECONDS = 2
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Bench:
    """A stage with a company on it and an agent that has a key."""

    stage: Stage
    company: Company
    agent: httpx.Client
    person: httpx.Client
    told_to_come_back: int = 0
    reviewed: list[dict[str, str]] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)

    @classmethod
    def on(cls, stage: Stage) -> "Bench":
        """Found the company and put its refund workflow live, through the operations."""
        now = datetime.now(tz=UTC)
        company = found_company(now=now - timedelta(days=2))
        plan = workflows.PLANS[0]
        workflow_id = workflows.register(company, plan, now=now - timedelta(days=1))
        workflows.go_live(company, plan, workflow_id, now=now - timedelta(hours=12))
        key = issue_key(actor=SYSTEM, agent=company.agents["refunds"], now=now)
        dana = company.people["dana"]
        change_password(actor=company.actor("dana"), person=dana, password=PASSWORD)
        agent = httpx.Client(
            base_url=stage.url,
            headers={"Authorization": f"Bearer {key.text}"},
            timeout=60,
            trust_env=False,
        )
        return cls(stage, company, agent, signed_in(stage.url, dana.email))

    def ask(self, amount: str, *, run: str = "") -> dict[str, Any]:
        """Ask for one refund over HTTP; anything but 201 ends the benchmark."""
        body = {
            "workflow": SLUG,
            "run": run or f"bench-{uuid4()}",
            "action": {
                "verb": "refund",
                "system": "billing",
                "resource": {"type": "order", "id": "1182"},
                "args": {
                    "amount": amount,
                    "currency": "EUR",
                    "recipient": "a@b.example",
                },
            },
            "title": f"Refund EUR {amount} for order 1182",
            "evidence": [
                {"label": "Order 1182", "source": "orders", "excerpt": "1 × lamp"}
            ],
            "before": {"refunded": "0.00"},
            "after": {"refunded": amount},
            "confidence": 0.95,
        }
        headers = {"Idempotency-Key": str(uuid4())}
        for _ in range(ASKED_AGAIN_MAX):
            answer = self.agent.post("/api/v1/actions", json=body, headers=headers)
            if answer.status_code == 201:
                told: dict[str, Any] = answer.json()
                self._keep(told)
                return told
            if answer.status_code != 503:
                break
            self.told_to_come_back += 1
            time.sleep(COME_BACK_SECONDS)
        raise RuntimeError(f"asking gave {answer.status_code}: {answer.text[:300]}")

    def _keep(self, told: dict[str, Any]) -> None:
        """Remember what waits in the inbox, so that its pages can be opened."""
        if told["proposal"]:
            ids = {"proposal": told["proposal"]["id"], "run": told["run"]["id"]}
            self.reviewed.append(ids)

    def close(self) -> None:
        self.agent.close()
        self.person.close()


def rulings(bench: Bench, *, times: int = RULINGS) -> dict[str, Any]:
    """Measure a ruling over HTTP against one durable commit on the same database."""
    commit = milliseconds(commits(bench.stage))
    allowed = milliseconds(timed(lambda: bench.ask("0.05"), times=times))
    reviewed = milliseconds(timed(lambda: bench.ask("84.20"), times=times // 2))
    in_one_run = milliseconds(
        timed(lambda: bench.ask("0.05", run="bench-one-run"), times=times // 4)
    )
    at_once = {}
    for agents in (AT_ONCE, AGENTS):
        bench.told_to_come_back = 0
        busy = rush(lambda _: bench.ask("0.05"), times=times, at_once=agents)
        at_once[f"{agents}_agents"] = {
            **milliseconds(busy.seconds),
            "a_second": round(busy.a_second, 1),
            "told_to_come_back": bench.told_to_come_back,
            "over_commit": ratio(
                milliseconds(busy.seconds)["p50_ms"], commit["p50_ms"]
            ),
        }
    return {
        "durable_commit": commit,
        "ruling_allowed": allowed,
        "ruling_reviewed": reviewed,
        "ruling_in_one_growing_run": in_one_run,
        "at_once": at_once,
        "ruling_over_commit": ratio(allowed["p50_ms"], commit["p50_ms"]),
    }


def commits(stage: Stage) -> list[float]:
    """Time small commits that are durable, one after another, on the same database."""
    with psycopg.connect(stage.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_commit (body text)")
        body = "x" * 500
        return timed(
            lambda: connection.execute("INSERT INTO bench_commit VALUES (%s)", [body]),
            times=COMMITS,
        )


def events(bench: Bench) -> dict[str, Any]:
    """Measure events accepted and folded a second against a raw COPY of as many rows."""
    count = BATCHES * BATCH_SIZE
    bodies = [_batch(number) for number in range(BATCHES)]
    bench.batches.clear()
    began = time.perf_counter()
    together(lambda number: _send(bench, bodies[number]), times=BATCHES, at_once=2)
    accepted = time.perf_counter() - began
    while any(_is_pending(bench, batch) for batch in list(bench.batches)):
        if time.perf_counter() - began > FOLDING_SECONDS_MAX:
            raise RuntimeError("the worker did not fold the events in time")
        time.sleep(0.2)
    folded = time.perf_counter() - began
    copied = _copy(bench.stage)
    return {
        "events": count,
        "batch": BATCH_SIZE,
        "accepted_a_second": round(count / accepted),
        "folded_a_second": round(count / folded),
        "raw_copy_a_second": round(count / copied),
        "copy_over_accepted": ratio(accepted, copied),
        "copy_over_folded": ratio(folded, copied),
    }


def _batch(number: int) -> bytes:
    now = datetime.now(tz=UTC)
    told = []
    for place in range(BATCH_SIZE):
        kind: dict[str, Any] = {
            "kind": "data.read",
            "system": "orders",
            "resource": f"order {place}",
            "fields": ["items", "total"],
        }
        if place % 2:
            kind = {
                "kind": "tool.called",
                "tool": "get_order",
                "system": "orders",
                "args": {"order": str(place)},
                "status": "ok",
                "result": {"total": "84.20"},
            }
        told.append(
            {
                "id": f"b{number}-{place}",
                "workflow": SLUG,
                "run": f"told-{number}-{place // 40}",
                "at": (now + timedelta(milliseconds=place)).isoformat(),
                **kind,
            }
        )
    return json.dumps({"events": told}).encode()


def _send(bench: Bench, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = bench.agent.post("/api/v1/events", content=body, headers=headers)
    if answer.status_code != 202:
        raise RuntimeError(f"telling gave {answer.status_code}: {answer.text[:300]}")
    bench.batches.append(answer.json()["batch"])


def _is_pending(bench: Bench, batch: str) -> bool:
    """Ask how a batch stands; one that is folded is not asked about again."""
    told = bench.agent.get(f"/api/v1/events/batches/{batch}").json()
    if told["status"] == "pending":
        return True
    bench.batches.remove(batch)
    return False


def _copy(stage: Stage) -> float:
    """Copy the same rows into a table of the same columns, and time until committed."""
    with psycopg.connect(stage.superuser_url) as connection:
        connection.execute(
            "CREATE TABLE bench_copy (LIKE runs_runevent INCLUDING DEFAULTS)"
        )
        connection.commit()
        rows = connection.execute(
            "SELECT e.* FROM runs_runevent e WHERE source_event_id LIKE 'b%%' LIMIT %s",
            [BATCHES * BATCH_SIZE],
        ).fetchall()
        plain = [
            tuple(json.dumps(part) if isinstance(part, dict) else part for part in row)
            for row in rows
        ]
        began = time.perf_counter()
        with connection.cursor().copy("COPY bench_copy FROM STDIN") as copy:
            for row in plain:
                copy.write_row(row)
        connection.commit()
        return time.perf_counter() - began


def pages(bench: Bench) -> dict[str, Any]:
    """Measure the inbox, a card and a run page with few and with many proposals."""
    while len(bench.reviewed) < PROPOSALS_FEW:
        bench.ask("84.20")
    have = len(bench.reviewed)
    few = _load_pages(bench)
    make_crowd(bench.stage.superuser_url, count=PROPOSALS_MANY)
    many = _load_pages(bench)
    return {
        "proposals_few": have,
        "proposals_many": have + PROPOSALS_MANY,
        "open_one_in": OPEN_ONE_IN,
        "runs_with_events_one_in": EVENTS_ONE_IN,
        "few": few,
        "many": many,
        "many_over_few": {
            name: ratio(many[name]["p50_ms"], few[name]["p50_ms"]) for name in few
        },
    }


def _load_pages(bench: Bench) -> dict[str, Any]:
    opened = bench.reviewed[0]
    addresses = {
        "inbox": "/inbox/",
        "card": f"/inbox/{opened['proposal']}/",
        "runs": "/runs/",
        "run": f"/runs/{opened['run']}/",
    }
    return {
        name: milliseconds(timed(partial(_get, bench, path), times=PAGE_LOADS))
        for name, path in addresses.items()
    }


def _get(bench: Bench, path: str) -> None:
    answer = bench.person.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"GET {path} gave {answer.status_code}")


def memory(bench: Bench) -> dict[str, Any]:
    """Measure the memory of each process at rest, and the most of it under load."""
    bench.ask("84.20")
    time.sleep(REST_SECONDS)
    at_rest = memory_of(bench.stage.processes)
    with MemoryWatch(bench.stage.processes) as watch:
        together(lambda _: bench.ask("0.05"), times=RULINGS, at_once=AT_ONCE)
        bodies = [_batch(900 + number) for number in range(5)]
        together(lambda number: _send(bench, bodies[number]), times=5, at_once=2)
        _load_pages(bench)
    return {"at_rest": at_rest, "under_load": watch.largest}


ACTS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "memory": memory,
    "rulings": rulings,
    "events": events,
    "pages": pages,
    "matrix_save": matrix_save,
    "import_rows": import_rows,
}


def signed_in(url: str, email: str) -> httpx.Client:
    person = httpx.Client(base_url=url, timeout=60, trust_env=False)
    token = _CSRF.search(person.get("/login/").text)
    if token is None:
        raise RuntimeError("the sign-in page has no form")
    form = {"csrfmiddlewaretoken": token[1], "username": email, "password": PASSWORD}
    answer = person.post("/login/", data=form, headers={"Referer": f"{url}/login/"})
    if answer.status_code != 302:
        raise RuntimeError(f"signing in gave {answer.status_code}")
    return person
