"""CloudEvents 1.0: one event of the standard becomes one of ours, or is refused with a reason.

The attributes say which event it is and of which run; its data is the body of our own
event. What both say must agree. `docs/telemetry.md` has the whole mapping.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from runs.rules.shapes import ID_LENGTH_MAX, KINDS, Rejected, ToldEvent, shape

BATCH_PREFIX = "application/cloudevents-batch"
PREFIX = "application/cloudevents"
HEADER_PREFIX = "ce-"
STEP = "step.recorded"
# What other makers of events call ours.
_SYNONYMS = {"change.observed": "change.made"}
_NAME = re.compile(r"[a-z0-9]{1,20}")
_VERSION = re.compile(r"\.v1$")
_IS_JSON = re.compile(r"(?:[\w.+-]+/(?:[\w.-]+\+)?json|)", re.IGNORECASE)
_RUN_SUBJECT = "run/"
_REQUIRED = ("id", "source", "type")
_KEPT = ("source", "id", "type", "subject", "sequence", "causationid", "traceparent")
_KEPT_LENGTH = 200
_INTEGER_MAX = 2**31

type Parser = Callable[[bytes], object | Rejected]


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, detail: str, code: str = "invalid") -> None:
        super().__init__(detail)
        self.code = code


def read(
    value: object, *, parse: Parser, now: datetime, is_system: bool = False
) -> ToldEvent | Rejected:
    """Read one CloudEvent as our own event; `parse` reads data that came as bytes."""
    if not isinstance(value, Mapping):
        return Rejected("malformed", "A CloudEvent is a JSON object.")
    try:
        attributes = _attributes(value)
        body = _body(value, attributes, parse)
        ours = _ours(attributes, body)
    except _Wrong as wrong:
        return Rejected(wrong.code, str(wrong))
    told = shape(ours, now=now, is_system=is_system)
    if isinstance(told, Rejected):
        return told
    origin = {
        name: str(attributes[name])[:_KEPT_LENGTH]
        for name in _KEPT
        if name in attributes
    }
    return replace(
        told,
        id=key_of(attributes["source"], attributes["id"]),
        facts={**told.facts, "cloudevent": origin},
    )


def key_of(source: str, event_id: str) -> str:
    """Give what a CloudEvent is unique by: its source and its id, as one bounded text."""
    plain = f"ce:{source} {event_id}"
    if len(plain) <= ID_LENGTH_MAX:
        return plain
    # A source holds no space, so no two pairs give the same text.
    return f"ce:{hashlib.sha256(plain.encode()).hexdigest()}"


def sequence_of(told: ToldEvent) -> str:
    """Give the text by which events of one time stand in order."""
    return str((told.facts.get("cloudevent") or {}).get("sequence", ""))


def structured_of(
    headers: Mapping[str, str], *, content_type: str, body: bytes
) -> dict[str, Any]:
    """Write an event that came in binary mode, by headers, as the structured one it equals.

    What cannot be read becomes a value that `read` refuses, so that the event is on
    record with its reason.
    """
    event: dict[str, Any] = {}
    for name, value in headers.items():
        attribute = name.lower().removeprefix(HEADER_PREFIX)
        event[attribute] = header_value(value)
    if "datacontenttype" in event:
        event["datacontenttype"] = ["sent as a header"]
    elif content_type:
        event["datacontenttype"] = content_type
    if body:
        event["data_base64"] = base64.b64encode(body).decode()
    return event


def header_value(text: str) -> str | list[str]:
    """Read a header's value: quotes are taken off, then one round of percent-decoding.

    What is no UTF-8 comes back as a list, which is no value of an attribute.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        return ["not UTF-8"]


