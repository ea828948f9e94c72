"""Messages to and from a model, in whatever shape a convention writes them.

What was asked, what was answered, which tools a model chose and why it said so.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runs.rules.spans.reading import decoded, flattened
from runs.rules.spans.span import Span

MESSAGES_MAX = 2_000
_DEPTH_MAX = 6
_ROLES = {
    "human": "user",
    "HumanMessage": "user",
    "ai": "assistant",
    "model": "assistant",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "ToolMessage": "tool",
    "SystemMessage": "system",
}
_INPUTS = (
    "gen_ai.input.messages",
    "pydantic_ai.all_messages",
    "openai.input",
    "input.value",
    "traceloop.entity.input",
    "gen_ai.prompt",
)
_OUTPUTS = (
    "gen_ai.output.messages",
    "openai.output",
    "output.value",
    "traceloop.entity.output",
    "gen_ai.completion",
)
_HOLDERS = ("messages", "inputs", "input", "update", "outputs")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Message:
    """One message: who says it, its text, the tools it calls, the reasons it gives."""

    role: str
    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    reasoning: str = ""


def input_messages(span: Span) -> list[Message]:
    """Give the messages that went in."""
    indexed = _indexed(span, "llm.input_messages", "gen_ai.prompt")
    return indexed if _say_something(indexed) else _first_of(span, _INPUTS)


def output_messages(span: Span) -> list[Message]:
    """Give the messages that came out."""
    indexed = _indexed(span, "llm.output_messages", "gen_ai.completion")
    return indexed if _say_something(indexed) else _first_of(span, _OUTPUTS)


def _say_something(messages: list[Message]) -> bool:
    """Some exporters write the role of a message and leave its text out."""
    return any(message.text or message.calls for message in messages)


def _first_of(span: Span, keys: tuple[str, ...]) -> list[Message]:
    for key in keys:
        found = messages_in(decoded(span.attributes.get(key)))
        if found:
            return found
    return []


def _indexed(span: Span, openinference: str, traceloop: str) -> list[Message]:
    found = []
    for entry in flattened(span.attributes, openinference):
        calls = [
            (_text(call.get("tool_call.function.name")), call)
            for call in flattened(entry, "message.tool_calls")
        ]
        parts = flattened(entry, "message.contents")
        text = _text(entry.get("message.content")) or " ".join(
            _text(part.get("message_content.text")) for part in parts
        )
        found.append(
            Message(
                _role(entry.get("message.role")),
                text,
                tuple(
                    (name, decoded(call.get("tool_call.function.arguments")))
                    for name, call in calls
                    if name
                ),
            )
        )
    if found:
        return found
    for entry in flattened(span.attributes, traceloop):
        calls = [
            (_text(call.get("name")), decoded(call.get("arguments")))
            for call in flattened(entry, "tool_calls")
        ]
        found.append(
            Message(
                _role(entry.get("role") or "assistant"),
                text_of(entry.get("content")),
                tuple(call for call in calls if call[0]),
            )
        )
    return found


def messages_in(value: object) -> list[Message]:
    """Read messages out of a decoded value; empty where there are none."""
    return list(_messages(value, 0))[:MESSAGES_MAX]


def _messages(value: object, depth: int) -> Iterator[Message]:
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, list):
        for item in value[:MESSAGES_MAX]:
            yield from _messages(item, depth + 1)
    elif isinstance(value, Mapping):
        message = _message(value)
        if message is not None:
            yield message
            return
        for key in _HOLDERS:
            if isinstance(value.get(key), list | Mapping):
                yield from _messages(value[key], depth + 1)
                return


def _message(value: Mapping[str, Any]) -> Message | None:
    inner = value.get("data") or value.get("kwargs")
    kind = value.get("role") or value.get("type")
    if kind == "constructor" and isinstance(value.get("id"), list) and value["id"]:
        kind = value["id"][-1]
    if isinstance(inner, Mapping) and _role(kind) in ("user", "assistant", "tool"):
        value = {**inner, "role": kind}
    if value.get("type") == "function_call" and value.get("name"):
        call = (_text(value["name"]), decoded(value.get("arguments")))
        return Message("assistant", calls=(call,))
    if not isinstance(value.get("role"), str):
        return None
    if not {"content", "parts", "tool_calls"} & set(value):
        return None
    parts = value.get("parts") or value.get("content")
    parts = parts if isinstance(parts, list) else []
    calls = [*_calls(value.get("tool_calls")), *_calls(parts)]
    reasoning = " ".join(
        _text(part.get("content") or part.get("text"))
        for part in parts
        if isinstance(part, Mapping) and part.get("type") in ("reasoning", "thinking")
    )
    return Message(_role(value["role"]), _of_parts(value), tuple(calls), reasoning)


def _calls(value: object) -> Iterator[tuple[str, Any]]:
    for item in value if isinstance(value, list) else []:
        if not isinstance(item, Mapping):
            continue
        function = item.get("function")
        source = function if isinstance(function, Mapping) else item
        is_call = item.get("type") in (None, "function", "tool_call", "tool_use")
        name = source.get("name") or source.get("tool_name")
        if is_call and name:
            given = source.get("arguments", source.get("args", source.get("input")))
            yield _text(name), decoded(given)


def _of_parts(value: Mapping[str, Any]) -> str:
    parts = value.get("parts") or value.get("content")
    if not isinstance(parts, list):
        return text_of(parts)
    texts = [
        text_of(part.get("content") or part.get("text"))
        for part in parts
        if isinstance(part, Mapping)
        and part.get("type") in (None, "text", "input_text", "output_text")
    ]
    texts += [part for part in parts if isinstance(part, str)]
    return " ".join(text for text in texts if text)


def text_of(value: object) -> str:
    """Give the text in a value; a message that somebody wrote as text is read again."""
    found = decoded(value)
    if isinstance(found, Mapping):
        message = _message(found)
        inner = message.text if message else ""
        return inner or _text(found.get("text") or found.get("content"))
    if isinstance(found, list):
        return " ".join(text for item in found if (text := text_of(item)))
    return _text(value)


def one_line(text: str) -> str:
    """Give a text on one line."""
    return _SPACES.sub(" ", text).strip()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _role(value: object) -> str:
    text = _text(value)
    return _ROLES.get(text, text.lower())
