"""Limits on numbers: the row's amount and count, ceilings, phases, guardrails, checks and caps.

Each function yields reasons and decides nothing alone. A number that is missing, unreadable or in another
currency never passes a limit.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from registry.rules import phases
from registry.rules.amounts import (
    ActionAmount,
    amount_text,
    confidence_of,
    is_above,
    is_below,
    is_finite,
    money_text,
    number_text,
)
from registry.rules.answers import Answer, Authority, Reason, Risk, risk_rank
from registry.rules.ceilings import Binds, binds, unknown_text, waiver_for
from registry.rules.codes import CODES
from registry.rules.rulebook import (
    Allowance,
    Cap,
    CapKind,
    Ceiling,
    Request,
    Rulebook,
    Standing,
)
from registry.rules.sentences import window_text
from registry.rules.things import place_of
from registry.rules.verbs import CONSEQUENCE, Tier, name_of, tier_of


def reason_of(code: str, text: str, answer: Answer, rule: str | None = None) -> Reason:
    """Return a reason with the helper that the list of codes names."""
    return Reason(code, text, answer, rule, CODES[code].who_can_help)


def place(request: Request) -> str:
    """Return the verb and system as they read inside a sentence: refund in billing."""
    return f"{name_of(request.verb)} in {place_of(request.system)}"


def amount_reasons(request: Request, amount: ActionAmount) -> Iterator[Reason]:
    """Yield what is wrong with the amount itself, whatever the limits are."""
    if amount.is_unreadable:
        text = "The amount in the action is not a plain number of at least zero."
        yield reason_of("amount.unreadable", text, Answer.REFUSE)
    elif amount.has_unknown_currency:
        text = "The action names an amount and no single, known currency."
        yield reason_of("limit.currency", text, Answer.ESCALATE)
    elif (
        amount.is_mapped
        and amount.claimed is not None
        and amount.money is not None
        and amount.claimed != amount.money
    ):
        text = f"The request claims {money_text(amount.claimed)}, the action says {money_text(amount.money)}."
        yield reason_of("amount.mismatch", text, Answer.REFUSE)


def _measured(
    amount: ActionAmount,
    limit: Any,
    currency: str,
    named: str,
    above: tuple[str, Answer, str | None],
) -> Iterator[Reason]:
    """Yield the reason that an amount gives at one limit, and one more where it is not certain."""
    code, answer, rule = above
    if amount.is_unreadable or amount.has_unknown_currency:
        return
    if not amount.is_mapped:
        text = f"{named[0].upper()}{named[1:]} is {currency} {amount_text(limit)}, and no amount can be read from the action's fields."
        yield reason_of("amount.missing", text, Answer.REVIEW, rule)
    if amount.money is None:
        return
    bound = f"{currency} {amount_text(limit)}"
    if amount.money.currency != currency:
        text = f"{money_text(amount.money)} cannot be compared with {named}, which is in {currency}."
        yield reason_of("limit.currency", text, Answer.ESCALATE, rule)
    elif is_above(amount.money.value, limit):
        exceeded = named.replace("the limit", f"the limit of {bound}", 1)
        text = f"{money_text(amount.money)} is above {exceeded}."
        yield reason_of(code, text, answer, rule)


def row_limits(
    request: Request,
    row: Allowance,
    standing: Standing,
    rulebook: Rulebook,
    amount: ActionAmount,
) -> Iterator[Reason]:
    """Yield the reasons of the row's own amount and count."""
    if row.amount_max is not None:
        named = f"the limit for {place(request)}"
        currency = row.currency or rulebook.currency
        yield from _measured(
            amount,
            row.amount_max,
            currency,
            named,
            ("limit.amount", Answer.REVIEW, None),
        )
    if row.count_per_day is None:
        return
    counts = standing.day_counts
    done = None if counts is None else counts.get((row.system, row.verb), 0)
    if not is_finite(done) or done < 0:
        text = f"How often today is not known for {place(request)}, which has a limit of {row.count_per_day} a day."
        yield reason_of("limit.count", text, Answer.ESCALATE)
    elif is_above(done + 1, row.count_per_day):
        text = f"{done} of {row.count_per_day} a day are used for {place(request)}."
        yield reason_of("limit.count", text, Answer.REVIEW)


