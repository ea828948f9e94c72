"""The OpenAI Agents SDK's own export into spans.

The item `trace` names the workflow and the group and has no time of its own: it becomes a
span whose id is the trace's. Everything a span says stands under `openai.` among its
attributes, as it was sent.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from runs.rules.shapes import Rejected
from runs.rules.spans import bounds
from runs.rules.spans.otlp_json import MESSAGE_MAX, NAME_MAX, check_time
from runs.rules.spans.span import Span, Status

SCOPE = "openai.traces"
ID_MAX = 60
TRACE = "trace"
_ID = re.compile(r"[A-Za-z0-9_.:-]+")


def spans_in(document: object, *, now: datetime) -> Iterator[Span | Rejected] | None:
    """Read every item of an export; None when this is no export at all."""
    items = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(items, list):
        return None
    return _spans(items, now)


def _spans(items: list[Any], now: datetime) -> Iterator[Span | Rejected]:
    began = _first_times(items)
    for item in items:
        if not isinstance(item, Mapping):
            yield Rejected("span.malformed", "An item is a JSON object.")
        elif item.get("object") == TRACE:
            yield _trace(item, began, now)
        elif item.get("object") == "trace.span":
            yield _span(item, now)
        else:
            kind = bounds.clean(str(item.get("object")), 40)
            yield Rejected("span.malformed", f"There is no item of the kind {kind}.")


def _first_times(items: list[Any]) -> dict[str, datetime]:
    """Give when the first span of each trace in this export began."""
    found: dict[str, datetime] = {}
    for item in items:
        at = _time(item.get("started_at")) if isinstance(item, Mapping) else None
        trace = str(item.get("trace_id")) if at is not None else ""
        if at is not None and (trace not in found or at < found[trace]):
            found[trace] = at
    return found


def _trace(
    item: Mapping[str, Any], began: Mapping[str, datetime], now: datetime
) -> Span | Rejected:
    trace_id = _id(item.get("id"))
    if trace_id is None:
        return Rejected("trace.id", "The trace has no id that can be kept.")
    at = began.get(trace_id, now)
    name = bounds.clean(str(item.get("workflow_name") or "trace"), NAME_MAX)
    wrong = check_time(at, now=now)
    if wrong is not None:
        return wrong
    said = {key: item.get(key) for key in ("workflow_name", "group_id", "metadata")}
    return Span(
        trace_id=trace_id,
        span_id=trace_id,
        parent_id=None,
        name=name,
        started_at=at,
        ended_at=at,
        attributes=bounds.attributes(
            [("openai.type", TRACE), *((key, v) for key, v in said.items() if v)]
        ),
        scope=SCOPE,
    )


def _span(item: Mapping[str, Any], now: datetime) -> Span | Rejected:
    trace_id, span_id = _id(item.get("trace_id")), _id(item.get("id"))
    if trace_id is None or span_id is None:
        return Rejected("span.id", "The span or its trace has no id that can be kept.")
    started_at = _time(item.get("started_at"))
    wrong = check_time(started_at, now=now)
    if wrong is not None or started_at is None:
        return wrong or Rejected("span.time", "The span has no time.")
    ended_at = _time(item.get("ended_at"))
    data = item.get("span_data")
    data = data if isinstance(data, Mapping) else {}
    error = item.get("error")
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_id(item.get("parent_id")),
        name=bounds.clean(str(data.get("name") or data.get("type") or ""), NAME_MAX),
        started_at=started_at,
        ended_at=None if ended_at is None else max(started_at, ended_at),
        status=Status.ERROR if error else Status.UNSET,
        status_message=_message(error),
        attributes=bounds.attributes(
            (f"openai.{key}", value)
            for key, value in data.items()
            if value is not None and isinstance(key, str)
        ),
        scope=SCOPE,
    )


def _message(error: object) -> str:
    if isinstance(error, Mapping):
        data = error.get("data")
        more = data.get("error") if isinstance(data, Mapping) else None
        text = f"{error.get('message') or 'an error'}" + (f": {more}" if more else "")
        return bounds.clean(text, MESSAGE_MAX)
    return bounds.clean(str(error or ""), MESSAGE_MAX)


def _id(value: object) -> str | None:
    """Read an id; only what a database key and an address can hold is one."""
    if isinstance(value, str) and len(value) <= ID_MAX and _ID.fullmatch(value):
        return value
    return None


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError:
        return None
