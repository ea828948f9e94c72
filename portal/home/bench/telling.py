"""What agents send in the ingest benchmark: the same runs as our own events and as OTLP.

Every body is built before a clock starts. A run is told by forty events, or by twelve
spans of about 600 bytes as an instrumented agent sends them.
"""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    Status,
)

SLUG = "refund-management"
EVENTS_A_RUN = 40
SPANS_A_RUN = 12
SPANS_A_BATCH = 500
_WORDS = [
    "customer",
    "order",
    "refund",
    "policy",
    "ticket",
    "amount",
    "approval",
    "confidence",
    "threshold",
    "window",
    "invoice",
    "account",
    "field",
    "update",
    "evidence",
    "source",
    "reviewer",
    "owner",
    "record",
    "change",
]


def batch_of(name: str, *, runs: int, events: int = EVENTS_A_RUN) -> bytes:
    """Give one batch of our own events: so many runs of so many events each."""
    now = datetime.now(tz=UTC)
    told = [
        _event(f"{name}-{run}", place, now + timedelta(milliseconds=place))
        for run in range(runs)
        for place in range(events)
    ]
    return json.dumps({"events": told}).encode()


def failing(name: str) -> bytes:
    """Give the one event on which a stop rule holds its run."""
    event = _event(name, 1, datetime.now(tz=UTC))
    event |= {"tool": "issue_refund", "status": "error", "error": "time-out"}
    del event["result"]
    return json.dumps({"events": [event]}).encode()


def traces(*, runs: int, seed: int) -> list[bytes]:
    """Give batches of OTLP spans that hold so many runs, each run in one batch."""
    chance = random.Random(seed)  # noqa: S311 - the same load each time
    bodies: list[bytes] = []
    spans: list[Span] = []
    for _ in range(runs):
        spans += _run(chance)
        if len(spans) >= SPANS_A_BATCH:
            bodies.append(_request(spans))
            spans = []
    return [*bodies, _request(spans)] if spans else bodies


def _event(run: str, place: int, at: datetime) -> dict[str, Any]:
    event: dict[str, Any] = {
        "id": f"{run}-{place}",
        "workflow": SLUG,
        "run": run,
        "at": at.isoformat(),
    }
    if place % 2 == 0:
        return event | {
            "kind": "data.read",
            "system": "orders",
            "resource": f"order {place}",
            "fields": ["items", "total"],
        }
    return event | {
        "kind": "tool.called",
        "tool": "get_order",
        "system": "orders",
        "args": {"order": str(place)},
        "status": "ok",
        "result": {"total": "84.20"},
    }


def _run(chance: random.Random) -> list[Span]:
    trace = chance.getrandbits(128).to_bytes(16, "big")
    root = chance.getrandbits(64).to_bytes(8, "big")
    began = int(datetime.now(tz=UTC).timestamp() * 1e9) - SPANS_A_RUN * 10**9
    spans = [
        Span(
            trace_id=trace,
            span_id=root,
            name="invoke_agent refunds",
            start_time_unix_nano=began,
            end_time_unix_nano=began + SPANS_A_RUN * 10**9,
            attributes=_attributes(
                {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.agent.name": "refunds",
                    "gen_ai.input.messages": _text(chance, 40),
                }
            ),
            status=Status(code=Status.STATUS_CODE_OK),
        )
    ]
    for place in range(1, SPANS_A_RUN):
        start = began + place * 10**9
        is_chat = place % 3 == 1
        name = "chat gpt-5-mini" if is_chat else "execute_tool get_order"
        spans.append(
            Span(
                trace_id=trace,
                span_id=chance.getrandbits(64).to_bytes(8, "big"),
                parent_span_id=root,
                name=name,
                start_time_unix_nano=start,
                end_time_unix_nano=start + 5 * 10**8,
                attributes=_attributes(_chat(chance) if is_chat else _tool(chance)),
                status=Status(code=Status.STATUS_CODE_OK),
            )
        )
    return spans


def _chat(chance: random.Random) -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.id": f"resp_{chance.getrandbits(64):016x}",
        "gen_ai.usage.input_tokens": chance.randrange(200, 6000),
        "gen_ai.usage.output_tokens": chance.randrange(20, 900),
        "gen_ai.output.messages": _text(chance, 30),
    }


def _tool(chance: random.Random) -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_order",
        "gen_ai.tool.call.id": f"call_{chance.getrandbits(64):016x}",
        "gen_ai.tool.call.arguments": json.dumps({"order": chance.randrange(10**6)}),
        "gen_ai.tool.call.result": _text(chance, 30),
    }


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(words))


def _attributes(values: dict[str, str | int]) -> list[KeyValue]:
    return [
        KeyValue(
            key=key,
            value=AnyValue(int_value=value)
            if isinstance(value, int)
            else AnyValue(string_value=value),
        )
        for key, value in values.items()
    ]


def _request(spans: list[Span]) -> bytes:
    resource = Resource(
        attributes=_attributes(
            {"service.name": "refunds", "countersign.workflow": SLUG}
        )
    )
    of_scope = [ScopeSpans(spans=spans)]
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=of_scope)]
    ).SerializeToString()
