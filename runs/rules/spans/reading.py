"""Questions to one span that several rules ask: what a thing is called, what it says."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from runs.rules.spans.aliases import KEYS, PARTS, PAUSES, Part
from runs.rules.spans.span import Span, SpanEvent

DECODED_MAX = 262_144
LITERAL_MAX = 20_000
_LITERAL_DEPTH_MAX = 100
_BRACKETS = re.compile(r"[\[({]")
_HTTP_READS = frozenset({"GET", "HEAD"})
_EMPTY: tuple[object, ...] = (None, "", [], {})


def said(span: Span, meaning: str) -> Any:
    """Give the first attribute of a meaning that says anything; None for none."""
    for key in KEYS[meaning]:
        value = span.attributes.get(key)
        if value not in _EMPTY:
            return value
    return None


def said_text(span: Span, meaning: str) -> str:
    """Give the first attribute of a meaning as a text."""
    value = said(span, meaning)
    if value is None or isinstance(value, Mapping | list):
        return ""
    return str(value)


def said_number(span: Span, meaning: str) -> int | None:
    """Give the first attribute of a meaning as a whole number from 0."""
    return whole(said(span, meaning))


def whole(value: object) -> int | None:
    """Read a whole number from 0; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isdecimal() and len(value) < 13:
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < 10**12 else None


def part_of(span: Span) -> Part | None:
    """Say what a span is to the business; None where nothing says so."""
    for key, parts in PARTS.items():
        value = span.attributes.get(key)
        if isinstance(value, str):
            found = parts.get(value) or parts.get(value.upper())
            if found is not None:
                return _more_exact(span, found)
    if span.attributes.get("openai.type") is None and _has_any(span, "gen_ai."):
        return Part.PLUMBING
    return None


def _more_exact(span: Span, part: Part) -> Part:
    data = span.attributes.get("openai.data")
    if part is Part.PLUMBING and isinstance(data, Mapping):
        # The SDK wraps a whole run into a custom span called "task".
        return Part.AGENT if data.get("sdk_span_type") == "task" else part
    return part


def _has_any(span: Span, prefix: str) -> bool:
    return any(key.startswith(prefix) for key in span.attributes)


def is_plain_read(span: Span) -> bool:
    """Say whether a span of no agent framework reads a database or an address."""
    if said(span, "database"):
        text = said_text(span, "database_operation") or said_text(span, "database_text")
        return text.strip()[:6].upper() == "SELECT"
    return span.kind == "client" and (
        said_text(span, "http_method").upper() in _HTTP_READS
    )


def decoded(value: object) -> Any:
    """Give what a text holds: JSON, else a Python literal as some exporters write, else it."""
    if not isinstance(value, str) or len(value) > DECODED_MAX:
        return value
    text = value.strip()
    if not text or text[0] not in "[{(\"'" and not text[0].isdigit():
        return value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _literal(text, value)


def _literal(text: str, value: str) -> Any:
    is_plausible = text[0] in "[{(" and len(text) <= LITERAL_MAX
    if not is_plausible or len(_BRACKETS.findall(text)) > _LITERAL_DEPTH_MAX:
        return value
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value
    return found if isinstance(found, dict | list) and _is_json(found) else value


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(k, str) and _is_json(v) for k, v in value.items())
    if isinstance(value, list):
        return all(_is_json(item) for item in value)
    return value is None or isinstance(value, str | int | float | bool)


def metadata(span: Span) -> Mapping[str, Any]:
    """Give what a framework put aside as metadata: LangChain's, OpenAI's."""
    found = decoded(said(span, "metadata"))
    return found if isinstance(found, Mapping) else {}


def exceptions(span: Span) -> Iterator[SpanEvent]:
    """Give the exceptions noted on a span."""
    for event in span.events:
        if event.name == "exception":
            yield event


def pause_of(span: Span) -> SpanEvent | None:
    """Give the exception by which a framework paused here; None where it did not."""
    for event in exceptions(span):
        kind = str(event.attributes.get("exception.type") or "")
        if kind.rpartition(".")[2] in PAUSES:
            return event
    return None


def error_of(span: Span) -> str:
    """Say what went wrong, as the span tells it; empty where nothing did."""
    for event in exceptions(span):
        kind = str(event.attributes.get("exception.type") or "")
        if kind.rpartition(".")[2] in PAUSES:
            return ""
        text = str(event.attributes.get("exception.message") or "").strip()
        if span.status == "error":
            name = kind.rpartition(".")[2]
            return f"{name}: {text}" if name and text else text or name or "an error"
    if span.status == "error" or span.attributes.get("error.type"):
        return span.status_message or said_text(span, "error") or "an error"
    return ""


def flattened(attributes: Mapping[str, Any], prefix: str) -> list[Any]:
    """Read OpenInference's lists, whose places stand in the keys: `prefix.0.name`."""
    found: dict[int, dict[str, Any]] = {}
    head = f"{prefix}."
    for key, value in attributes.items():
        if not key.startswith(head):
            continue
        number, _, rest = key[len(head) :].partition(".")
        if number.isdecimal() and len(number) < 6:
            found.setdefault(int(number), {})[rest] = value
    return [found[number] for number in sorted(found)]
