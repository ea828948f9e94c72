"""Code an agent's developer can copy: one question and one report, ready to run.

Made from what the agent may really do, so that the first call gets a real answer.
"""

import json
from dataclasses import dataclass

from portal.home.queries.agents import AgentPage, Served

_RANK = {"allowed": 0, "review": 1, "never": 2}


@dataclass(frozen=True)
class Example:
    """One piece of code, with what it does."""

    title: str
    language: str
    code: str


def examples_for(page: AgentPage, *, base_url: str) -> tuple[Example, ...]:
    """Give code for asking and telling, in curl and Python."""
    workflow = next((each for each in page.served if each.allowances), None)
    asking = _asking(workflow)
    telling = _telling(workflow)
    actions, events = f"{base_url}/api/v1/actions", f"{base_url}/api/v1/events"
    return (
        Example("Ask before it acts", "curl", _curl(actions, asking, is_once=True)),
        Example("Tell what it did", "curl", _curl(events, telling, is_once=False)),
        Example(
            "Ask and tell from Python", "Python", _python(base_url, asking, telling)
        ),
    )


def _asking(workflow: Served | None) -> dict[str, object]:
    row = _first_row(workflow)
    verb, system = (row["verb"], row["system"]) if row else ("refund", "billing")
    action: dict[str, object] = {"verb": verb, "system": system, "args": {}}
    request: dict[str, object] = {
        "workflow": workflow.slug if workflow else "your-workflow",
        "run": "case-7741",
        "action": action,
        "title": f"{str(verb).replace('_', ' ').capitalize()} in {system} for case 7741",
        "confidence": 0.95,
    }
    if row and row.get("amount_max"):
        currency = row.get("currency") or "EUR"
        action["args"] = {
            row.get("amount_field") or "amount": "10.00",
            row.get("currency_field") or "currency": currency,
        }
        request["amount"] = {"value": "10.00", "currency": currency}
    return request


def _telling(workflow: Served | None) -> dict[str, object]:
    row = _first_row(workflow)
    event = {
        "id": "case-7741-1",
        "workflow": workflow.slug if workflow else "your-workflow",
        "run": "case-7741",
        "at": "2026-11-21T09:00:05Z",
        "kind": "data.read",
        "system": row["system"] if row else "orders",
        "resource": "order 1182",
        "fields": ["total", "delivered_at"],
    }
    return {"events": [event]}


def _first_row(workflow: Served | None) -> dict | None:
    if workflow is None:
        return None
    changing = sorted(
        workflow.allowances,
        key=lambda row: (row.get("amount_max") is None, _RANK[row["authority"]]),
    )
    return changing[0] if changing else None


def _curl(address: str, body: dict, *, is_once: bool) -> str:
    lines = [
        f"curl -X POST {address}",
        '  -H "Authorization: Bearer $COUNTERSIGN_KEY"',
        '  -H "Content-Type: application/json"',
    ]
    if is_once:
        lines.append('  -H "Idempotency-Key: case-7741-call-1"')
    lines.append(f"  -d '{json.dumps(body)}'")
    return " \\\n".join(lines)


def _python(base_url: str, asking: dict, telling: dict) -> str:
    return f'''import os
import uuid

import httpx

portal = httpx.Client(
    base_url="{base_url}",
    headers={{"Authorization": f"Bearer {{os.environ['COUNTERSIGN_KEY']}}"}},
    timeout=30,
)

answer = portal.post(
    "/api/v1/actions",
    headers={{"Idempotency-Key": str(uuid.uuid4())}},
    json={_indented(asking)},
).raise_for_status().json()

while answer["status"] in ("in_review", "escalated"):  # a person decides
    answer = portal.get(f"/api/v1/actions/{{answer['id']}}", params={{"wait": 25}}).json()

if answer.get("grant"):
    redeemed = portal.post(
        "/api/v1/grants/redeem",
        headers={{"Idempotency-Key": str(uuid.uuid4())}},
        json={{"token": answer["grant"]["token"], "action_digest": answer["action_digest"]}},
    ).raise_for_status().json()
    # Run exactly redeemed["action"], once, then say what happened:
    portal.post(
        f"/api/v1/actions/{{answer['id']}}/outcome",
        headers={{"Idempotency-Key": str(uuid.uuid4())}},
        json={{"status": "succeeded"}},
    )

portal.post("/api/v1/events", json={_indented(telling)}).raise_for_status()
'''


def _indented(value: dict) -> str:
    text = json.dumps(value, indent=4)
    return text.replace("\n", "\n    ").replace(": true", ": True")
