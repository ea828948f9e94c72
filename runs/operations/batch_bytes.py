"""From the bytes of a batch to its events: read once before the 202, once when folded.

The envelope is cut into the bytes of each event first, so that a duplicate key or half a
surrogate in one event costs only that event.
"""

import json
import re
from datetime import datetime
from functools import partial

import msgspec

from portal.core import strict_json
from portal.core.errors import Malformed, Problem, TooLarge, UnsupportedMedia
from runs.rules import cloudevents
from runs.rules.batches import EVENTS_MAX, Looked, look
from runs.rules.shapes import Rejected, shape

BATCH_BYTES_MAX = 8 * 1024 * 1024
EVENT_BYTES_MAX = strict_json.ACTION_BYTES_MAX
JSON_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"
CLOUD_TYPE = f"{cloudevents.PREFIX}+json"
CLOUD_BATCH_TYPE = f"{cloudevents.BATCH_PREFIX}+json"


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


_DECODER = msgspec.json.Decoder(_Envelope)
_LENIENT = json.JSONDecoder()
_LIST_DECODER = msgspec.json.Decoder(list[msgspec.Raw])
_OPENING = re.compile(r'\s*\{\s*"events"\s*:\s*\[\s*')
_LIST_OPENING = re.compile(r"\s*\[\s*")
_BETWEEN = re.compile(r"\s*(?:,\s*|(?=\]))")
_CLOSING = re.compile(r"\]\s*\}\s*")
_LIST_CLOSING = re.compile(r"\]\s*")


def look_at(
    raw: bytes,
    *,
    form: str,
    content_type: str,
    is_system_of_record: bool,
    now: datetime,
) -> Looked:
    """Read a batch. Raises Malformed, TooLarge or UnsupportedMedia for what is no batch."""
    is_cloud = form == "CLOUDEVENTS"
    looked = look(
        _cloud_parts(raw, content_type) if is_cloud else _parts(raw, content_type),
        parse=_parse,
        read=partial(cloudevents.read, parse=_parse) if is_cloud else shape,
        is_system_of_record=is_system_of_record,
        now=now,
    )
    if is_cloud:
        # Events of one time stand in the order of their `sequence`.
        looked.events.sort(
            key=lambda entry: (entry[1].at, cloudevents.sequence_of(entry[1]))
        )
    return looked


def _parts(raw: bytes, content_type: str) -> list[bytes]:
    if content_type == JSON_TYPE:
        parts = _parts_of_json(raw)
    elif content_type == LINES_TYPE:
        parts = [line for line in raw.split(b"\n") if line.strip()]
    else:
        raise UnsupportedMedia(
            f"Send events as {JSON_TYPE}, {LINES_TYPE} or CloudEvents."
        )
    if not parts:
        raise Malformed("There is no event in this batch.")
    return _not_too_many(parts)


def _cloud_parts(raw: bytes, content_type: str) -> list[bytes]:
    """Cut a batch of CloudEvents; an empty one is a batch too, says the standard."""
    if content_type != CLOUD_BATCH_TYPE:
        return [raw]
    try:
        parts = [bytes(part) for part in _LIST_DECODER.decode(raw)]
    except (msgspec.DecodeError, RecursionError):
        parts = _parts_one_by_one(raw, "[...]", _LIST_OPENING, _LIST_CLOSING)
    return _not_too_many(parts)


def _not_too_many(parts: list[bytes]) -> list[bytes]:
    if len(parts) > EVENTS_MAX:
        raise TooLarge(
            f"At most {EVENTS_MAX:,} events are taken at once; here are {len(parts):,}."
        )
    return parts


def _parts_of_json(raw: bytes) -> list[bytes]:
    try:
        return [bytes(part) for part in _DECODER.decode(raw).events]
    except (msgspec.DecodeError, RecursionError):
        return _parts_one_by_one(raw, '{"events": [...]}', _OPENING, _CLOSING)


def _parts_one_by_one(
    raw: bytes, wanted: str, begin: re.Pattern[str], finish: re.Pattern[str]
) -> list[bytes]:
    """Cut a batch that is not clean JSON: each event that can be delimited is one part.

    The fast parser refuses the whole text for half a surrogate or NaN in one event.
    """
    try:
        text = raw.decode("utf-8")
        opening = begin.match(text)
        if opening is None:
            raise ValueError("it does not begin so")
        place, parts = opening.end(), []
        while text[place : place + 1] != "]":
            end = _LENIENT.raw_decode(text, place)[1]
            parts.append(text[place:end].encode())
            between = _BETWEEN.match(text, end)
            if between is None:
                raise ValueError("events are not divided by commas")
            place = between.end()
            if len(parts) > EVENTS_MAX:
                break
        else:
            if finish.fullmatch(text, place) is None:
                raise ValueError("something follows the events")
    except (ValueError, RecursionError) as error:
        detail = str(error)[:200] or "nested too deeply"
        raise Malformed(f"This is not {wanted}: {detail}.") from error
    return parts


def _parse(raw: bytes) -> object | Rejected:
    try:
        return strict_json.parse(raw, bytes_max=EVENT_BYTES_MAX)
    except Problem as problem:
        return Rejected(problem.code, problem.detail)
