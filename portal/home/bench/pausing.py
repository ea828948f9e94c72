"""Pausing under sixteen busy agents: how long it takes, and whether anything slips past.

Late is told by the journal, not by clocks: entries of a workflow's stream are chained
under its locked head, so their order is the order of commits. A grant issued or redeemed
between a pause and its resume was let through by a transaction that committed too late.
"""

import re
import threading
import time
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.agents import issue_key
from portal.accounts.operations.sessions import change_password
from portal.core.clock import wall_clock
from portal.home.bench.acts import SLUG, Bench, signed_in
from portal.home.bench.measuring import milliseconds
from portal.home.demo.company import PASSWORD
from registry.operations.pausing import pause_workflow
from registry.queries.workflows import workflow_named

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
AGENTS = 16
_COUNTED = ("asked", "redeemed", "come_back", "too_many")
PAUSES = 12
BUSY_SECONDS = 0.6
_LATE = """
WITH stream AS (
    SELECT e.sequence, e.name FROM audit_entry e
      JOIN registry_workflow w ON w.id = e.workflow_id
     WHERE w.slug = %s AND e.name IN
       ('workflow.paused', 'workflow.resumed', 'grant.issued', 'grant.redeemed')
), told AS (
    SELECT name, (SELECT s.name FROM stream s
                   WHERE s.sequence < stream.sequence
                     AND s.name IN ('workflow.paused', 'workflow.resumed')
                   ORDER BY s.sequence DESC LIMIT 1) AS last_switch
      FROM stream WHERE name LIKE 'grant.%%'
)
SELECT name, count(*), count(*) FILTER (WHERE last_switch = 'workflow.paused')
  FROM told GROUP BY name
"""


def pause_under_load(bench: Bench) -> dict[str, Any]:
    """Pause and resume again and again over HTTP while sixteen agents ask and redeem."""
    maya = bench.company.people["maya"]
    change_password(actor=bench.company.actor("maya"), person=maya, password=PASSWORD)
    owner = signed_in(bench.stage.url, maya.email)
    token = _CSRF.search(owner.get(f"/workflows/{SLUG}/pause/").text)
    if token is None:
        raise RuntimeError("the page to pause has no form")
    owner.headers["X-CSRFToken"] = token[1]
    stop, counts = threading.Event(), dict.fromkeys(_COUNTED, 0)
    key = issue_key(
        actor=SYSTEM, agent=bench.company.agents["refunds"], now=wall_clock()
    )
    threads = [
        threading.Thread(target=_work, args=(bench.stage.url, key.text, stop, counts))
        for _ in range(AGENTS)
    ]
    for thread in threads:
        thread.start()
    seconds: list[float] = []
    operation: list[float] = []
    nothing: list[float] = []
    workflow = workflow_named(SLUG)
    if workflow is None:
        raise RuntimeError("the company has no such workflow")
    workflow_id = workflow.id
    asked_again = 0
    try:
        for _ in range(PAUSES):
            time.sleep(BUSY_SECONDS)
            began = time.perf_counter()
            owner.get("/healthz").raise_for_status()
            nothing.append(time.perf_counter() - began)
            began = time.perf_counter()
            asked_again += _switch(owner, "pause", "Odd refunds.")
            seconds.append(time.perf_counter() - began)
            time.sleep(BUSY_SECONDS / 2)
            _switch(owner, "resume", "They were right.")
            time.sleep(BUSY_SECONDS / 2)
            began = time.perf_counter()
            _pause_here(bench, workflow_id)
            operation.append(time.perf_counter() - began)
            _switch(owner, "resume", "They were right.")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        owner.close()
    return {
        "agents": AGENTS,
        "pause_over_http": _quantiles(seconds) | {"asked_again": asked_again},
        "pause_operation": _quantiles(operation),
        "asking_for_nothing_over_http": _quantiles(nothing),
        "load": counts,
        **_late(bench.stage.superuser_url),
    }


def _quantiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_ms": milliseconds(seconds)["p50_ms"],
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 2),
        "max_ms": round(ordered[-1] * 1000, 2),
        "count": len(seconds),
    }


def _pause_here(bench: Bench, workflow_id: UUID) -> None:
    """Pause without the web server: the locks, the writes and the commit alone."""
    pause_workflow(
        actor=bench.company.actor("maya"),
        workflow_id=workflow_id,
        reason="Odd refunds.",
        now=wall_clock(),
    )


def _late(address: str) -> dict[str, Any]:
    with psycopg.connect(address) as connection:
        rows = connection.execute(_LATE, [SLUG]).fetchall()
    told = {name: (count, late) for name, count, late in rows}
    issued = told.get("grant.issued", (0, 0))
    redeemed = told.get("grant.redeemed", (0, 0))
    return {
        "grants_issued": issued[0],
        "grants_redeemed": redeemed[0],
        "issued_after_a_pause": issued[1],
        "redeemed_after_a_pause": redeemed[1],
    }


def _switch(owner: httpx.Client, what: str, reason: str) -> int:
    """Post the form of a pause or a resume; says how often it had to be asked again."""
    path = f"/workflows/{SLUG}/{what}/"
    form = {"csrfmiddlewaretoken": owner.headers["X-CSRFToken"], "reason": reason}
    for again in range(5):
        answer = owner.post(
            path, data=form, headers={"Referer": f"{owner.base_url}{path}"}
        )
        if answer.status_code == 302:
            return again
        if answer.status_code != 503:
            break
    raise RuntimeError(f"{what} gave {answer.status_code}: {answer.text[:300]}")


def _work(url: str, key: str, stop: threading.Event, counts: dict[str, int]) -> None:
    """Ask for small refunds and redeem what is granted, until told to stop."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(
        base_url=url, headers=headers, timeout=60, trust_env=False
    ) as agent:
        while not stop.is_set():
            answer = agent.post(
                "/api/v1/actions",
                json=_refund(),
                headers={"Idempotency-Key": str(uuid4())},
            )
            if answer.status_code != 201:
                what = "too_many" if answer.status_code == 429 else "come_back"
                counts[what] += 1
                time.sleep(0.05)
                continue
            counts["asked"] += 1
            told = answer.json()
            if not told["grant"]:
                continue
            used = agent.post(
                "/api/v1/grants/redeem",
                json={
                    "token": told["grant"]["token"],
                    "action_digest": told["action_digest"],
                },
                headers={"Idempotency-Key": str(uuid4())},
            )
            counts["redeemed"] += used.status_code == 200


def _refund() -> dict[str, Any]:
    return {
        "workflow": SLUG,
        "run": f"bench-{uuid4()}",
        "action": {
            "verb": "refund",
            "system": "billing",
            "resource": {"type": "order", "id": "1182"},
            "args": {"amount": "0.01", "currency": "EUR", "recipient": "a@b.example"},
        },
        "title": "Refund EUR 0.01 for order 1182",
        "evidence": [
            {"label": "Order 1182", "source": "orders", "excerpt": "1 × lamp"}
        ],
        "confidence": 0.95,
    }
