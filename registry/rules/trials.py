"""One stop rule held against one request: whether it fires, and why or why not."""

from dataclasses import dataclass

from registry.rules.amounts import ActionAmount, amount_of, confidence_of, number_text
from registry.rules.rulebook import Request, Standing, StopKind, StopRule
from registry.rules.sentences import listed
from registry.rules.stops import (
    binds,
    detail_of,
    failures_within,
    unsure_of_amount,
)
from registry.rules.verbs import name_of
from registry.rules.written import fact_name

FIRES, UNSURE, QUIET, NOT_BOUND = "fires", "unsure", "quiet", "not_bound"


@dataclass(frozen=True)
class Trial:
    """What one rule says about one request; nothing is kept of it."""

    result: str
    why: str

    @property
    def has_fired(self) -> bool:
        return self.result == FIRES


def trial(rule: StopRule, request: Request, standing: Standing) -> Trial:
    """Try a rule on a request as it was, with what its run had told by then."""
    book = standing.rulebook
    if not binds(rule, request.verb):
        verbs = listed(tuple(map(name_of, rule.applies_to)), "and")
        return Trial(NOT_BOUND, f"The rule is only about {verbs}.")
    row = book.allowances.get((request.system, request.verb)) if book else None
    amount = amount_of(request, row, book) if book else ActionAmount()
    detail = detail_of(rule, request, standing, amount)
    if detail is not None:
        return Trial(FIRES, f"{detail[:1].upper()}{detail[1:]}.")
    unsure = next(unsure_of_amount(rule, amount), None)
    if unsure is not None:
        return Trial(UNSURE, unsure.text)
    return Trial(QUIET, _why_not(rule, request, standing))


def _why_not(rule: StopRule, request: Request, standing: Standing) -> str:
    params = rule.params
    match rule.kind:
        case StopKind.MISSING_DATA:
            names = tuple(map(fact_name, params.get("fields", ())))
            return f"Nothing is missing: {listed(names, 'and')} is there."
        case StopKind.CONFLICTING_RECORDS:
            return "Nothing of the kind was signalled, and what must agree agrees."
        case StopKind.SENSITIVE_TOPIC:
            return "No such topic, word or amount."
        case StopKind.LOW_CONFIDENCE:
            said = number_text(confidence_of(request))
            return f"Confidence {said} is not below {params.get('below')}."
        case StopKind.OUTSIDE_CATEGORY:
            return f"The category “{request.category}” is approved."
        case StopKind.TOOL_FAILURE:
            return _failures(rule, standing)
        case _:
            return "The expression is false."


def _failures(rule: StopRule, standing: Standing) -> str:
    count = failures_within(standing.run_facts, rule.params.get("within_steps"))
    if not count:
        return "No call of a tool had failed and was still open."
    return f"{count} of the {rule.params.get('failures', 1)} failures that it takes."
