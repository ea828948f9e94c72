"""The heart: one request, one standing, one ruling.

All rules are evaluated and the most severe answer wins, with every reason kept, the deciding ones first.
Only identity, live and paused cut short. Pure: no clock, no I/O, and it never raises for what a request says.
"""

from collections.abc import Iterable, Iterator

from registry.rules.amounts import ActionAmount, amount_of
from registry.rules.answers import (
    Answer,
    Authority,
    Money,
    Reason,
    Reversibility,
    Risk,
    Ruling,
    Turn,
    highest_risk,
    least_reversible,
    most_severe,
    severity,
)
from registry.rules.codes import POSITION
from registry.rules.limits import (
    amount_reasons,
    cap_reasons,
    ceiling_reasons,
    check_reasons,
    guardrail_reasons,
    place,
    reason_of,
    reserved,
    row_limits,
)
from registry.rules.rulebook import (
    Allowance,
    Cap,
    CapKind,
    Ceiling,
    Check,
    DecidedBy,
    Effect,
    Guardrail,
    Level,
    Request,
    Rulebook,
    RunFacts,
    Standing,
    StopKind,
    StopRule,
    Tool,
)
from registry.rules.stages import is_open
from registry.rules.stops import holds, stop_reasons
from registry.rules.verbs import CONSEQUENCE, tier_of, verb_of

__all__ = [
    "Allowance", "Answer", "Authority", "Cap", "CapKind", "Ceiling", "Check", "DecidedBy", "Effect",
    "Guardrail", "Level", "Money", "Reason", "Request", "Reversibility", "Risk", "Rulebook", "Ruling",
    "RunFacts", "Standing", "StopKind", "StopRule", "Tool", "Turn", "rule", "turns_of",
]  # fmt: skip

NO_AMOUNT = ActionAmount()


def rule(request: Request, standing: Standing) -> Ruling:
    """Answer one request with allow, review, escalate or refuse, and say why."""
    rulebook = standing.rulebook
    row = rulebook.allowances.get((request.system, request.verb)) if rulebook else None
    amount = amount_of(request, row, rulebook) if rulebook else NO_AMOUNT
    risk = effective_risk(request, row, rulebook)
    closed = tuple(_closed(standing))
    if closed or rulebook is None:
        return _ruling(closed, request, row, rulebook, amount, risk)
    reasons = (
        *_catalogue(request, standing),
        *_tools(request, standing, rulebook),
        *_standing(request, standing),
        *_row(request, row),
        *ceiling_reasons(request, standing, rulebook, amount),
        *amount_reasons(request, amount),
        *(row_limits(request, row, standing, rulebook, amount) if row else ()),
        *stop_reasons(request, standing, rulebook, amount),
        *guardrail_reasons(request, rulebook, amount, risk),
        *check_reasons(request, rulebook),
        *cap_reasons(request, standing, rulebook, amount),
    )
    return _ruling(reasons, request, row, rulebook, amount, risk)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return each reason once, the most severe first, then in the order of the list of codes."""

    def weight(reason: Reason) -> tuple[int, int, str, str]:
        position = POSITION.get(reason.code, -1)
        return -severity(reason.answer), position, reason.rule or "", reason.text

    return tuple(sorted(set(reasons), key=weight))


def effective_risk(
    request: Request, row: Allowance | None, rulebook: Rulebook | None
) -> Risk:
    """Return the highest of claim, row and workflow: a claim may raise it, never lower it."""
    return highest_risk(
        request.risk,
        row.risk if row else None,
        rulebook.risk if rulebook else Risk.HIGH,
    )


def effective_reversibility(request: Request, row: Allowance | None) -> Reversibility:
    """Return the one hardest to undo of claim and row; with neither, by the verb's tier."""
    claim, floor = request.reversibility, row.reversibility if row else None
    if claim is None and floor is None and tier_of(request.verb) not in CONSEQUENCE:
        return Reversibility.REVERSIBLE
    return least_reversible(claim, floor)


def _closed(standing: Standing) -> Iterator[Reason]:
    if standing.agent_is_active is not True:
        yield reason_of(
            "agent.inactive", "The agent has been switched off.", Answer.REFUSE
        )
    if standing.rulebook is None or standing.is_live is not True:
        yield reason_of(
            "workflow.not_live", "The workflow has no rulebook in force.", Answer.REFUSE
        )
    if standing.is_paused is not False:
        why = (standing.pause_reason or "").strip().rstrip(".")
        text = f"The workflow is paused: {why}." if why else "The workflow is paused."
        yield reason_of("workflow.paused", text, Answer.REFUSE)


