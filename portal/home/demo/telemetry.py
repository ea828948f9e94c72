"""What the voice agent sends by OpenTelemetry: a call told in two parts, and a stray one.

The first half of the call says no more than its trace; its root names the conversation, so
the two become one run. It used a tool that no rule maps. The stray one names a workflow that
nobody knows, and waits for a place.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from portal.home.demo.company import Company
from portal.home.demo.workflows import principal_of
from runs.operations.accepting import accept_spans
from runs.operations.folding import fold_batch
from runs.operations.reading_spans import OTLP, read_spans

JSON = "application/json"
CALL, STRAY = "6f1c0a5e7d2b4c3f9a8e1d0b5c4f3a2e", "0d9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a"


def send_traces(company: Company, *, now: datetime) -> None:
    """Send three exports and fold them, as the worker does."""
    began = now - timedelta(minutes=95)
    tool = _span(
        2,
        "execute_tool summarise_call",
        began + timedelta(seconds=4),
        parent=1,
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "summarise_call",
            "gen_ai.tool.call.arguments": '{"call": "4711"}',
            "gen_ai.tool.call.result": "The caller asks when the lamp arrives.",
        },
    )
    root = _span(
        1,
        "invoke_agent voice-agent",
        began,
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "Voice agent",
            "gen_ai.conversation.id": "call-4711",
            "gen_ai.input.messages": _said("user", "When does my lamp arrive?"),
            "gen_ai.output.messages": _said("assistant", "Tomorrow before noon."),
        },
    )
    stray = _span(
        1,
        "invoke_agent voice-agent",
        began + timedelta(minutes=20),
        trace=STRAY,
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "countersign.workflow": "voice-desk-test",
        },
    )
    sent = began + timedelta(seconds=15)
    for span in (tool, root):
        _send(company, span, now=sent)
    _send(company, stray, now=sent + timedelta(minutes=20))


def _send(company: Company, span: dict[str, Any], *, now: datetime) -> None:
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    raw = json.dumps(document).encode()
    batch_id = accept_spans(
        principal=principal_of(company.agents["voice"]),
        raw=raw,
        form=OTLP,
        content_type=JSON,
        read=read_spans(raw, form=OTLP, content_type=JSON, now=now),
        now=now,
    )
    fold_batch(batch_id=batch_id, now=now)


def _said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def _span(
    number: int,
    name: str,
    began: datetime,
    *,
    attributes: Mapping[str, str],
    parent: int = 0,
    trace: str = CALL,
) -> dict[str, Any]:
    start = int(began.timestamp() * 1000) * 10**6
    return {
        "traceId": trace,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + (9 if parent == 0 else 2) * 10**9),
        "attributes": [
            {"key": key, "value": {"stringValue": value}}
            for key, value in attributes.items()
        ],
    }
