"""What rules and actions say in one plain sentence, made from their data and nothing else.

A sentence never holds an agent's own words except the names of things; showing those safely is the page's job.
"""

from collections.abc import Mapping
from typing import Any

from registry.rules.amounts import amount_text, money_text, number_text
from registry.rules.answers import Authority, Money, Reversibility, Turn
from registry.rules.rulebook import (
    Allowance,
    Cap,
    CapKind,
    Check,
    DecidedBy,
    Effect,
    Guardrail,
    Request,
    StopKind,
    StopRule,
)
from registry.rules.things import changed_by, one_line, place_of, thing_of
from registry.rules.verbs import Tier, name_of, tier_of, verb_of

WHO: Mapping[str, str] = {
    "reviewers": "a reviewer",
    "business_owner": "the business owner",
    "risk_owner": "the risk owner",
    "escalation_owner": "the escalation owner",
}
UNDO: Mapping[str, str] = {
    Reversibility.REVERSIBLE: "Can be undone.",
    Reversibility.COMPENSABLE: "Can be made good, not undone.",
    Reversibility.IRREVERSIBLE: "Cannot be undone.",
}
EFFECTS: Mapping[str, str] = {
    Effect.REVIEW: "a person decides",
    Effect.ESCALATE: "the escalation owner decides",
    Effect.REFUSE: "the request is refused",
    Effect.HOLD: "the request is refused and the run is held",
}


def allowance_sentence(
    allowance: Allowance | None,
    guardrail: Guardrail | None = None,
    *,
    verb: str = "",
    system: str = "",
    currency: str = "",
) -> str:
    """Say what a cell of the matrix means; None is a cell without a row."""
    if allowance is None:
        return f"May not {name_of(verb)} in {system_label(system)}: there is no row, so it is refused."
    place = f"{name_of(allowance.verb)} in {system_label(allowance.system)}"
    if allowance.authority == Authority.NEVER:
        return f"May never {place}."
    who = WHO.get(allowance.decided_by, "a reviewer")
    decide = "decides"
    if allowance.quorum > 1 and allowance.decided_by == DecidedBy.REVIEWERS:
        who, decide = f"{allowance.quorum} reviewers", "decide"
    elif allowance.quorum > 1:
        decide = f"decides, with {allowance.quorum} approvals"
    if allowance.then:
        decide = f"{decide}, then {turns_text(allowance.then)}"
    if allowance.authority == Authority.REVIEW:
        return f"May ask to {place}; every time {who} {decide}{_daily(allowance)}."
    bounds = _bounds(allowance, guardrail, currency)
    if not bounds:
        return f"May {place}."
    return f"May {place}{bounds}; {_otherwise(allowance, guardrail)} {who} {decide}."


def turns_text(turns: tuple[Turn, ...]) -> str:
    """Say whose turn it is, one after the other: 2 reviewers, then the risk owner."""
    return ", then ".join(map(turn_text, turns))


def turn_text(turn: Turn) -> str:
    who = WHO.get(turn.decided_by, "a reviewer")
    if turn.quorum <= 1:
        return who
    if turn.decided_by == DecidedBy.REVIEWERS:
        return f"{turn.quorum} reviewers"
    return f"{who} with {turn.quorum} approvals"


def _bounds(allowance: Allowance, guardrail: Guardrail | None, currency: str) -> str:
    text = ""
    if allowance.amount_max is not None:
        money = Money(allowance.amount_max, allowance.currency or currency)
        text += f" up to {money_text(money).strip()}"
    if allowance.count_per_day is not None:
        text += f" {_times(allowance.count_per_day)} a day"
    if (
        _rail_binds(allowance, guardrail)
        and guardrail
        and guardrail.confidence_min is not None
    ):
        text += f" at confidence {number_text(guardrail.confidence_min)}"
    return text


def _otherwise(allowance: Allowance, guardrail: Guardrail | None) -> str:
    is_rail = (
        _rail_binds(allowance, guardrail)
        and guardrail
        and guardrail.confidence_min is not None
    )
    only_amount = allowance.count_per_day is None and allowance.amount_max is not None
    return "above that" if only_amount else ("otherwise" if is_rail else "beyond that")


def _rail_binds(allowance: Allowance, guardrail: Guardrail | None) -> bool:
    return guardrail is not None and tier_of(allowance.verb) in (
        Tier.STAGE,
        Tier.CHANGE,
    )


def _daily(allowance: Allowance) -> str:
    if allowance.count_per_day is None:
        return ""
    return f", planned for {_times(allowance.count_per_day)} a day"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def stop_rule_sentence(rule: StopRule) -> str:
    """Say when a stop rule fires, for which verbs, and what happens then."""
    where = (
        f" on {listed(tuple(map(name_of, rule.applies_to)), 'or')}"
        if rule.applies_to
        else ""
    )
    effect = EFFECTS.get(rule.effect, EFFECTS[Effect.REFUSE])
    return f"When {_condition(rule)}{where}, {effect}."