def _attributes(value: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        name: given
        for name, given in value.items()
        if name not in ("data", "data_base64") and given is not None
    }
    for name, given in found.items():
        if not _NAME.fullmatch(name):
            raise _Wrong(
                f"{name[:40]!r} is no name of an attribute: a-z and 0-9, at most 20."
            )
        if name == "datacontenttype" and given == ["sent as a header"]:
            raise _Wrong("datacontenttype is sent as Content-Type, not as a header.")
        _check_value(name, given)
    if found.get("specversion") != "1.0":
        raise _Wrong("specversion: 1.0 is needed.", "specversion.unknown")
    for name in _REQUIRED:
        if not isinstance(found.get(name), str) or not found[name].strip():
            raise _Wrong(f"{name}: a text that is not empty is needed.")
    if re.search(r"\s", found["source"]):
        raise _Wrong("source: a URI or a path is needed, without spaces.")
    if isinstance(found.get("sequence"), int):
        found["sequence"] = str(found["sequence"])
    return found


def _check_value(name: str, given: object) -> None:
    is_whole = isinstance(given, int) and -_INTEGER_MAX <= given < _INTEGER_MAX
    if not isinstance(given, str | bool) and not is_whole:
        raise _Wrong(f"{name}: a text, a whole number of 32 bits or a yes is needed.")


def _body(
    value: Mapping[str, Any], attributes: Mapping[str, Any], parse: Parser
) -> Mapping[str, Any]:
    content_type = str(attributes.get("datacontenttype", "")).partition(";")[0].strip()
    if not _IS_JSON.fullmatch(content_type):
        raise _Wrong(
            f"data: JSON is needed, not {content_type[:60]!r}.", "unsupported_media"
        )
    encoded = value.get("data_base64")
    if encoded is not None and value.get("data") is not None:
        raise _Wrong("data and data_base64: only one of them may be sent.")
    body = value.get("data") if encoded is None else _decoded(encoded, parse)
    if body is None:
        if "dataref" in attributes:
            raise _Wrong("dataref is not followed: send the data along.")
        return {}
    if not isinstance(body, Mapping):
        raise _Wrong("data: an object is needed, the body of an event.")
    return body


def _decoded(encoded: object, parse: Parser) -> object:
    if not isinstance(encoded, str):
        raise _Wrong("data_base64: a text is needed.")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _Wrong("data_base64: this is not base64.") from None
    parsed = parse(raw)
    if isinstance(parsed, Rejected):
        raise _Wrong(f"data: {parsed.detail}", parsed.code)
    return parsed


def _ours(attributes: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Put our own event together. Raises _Wrong where attributes and data disagree."""
    ours = dict(body)
    for name, said in (
        ("kind", _kind_of(str(attributes["type"]), body.get("kind"))),
        ("run", _run_of(attributes)),
        ("workflow", attributes.get("workflow")),
        ("id", attributes["id"]),
    ):
        if said is None:
            continue
        if body.get(name) not in (None, said):
            raise _Wrong(
                f"{name}: the data says {str(body[name])[:60]!r} and the attributes"
                f" {str(said)[:60]!r}."
            )
        ours[name] = said
    # Makers stamp `time` when they write the event; the data knows when it happened.
    if ours.get("at") is None and "time" in attributes:
        ours["at"] = attributes["time"]
    # The id may be longer than ours; the key made of it never is.
    ours["id"] = str(attributes["id"])[:ID_LENGTH_MAX]
    return ours


def _kind_of(name: str, told: object) -> str | None:
    """Read the kind out of a type such as `com.example.data.read.v1`."""
    plain = _VERSION.sub("", name)
    if plain == STEP or plain.endswith(f".{STEP}"):
        if told is None:
            raise _Wrong(f"data.kind: this is needed with the type {name[:60]!r}.")
        return None
    for kind in (*KINDS, *_SYNONYMS):
        if plain == kind or plain.endswith(f".{kind}"):
            return _SYNONYMS.get(kind, kind)
    raise _Wrong(f"There is no type of event {name[:60]!r}.", "kind.unknown")


def _run_of(attributes: Mapping[str, Any]) -> str | None:
    run = attributes.get("correlationid")
    subject = attributes.get("subject")
    if isinstance(subject, str) and subject.startswith(_RUN_SUBJECT):
        named = subject.removeprefix(_RUN_SUBJECT)
        if run is not None and run != named:
            raise _Wrong("correlationid and subject name two different runs.")
        return named
    return None if run is None else str(run)