def ceiling_reasons(
    request: Request, standing: Standing, rulebook: Rulebook, amount: ActionAmount
) -> Iterator[Reason]:
    """Yield the reasons of every ceiling above the workflow, its phase included."""
    in_force = phases_in_force(rulebook, standing.phase)
    of_phases = [
        ceiling
        for number in in_force
        if number in phases.PHASES
        for ceiling in phases.PHASES[number].ceilings_for(is_fixed=rulebook.is_fixed)
    ]
    row = rulebook.allowances.get((request.system, request.verb))
    for ceiling in (*standing.ceilings, *of_phases):
        how = binds(ceiling, request, row, standing.system_data)
        if how == Binds.NO:
            continue
        text = _ceiling_text(ceiling, request)
        answer = (
            Answer.REVIEW if ceiling.authority == Authority.REVIEW else Answer.REFUSE
        )
        waiver = waiver_for(ceiling, request, amount)
        if waiver is not None and not waiver.under_review:
            continue
        if how == Binds.UNKNOWN:
            answer = Answer.REVIEW
            text = unknown_text(ceiling, request, standing.system_data)
        elif waiver is not None:
            answer = Answer.REVIEW
            text = f"{text} It is waived for this workflow, and a person decides."
        yield from _of_ceiling(ceiling, request, rulebook, amount, answer, text)
    if phases.FIRST in in_force:
        yield from _model_reasons(request, standing.agent_model)
    for number in in_force:
        yield from _phase_reasons(number, request, rulebook)


def phases_in_force(rulebook: Rulebook, held: int | None) -> tuple[int, ...]:
    """Return the phases whose limits hold: the page's, and the one the workflow is in."""
    return tuple(sorted({rulebook.phase, rulebook.phase if held is None else held}))


def is_ungrouped(rulebook: Rulebook, number: int, system: str, verb: str) -> bool:
    """Return whether a phase refuses an action because no action group names it."""
    return (
        number == phases.GROUPED
        and tier_of(verb) in CONSEQUENCE
        and phases.group_of(rulebook.action_groups, system, verb) is None
    )


def _model_reasons(request: Request, agent_model: str | None) -> Iterator[Reason]:
    """Yield what phase 1, which has no AI, says of a model that somebody named."""
    if request.model:
        text = f"In phase 1 nothing reasons, and the request says that the AI model “{request.model}” did."
        yield reason_of("ceiling.phase", text, Answer.REFUSE, "phase")
    elif agent_model and tier_of(request.verb) != Tier.READ:
        text = f"In phase 1 nothing reasons, and the agent is registered with the AI model “{agent_model}”."
        yield reason_of("ceiling.phase", text, Answer.REFUSE, "phase")


def _phase_reasons(
    number: int, request: Request, rulebook: Rulebook
) -> Iterator[Reason]:
    """Yield what a phase says beyond its ceilings."""
    if number not in phases.PHASES:
        yield reason_of("ceiling.phase", f"Phase {number} is unknown.", Answer.REFUSE)
    moods = sorted(phases.EMOTIONS & set(request.signals))
    if number == phases.TALKS and moods and tier_of(request.verb) in CONSEQUENCE:
        text = f"In phase 2 a human takes over on {' and '.join(moods)}."
        yield reason_of("ceiling.phase", text, Answer.ESCALATE, "phase")
    if is_ungrouped(rulebook, number, request.system, request.verb):
        text = f"In phase 4 an agent acts only inside its action groups, and {place(request)} is in none."
        yield reason_of("ceiling.phase", text, Answer.REFUSE, "phase")


def _of_ceiling(
    ceiling: Ceiling,
    request: Request,
    rulebook: Rulebook,
    amount: ActionAmount,
    answer: Answer,
    text: str,
) -> Iterator[Reason]:
    code = f"ceiling.{ceiling.level}"
    code = code if code in CODES else "ceiling.enterprise"
    if ceiling.amount_max is None:
        yield reason_of(code, text, answer, ceiling.name)
    elif amount.is_expected or request.verb in ceiling.verbs:
        currency = ceiling.currency or rulebook.currency
        named = f"the limit of the {ceiling.level} ceiling “{ceiling.name}”"
        above = (code, answer, ceiling.name)
        yield from _measured(amount, ceiling.amount_max, currency, named, above)


def _ceiling_text(ceiling: Ceiling, request: Request) -> str:
    if ceiling.sentence.strip():
        return ceiling.sentence.strip()
    if ceiling.authority == Authority.REVIEW:
        return f"The {ceiling.level} ceiling “{ceiling.name}” wants a person to decide on {place(request)}."
    return (
        f"The {ceiling.level} ceiling “{ceiling.name}” never allows {place(request)}."
    )


def guardrail_reasons(
    request: Request, rulebook: Rulebook, amount: ActionAmount, risk: Risk
) -> Iterator[Reason]:
    """Yield the guardrails' reasons; they bind verbs that stage or change something."""
    if tier_of(request.verb) not in CONSEQUENCE:
        return
    rail, confidence = rulebook.guardrail, confidence_of(request)
    for floor, answer in (
        (rail.confidence_min, Answer.REVIEW),
        (rail.confidence_escalate, Answer.ESCALATE),
    ):
        if floor is not None and is_below(confidence, floor):
            said = (
                number_text(confidence)
                if request.confidence is not None
                else "missing, which counts as 0,"
            )
            text = (
                f"Confidence is {said} and below the guardrail of {number_text(floor)}."
            )
            yield reason_of("guardrail.confidence", text, answer)
    for bound, answer in (
        (rail.risk_review, Answer.REVIEW),
        (rail.risk_escalate, Answer.ESCALATE),
    ):
        if bound is not None and risk_rank(risk) >= _bound_rank(bound):
            text = f"The risk is {risk} and the guardrail binds from {bound} on."
            yield reason_of("guardrail.risk", text, answer)
    if amount.is_expected:
        currency = rail.currency or rulebook.currency
        for limit, answer in (
            (rail.amount_review, Answer.REVIEW),
            (rail.amount_escalate, Answer.ESCALATE),
        ):
            if limit is not None:
                above = ("guardrail.amount", answer, None)
                yield from _measured(
                    amount, limit, currency, "the limit of the guardrail", above
                )


