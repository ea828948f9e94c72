"""Stop rules: whether each of the seven kinds fires, and what it says.

A rule that cannot be judged fires: an unknown kind, a missing value, an expression without an answer.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from registry.rules.amounts import (
    ABSENT,
    ActionAmount,
    confidence_of,
    decimal_of,
    is_above,
    is_below,
    is_finite,
    money_text,
    number_text,
    texts_in,
    value_at,
)
from registry.rules.answers import Answer, Reason, Ruling
from registry.rules.codes import CODES
from registry.rules.rulebook import (
    Effect,
    Request,
    Rulebook,
    RunFacts,
    Standing,
    StopKind,
    StopRule,
)

ANSWERS = {
    Effect.REVIEW: Answer.REVIEW,
    Effect.ESCALATE: Answer.ESCALATE,
    Effect.REFUSE: Answer.REFUSE,
    Effect.HOLD: Answer.REFUSE,
}
ROOTS = ("args", "before", "after")
PLAIN_FIELDS = (
    "resource_type", "resource_id", "category", "title", "description", "rationale",
)  # fmt: skip
TRUE = "the expression is true"
SPECIAL_FIELDS = ("evidence", "amount", "confidence")


def binds(rule: StopRule, verb: str) -> bool:
    """Return whether a stop rule is about this verb; an empty list means every verb."""
    return not rule.applies_to or verb in rule.applies_to


def stop_reasons(
    request: Request, standing: Standing, rulebook: Rulebook, amount: ActionAmount
) -> Iterator[Reason]:
    """Yield a reason for every stop rule that fires; a hold speaks twice."""
    for rule in rulebook.stop_rules:
        if not binds(rule, request.verb):
            continue
        detail = detail_of(rule, request, standing, amount)
        if detail is None:
            yield from unsure_of_amount(rule, amount)
            continue
        answer = ANSWERS.get(rule.effect, Answer.REFUSE)
        is_known = rule.kind in _JUDGES
        code = f"stop_rule.{rule.kind}" if is_known else "stop_rule.expression"
        yield _reason(code, _sentence(rule, detail), answer, rule.key)
        if rule.effect == Effect.HOLD:
            text = f"The run is held by the stop rule “{rule.key}” until the escalation owner resumes it."
            yield _reason("run.on_hold", text, Answer.REFUSE, rule.key)


def detail_of(
    rule: StopRule, request: Request, standing: Standing, amount: ActionAmount
) -> str | None:
    """Say what makes a rule fire on a request, or None when it does not."""
    judge = _JUDGES.get(rule.kind)
    return judge(rule, request, standing, amount) if judge else "the rule is unknown"


def unsure_of_amount(rule: StopRule, amount: ActionAmount) -> Iterator[Reason]:
    """Yield that a rule about amounts cannot see the amount; as at any limit, a person looks."""
    limit = rule.params.get("amount_above")
    if limit is None or amount.is_mapped or not amount.is_expected:
        return
    text = (
        f"The stop rule “{rule.key}” binds above {rule.params.get('currency')} {limit}, "
        "and no amount can be read from the action's fields."
    )
    yield _reason("amount.missing", text, Answer.REVIEW, rule.key)


def expressions_of(ruling: Ruling, rulebook: Rulebook | None) -> str:
    """Give the expressions behind a ruling, for the technical detail."""
    fired = {
        each.rule for each in ruling.reasons if each.code == "stop_rule.expression"
    }
    rules = rulebook.stop_rules if rulebook else ()
    return "; ".join(str(r.params.get("source", "")) for r in rules if r.key in fired)


def holds(reasons: tuple[Reason, ...]) -> str | None:
    """Return the key of the stop rule that holds the run, the first by name if several do."""
    keys = [
        reason.rule
        for reason in reasons
        if reason.code == "run.on_hold" and reason.rule
    ]
    return min(keys, default=None)


def _reason(code: str, text: str, answer: Answer, rule: str) -> Reason:
    return Reason(code, text, answer, rule, CODES[code].who_can_help)


def _sentence(rule: StopRule, detail: str) -> str:
    written = rule.sentence.strip().rstrip(".")
    if not written:
        written = f"The stop rule “{rule.key}” fired"
    # That an expression came out true tells a reader nothing: the rule's own words do.
    return f"{written}." if detail == TRUE else f"{written} ({detail})."


def fact(request: Request, path: str) -> Any:
    """Return what a request holds at a path such as args.reason or before.total, or ABSENT."""
    root, _, rest = path.partition(".")
    if root in ROOTS:
        source = getattr(request, root)
        return value_at(source, rest) if rest else source
    if rest:
        return ABSENT
    if root in PLAIN_FIELDS:
        return getattr(request, root)
    if root == "evidence":
        count = request.evidence_count
        return count if isinstance(count, int) and count > 0 else ABSENT
    if root == "amount":
        return ABSENT if request.amount is None else request.amount.value
    if root == "confidence":
        return ABSENT if request.confidence is None else request.confidence
    return ABSENT


def is_missing(value: Any) -> bool:
    """Return whether a value is no value: absent, null, empty, blank or not a number."""
    if value is ABSENT or value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, tuple):
        return not value or any(is_missing(part) for part in value)
    if isinstance(value, (Mapping, list)):
        return not value
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, Decimal) and not value.is_finite()


def _missing_data(rule: StopRule, request: Request, *_: Any) -> str | None:
    fields = rule.params.get("fields") or ()
    if not fields:
        return "no field is named"
    missing = [path for path in fields if is_missing(fact(request, path))]
    return f"missing: {', '.join(missing)}" if missing else None


def _conflicting_records(rule: StopRule, request: Request, *_: Any) -> str | None:
    found = sorted(set(rule.params.get("signals") or ()) & set(request.signals))
    if found:
        return f"signalled: {', '.join(found)}"
    for pair in rule.params.get("pairs") or ():
        left, right = (fact(request, path) for path in pair)
        if is_missing(left) or is_missing(right) or not _agrees(left, right):
            return f"{pair[0]} does not agree with {pair[1]}"
    return None


def _agrees(left: Any, right: Any) -> bool:
    numbers = decimal_of(left), decimal_of(right)
    if None not in numbers:
        return numbers[0] == numbers[1]
    if isinstance(left, str) and isinstance(right, str):
        return left.strip() == right.strip()
    return type(left) is type(right) and left == right


def _sensitive_topic(
    rule: StopRule, request: Request, standing: Standing, amount: ActionAmount
) -> str | None:
    topics = set(rule.params.get("topics") or ())
    claimed = set(request.signals) | ({request.category} if request.category else set())
    found = sorted(topics & claimed)
    if found:
        return f"topic: {', '.join(found)}"
    words = rule.params.get("words") or ()
    texts = [
        request.title,
        request.description,
        request.rationale,
        request.resource_id or "",
    ]
    texts += [*texts_in(request.args), *texts_in(request.after)]
    for word in words:
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        if any(pattern.search(text) for text in texts if isinstance(text, str)):
            return f"the word “{word}” is used"
    return _sensitive_amount(rule, amount)


def _sensitive_amount(rule: StopRule, amount: ActionAmount) -> str | None:
    limit = rule.params.get("amount_above")
    if limit is None:
        return None
    if amount.money is None:
        return None
    if amount.money.currency != rule.params.get("currency"):
        return f"{money_text(amount.money)} is in another currency"
    if is_above(amount.money.value, decimal_of(limit)):
        return f"{money_text(amount.money)} is above {limit}"
    return None


def _low_confidence(rule: StopRule, request: Request, *_: Any) -> str | None:
    below, confidence = decimal_of(rule.params.get("below")), confidence_of(request)
    if not is_below(confidence, below):
        return None
    return (
        f"confidence {number_text(confidence)}, at least {number_text(below)} is needed"
    )


def _outside_category(
    rule: StopRule, request: Request, standing: Standing, amount: ActionAmount
) -> str | None:
    fallback = standing.rulebook.categories if standing.rulebook else ()
    approved = rule.params.get("categories") or fallback
    if request.category and request.category in approved:
        return None
    return (
        f"the category “{request.category}” is not approved"
        if request.category
        else "no category"
    )


def _tool_failure(
    rule: StopRule, request: Request, standing: Standing, *_: Any
) -> str | None:
    """Judge by the failures still open, among the newest tool calls if the rule says so."""
    bound, within = rule.params.get("failures", 1), rule.params.get("within_steps")
    count = failures_within(standing.run_facts, within)
    if count is None or not is_finite(bound):
        return "it is not known whether a tool has failed"
    if 0 <= count < bound:
        return None
    said = f"{count} failed tool calls" if count != 1 else "one failed tool call"
    return said if within is None else f"{said} among the last {within}"


def failures_within(facts: RunFacts | None, within: Any) -> int | None:
    """Count the open failures among the newest tool calls; None when nobody knows.

    A step is one call of a tool. Without a bound every open failure counts.
    """
    count = facts.tool_failures_open if facts is not None else None
    if facts is None or not isinstance(count, int) or isinstance(count, bool):
        return None
    if within is None:
        return count
    if not is_finite(within):
        return None
    return count - sum(1 for age in facts.failure_ages if age > within)


def _expression(
    rule: StopRule, request: Request, standing: Standing, *_: Any
) -> str | None:
    result = standing.expressions.get(rule.key)
    if result is False:
        return None
    return TRUE if result is True else "the expression gave no answer"


_JUDGES: Mapping[str, Callable[..., str | None]] = {
    StopKind.MISSING_DATA: _missing_data,
    StopKind.CONFLICTING_RECORDS: _conflicting_records,
    StopKind.SENSITIVE_TOPIC: _sensitive_topic,
    StopKind.LOW_CONFIDENCE: _low_confidence,
    StopKind.OUTSIDE_CATEGORY: _outside_category,
    StopKind.TOOL_FAILURE: _tool_failure,
    StopKind.EXPRESSION: _expression,
}
