"""A rule as somebody typed it: texts of a form become a row of the one page, read strictly.

The editors save what comes of it, and "try it" evaluates it unsaved; both read it here, so
that what was tried is what is kept.
"""

from collections.abc import Mapping
from typing import Any

from registry.rules.document import DocumentError, empty_document, rulebook_of
from registry.rules.rulebook import Guardrail, StopKind, StopRule
from registry.rules.written import written_sentence

TRIED_KEY = "this-rule"
# The field of the form that holds a parameter, where it has another name.
_FIELDS = {"fields": "fields_missing"}
_PARAMS: Mapping[StopKind, tuple[str, ...]] = {
    StopKind.MISSING_DATA: ("fields",),
    StopKind.CONFLICTING_RECORDS: ("signals", "pairs"),
    StopKind.SENSITIVE_TOPIC: ("topics", "words", "amount_above", "currency"),
    StopKind.LOW_CONFIDENCE: ("below",),
    StopKind.OUTSIDE_CATEGORY: ("categories",),
    StopKind.TOOL_FAILURE: ("failures", "within_steps"),
    StopKind.EXPRESSION: ("source",),
}
_LISTS = frozenset({"fields", "signals", "topics", "words", "categories"})
_WHOLE = frozenset({"failures", "within_steps"})
_RAIL = (
    "confidence_min", "confidence_escalate", "risk_review", "risk_escalate",
    "amount_review", "amount_escalate", "currency",
)  # fmt: skip


def stop_rule_row(kind: str, key: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Give a stop rule as a document holds it; an empty sentence stays empty."""
    params = {
        name: _param(name, said.get(_FIELDS.get(name, name)))
        for name in _PARAMS[StopKind(kind)]
    }
    if not params.get("amount_above"):
        params.pop("currency", None)
    return {
        "key": key or TRIED_KEY,
        "kind": kind,
        "effect": said.get("effect") or "escalate",
        "sentence": str(said.get("sentence") or "").strip(),
        "params": {
            name: value
            for name, value in params.items()
            if value is not None and value not in ("", [])
        },
        "applies_to": list(said.get("applies_to") or ()),
    }


def stop_rule_of(row: Mapping[str, Any]) -> tuple[StopRule | None, dict[str, str]]:
    """Read a row; gives the rule, or what is wrong by the field of the form."""
    kept = {**row, "sentence": row.get("sentence") or "-"}
    page = empty_document(workflow="w", name="W", department="d")
    try:
        rule = rulebook_of({**page, "stop_rules": [kept]}).stop_rules[0]
    except DocumentError as error:
        wrong: dict[str, str] = {}
        for problem in error.problems:
            name = problem.path.split(".")[-1].split("[")[0]
            name = "" if name in ("stop_rules", "params") else _FIELDS.get(name, name)
            wrong.setdefault(name, _sentence(problem.text))
        return None, wrong
    if row.get("sentence"):
        return rule, {}
    return StopRule(
        rule.key,
        rule.kind,
        rule.effect,
        written_sentence(rule),
        rule.params,
        rule.applies_to,
    ), {}


def guardrail_row(said: Mapping[str, Any]) -> dict[str, str]:
    """Give the guardrail as a document holds it; what is empty is left out."""
    row = {name: str(said.get(name) or "").strip() for name in _RAIL}
    for name in _RAIL[:2] + _RAIL[4:6]:
        row[name] = row[name].replace(",", ".")
    return {name: value for name, value in row.items() if value}


def guardrail_of(
    row: Mapping[str, Any],
) -> tuple[Guardrail | None, dict[str, str]]:
    """Read a guardrail; gives it, or what is wrong by field."""
    page = empty_document(workflow="w", name="W", department="d")
    try:
        return rulebook_of({**page, "guardrail": dict(row)}).guardrail, {}
    except DocumentError as error:
        return None, {
            problem.path.split(".")[-1]: _sentence(problem.text)
            for problem in error.problems
        }


def lines_in(text: object) -> list[str]:
    """Give the texts of a list, one a line or separated by commas, each once."""
    if isinstance(text, list | tuple):
        return [str(part) for part in text]
    parts = str(text or "").replace(",", "\n").splitlines()
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _param(name: str, value: Any) -> Any:
    if name in _LISTS:
        return lines_in(value)
    if name == "pairs":
        return _pairs(value)
    if name in _WHOLE:
        text = str(value if value is not None else "").strip()
        return int(text) if text.isdecimal() and len(text) < 9 else text or None
    text = str(value if value is not None else "").strip()
    return text.replace(",", ".") if name in ("amount_above", "below") else text


def _pairs(text: Any) -> list[list[str]]:
    if isinstance(text, list | tuple):
        return [list(pair) for pair in text]
    lines = [line.split("=") for line in str(text or "").splitlines() if line.strip()]
    return [[part.strip() for part in line] for line in lines]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
