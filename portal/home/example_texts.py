"""The code to copy, a language each: five pieces that follow each other in one program."""

import json
import textwrap
from typing import Any

type Body = dict[str, Any]
type Pieces = dict[str, str]


def python(base_url: str, asking: Body, event: Body) -> Pieces:
    """Write Python with httpx."""
    return {
        "start": f"""import os
import uuid
from datetime import UTC, datetime

import httpx

portal = httpx.Client(
    base_url={json.dumps(base_url)},
    headers={{"Authorization": f"Bearer {{os.environ['COUNTERSIGN_KEY']}}"}},
    timeout=30,
)


def post(path, body):
    # A new key for each new request; the same key again gives the same answer.
    headers = {{"Idempotency-Key": str(uuid.uuid4())}}
    answer = portal.post(path, json=body, headers=headers)
    if answer.is_error:
        raise RuntimeError(answer.json()["detail"])
    return answer.json()


""",
        "ask": f"""answer = post("/api/v1/actions", {_in_python(asking)})
print(answer["status"], [reason["text"] for reason in answer["ruling"]["reasons"]])
""",
        "wait": """while answer["status"] in ("in_review", "escalated"):
    told = portal.get(f"/api/v1/actions/{answer['id']}", params={"wait": 25})
    answer = told.raise_for_status().json()
""",
        "redeem": """redeemed = None
if answer.get("grant"):
    redeemed = post(
        "/api/v1/grants/redeem",
        {
            "token": answer["grant"]["token"],
            "action_digest": answer["action_digest"],
        },
    )
    # Now run exactly redeemed["action"], once.
""",
        "outcome": """if redeemed:
    post(f"/api/v1/actions/{answer['id']}/outcome", {"status": "succeeded"})
""",
        "events": f"""event = {_in_python(event)}
event["at"] = datetime.now(UTC).isoformat()
accepted = portal.post("/api/v1/events", json={{"events": [event]}})
print(accepted.raise_for_status().json())
""",
    }


def curl(base_url: str, asking: Body, event: Body) -> Pieces:
    """Write shell commands; what one answers is put into variables for the next."""
    api = f"{base_url}/api/v1"
    stamped = _in_shell({**event, "at": "NOW"}).replace('"NOW"', '"\'"$NOW"\'"')
    return {
        "start": "# Before: export COUNTERSIGN_KEY=cs_…\n",
        "ask": _posted(f"{api}/actions", "ask", f"'{_in_shell(asking)}'")
        + "# Keep for the next calls: ACTION_ID is its id, ACTION_DIGEST its\n"
        "# action_digest, GRANT_TOKEN the token of its grant, if there is one.\n",
        "wait": f'curl -sS "{api}/actions/$ACTION_ID?wait=25" \\\n'
        '  -H "Authorization: Bearer $COUNTERSIGN_KEY"\n',
        "redeem": _posted(
            f"{api}/grants/redeem",
            "redeem",
            '"{\\"token\\": \\"$GRANT_TOKEN\\", \\"action_digest\\": \\"$ACTION_DIGEST\\"}"',
        ),
        "outcome": _posted(
            f'"{api}/actions/$ACTION_ID/outcome"',
            "outcome",
            '\'{"status": "succeeded"}\'',
        ),
        "events": "NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ)\n"
        + _posted(f"{api}/events", "", '\'{"events": [' + stamped + "]}'"),
    }


def typescript(base_url: str, asking: Body, event: Body) -> Pieces:
    """Write TypeScript for Node 20 or newer, with nothing to install."""
    return {
        "start": f"""const portal = {json.dumps(base_url)};
const key = process.env.COUNTERSIGN_KEY;

const call = async (method = "GET", path = "", body = {{}}) => {{
  const answer = await fetch(portal + path, {{
    method,
    headers: {{
      Authorization: `Bearer ${{key}}`,
      "Content-Type": "application/json",
      // A new key for each new request; the same key again gives the same answer.
      "Idempotency-Key": crypto.randomUUID(),
    }},
    body: method === "GET" ? undefined : JSON.stringify(body),
  }});
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told;
}};

""",
        "ask": f"""let answer = await call("POST", "/api/v1/actions", {_in_json(asking)});
console.log(answer.status, answer.ruling.reasons);
""",
        "wait": """while (["in_review", "escalated"].includes(answer.status)) {
  answer = await call("GET", `/api/v1/actions/${answer.id}?wait=25`);
}
""",
        "redeem": """const redeemed = answer.grant
  ? await call("POST", "/api/v1/grants/redeem", {
      token: answer.grant.token,
      action_digest: answer.action_digest,
    })
  : null;
// Now run exactly redeemed.action, once.
""",
        "outcome": """if (redeemed) {
  await call("POST", `/api/v1/actions/${answer.id}/outcome`, { status: "succeeded" });
}
""",
        "events": f"""const event = {{
  ...{textwrap.indent(_in_json(event), "  ").lstrip()},
  at: new Date().toISOString(),
}};
console.log(await call("POST", "/api/v1/events", {{ events: [event] }}));
""",
    }


def _posted(address: str, step: str, data: str) -> str:
    lines = [
        f"curl -sS -X POST {address}",
        '  -H "Authorization: Bearer $COUNTERSIGN_KEY"',
        '  -H "Content-Type: application/json"',
    ]
    if step:
        lines.append(f'  -H "Idempotency-Key: case-7741-{step}-1"')
    return " \\\n".join([*lines, f"  -d {data}"]) + "\n"


def _in_python(value: Body) -> str:
    text = json.dumps(value, indent=4, ensure_ascii=False)
    for word, ours in (("true", "True"), ("false", "False"), ("null", "None")):
        text = text.replace(f": {word}", f": {ours}")
    return text


def _in_json(value: Body) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _in_shell(value: Body) -> str:
    return json.dumps(value, ensure_ascii=False).replace("'", "'\\''")
