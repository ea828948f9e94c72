"""OTLP's own JSON into spans: hex ids, whole numbers for enums, 64-bit numbers as text.

It differs from protobuf's JSON on purpose, so it is read by hand. Unknown fields are
left alone, and what is missing has its default.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runs.rules.shapes import AHEAD_MAX, EARLIEST, Rejected
from runs.rules.spans import bounds
from runs.rules.spans.span import Span, SpanEvent, Status

EVENTS_MAX = 128
LINKS_MAX = 128
NAME_MAX = 300
MESSAGE_MAX = 4_000
NANOSECONDS_MAX = 2**64
IS_REMOTE_FLAG = 0x200
KINDS = ("", "internal", "server", "client", "producer", "consumer")
STATUSES = (Status.UNSET, Status.OK, Status.ERROR)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEX = re.compile(r"[0-9a-f]+")


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.rejected = Rejected(code, detail)


def spans_in(document: object, *, now: datetime) -> Iterator[Span | Rejected]:
    """Read every span of an export; a wrong one is a value and costs no other."""
    for resource_spans in _objects(_field(document, "resourceSpans")):
        resource = _attributes(_field(resource_spans.get("resource"), "attributes"))
        for scope_spans in _objects(resource_spans.get("scopeSpans")):
            scope = bounds.clean(
                str(_field(scope_spans.get("scope"), "name") or ""), 200
            )
            for item in _list(scope_spans.get("spans")):
                yield _span(item, resource=resource, scope=scope, now=now)


def moment(nanoseconds: int) -> datetime | None:
    """Give the time of so many nanoseconds since 1970; None for none at all."""
    if not 0 < nanoseconds < NANOSECONDS_MAX:
        return None
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def check_time(at: datetime | None, *, now: datetime) -> Rejected | None:
    """Say why a span cannot have begun then; None where it can."""
    if at is None:
        return Rejected("span.time", "The span says no time at which it began.")
    if not EARLIEST <= at <= now + AHEAD_MAX:
        return Rejected(
            "span.time",
            f"The span began on {at:%d %B %Y}: before 2000, or more than a day ahead."
            " Check the sender's clock and that times are nanoseconds.",
        )
    return None


def _span(
    item: object, *, resource: dict[str, Any], scope: str, now: datetime
) -> Span | Rejected:
    if not isinstance(item, Mapping):
        return Rejected("span.malformed", "A span is a JSON object.")
    try:
        started_at = moment(_whole(item.get("startTimeUnixNano")))
        wrong = check_time(started_at, now=now)
        if wrong is not None or started_at is None:
            return wrong or Rejected("span.time", "The span has no time.")
        ended_at = moment(_whole(item.get("endTimeUnixNano")))
        status = _field(item, "status")
        return Span(
            trace_id=_id(item.get("traceId"), 32, "trace"),
            span_id=_id(item.get("spanId"), 16, "span"),
            parent_id=_parent(item.get("parentSpanId")),
            name=bounds.clean(str(item.get("name") or ""), NAME_MAX),
            started_at=started_at,
            ended_at=None if ended_at is None else max(started_at, ended_at),
            status=_enum(_field(status, "code"), STATUSES),
            status_message=bounds.clean(
                str(_field(status, "message") or ""), MESSAGE_MAX
            ),
            attributes=_attributes(item.get("attributes")),
            resource=resource,
            scope=scope,
            events=tuple(_events(item.get("events"), started_at)),
            links=tuple(_links(item.get("links"))),
            kind=_enum(item.get("kind"), KINDS),
            has_remote_parent=bool(_whole(item.get("flags")) & IS_REMOTE_FLAG),
        )
    except _Wrong as wrong_span:
        return wrong_span.rejected


def _id(value: object, length: int, what: str) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if len(text) != length or not _HEX.fullmatch(text):
        raise _Wrong(
            f"{what}.id",
            f"The {what} id is not {length} hex digits. OTLP's JSON has hex, not base64.",
        )
    if not text.strip("0"):
        raise _Wrong(f"{what}.id", f"The {what} id is all zeros.")
    return text


def _parent(value: object) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip("0")):
        return None
    return _id(value, 16, "span")


def _enum(value: object, choices: tuple) -> Any:
    number = _whole(value)
    return choices[number] if 0 <= number < len(choices) else choices[0]


def _whole(value: object) -> int:
    """Read a whole number that may be text, as 64-bit numbers are; 0 for anything else."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) <= 24 and value.lstrip("-").isdecimal():
        return int(value)
    return 0


def _attributes(value: object) -> dict[str, Any]:
    return bounds.attributes(_pairs(value, 0))


def _pairs(value: object, depth: int) -> Iterator[tuple[str, object]]:
    for pair in _objects(value):
        key = pair.get("key")
        if isinstance(key, str) and key:
            yield key, _any(pair.get("value"), depth)


def _any(value: object, depth: int) -> Any:
    """Read an AnyValue: an object with one member that says its type."""
    if not isinstance(value, Mapping) or not value:
        return None
    if depth > bounds.DEPTH_MAX:
        return bounds.TOO_DEEP
    if "stringValue" in value:
        return value["stringValue"]
    if "intValue" in value:
        return _whole(value["intValue"])
    if "arrayValue" in value:
        items = _list(_field(value["arrayValue"], "values"))
        return [_any(item, depth + 1) for item in items[: bounds.ITEMS_MAX]]
    if "kvlistValue" in value:
        return dict(_pairs(_field(value["kvlistValue"], "values"), depth + 1))
    if "bytesValue" in value:
        return bounds.binary(len(str(value["bytesValue"] or "")) * 3 // 4)
    return value.get("boolValue", value.get("doubleValue"))


def _events(value: object, started_at: datetime) -> Iterator[SpanEvent]:
    for item in _objects(value)[:EVENTS_MAX]:
        yield SpanEvent(
            name=bounds.clean(str(item.get("name") or ""), NAME_MAX),
            at=moment(_whole(item.get("timeUnixNano"))) or started_at,
            attributes=_attributes(item.get("attributes")),
        )


def _links(value: object) -> Iterator[tuple[str, str]]:
    for item in _objects(value)[:LINKS_MAX]:
        try:
            yield (
                _id(item.get("traceId"), 32, "trace"),
                _id(item.get("spanId"), 16, "span"),
            )
        except _Wrong:
            continue


def _field(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in _list(value) if isinstance(item, Mapping)]
