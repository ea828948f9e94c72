"""Small exports of spans for tests, and the real ones that lie beside the project."""

import json
from pathlib import Path

import pytest

BATCHES = Path(__file__).resolve().parents[3] / "shared" / "data" / "exporter-batches"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SECOND = 10**9
# 16 November 2026, nine o'clock.
BEGAN = 1_794_819_600 * SECOND


def batch_file(name: str) -> bytes:
    """Give a recorded export of a real framework; the test is skipped where it is absent."""
    path = BATCHES / name
    if not path.exists():
        pytest.skip(f"the recorded export {name} is not beside the project")
    return path.read_bytes()


def span(number=1, *, trace=TRACE, parent=None, name="a span", at=0, took=1, **more):
    """One span as OTLP's JSON has it. Attributes are given as `attributes={}`."""
    attributes = more.pop("attributes", {})
    return {
        "traceId": trace,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(BEGAN + int(at * SECOND)),
        "endTimeUnixNano": str(BEGAN + int((at + took) * SECOND)),
        "attributes": [
            {"key": key, "value": any_value(value)} for key, value in attributes.items()
        ],
        **more,
    }


def any_value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"stringValue": json.dumps(value)}


def export(*spans, resource=None) -> bytes:
    """An export of spans as OTLP's JSON."""
    attributes = [
        {"key": key, "value": any_value(value)}
        for key, value in (resource or {}).items()
    ]
    document = {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes},
                "scopeSpans": [{"scope": {"name": "tests"}, "spans": list(spans)}],
            }
        ]
    }
    return json.dumps(document).encode()


def tool(number=2, *, name="lookup_order", result="order 12", **more):
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.arguments": {"order_id": "12"},
    }
    if result is not None:
        attributes["gen_ai.tool.call.result"] = result
    more.setdefault("parent", 1)
    return span(number, name=f"execute_tool {name}", attributes=attributes, **more)


def root(number=1, *, asked="Where is order 12?", said="It is late.", **more):
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "Refund agent",
        "gen_ai.input.messages": [
            {"role": "user", "parts": [{"type": "text", "content": asked}]}
        ],
        "gen_ai.output.messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": said}]}
        ],
    }
    more.setdefault("took", 10)
    return span(number, name="invoke_agent", attributes=attributes, **more)
