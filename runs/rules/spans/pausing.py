"""How an agent's framework pauses for a person and goes on, as its spans show it.

A pause is no error and no end, and going on is no second start. Whether a person really
was asked, and what was decided, only our own records say.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from runs.rules.spans.aliases import APPROVALS
from runs.rules.spans.reading import decoded, said, whole
from runs.rules.spans.span import Span, SpanEvent

ASKS_MAX = 20
_DEPTH_MAX = 6
_VALUE = re.compile(r"value=(?=[{\[])")


def asks_of_exception(event: SpanEvent) -> list[dict[str, Any]]:
    """Give what an interrupt asks for; its message holds it as Python writes it."""
    text = str(event.attributes.get("exception.message") or "")
    found: list[dict[str, Any]] = []
    for match in _VALUE.finditer(text):
        inner = _balanced(text, match.end())
        found += _asks(decoded(inner), 0)
    return found[:ASKS_MAX]


def asks_of_output(span: Span) -> list[dict[str, Any]]:
    """Give what the output of an agent waits for a person to decide; empty for nothing."""
    for key in ("final_result", "output.value", "traceloop.entity.output"):
        value = decoded(span.attributes.get(key))
        if isinstance(value, Mapping):
            found = [
                ask
                for name in APPROVALS
                if isinstance(value.get(name), list)
                for ask in _asks(value[name], 0)
            ]
            if found:
                return found[:ASKS_MAX]
    return []


def resumed_with(span: Span) -> str | None:
    """Say what a run went on with, when its input is a decision; None when it is none."""
    value = decoded(said(span, "input"))
    if isinstance(value, Mapping) and value.get("resume") is not None:
        is_command = {"update", "goto", "graph"} & set(value) or len(value) == 1
        return _decisions(value["resume"]) if is_command else None
    new_from = whole(span.attributes.get("pydantic_ai.new_message_index"))
    messages = decoded(span.attributes.get("pydantic_ai.all_messages"))
    if new_from and isinstance(messages, list):
        fresh = messages[new_from:]
        return "" if not any(_is_from_user(item) for item in fresh) else None
    return None


def _is_from_user(item: object) -> bool:
    if not isinstance(item, Mapping) or item.get("role") != "user":
        return False
    parts = item.get("parts")
    return any(
        isinstance(part, Mapping) and part.get("type") == "text"
        for part in (parts if isinstance(parts, list) else [])
    )


def _decisions(value: object) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("decisions"), list):
        kinds = [
            str(each.get("type"))[:40]
            for each in value["decisions"][:ASKS_MAX]
            if isinstance(each, Mapping) and each.get("type")
        ]
        return ", ".join(kinds)
    return value[:200] if isinstance(value, str) else ""


def _asks(value: object, depth: int) -> Iterator[dict[str, Any]]:
    """Find the calls that wait: LangChain's, pydantic-ai's, OpenAI's and Microsoft's."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, list):
        for item in value[:ASKS_MAX]:
            yield from _asks(item, depth + 1)
        return
    if not isinstance(value, Mapping):
        return
    name = value.get("tool_name") or value.get("name") or value.get("action")
    if isinstance(name, str) and {"args", "arguments"} & set(value):
        given = decoded(value.get("args", value.get("arguments")))
        yield {"tool": name[:200], "args": given}
        return
    for key in ("value", "action_requests", "action_request", "function_call"):
        if isinstance(value.get(key), Mapping | list):
            yield from _asks(value[key], depth + 1)


def _balanced(text: str, begin: int) -> str:
    """Give the text from one bracket to the one that closes it."""
    depth, quote, escaped = 0, "", False
    for place in range(begin, min(len(text), begin + 20_000)):
        mark = text[place]
        if quote:
            if escaped:
                escaped = False
            elif mark == "\\":
                escaped = True
            elif mark == quote:
                quote = ""
        elif mark in "'\"":
            quote = mark
        elif mark in "[{(":
            depth += 1
        elif mark in "]})":
            depth -= 1
            if depth == 0:
                return text[begin : place + 1]
    return ""
