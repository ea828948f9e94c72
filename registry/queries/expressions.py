"""Expert rules: one CEL expression over one request, checked when written, bounded when run.

The library answers a truthy error value for a missing variable, so only a compiled type
of BOOL and the values True and False count; anything else is None, and a rule without an
answer fires. The library stops an evaluation that loops too long, which is no answer either.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from cel_expr_python import cel

from registry.rules.cel_words import complaint, type_complaint
from registry.rules.rulebook import Request, Rulebook, StopKind

SOURCE_LENGTH_MAX = 1000
COMPILED_KEPT_MAX = 1024


def expression_results(
    *, rulebook: Rulebook, request: Request
) -> dict[str, bool | None]:
    """Say for each expert rule of a rulebook whether it fires; None means it has no answer."""
    rules = [rule for rule in rulebook.stop_rules if rule.kind == StopKind.EXPRESSION]
    if not rules:
        return {}
    facts = _facts(request)
    return {rule.key: _evaluate(rule.params.get("source"), facts) for rule in rules}


def problem_in(source: str) -> str | None:
    """Say what is wrong with an expression, or None when it can be kept."""
    if not source.strip():
        return "Write an expression."
    if len(source) > SOURCE_LENGTH_MAX:
        return f"At most {SOURCE_LENGTH_MAX} characters."
    try:
        compiled = _environment().compile(source)
    except RuntimeError as error:
        return complaint(str(error), source)
    if compiled.return_type() != cel.Type.BOOL:
        return type_complaint(str(compiled.return_type()))
    return None


def _evaluate(source: object, facts: Mapping[str, Any]) -> bool | None:
    if not isinstance(source, str):
        return None
    compiled = _compiled(source)
    if compiled is None:
        return None
    try:
        found = compiled.eval(data=dict(facts))
        value = found.value() if found.type() == cel.Type.BOOL else None
    except (RuntimeError, TypeError, ValueError):
        return None
    return value if value is True or value is False else None


@lru_cache(maxsize=COMPILED_KEPT_MAX)
def _compiled(source: str):
    if problem_in(source) is not None:
        return None
    return _environment().compile(source)


@cache
def _environment():
    text, anything = cel.Type.STRING, cel.Type.DYN
    record = cel.Type.Map(text, anything)
    return cel.NewEnv(
        variables={
            "verb": text,
            "system": text,
            "resource_type": text,
            "resource_id": text,
            "args": record,
            "before": record,
            "after": record,
            "amount": cel.Type.DOUBLE,
            "currency": text,
            "confidence": cel.Type.DOUBLE,
            "risk": text,
            "category": text,
            "signals": cel.Type.List(text),
            "checks": cel.Type.Map(text, text),
            "evidence_count": cel.Type.INT,
            "title": text,
        }
    )


def _facts(request: Request) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "verb": request.verb,
        "system": request.system,
        "resource_type": request.resource_type or "",
        "resource_id": request.resource_id or "",
        "args": _plain(request.args),
        "before": _plain(request.before),
        "after": _plain(request.after),
        # What was not said about confidence counts as none.
        "confidence": float(request.confidence or 0),
        "risk": request.risk or "",
        "category": request.category or "",
        "signals": sorted(request.signals),
        "checks": dict(request.checks),
        "evidence_count": request.evidence_count,
        "title": request.title,
    }
    # Without an amount there is no such variable, so a rule that reads it fires.
    if request.amount is not None:
        facts["amount"] = float(request.amount.value)
        facts["currency"] = request.amount.currency
    return facts


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
