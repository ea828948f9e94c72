"""One span as our rules see it, whichever door it came through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How a span ended, as its sender says."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something noted at one moment of a span, such as an exception."""

    name: str
    at: datetime
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """One timed piece of an agent's work.

    `trace_id`, `span_id` and `parent_id` are lower-case hex from OTLP, and the sender's
    own text from OpenAI's export. Attributes are plain JSON values.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    started_at: datetime
    ended_at: datetime | None
    status: Status = Status.UNSET
    status_message: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    resource: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""
    events: tuple[SpanEvent, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    # "server", "client", "internal", "producer" or "consumer"; empty where nobody says.
    kind: str = ""
    has_remote_parent: bool = False

    @property
    def is_root(self) -> bool:
        """Say whether its parent is nowhere in the same process, so that it begins a trace."""
        return self.parent_id is None or self.has_remote_parent


@dataclass(frozen=True, slots=True)
class Hints:
    """What a span says about where it belongs. Empty text where it says nothing.

    `workflow` and `run` are said outright; `conversation` is a thread that outlives a
    trace; `minted` are ids that this portal gave out: grants, requests, tool calls.
    `workflow_names` are names in passing: they count only where they equal a slug.
    """

    workflow: str = ""
    workflow_names: tuple[str, ...] = ()
    run: str = ""
    conversation: str = ""
    minted: tuple[str, ...] = ()
