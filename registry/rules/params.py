"""The parameters of each kind of stop rule, read strictly.

What comes back is frozen: tuples for lists, and only the keys that were given.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from registry.rules.fields import LIST_LENGTH_MAX, TEXT_LENGTH_MAX, Fields, is_path
from registry.rules.rulebook import StopKind
from registry.rules.stops import PLAIN_FIELDS, ROOTS, SPECIAL_FIELDS

FAILURES_MAX = 100
STEPS_MAX = 10_000


def params_of(kind: StopKind | None, fields: Fields) -> Mapping[str, Any]:
    """Return the parameters of a stop rule; of an unknown kind there is nothing to read."""
    if kind is None:
        return MappingProxyType({})
    read = _READERS[kind](fields)
    fields.refuse_unknown()
    return MappingProxyType(
        {key: value for key, value in read.items() if value not in (None, ())}
    )


def is_fact(path: Any) -> bool:
    """Return whether a path names something that a request can hold."""
    if not is_path(path):
        return False
    root, _, rest = path.partition(".")
    if root in ROOTS:
        return bool(rest)
    return not rest and root in (*PLAIN_FIELDS, *SPECIAL_FIELDS)


def _facts(fields: Fields, key: str) -> tuple[str, ...]:
    paths = fields.texts(key, is_required=True)
    for path in paths:
        if not is_fact(path):
            known = ", ".join(
                (*(f"{root}.…" for root in ROOTS), *PLAIN_FIELDS, *SPECIAL_FIELDS)
            )
            fields.note(
                key, f"“{path}” is not a field of a request; known are {known}."
            )
    return paths


def _missing_data(fields: Fields) -> dict[str, Any]:
    return {"fields": _facts(fields, "fields")}


def _conflicting_records(fields: Fields) -> dict[str, Any]:
    read = {"signals": fields.texts("signals"), "pairs": _pairs(fields)}
    if not any(read.values()):
        fields.note("", "needs signals or pairs.")
    return read


def _pairs(fields: Fields) -> tuple[tuple[str, str], ...]:
    value = fields.raw("pairs")
    if value is None:
        return ()
    is_list = isinstance(value, (list, tuple)) and len(value) <= LIST_LENGTH_MAX
    if not is_list or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(is_fact, pair))
        for pair in value
    ):
        fields.note(
            "pairs", 'must be pairs of fields, such as ["args.amount", "before.total"].'
        )
        return ()
    pairs = tuple((pair[0], pair[1]) for pair in value)
    fields.refuse_twice("pairs", pairs)
    return pairs


def _sensitive_topic(fields: Fields) -> dict[str, Any]:
    read = {
        "topics": fields.texts("topics"),
        "words": fields.texts("words"),
        "amount_above": fields.decimal("amount_above"),
        "currency": fields.currency("currency"),
    }
    if not (read["topics"] or read["words"] or read["amount_above"] is not None):
        fields.note("", "needs topics, words or amount_above.")
    if (read["amount_above"] is None) != (read["currency"] is None):
        fields.note("currency", "goes together with amount_above.")
    if read["amount_above"] is not None:
        read["amount_above"] = fields.source["amount_above"]
    return read


def _low_confidence(fields: Fields) -> dict[str, Any]:
    fields.decimal("below", maximum=1, is_required=True)
    return {"below": fields.source.get("below")}


def _outside_category(fields: Fields) -> dict[str, Any]:
    return {"categories": fields.texts("categories")}


def _tool_failure(fields: Fields) -> dict[str, Any]:
    return {
        "failures": fields.whole("failures", 1, FAILURES_MAX),
        "within_steps": fields.whole("within_steps", 1, STEPS_MAX),
    }


def _expression(fields: Fields) -> dict[str, Any]:
    return {
        "source": fields.text("source", is_required=True, length_max=TEXT_LENGTH_MAX)
    }


_READERS: Mapping[StopKind, Callable[[Fields], dict[str, Any]]] = {
    StopKind.MISSING_DATA: _missing_data,
    StopKind.CONFLICTING_RECORDS: _conflicting_records,
    StopKind.SENSITIVE_TOPIC: _sensitive_topic,
    StopKind.LOW_CONFIDENCE: _low_confidence,
    StopKind.OUTSIDE_CATEGORY: _outside_category,
    StopKind.TOOL_FAILURE: _tool_failure,
    StopKind.EXPRESSION: _expression,
}