def _bound_rank(bound: Risk) -> int:
    """Return the rank from which a guardrail binds; an unknown bound binds always."""
    return risk_rank(bound) if bound in tuple(Risk) else 0


def check_reasons(request: Request, rulebook: Rulebook) -> Iterator[Reason]:
    """Yield a reason for every required check that is not reported as pass."""
    for check in rulebook.checks:
        if check.required_for and request.verb not in check.required_for:
            continue
        statuses = {status for name, status in request.checks if name == check.name}
        if statuses & {"fail", "failed", "error"}:
            text = f"The check “{check.name}” has failed and must pass."
            yield reason_of("check.failed", text, Answer.REFUSE, check.name)
        elif statuses != {"pass"}:
            text = f"The check “{check.name}” must pass and was not reported as passed."
            yield reason_of("check.missing", text, Answer.REVIEW, check.name)


def caps_for(rulebook: Rulebook, verb: str) -> tuple[Cap, ...]:
    """Return the caps that count a verb."""
    return tuple(cap for cap in rulebook.caps if not cap.verbs or verb in cap.verbs)


def counts_costs(cap: Cap) -> bool:
    """Say whether what agents report that it cost counts: on spend, whatever the verb."""
    return cap.kind == CapKind.SPEND and not cap.verbs


def cap_reasons(
    request: Request, standing: Standing, rulebook: Rulebook, amount: ActionAmount
) -> Iterator[Reason]:
    """Yield a reason for every cap that this action would pass, or might."""
    for cap in caps_for(rulebook, request.verb):
        used = standing.used.get(cap.key)
        if not is_finite(used) or used < 0:
            code = "cap.count" if cap.kind == CapKind.COUNT else "cap.spend"
            text = f"How much of the cap “{cap.key}” is used is not known."
            yield reason_of(code, text, Answer.ESCALATE, cap.key)
        elif cap.kind == CapKind.COUNT:
            if is_above(used + 1, cap.limit):
                text = f"{number_text(used)} of {number_text(cap.limit)} in {window_text(cap.window_hours)} are used under the cap “{cap.key}”."
                yield reason_of("cap.count", text, Answer.REFUSE, cap.key)
        elif counts_costs(cap) and is_above(used, cap.limit):
            currency = cap.currency or rulebook.currency
            text = f"{currency} {amount_text(used)} was spent and reported in {window_text(cap.window_hours)}, which passes the cap “{cap.key}” of {currency} {amount_text(cap.limit)}."
            yield reason_of("cap.spend", text, Answer.REFUSE, cap.key)
        elif amount.is_expected or request.verb in cap.verbs:
            yield from _spend(
                cap, Decimal(used), cap.currency or rulebook.currency, amount
            )


def _spend(
    cap: Cap, used: Decimal, currency: str, amount: ActionAmount
) -> Iterator[Reason]:
    bound = f"{currency} {amount_text(cap.limit)} in {window_text(cap.window_hours)}"
    if amount.is_unreadable or amount.has_unknown_currency:
        return
    if not amount.is_mapped:
        text = f"The cap “{cap.key}” is {bound}, and no amount can be read from the action's fields."
        yield reason_of("amount.missing", text, Answer.REVIEW, cap.key)
    if amount.money is None:
        return
    if amount.money.currency != currency:
        text = f"{money_text(amount.money)} cannot be counted under the cap “{cap.key}”, which is in {currency}."
        yield reason_of("cap.currency", text, Answer.ESCALATE, cap.key)
    elif is_above(used + amount.money.value, cap.limit):
        text = f"{money_text(amount.money)} on top of {currency} {amount_text(used)} passes the cap “{cap.key}” of {bound}."
        yield reason_of("cap.spend", text, Answer.REFUSE, cap.key)


def reserved(
    request: Request, rulebook: Rulebook, amount: ActionAmount
) -> Iterator[tuple[str, Decimal]]:
    """Yield what a grant takes from each cap: one of a count, the amount of a spend."""
    for cap in caps_for(rulebook, request.verb):
        if cap.kind == CapKind.COUNT:
            yield cap.key, Decimal(1)
        elif amount.money is not None and amount.money.currency == (
            cap.currency or rulebook.currency
        ):
            yield cap.key, amount.money.value
