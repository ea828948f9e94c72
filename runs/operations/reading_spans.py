"""From the bytes of telemetry to spans: read once before the answer, once when folded."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from portal.core.errors import Malformed, TooLarge, UnsupportedMedia
from runs.models import InboxBatch
from runs.operations import otlp_protobuf
from runs.rules.shapes import Rejected
from runs.rules.spans import openai_export, otlp_json
from runs.rules.spans.span import Span

SPANS_MAX = 20_000
OTLP, OPENAI = str(InboxBatch.Form.OTLP), str(InboxBatch.Form.OPENAI)
JSON_TYPE = "application/json"
PROTOBUF_TYPE = "application/x-protobuf"
_NESTING = (
    ("resourceLogs", "scopeLogs", "logRecords"),
    ("resourceMetrics", "scopeMetrics", "metrics"),
)
_DEPTH_MAX = 200
_DIGITS_MAX = 40
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]+|[\]}]+', re.DOTALL)
_CUT = '"[nested too deeply]"'


@dataclass
class ReadSpans:
    """What one look at telemetry tells: spans with their places, and what is none."""

    spans: list[tuple[int, Span]] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    duplicate: int = 0

    @property
    def count(self) -> int:
        return len(self.spans) + len(self.rejected) + self.duplicate


def read_spans(raw: bytes, *, form: str, content_type: str, now: datetime) -> ReadSpans:
    """Read an export. Raises Malformed, TooLarge or UnsupportedMedia for what is none."""
    if content_type == PROTOBUF_TYPE and form == OTLP:
        return _sorted_out(otlp_protobuf.spans_in(raw, now=now))
    if content_type != JSON_TYPE:
        raise UnsupportedMedia(f"Send {PROTOBUF_TYPE} or {JSON_TYPE}.")
    document = parse_leniently(raw)
    if form == OTLP:
        if not isinstance(document, dict):
            raise Malformed('An export of spans is {"resourceSpans": [...]}.')
        return _sorted_out(otlp_json.spans_in(document, now=now))
    found = openai_export.spans_in(document, now=now)
    if found is None:
        raise Malformed('An export of traces is {"data": [...]}.')
    return _sorted_out(found)


def count_records(raw: bytes, *, content_type: str) -> int:
    """Count what an export of logs or metrics holds. Raises Malformed."""
    if content_type == PROTOBUF_TYPE:
        return otlp_protobuf.items_in(raw)
    document = parse_leniently(raw)
    if not isinstance(document, dict):
        raise Malformed("An export is a JSON object.")
    try:
        return sum(
            len(scope.get(inner) or ())
            for outer, middle, inner in _NESTING
            for resource in document.get(outer) or ()
            for scope in resource.get(middle) or ()
        )
    except (AttributeError, TypeError) as error:
        raise Malformed("This is no export of logs or metrics.") from error


def _sorted_out(found: Iterable[Span | Rejected]) -> ReadSpans:
    read = ReadSpans()
    known: dict[tuple[str, str], int] = {}
    for index, span in enumerate(found):
        if index >= SPANS_MAX:
            raise TooLarge(f"At most {SPANS_MAX:,} spans are taken at once.")
        if isinstance(span, Rejected):
            read.rejected.append((index, span))
            continue
        name = (span.trace_id, span.span_id)
        if name not in known:
            known[name] = len(read.spans)
            read.spans.append((index, span))
            continue
        read.duplicate += 1
        before = read.spans[known[name]]
        # Of two records of one span the one that has ended says more.
        if before[1].ended_at is None and span.ended_at is not None:
            read.spans[known[name]] = (before[0], span)
    return read


def parse_leniently(raw: bytes) -> object:
    """Read JSON as exporters write it; what is nested beyond sense is cut out, not refused."""
    try:
        text = raw.decode("utf-8", "replace")
        try:
            return _parse(text)
        except RecursionError:
            return _parse(_without_depth(text))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"This is not JSON: {str(error)[:200]}.") from error


def _parse(text: str) -> object:
    return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _DIGITS_MAX else 0


def _without_depth(text: str) -> str:
    """Put a word in the place of everything that lies too deep."""
    kept: list[str] = []
    depth = place = 0
    for token in _TOKEN.finditer(text):
        for offset, mark in enumerate(token.group()):
            at = token.start() + offset
            if mark in "[{":
                if depth == _DEPTH_MAX:
                    kept += [text[place:at], _CUT]
                depth += 1
            elif mark in "]}":
                depth -= 1
                if depth == _DEPTH_MAX:
                    place = at + 1
            else:
                break
    return "".join(kept) + (text[place:] if depth <= _DEPTH_MAX else "")