def _catalogue(request: Request, standing: Standing) -> Iterator[Reason]:
    if verb_of(request.verb) is None:
        text = f"“{request.verb}” is not a verb of the catalogue."
        yield reason_of("verb.unknown", text, Answer.REFUSE)
    if request.system not in standing.known_systems:
        text = f"“{request.system}” is not a registered system."
        yield reason_of("system.unknown", text, Answer.REFUSE)
    elif request.system not in standing.approved_systems:
        text = f"“{request.system}” is not approved for this workflow."
        yield reason_of("system.not_approved", text, Answer.REFUSE)
    if standing.approved_models is None or request.model in standing.approved_models:
        return
    if request.model:
        text = f"The model “{request.model}” is not on the approved list."
        yield reason_of("model.not_approved", text, Answer.REFUSE)
    elif not _is_automation(standing):
        text = "Only approved models may act, and the model is not named."
        yield reason_of("model.not_approved", text, Answer.REVIEW)


def _is_automation(standing: Standing) -> bool:
    """Say whether nothing here reasons, so that there is no model to name."""
    fixed = standing.rulebook is not None and standing.rulebook.is_fixed
    return fixed and not standing.agent_model


def _tools(
    request: Request, standing: Standing, rulebook: Rulebook
) -> Iterator[Reason]:
    # A request names no tool, so one retired tool of the action is enough.
    for tool in rulebook.tools:
        if (tool.system, tool.verb) != (request.system, request.verb):
            continue
        if (tool.system, tool.name) in standing.retired_tools:
            text = f"The tool “{tool.name}” of {tool.system} was retired."
            yield reason_of("tool.not_approved", text, Answer.REFUSE)


def _standing(request: Request, standing: Standing) -> Iterator[Reason]:
    if standing.run_is_on_hold is not False:
        why = (standing.hold_reason or "").strip().rstrip(".")
        text = f"The run is on hold: {why}." if why else "The run is on hold."
        yield reason_of("run.on_hold", text, Answer.REFUSE)
    for role in standing.vacant_roles:
        # Vacancy stops execution and not intake: it is asked, and waits for a holder.
        text = f"Nobody holds the role {role.replace('_', ' ')}; nothing runs until somebody does."
        yield reason_of("owner.vacant", text, Answer.REVIEW, role)
    for lapse in standing.lapsed_training:
        # Alike: the training is done meanwhile, and what was asked is not lost.
        text = f"The training of the {lapse.replace('_', ' ')} is not current; nothing runs until it is."
        yield reason_of("training.lapsed", text, Answer.REVIEW, lapse)
    if standing.stage is not None and not is_open(standing.stage, request.verb):
        text = f"The workflow resumes in stages: a person decides on {place(request)} for now."
        yield reason_of("resume.staged", text, Answer.REVIEW)


def _row(request: Request, row: Allowance | None) -> Iterator[Reason]:
    if row is None:
        text = f"The matrix has no row for {place(request)}."
        yield reason_of("no_allowance", text, Answer.REFUSE)
    elif row.authority == Authority.ALLOWED:
        text = f"The matrix allows {place(request)}."
        yield reason_of("allowance.allowed", text, Answer.ALLOW)
    elif row.authority == Authority.REVIEW:
        text = f"A person decides on {place(request)}."
        yield reason_of("allowance.review", text, Answer.REVIEW)
    else:
        yield reason_of(
            "never", f"The matrix says never to {place(request)}.", Answer.REFUSE
        )


def turns_of(row: Allowance) -> tuple[Turn, ...]:
    """Return the stages of a row: who decides first, and who after them."""
    stages = (Turn(str(row.decided_by), row.quorum), *row.then)
    return tuple(Turn(each.decided_by, max(1, each.quorum)) for each in stages)


def _ruling(
    reasons: tuple[Reason, ...],
    request: Request,
    row: Allowance | None,
    rulebook: Rulebook | None,
    amount: ActionAmount,
    risk: Risk,
) -> Ruling:
    answer = most_severe(reason.answer for reason in reasons)
    decided_by = row.decided_by if row else DecidedBy.REVIEWERS
    if answer == Answer.ESCALATE:
        decided_by = DecidedBy.ESCALATION_OWNER
    return Ruling(
        answer=answer,
        reasons=in_order(reasons),
        risk=risk,
        reversibility=effective_reversibility(request, row),
        quorum=max(1, row.quorum) if row else 1,
        decided_by=str(decided_by),
        turns=turns_of(row) if row else (),
        operating_model_version=rulebook.version if rulebook else None,
        amount=amount.money,
        hold_requested=holds(reasons),
        reserves=tuple(sorted(reserved(request, rulebook, amount))) if rulebook else (),
    )
