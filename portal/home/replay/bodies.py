"""What a playing agent sends: run events and action requests. Pure; the time is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.home.replay.mapping import MappedTool
from portal.home.replay.memory import Memory, after, resource_of, spoken
from portal.home.replay.recordings import ToolCall

TEXT_LENGTH_MAX = 2000
RESULT_LENGTH_MAX = 1000
DESCRIPTION_LENGTH_MAX = 4000
SUMMARY_LENGTH_MAX = 400
CHANGES_TOLD_MAX = 20


@dataclass
class EventMaker:
    """Numbers the events of one run, so that a repeated sending is no second event."""

    workflow: str
    run: str
    number: int = 0

    def make(self, kind: str, at: datetime, **facts: Any) -> dict[str, Any]:
        """Write one event; what is empty is left out, because it tells nothing."""
        self.number += 1
        told = {name: value for name, value in facts.items() if value not in ("", None)}
        return {
            "id": f"{self.run}:{self.number}",
            "workflow": self.workflow,
            "run": self.run,
            "at": at.isoformat(),
            "kind": kind,
            **told,
        }


def tool_called(
    maker: EventMaker,
    call: ToolCall,
    tool: MappedTool,
    at: datetime,
    *,
    attempt: int = 1,
) -> dict[str, Any]:
    """Tell that a tool was called and what it answered."""
    facts: dict[str, Any] = {
        "tool": call.name,
        "system": tool.system,
        "args": dict(call.args or {}),
        "status": "error" if call.has_failed or call.args is None else "ok",
        "attempt": attempt,
        "result": call.result[:RESULT_LENGTH_MAX],
    }
    if facts["status"] == "error":
        facts["error"] = (
            call.result[:RESULT_LENGTH_MAX] or "The arguments are not JSON."
        )
    return maker.make("tool.called", at, **facts)


def data_read(
    maker: EventMaker, call: ToolCall, tool: MappedTool, fields: list[str], at: datetime
) -> dict[str, Any]:
    """Tell which record was read, by name and fields; never its values."""
    named = resource_of(call.args or {})
    return maker.make(
        "data.read",
        at,
        system=tool.system,
        resource=f"{_type_of(named)} {named[1]}" if named else call.name,
        fields=fields[:50],
    )


def change_made(
    maker: EventMaker, change: Mapping[str, Any], grant: str, at: datetime
) -> dict[str, Any]:
    """Tell one change, with the grant it was made under."""
    return maker.make(
        "change.made",
        at,
        system=change["system"],
        resource=change["resource"],
        field=change["field"],
        before=short(change["before"]),
        after=short(change["after"]),
        grant=grant,
    )


@dataclass(frozen=True)
class Context:
    """What was said before a call, in the words of the recording."""

    customer: str = ""
    agent: str = ""


def action_body(
    *,
    workflow: str,
    run: str,
    call: ToolCall,
    tool: MappedTool,
    memory: Memory,
    context: Context,
) -> dict[str, Any]:
    """Write the request for leave to make one call."""
    args = dict(call.args or {})
    named = resource_of(args)
    before = memory.before(args)
    body: dict[str, Any] = {
        "workflow": workflow,
        "run": run,
        "tool_call_id": call.id[:200],
        "action": {"verb": tool.verb, "system": tool.system, "args": args},
        "title": " ".join(filter(None, (spoken(call.name), named and named[1])))[:300],
        "description": context.customer[:DESCRIPTION_LENGTH_MAX],
        "rationale": context.agent[:DESCRIPTION_LENGTH_MAX],
        "evidence": memory.evidence(),
    }
    if named is not None:
        body["action"]["resource"] = {"type": _type_of(named), "id": named[1][:200]}
    if before:
        body["before"] = before
        would_be = after(before, args)
        if would_be:
            body["after"] = would_be
    return body


def _type_of(named: tuple[str, str] | None) -> str:
    return named[0].removesuffix("_id").replace("_", " ")[:80] if named else ""


def short(value: Any) -> str | None:
    """Write a value for a line that people read."""
    if value is None:
        return None
    text = value if isinstance(value, str) else _json(value)
    return text[:200]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
