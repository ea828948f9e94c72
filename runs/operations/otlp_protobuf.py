"""OTLP's protobuf into spans, each span parsed by itself.

One span that protobuf cannot read, such as attributes nested 10,000 deep, would refuse
the whole export, so the envelope is cut by hand into the bytes of each span. A field
that cannot be read costs that field; only what leaves no span costs the span.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from portal.core.errors import Malformed
from runs.rules.shapes import Rejected
from runs.rules.spans import bounds
from runs.rules.spans.otlp_json import (
    EVENTS_MAX,
    IS_REMOTE_FLAG,
    KINDS,
    LINKS_MAX,
    MESSAGE_MAX,
    NAME_MAX,
    STATUSES,
    check_time,
    moment,
)
from runs.rules.spans.span import Span, SpanEvent

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_ATTRIBUTES, _EVENTS, _LINKS = 9, 11, 13
_PARTS: dict[int, Any] = {
    _ATTRIBUTES: KeyValue,
    _EVENTS: WireSpan.Event,
    _LINKS: WireSpan.Link,
}

type Field = tuple[int, int, int, int]


def spans_in(raw: bytes, *, now: datetime) -> Iterator[Span | Rejected]:
    """Read every span of an export. Raises Malformed where the envelope is none."""
    view = memoryview(raw)
    for resource_spans in _nested(view, 1):
        resource = _resource(resource_spans)
        for scope_spans in _nested(resource_spans, 2):
            scope = _scope(scope_spans)
            for wire in _nested(scope_spans, 2):
                yield _span(bytes(wire), resource=resource, scope=scope, now=now)


def items_in(raw: bytes) -> int:
    """Count the records of an export of logs or metrics, which have the same nesting."""
    return sum(
        1
        for resource in _nested(memoryview(raw), 1)
        for scope in _nested(resource, 2)
        for _ in _nested(scope, 2)
    )


def _nested(view: memoryview, wanted: int) -> list[memoryview]:
    """Give the bytes of every nested message of one number."""
    return [
        view[begin:end]
        for number, kind, begin, end in _fields(view)
        if number == wanted and kind == _BYTES
    ]


def _fields(view: memoryview) -> Iterator[Field]:
    """Cut a message into its fields: number, kind, and where the value lies."""
    place, length = 0, len(view)
    while place < length:
        tag, place = _varint(view, place)
        number, kind, begin = tag >> 3, tag & 7, place
        if kind == _BYTES:
            size, begin = _varint(view, place)
            place = begin + size
        elif kind == _VARINT:
            _, place = _varint(view, place)
        elif kind in (_FIXED64, _FIXED32):
            place += 8 if kind == _FIXED64 else 4
        else:
            raise Malformed("This is not an OTLP export in protobuf.")
        if number == 0 or place > length:
            raise Malformed("This is not an OTLP export in protobuf, or it is cut off.")
        yield number, kind, begin, place


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(view) and shift < 70:
        byte = view[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise Malformed("This is not an OTLP export in protobuf, or it is cut off.")


def _resource(view: memoryview) -> dict[str, Any]:
    for part in _nested(view, 1):
        try:
            return _attributes(Resource.FromString(bytes(part)).attributes)
        except DecodeError:
            return {}
    return {}


def _scope(view: memoryview) -> str:
    for part in _nested(view, 1):
        try:
            return bounds.clean(InstrumentationScope.FromString(bytes(part)).name, 200)
        except DecodeError:
            return ""
    return ""


def _span(
    raw: bytes, *, resource: dict[str, Any], scope: str, now: datetime
) -> Span | Rejected:
    try:
        wire = WireSpan.FromString(raw)
    except DecodeError:
        try:
            wire = WireSpan.FromString(_readable_part(raw))
        except (DecodeError, Malformed):
            return Rejected("span.malformed", "The span cannot be read as protobuf.")
    wrong = _wrong_id(wire.trace_id, 16, "trace") or _wrong_id(wire.span_id, 8, "span")
    started_at = moment(wire.start_time_unix_nano)
    wrong = wrong or check_time(started_at, now=now)
    if wrong is not None or started_at is None:
        return wrong or Rejected("span.time", "The span has no time.")
    ended_at = moment(wire.end_time_unix_nano)
    parent = wire.parent_span_id
    if parent.strip(b"\x00") and len(parent) != 8:
        return Rejected("span.id", "The parent's id does not have 8 bytes.")
    return Span(
        trace_id=wire.trace_id.hex(),
        span_id=wire.span_id.hex(),
        parent_id=parent.hex() if parent.strip(b"\x00") else None,
        name=bounds.clean(wire.name, NAME_MAX),
        started_at=started_at,
        ended_at=None if ended_at is None else max(started_at, ended_at),
        status=_one_of(STATUSES, wire.status.code),
        status_message=bounds.clean(wire.status.message, MESSAGE_MAX),
        attributes=_attributes(wire.attributes),
        resource=resource,
        scope=scope,
        events=tuple(
            SpanEvent(
                bounds.clean(event.name, NAME_MAX),
                moment(event.time_unix_nano) or started_at,
                _attributes(event.attributes),
            )
            for event in wire.events[:EVENTS_MAX]
        ),
        links=tuple(
            (link.trace_id.hex(), link.span_id.hex())
            for link in wire.links[:LINKS_MAX]
            if len(link.trace_id) == 16 and len(link.span_id) == 8
        ),
        kind=_one_of(KINDS, wire.kind),
        has_remote_parent=bool(wire.flags & IS_REMOTE_FLAG),
    )


def _readable_part(raw: bytes) -> bytes:
    """Leave out the attributes, events and links that protobuf cannot read."""
    view, kept, place = memoryview(raw), bytearray(), 0
    for number, kind, begin, end in _fields(view):
        value = bytes(view[begin:end])
        if number in _PARTS and kind == _BYTES and not _is_readable(number, value):
            name = _key_of(value) if number == _ATTRIBUTES else None
            if name:
                stub = KeyValue(key=name)
                stub.value.string_value = bounds.TOO_DEEP
                text = stub.SerializeToString()
                # Field 9 with a length: short, because a key is.
                kept += bytes([_ATTRIBUTES << 3 | _BYTES, len(text)]) + text
        else:
            kept += view[place:end]
        place = end
    return bytes(kept)


def _is_readable(number: int, value: bytes) -> bool:
    try:
        _PARTS[number].FromString(value)
    except DecodeError:
        return False
    return True


def _key_of(value: bytes) -> str | None:
    for number, kind, begin, end in _fields(memoryview(value)):
        if number == 1 and kind == _BYTES and end - begin <= 80:
            return value[begin:end].decode("utf-8", "replace")
    return None


def _wrong_id(value: bytes, length: int, what: str) -> Rejected | None:
    if len(value) != length:
        return Rejected(f"{what}.id", f"The {what} id does not have {length} bytes.")
    if not value.strip(b"\x00"):
        return Rejected(f"{what}.id", f"The {what} id is all zeros.")
    return None


def _one_of(choices: tuple, number: int) -> Any:
    return choices[number] if 0 <= number < len(choices) else choices[0]


def _attributes(pairs: Any) -> dict[str, Any]:
    return bounds.attributes((pair.key, _any(pair.value, 0)) for pair in pairs)


def _any(value: Any, depth: int) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        if depth >= bounds.DEPTH_MAX:
            return bounds.TOO_DEEP
        items = value.array_value.values[: bounds.ITEMS_MAX]
        return [_any(item, depth + 1) for item in items]
    if kind == "kvlist_value":
        if depth >= bounds.DEPTH_MAX:
            return bounds.TOO_DEEP
        pairs = value.kvlist_value.values[: bounds.ITEMS_MAX]
        return {pair.key: _any(pair.value, depth + 1) for pair in pairs}
    return getattr(value, kind) if kind else None
