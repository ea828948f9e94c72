"""Reading a file of recorded conversations: chat-completions messages with tool calls.

A list of conversations as JSON, or one a line. A conversation is a list of messages, or
an object that holds one under `traj`, `messages` or `conversation`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE_BYTES_MAX = 256 * 1024 * 1024
CONVERSATIONS_MAX = 100_000
_LISTS = ("traj", "messages", "conversation")


class UnreadableRecording(ValueError):
    """The file is not in the form that is played."""


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool and what the tool answered; `args` is None when unreadable."""

    id: str
    name: str
    args: Mapping[str, Any] | None
    raw_args: str
    result: str

    @property
    def has_failed(self) -> bool:
        return self.result.lstrip().lower().startswith("error")


@dataclass(frozen=True)
class Turn:
    """One message, with the tool calls it makes."""

    position: int
    role: str
    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class RightAction:
    """A writing call that would have been right, where the recording says so."""

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Conversation:
    """One recorded conversation. `right_actions` is None where nobody wrote them down."""

    name: str
    turns: tuple[Turn, ...]
    right_actions: tuple[RightAction, ...] | None = field(default=None, repr=False)


def read_file(path: Path, *, limit: int | None = None) -> tuple[Conversation, ...]:
    """Read the conversations of a file. Raises UnreadableRecording with what is wrong."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise UnreadableRecording(f"{path.name} is larger than 256 MiB.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableRecording(
            f"{path} cannot be read: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableRecording(f"{path.name} is not UTF-8 text.") from error
    rows = _rows(text, path.name)
    chosen = rows[: limit if limit is not None else CONVERSATIONS_MAX]
    return tuple(conversation_of(row, number) for number, row in enumerate(chosen))


def conversation_of(row: Any, number: int) -> Conversation:
    """Read one conversation; `number` is its place in the file."""
    about = row if isinstance(row, Mapping) else {}
    messages: Any = row
    if isinstance(row, Mapping):
        messages = next((row[key] for key in _LISTS if key in row), None)
    if not isinstance(messages, list) or not all(
        isinstance(message, Mapping) and isinstance(message.get("role"), str)
        for message in messages
    ):
        raise UnreadableRecording(
            f"Conversation {number + 1} has no list of messages with roles."
        )
    return Conversation(
        name=_name(about, number),
        turns=tuple(_turns(messages)),
        right_actions=_right_actions(about),
    )


def _rows(text: str, name: str) -> list[Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = _lines(text, name)
    if isinstance(found, Mapping):
        found = [found]
    if not isinstance(found, list) or not found:
        raise UnreadableRecording(f"{name} holds no conversations.")
    # A bare list of messages is one conversation.
    is_single = all(isinstance(row, Mapping) and "role" in row for row in found)
    return [found] if is_single else found


def _lines(text: str, name: str) -> list[Any]:
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise UnreadableRecording(
                f"{name} is neither JSON nor one conversation a line: line {number}."
            ) from error
    return rows


def _name(about: Mapping[str, Any], number: int) -> str:
    if "task_id" in about:
        return f"task-{about['task_id']}-trial-{about.get('trial', 0)}"
    return str(about.get("id") or f"conversation-{number + 1}")[:80]


def _turns(messages: Sequence[Mapping[str, Any]]):
    for position, message in enumerate(messages):
        if message["role"] == "tool":
            continue
        yield Turn(
            position=position,
            role=message["role"],
            text=_text(message.get("content")),
            calls=tuple(_calls(messages, position)),
        )


def _calls(messages: Sequence[Mapping[str, Any]], position: int):
    """Pair each call with its answer: by id among the answers that follow at once."""
    answers = []
    for message in messages[position + 1 :]:
        if message["role"] != "tool":
            break
        answers.append(message)
    for order, call in enumerate(messages[position].get("tool_calls") or ()):
        function = call.get("function") or {}
        raw = function.get("arguments") or "{}"
        by_id = (each for each in answers if each.get("tool_call_id") == call.get("id"))
        answer = next(by_id, answers[order] if order < len(answers) else {})
        yield ToolCall(
            id=str(call.get("id") or ""),
            name=str(function.get("name") or ""),
            args=_args(raw),
            raw_args=raw if isinstance(raw, str) else json.dumps(raw),
            result=_text(answer.get("content")),
        )


def _args(raw: Any) -> Mapping[str, Any] | None:
    if isinstance(raw, Mapping):
        return raw
    try:
        found = json.loads(raw)
    except (TypeError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text", "") for part in content if isinstance(part, Mapping)]
        return "\n".join(part for part in parts if part)
    return ""


def _right_actions(about: Mapping[str, Any]) -> tuple[RightAction, ...] | None:
    info = about.get("info")
    task = info.get("task") if isinstance(info, Mapping) else None
    actions = task.get("actions") if isinstance(task, Mapping) else None
    if not isinstance(actions, list):
        return None
    return tuple(
        RightAction(
            str(each.get("name")), each.get("kwargs") or each.get("arguments") or {}
        )
        for each in actions
        if isinstance(each, Mapping)
    )


def same_args(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Say whether two calls say the same; 5 and 5.0 are one number."""
    return normalised(left) == normalised(right)


def normalised(value: Any) -> Any:
    """Give a value in the form in which two calls are compared."""
    if isinstance(value, Mapping):
        return {str(key): normalised(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [normalised(part) for part in value]
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def is_right(
    conversation: Conversation, name: str, args: Mapping[str, Any]
) -> bool | None:
    """Say whether a call is among the right ones; None where nobody wrote them down."""
    if conversation.right_actions is None:
        return None
    return any(
        right.name == name and same_args(right.args, args)
        for right in conversation.right_actions
    )
