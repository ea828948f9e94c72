"""One run of the demo as an agent exports it by OpenTelemetry: spans, some at the same time."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from portal.home.demo.scene import JSON, Scene
from runs.operations.accepting import accept_spans
from runs.operations.folding import fold_batch
from runs.operations.reading_spans import OTLP, read_spans

_ROOT = 1


class Tracer:
    """Collects the spans of one trace and sends them together, as an exporter does."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._began = scene.now
        self._trace = uuid5(scene.principal.agent_id, scene.run).hex
        self._spans: list[dict[str, Any]] = []

    def span(
        self,
        number: int,
        name: str,
        begin: float,
        end: float,
        *,
        parent: int | None = _ROOT,
        error: str = "",
        **attributes: Any,
    ) -> None:
        """Note one span, from so many seconds after the trace's start to so many."""
        named = {key.replace("__", "."): value for key, value in attributes.items()}
        self._spans.append(
            {
                "traceId": self._trace,
                "spanId": f"{number:016x}",
                "parentSpanId": f"{parent:016x}" if parent else "",
                "name": name,
                "startTimeUnixNano": self._nanoseconds(begin),
                "endTimeUnixNano": self._nanoseconds(end),
                "attributes": [_attribute(*each) for each in named.items()],
                "status": {"code": 2, "message": error} if error else {"code": 1},
            }
        )

    def tool(
        self, number: int, name: str, begin: float, end: float, **more: Any
    ) -> None:
        """Note one tool call with what it was given and what it gave."""
        result = more.pop("result", None)
        arguments = json.dumps(more.pop("args", {}))
        attributes: dict[str, Any] = {
            "gen_ai__operation__name": "execute_tool",
            "gen_ai__tool__name": name,
            "gen_ai__tool__call__arguments": arguments,
        }
        if result is not None:
            attributes["gen_ai__tool__call__result"] = json.dumps(result)
        self.span(number, f"execute_tool {name}", begin, end, **attributes, **more)

    def send(self) -> None:
        """Send the trace as the exporter's JSON and let it be folded at once."""
        scene = self._scene
        resource = {"countersign.workflow": scene.workflow, "portal.run.id": scene.run}
        document = {
            "resourceSpans": [
                {
                    "resource": {
                        "attributes": [_attribute(*e) for e in resource.items()]
                    },
                    "scopeSpans": [
                        {"scope": {"name": "demo.agent"}, "spans": self._spans}
                    ],
                }
            ]
        }
        raw = json.dumps(document, ensure_ascii=False).encode()
        now = scene.now
        batch_id = accept_spans(
            principal=scene.principal,
            raw=raw,
            form=OTLP,
            content_type=JSON,
            read=read_spans(raw, form=OTLP, content_type=JSON, now=now),
            now=now,
        )
        fold_batch(batch_id=batch_id, now=now)

    def _nanoseconds(self, seconds: float) -> str:
        at: datetime = self._began + timedelta(seconds=seconds)
        return str(int(at.timestamp() * 1000) * 1_000_000)


def _attribute(key: str, value: Any) -> dict[str, Any]:
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": key, "value": {kind: str(value)}}


def chat_facts(tokens_in: int, tokens_out: int) -> dict[str, Any]:
    """Give what a span says of one call of a model."""
    return {
        "gen_ai__operation__name": "chat",
        "gen_ai__request__model": "gpt-5",
        "gen_ai__usage__input_tokens": tokens_in,
        "gen_ai__usage__output_tokens": tokens_out,
    }
