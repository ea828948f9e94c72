"""The one step that each kind of span tells."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.rules.rulebook import Tool
from registry.rules.verbs import tier_of
from runs.rules.spans.aliases import KEYS, Part
from runs.rules.spans.context import Context
from runs.rules.spans.messages import one_line, output_messages
from runs.rules.spans.reading import (
    decoded,
    error_of,
    flattened,
    is_plain_read,
    metadata,
    pause_of,
    said,
    said_number,
    said_text,
)
from runs.rules.spans.span import Span, Status
from runs.rules.values import decimal_of

NAME_MAX = 200
NAMED_MAX = 5
TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
_PREFIXES = ("execute_tool ", "running tool: ", "tools/call ")
_HANDOFF = re.compile(r"handoff to (.+)", re.IGNORECASE)
_ADDRESS = re.compile(r"\w+://([^/?#]+)([^?#]*)")
_STOPPED = frozenset(
    {"block", "blocked", "deny", "denied", "fail", "failed", "true", "triggered"}
)
_BARE_ARGUMENT = "input"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: its kind, when, and what is told of it."""

    kind: str
    at: datetime
    facts: Mapping[str, Any]


def _model(span: Span, tools: Iterable[Tool], context: Context) -> Step | None:
    if not context.is_leaf:
        # What it holds is counted where the model was really called.
        return None
    facts: dict[str, Any] = {
        "model": _model_name(span)[:NAME_MAX],
        **_duration(span),
    }
    provider = said_text(span, "provider")
    if provider:
        facts["provider"] = provider[:NAME_MAX]
    facts |= _tokens(span)
    cost = decimal_of(said(span, "cost"))
    if cost is not None and 0 <= cost < 10**9:
        facts["cost"] = {"value": f"{cost:f}", "currency": "USD"}
    error = error_of(span)
    if error:
        facts["error"] = error
    return Step("model.called", span.started_at, facts)


def _model_name(span: Span) -> str:
    name = said_text(span, "model") or metadata(span).get("ls_model_name")
    if not name:
        given = decoded(span.attributes.get("llm.invocation_parameters"))
        found = given if isinstance(given, Mapping) else {}
        name = found.get("model") or found.get("model_name")
    return name if isinstance(name, str) and name else "unknown"


def _tokens(span: Span) -> dict[str, int]:
    usage = span.attributes.get("openai.usage")
    usage = usage if isinstance(usage, Mapping) else {}
    found = {}
    for name in TOKENS:
        number = said_number(span, name)
        if number is None and isinstance(usage.get(name), int):
            number = max(0, usage[name])
        if number is not None:
            found[name] = number
    details = usage.get("input_tokens_details")
    if isinstance(details, Mapping) and isinstance(details.get("cached_tokens"), int):
        found.setdefault("cache_read_tokens", max(0, details["cached_tokens"]))
    return found


def decided(span: Span) -> Step | None:
    """Tell why a model chose its tools, in its own words; never made up."""
    for message in output_messages(span):
        why = one_line(message.text or message.reasoning)
        if message.calls and why:
            names = ", ".join(dict.fromkeys(name for name, _ in message.calls))
            facts = {"text": f"To use {names}: {why}"}
            return Step("decision.made", span.ended_at or span.started_at, facts)
    return None


def _tool(span: Span, tools: Iterable[Tool], context: Context) -> Step:
    name = tool_name(span)
    passed = _HANDOFF.fullmatch(name)
    if passed and not any(tool.name == name for tool in tools):
        return Step("handoff", span.started_at, _passed_on(passed.group(1)))
    result, has_result = _result(span)
    error = error_of(span) or _error_in(result)
    if said_text(span, "tool_type") == "datastore" and not _is_write(name, tools):
        return _read_of_tool(span, name)
    facts: dict[str, Any] = {"tool": name, **_arguments(span)}
    if error:
        facts |= {"status": "error", "error": error}
    else:
        # No output and no error: it was asked for. Whether it ran, nobody said.
        is_done = has_result and pause_of(span) is None
        facts["status"] = "ok" if is_done else "asked"
    if has_result and not error:
        facts["result"] = _unwrapped(result)
    call = said(span, "call")
    if isinstance(call, str):
        facts["call"] = call[:NAME_MAX]
    return Step("tool.called", span.started_at, facts | _duration(span))


def tool_name(span: Span) -> str:
    """Give the name of the tool that a span calls."""
    name = said_text(span, "tool")
    if not name and span.attributes.get("openai.name"):
        name = str(span.attributes["openai.name"])
    name = name or span.name
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return (name.removesuffix(".tool").strip() or "unknown")[:NAME_MAX]


def _arguments(span: Span) -> dict[str, Any]:
    given = said(span, "arguments")
    value = decoded(given)
    if isinstance(value, Mapping) and "input_str" in value:
        # OpenLLMetry keeps LangChain's arguments as Python writes them, in a text.
        inner = decoded(value["input_str"])
        value = inner if isinstance(inner, Mapping) else value
    if isinstance(value, Mapping):
        return {"args": dict(value)}
    if value is None:
        return {}
    # OpenInference writes the only argument of a tool bare: "12" stays the text it was.
    return {"args": {_BARE_ARGUMENT: value if isinstance(value, list) else given}}


