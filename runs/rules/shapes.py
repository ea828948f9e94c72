"""What an agent or a system of record may send, checked one event at a time.

A wrong event is a value with a code and a sentence, never an exception: one bad event
never costs the others. Unknown fields are refused, so nothing that is sent can name a
state, an approver or a provenance.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any

from runs.rules.values import decimal_of

ID_LENGTH_MAX = 128
NAME_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 4_000
LIST_LENGTH_MAX = 200
CHANGES_MAX = 200
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD_MAX = timedelta(days=1)
SYSTEM_KINDS = ("change.made", "outcome.confirmed", "note")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)"
)


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event as it was told: where it belongs, when, what."""

    id: str
    workflow: str
    run: str
    at: datetime
    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why one event is not taken."""

    code: str
    detail: str


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    pass


def shape(
    value: object, *, now: datetime, is_system: bool = False
) -> ToldEvent | Rejected:
    """Read one event, or say what is wrong with it.

    A system of record need not know the workflow or the run of a change; both are "".
    """
    if not isinstance(value, Mapping):
        return Rejected("malformed", "An event is a JSON object.")
    try:
        kind = _text(value.get("kind"), 40)
        fields = KINDS.get(kind)
        if fields is None:
            return Rejected("kind.unknown", f"There is no kind of event {kind[:40]!r}.")
        head = _head(value, is_placed=not (is_system and kind == "change.made"))
        at = _time(value.get("at"), now)
        facts = _facts(value, fields)
    except _Wrong as wrong:
        return Rejected("invalid", str(wrong))
    return ToldEvent(at=at, kind=kind, facts=facts, **head)


def _head(value: Mapping[str, Any], *, is_placed: bool) -> dict[str, str]:
    return {
        name: ""
        if not is_placed and name != "id" and value.get(name) is None
        else _named(name, partial(_text, limit=limit), value.get(name))
        for name, limit in (
            ("id", ID_LENGTH_MAX),
            ("workflow", 80),
            ("run", ID_LENGTH_MAX),
        )
    }


def _facts(value: Mapping[str, Any], fields: Mapping[str, "_Field"]) -> dict[str, Any]:
    facts = {}
    for name, given in value.items():
        if name in _HEAD:
            continue
        if name not in fields:
            raise _Wrong(f"{str(name)[:40]!r} is not a field of this kind.")
        if given is not None:
            facts[name] = _named(name, fields[name].read, given)
    for name, field in fields.items():
        if field.is_required and name not in facts:
            raise _Wrong(f"{name}: this is needed.")
    return facts


def _named(name: str, read: Callable[[Any], Any], given: object) -> Any:
    try:
        return read(given)
    except _Wrong as wrong:
        raise _Wrong(f"{name}: {wrong}") from None


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong("a text that is not empty is needed.")
    if len(value) > limit:
        raise _Wrong(f"at most {limit:,} characters are taken.")
    return value


def _time(value: object, now: datetime) -> datetime:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise _Wrong("at: a time as RFC 3339 with its zone is needed.")
    try:
        # Python reads six digits of a second; more are cut, not refused.
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.upper()))
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _Wrong("at: there is no such time.") from error
    if not EARLIEST <= at <= now + AHEAD_MAX:
        raise _Wrong("at: this lies before 2000 or more than a day ahead.")
    return at


def plain(value: object) -> Any:
    """Give a JSON value that a database keeps: exact decimals stay exact or turn to text."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _string(limit: int) -> Callable[[Any], str]:
    return lambda value: _text(value, limit)


def _object(value: object) -> Any:
    if not isinstance(value, Mapping):
        raise _Wrong("an object is needed.")
    return plain(value)


def _number(value: object) -> str:
    number = decimal_of(value)
    if (
        number is None
        or not isinstance(value, str | int | Decimal)
        or abs(number) >= 10**15
    ):
        raise _Wrong("a decimal number is needed.")
    return f"{number:f}"