def _condition(rule: StopRule) -> str:
    params = rule.params
    match rule.kind:
        case StopKind.MISSING_DATA:
            return f"{listed(params.get('fields', ()), 'or')} is missing"
        case StopKind.CONFLICTING_RECORDS:
            pairs = tuple(
                f"{left} does not agree with {right}"
                for left, right in params.get("pairs", ())
            )
            signals = tuple(
                f"the agent signals {signal}" for signal in params.get("signals", ())
            )
            return listed((*signals, *pairs), "or")
        case StopKind.SENSITIVE_TOPIC:
            return listed(tuple(_topics(params)), "or")
        case StopKind.LOW_CONFIDENCE:
            return f"confidence is below {params.get('below')}"
        case StopKind.OUTSIDE_CATEGORY:
            categories = params.get("categories", ())
            approved = f" ({listed(categories, 'or')})" if categories else ""
            return f"the request is outside the approved categories{approved}"
        case StopKind.TOOL_FAILURE:
            return _failed_calls(params)
        case _:
            return f"the expression “{params.get('source', '')}” is true or gives no answer"


def _failed_calls(params: Mapping[str, Any]) -> str:
    count, within = params.get("failures", 1), params.get("within_steps")
    if count == 1:
        calls = (
            "a tool call has"
            if within is None
            else f"one of the last {within} tool calls has"
        )
    else:
        calls = (
            f"{count} tool calls have"
            if within is None
            else f"{count} of the last {within} tool calls have"
        )
    return f"{calls} failed and no later call made it good"


def _topics(params: Mapping[str, Any]) -> list[str]:
    found = []
    if params.get("topics"):
        found.append(f"the topic is {listed(params['topics'], 'or')}")
    if params.get("words"):
        words = tuple(f"“{word}”" for word in params["words"])
        found.append(f"the text says {listed(words, 'or')}")
    if params.get("amount_above") is not None:
        found.append(
            f"the amount is above {params.get('currency')} {params['amount_above']}"
        )
    return found


def guardrail_sentences(guardrail: Guardrail, *, currency: str = "") -> tuple[str, ...]:
    """Say each guardrail; none at all says so."""
    money = guardrail.currency or currency
    found = []
    for value, who in (
        (guardrail.confidence_min, "a reviewer"),
        (guardrail.confidence_escalate, "the escalation owner"),
    ):
        if value is not None:
            found.append(f"Below confidence {number_text(value)}, {who} decides.")
    for risk, who in (
        (guardrail.risk_review, "a reviewer"),
        (guardrail.risk_escalate, "the escalation owner"),
    ):
        if risk is not None:
            above = "" if risk == "high" else " or above"
            found.append(f"At {risk} risk{above}, {who} decides.")
    for value, who in (
        (guardrail.amount_review, "a reviewer"),
        (guardrail.amount_escalate, "the escalation owner"),
    ):
        if value is not None:
            found.append(f"Above {money} {amount_text(value)}, {who} decides.")
    return tuple(found) or ("No guardrail is set.",)


def cap_sentence(cap: Cap, *, currency: str = "") -> str:
    """Say what a cap bounds and for how long."""
    what = listed(tuple(map(name_of, cap.verbs)), "and") if cap.verbs else "everything"
    if cap.kind == CapKind.SPEND:
        bound = f"{cap.currency or currency} {amount_text(cap.limit)}"
    else:
        bound = _times(int(cap.limit))
    return f"At most {bound} in {window_text(cap.window_hours)} for {what}; past that it is refused."


def check_sentence(check: Check) -> str:
    """Say which check must pass and before what."""
    verbs = (
        listed(tuple(map(name_of, check.required_for)), "or")
        if check.required_for
        else "anything"
    )
    return f"“{check.name}” must pass before {verbs}."


def headline(
    request: Request,
    amount: Money | None = None,
    reversibility: Reversibility | None = None,
) -> str:
    """Say what would happen, from the stored action.

    Pass the ruling's amount and reversibility; without them the agent's claims are used.
    """
    money = amount or request.amount
    verb = verb_of(request.verb)
    label = verb.label if verb else f"Do “{one_line(request.verb)}”"
    place = place_of(request.system)
    thing = thing_of(request)
    if money is not None and (verb is None or verb.moves_money):
        link = verb.link if verb else "for"
        said = f"{label} {money_text(money)} in {place}" + (
            f" {link or 'for'} {thing}" if thing else ""
        )
    elif money is not None:
        said = " ".join(
            filter(
                None,
                (label, _linked(verb, thing), f"in {place} for {money_text(money)}"),
            )
        )
    else:
        said = " ".join(filter(None, (label, _linked(verb, thing), f"in {place}")))
    if request.verb == "update" and (changed := changed_by(request)):
        said = f"{said}: {changed}"
    way = reversibility or request.reversibility
    undo = UNDO.get(way, "") if way else ""
    return f"{said}. {undo}".strip()


def _linked(verb: Any, thing: str) -> str:
    return f"{verb.link} {thing}" if thing and verb is not None and verb.link else thing


def system_label(system: str) -> str:
    """Return a system as a person writes it: customer-records is Customer records, crm is CRM."""
    words = place_of(system)
    return words[:1].upper() + words[1:]


def window_text(hours: int) -> str:
    """Return a window in the largest unit that fits: 24 hours, 7 days."""
    if hours % 24 == 0 and hours > 24:
        return f"{hours // 24} days"
    return "one hour" if hours == 1 else f"{hours} hours"


def listed(names: tuple[str, ...], last: str) -> str:
    """Return names as a sentence lists them: a, b or c."""
    names = tuple(str(name) for name in names)
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"
