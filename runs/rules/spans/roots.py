"""Where a run begins and ends, as the span that encloses it says."""

from collections.abc import Iterable
from typing import Any

from runs.rules.spans import pausing
from runs.rules.spans.aliases import Part
from runs.rules.spans.context import Context
from runs.rules.spans.messages import (
    Message,
    input_messages,
    one_line,
    output_messages,
    text_of,
)
from runs.rules.spans.openai_export import SCOPE, TRACE
from runs.rules.spans.reading import (
    decoded,
    error_of,
    pause_of,
    said,
    said_text,
)
from runs.rules.spans.span import Span, Status
from runs.rules.spans.steps import Step

_WORDS_KEYS = ("input", "question", "query", "prompt", "text", "request", "message")
_ENDS_KEYS = ("output", "answer", "result", "response", "text", "content")
_NOT_ENCLOSING = ("create_agent",)


def begins_a_run(span: Span, part: Part | None) -> bool:
    """Say whether a span encloses what an agent did, and not only a call of its own."""
    is_trace_item = span.attributes.get("openai.type") == TRACE
    if not span.is_root or is_trace_item:
        return False
    if span.attributes.get("gen_ai.operation.name") in _NOT_ENCLOSING:
        return False
    return part is not None or span.kind not in ("client", "producer")


def started(span: Span, part: Part | None, context: Context) -> Step | None:
    """Tell the start of a run; going on after a pause is no start."""
    if begins_a_run(span, part):
        decision = pausing.resumed_with(span)
        if decision is not None:
            reason = f"with the decision: {decision}" if decision else ""
            return Step("resumed", span.started_at, {"reason": reason})
        text = _trigger(span)
        if not text and context.lent_input is not None and span.scope != SCOPE:
            text = _of_user(input_messages(context.lent_input))
        return _start(span, text) if text else None
    if span.scope == SCOPE and part is Part.MODEL:
        return _first_call(span)
    return None


def finished(span: Span, context: Context) -> Step:
    """Tell the end of a run. A root that ends in a pause has not ended the run.

    `began` is the root's start: the fold compares it with the pauses that it knows of.
    """
    at = span.ended_at or span.started_at
    asks = pausing.asks_of_output(span)
    if asks:
        return Step("paused", at, {"asks": asks})
    facts: dict[str, Any] = {"began": span.started_at.isoformat()}
    error = error_of(span)
    if span.status is Status.ERROR and pause_of(span) is None:
        return Step("run.finished", at, {**facts, "status": "failed", "summary": error})
    text = _conclusion(span)
    if not text and context.lent_output is not None:
        text = _of_assistant(output_messages(context.lent_output))
    summary = {"summary": text} if text else {}
    return Step("run.finished", at, {**facts, "status": "completed", **summary})


def _start(span: Span, text: str) -> Step:
    return Step("run.started", span.started_at, {"trigger": one_line(text)})


def _first_call(span: Span) -> Step | None:
    """OpenAI's export says what was asked only on the first call of a model."""
    messages = input_messages(span)
    is_first = messages and all(
        m.role in ("user", "system", "developer") for m in messages
    )
    text = _of_user(messages) if is_first else ""
    return _start(span, text) if text else None


def _trigger(span: Span) -> str:
    text = _of_user(input_messages(span))
    if text:
        return text
    text = _words(decoded(said(span, "input")), _WORDS_KEYS)
    if text:
        return text
    route = said_text(span, "http_route")
    if span.kind == "server" and (route or said(span, "http_method")):
        return f"{said_text(span, 'http_method')} {route}".strip()
    queue = span.attributes.get("messaging.destination.name")
    if span.kind == "consumer" and isinstance(queue, str):
        return f"a message from {queue}"
    event = span.attributes.get("cloudevents.event_type")
    return f"the event {event}" if isinstance(event, str) else ""


def _conclusion(span: Span) -> str:
    messages = output_messages(span)
    if messages:
        return _of_assistant(messages)
    return _words(decoded(said(span, "output")), _ENDS_KEYS)


def _of_user(messages: Iterable[Message]) -> str:
    """Give what the person asked last: a conversation has many turns, a run has one."""
    texts = [message.text for message in messages if message.role == "user"]
    texts = [text for text in texts if text.strip()]
    return texts[-1] if texts else ""


def _of_assistant(messages: list[Message]) -> str:
    last = messages[-1] if messages else None
    is_answer = last is not None and last.role == "assistant" and not last.calls
    return text_of(last.text) if last is not None and is_answer else ""


def _words(value: object, keys: tuple[str, ...]) -> str:
    """Give the words in an input or output that holds no messages."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        for key in keys:
            if isinstance(value.get(key), str) and value[key].strip():
                return str(value[key])
        texts = [text for text in value.values() if isinstance(text, str) and text]
        return texts[0] if len(texts) == 1 else ""
    return ""