def _share(value: object) -> str:
    text = _number(value)
    if not 0 <= Decimal(text) <= 1:
        raise _Wrong("a number from 0 to 1 is needed.")
    return text


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**12:
        raise _Wrong("a whole number from 0 is needed.")
    return value


def _attempt(value: object) -> int:
    if _whole(value) < 1:
        raise _Wrong("attempts are counted from 1.")
    return int(str(value))


def _yes(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false is needed.")
    return value


def _money(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or set(value) != {"value", "currency"}:
        raise _Wrong("an object with value and currency is needed.")
    return {
        "value": _positive(value["value"]),
        "currency": _currency(value["currency"]),
    }


def _positive(value: object) -> str:
    text = _number(value)
    if Decimal(text) < 0:
        raise _Wrong("a number from 0 is needed.")
    return text


def _currency(value: object) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise _Wrong("a currency of three capital letters is needed.")
    return value


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > LIST_LENGTH_MAX:
        raise _Wrong(f"a list of at most {LIST_LENGTH_MAX} names is needed.")
    return [_text(item, NAME_LENGTH_MAX) for item in value]


def _label(value: object) -> str:
    """Read a record's name: a text, or an object with type and id."""
    if isinstance(value, Mapping):
        if not value or not set(value) <= {"type", "id"}:
            raise _Wrong("a text, or an object with type and id, is needed.")
        return " ".join(
            _text(value[key], NAME_LENGTH_MAX) for key in ("type", "id") if key in value
        )
    return _text(value, NAME_LENGTH_MAX)


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise _Wrong(f"one of {', '.join(choices)} is needed.")
        return str(value)

    return read


@dataclass(frozen=True, slots=True)
class _Field:
    read: Callable[[Any], Any]
    is_required: bool = False


def _need(read: Callable[[Any], Any]) -> _Field:
    return _Field(read, is_required=True)


_HEAD = ("id", "workflow", "run", "at", "kind")
_NAME, _TEXT = _string(NAME_LENGTH_MAX), _string(TEXT_LENGTH_MAX)
KINDS: Mapping[str, Mapping[str, _Field]] = MappingProxyType(
    {
        "run.started": {
            "trigger": _Field(_TEXT),
            "case": _Field(_NAME),
            "case_type": _Field(_NAME),
            "requester": _Field(_NAME),
        },
        "data.read": {
            "system": _need(_NAME),
            "resource": _need(_label),
            "fields": _Field(_names),
        },
        "tool.called": {
            "tool": _need(_NAME),
            "system": _Field(_NAME),
            "args": _Field(_object),
            "status": _need(_one_of("ok", "error")),
            "error": _Field(_TEXT),
            "attempt": _Field(_attempt),
            "duration_ms": _Field(_whole),
            "result": _Field(plain),
            "retry_key": _Field(_NAME),
        },
        "model.called": {
            "model": _need(_NAME),
            "input_tokens": _Field(_whole),
            "output_tokens": _Field(_whole),
            "cost": _Field(_money),
            "duration_ms": _Field(_whole),
        },
        "decision.made": {"text": _need(_TEXT), "confidence": _Field(_share)},
        "change.made": {
            "system": _need(_NAME),
            "resource": _need(_label),
            "field": _Field(_NAME),
            "before": _Field(plain),
            "after": _Field(plain),
            "grant": _Field(_string(64)),
            "verb": _Field(_NAME),
        },
        "escalated": {"reason": _need(_TEXT)},
        "cost": {
            "cost_kind": _Field(_NAME),
            "value": _need(_positive),
            "currency": _need(_currency),
        },
        "note": {"text": _need(_TEXT)},
        "run.finished": {
            "status": _need(_one_of("completed", "failed", "stopped", "cancelled")),
            "summary": _Field(_TEXT),
            "units": _Field(_positive),
        },
        "outcome.confirmed": {
            "resolved": _need(_yes),
            "by": _Field(_NAME),
            "basis": _Field(_one_of("customer", "implied")),
        },
        "handoff": {"to": _need(_NAME)},
    }
)