def _result(span: Span) -> tuple[Any, bool]:
    for key in KEYS["result"]:
        if span.attributes.get(key) is not None:
            return decoded(span.attributes[key]), True
    return None, False


def _unwrapped(value: Any) -> Any:
    """Give what a tool gave back, out of the message that LangChain wraps around it."""
    if isinstance(value, Mapping) and value.get("type") == "tool":
        inner = value.get("data")
        if isinstance(inner, Mapping) and "content" in inner:
            return inner["content"]
    return value


def _error_in(value: object) -> str:
    inner = value.get("data") if isinstance(value, Mapping) else None
    if isinstance(inner, Mapping) and inner.get("status") == "error":
        return str(inner.get("content") or "an error")
    return ""


def _is_write(name: str, tools: Iterable[Tool]) -> bool:
    return any(tool.name == name and tier_of(tool.verb) != "read" for tool in tools)


def _read_of_tool(span: Span, name: str) -> Step:
    system = said_text(span, "source") or name
    resource = one_line(str(said(span, "query") or said(span, "arguments") or name))
    return _looked(span, system, resource)


def _read(span: Span, tools: Iterable[Tool], context: Context) -> Step:
    system = said_text(span, "source") or said_text(span, "provider") or span.name
    documents = _documents(span)
    if documents:
        more = len(documents) - NAMED_MAX
        resource = ", ".join(documents[:NAMED_MAX])
        resource += f" and {more} more" if more > 0 else ""
    else:
        resource = one_line(said_text(span, "query") or span.name)
    return _looked(span, system, resource)


def _documents(span: Span) -> list[str]:
    found = decoded(span.attributes.get("gen_ai.retrieval.documents"))
    items = found if isinstance(found, list) else []
    names = [
        str(item["id"]) for item in items if isinstance(item, dict) and "id" in item
    ]
    names += [
        str(item["document.id"])
        for item in flattened(span.attributes, "retrieval.documents")
        if "document.id" in item
    ]
    return names


def _looked(span: Span, system: str, resource: str) -> Step:
    facts = {
        "system": system[:NAME_MAX] or "unknown",
        "resource": resource[:NAME_MAX] or "something",
    }
    return Step("data.read", span.started_at, facts | _duration(span))


def _decision(span: Span, tools: Iterable[Tool], context: Context) -> Step:
    messages = output_messages(span)
    text = messages[-1].text if messages else ""
    text = one_line(text or said_text(span, "output") or span.name)
    facts: dict[str, Any] = {"text": text or "a plan"}
    confidence = decimal_of(said(span, "confidence"))
    if confidence is not None and 0 <= confidence <= 1:
        facts["confidence"] = f"{confidence:f}"
    return Step("decision.made", span.ended_at or span.started_at, facts)


def _guardrail(span: Span, tools: Iterable[Tool], context: Context) -> Step | None:
    result = said(span, "guardrail_result")
    is_stop = span.status is Status.ERROR or str(result).lower() in _STOPPED
    if not is_stop:
        return None
    name = said_text(span, "guardrail") or span.name
    why = said_text(span, "guardrail_reason") or error_of(span)
    reason = f"The guardrail {name} stopped it" + (f": {why}" if why else "")
    return Step("escalated", span.ended_at or span.started_at, {"reason": reason})


def _handoff(span: Span, tools: Iterable[Tool], context: Context) -> Step:
    facts = _passed_on(said_text(span, "handoff_to") or span.name or "another agent")
    source = said_text(span, "handoff_from")
    if source:
        facts["from"] = source[:NAME_MAX]
    return Step("handoff", span.started_at, facts)


def _passed_on(name: str) -> dict[str, Any]:
    return {"to": name[:NAME_MAX], "to_agent": True}


def _plain(span: Span, tools: Iterable[Tool], context: Context) -> Step | None:
    """Tell a read of a database or an address, unless the tool around it tells it."""
    if context.inside is not Part.AGENT or not is_plain_read(span):
        return None
    if said(span, "database"):
        names = (said_text(span, "database"), said_text(span, "source"))
        table = said_text(span, "database_table")
        resource = table or said_text(span, "database_text") or span.name
        return _looked(span, " ".join(name for name in names if name), resource)
    address = _ADDRESS.match(said_text(span, "http_url"))
    host = address.group(1) if address else said_text(span, "source")
    path = address.group(2) if address else said_text(span, "http_route")
    return _looked(span, host.rpartition("@")[2] or "the web", path or "/")


def _duration(span: Span) -> dict[str, int]:
    if span.ended_at is None:
        return {}
    took = (span.ended_at - span.started_at).total_seconds() * 1000
    return {"duration_ms": max(0, round(took))}


type Teller = Callable[[Span, Iterable[Tool], Context], Step | None]
STEPS: Mapping[Part | None, Teller] = {
    Part.MODEL: _model,
    Part.TOOL: _tool,
    Part.READ: _read,
    Part.DECISION: _decision,
    Part.GUARDRAIL: _guardrail,
    Part.HANDOFF: _handoff,
    None: _plain,
}
