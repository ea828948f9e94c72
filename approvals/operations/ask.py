"""An agent asks for one action, and the rulebook answers; nothing waits and all is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from approvals.models import ActionRequest, AuthorityRecord, Grant, Proposal
from approvals.operations.assigning import assign_least_loaded
from approvals.operations.callbacks import callback_state
from approvals.operations.grants import issue_grant
from approvals.operations.proposals import audience_of, open_proposal
from approvals.operations.ruling import (
    ask_rulebook,
    currency_of,
    guard_authority,
    keep_ruling,
    storable,
    tell_run,
)
from approvals.queries.envelope import (
    Asking,
    digest_of,
    mapping_of,
    parsed,
    request_of,
    told_args,
)
from approvals.queries.wording import headline_of
from approvals.rules.moves import ActionStatus
from approvals.rules.paths import leaves
from portal.accounts.actors import SYSTEM
from portal.accounts.keys import AgentPrincipal
from portal.accounts.operations.acting import note_asked_in_name_of
from portal.audit.operation import operation, step
from portal.core.errors import NotFound
from portal.core.ids import new_id
from registry.queries.rulebooks import RulebookInForce, lock_numbers, standing_facts
from registry.rules.answers import Answer, Ruling
from registry.rules.rulebook import Request
from runs.operations.moments import RunRef, ensure_run, hold_run, told_together

STATUS_OF = {
    Answer.ALLOW: ActionStatus.ALLOWED,
    Answer.REVIEW: ActionStatus.IN_REVIEW,
    Answer.ESCALATE: ActionStatus.ESCALATED,
    Answer.REFUSE: ActionStatus.REFUSED,
}
SEARCH_LEAVES_MAX = 50
SEARCH_TEXT_MAX = 200


@dataclass(frozen=True)
class Asked:
    """What came of asking: the ruling, and the grant or the proposal it led to."""

    action_request: ActionRequest
    authority_record: AuthorityRecord
    grant: Grant | None
    proposal: Proposal | None
    # What is known of the receiver that was named: on, off or unknown; None without one.
    callback: str | None = None


@operation(leaves="action.ruled")
def ask_action(*, principal: AgentPrincipal, asking: Asking, now: datetime) -> Asked:
    """Rule on one request and do what follows: grant, proposal, or nothing more.

    About fifteen queries in one transaction. A refusal is a value. Raises NotFound for a
    workflow that the agent does not serve, Unavailable when a lock is not had in time.
    """
    numbers = lock_numbers(asking.workflow)
    if numbers is None:
        raise NotFound("There is no such workflow for this agent.")
    guard_authority(
        lock_number=numbers.lock_number,
        department_lock_number=numbers.department_lock_number,
    )
    facts = standing_facts(numbers.workflow_id, agent_id=principal.agent_id)
    if not facts.agent_is_assigned:
        raise NotFound("There is no such workflow for this agent.")
    run = ensure_run(
        workflow_id=facts.workflow_id,
        agent_run_id=asking.run,
        agent_id=principal.agent_id,
        now=now,
    )

    action = parsed(asking.action)
    request = request_of(asking.body, action)
    ruling = ask_rulebook(
        facts=facts,
        request=request,
        run_id=run.id,
        run_is_on_hold=run.is_on_hold,
        hold_reason=run.hold_reason,
    )
    action_request = _keep_request(principal, asking, request, ruling, facts, run, now)
    if action_request.on_behalf_of_id:
        note_asked_in_name_of(identity=action_request.on_behalf_of_id, now=now)
    with told_together():
        category = request.category or ""
        return _answer(principal, action_request, ruling, facts, category, now)


@step
def _answer(
    principal: AgentPrincipal,
    action_request: ActionRequest,
    ruling: Ruling,
    facts: RulebookInForce,
    category: str,
    now: datetime,
) -> Asked:
    tell_run(
        action_request,
        kind="asked",
        at=now,
        actor=principal.actor,
        digest=action_request.digest,
        title=action_request.title,
        tool_call_id=action_request.tool_call_id,
        category=category,
        args=told_args(parsed(action_request.action)),
    )
    kept = keep_ruling(
        actor=principal.actor,
        action_request=action_request,
        ruling=ruling,
        facts=facts,
        digest=action_request.digest,
        headline=action_request.headline,
        occasion=AuthorityRecord.Occasion.ASK,
    )
    return _follow(principal, action_request, kept, ruling, facts, now)


@step
def _follow(
    principal: AgentPrincipal,
    action_request: ActionRequest,
    kept: AuthorityRecord,
    ruling: Ruling,
    facts: RulebookInForce,
    now: datetime,
) -> Asked:
    grant = proposal = None
    if ruling.answer == Answer.ALLOW:
        grant = issue_grant(
            actor=SYSTEM,
            action_request=action_request,
            authority_record=kept,
            version=None,
            facts=facts,
        )
    elif ruling.answer in (Answer.REVIEW, Answer.ESCALATE):
        proposal = open_proposal(
            actor=SYSTEM,
            action_request=action_request,
            agent_name=principal.agent_name,
            authority_record=kept,
            audience=audience_of(kept),
            now=now,
        )
        assign_least_loaded(proposal=proposal, facts=facts, now=now)
    if ruling.hold_requested:
        sentence = next(
            (r.text for r in ruling.reasons if r.rule == ruling.hold_requested), ""
        )
        hold_run(
            run_id=action_request.run_id,
            rule_key=ruling.hold_requested,
            sentence=sentence,
            actor=SYSTEM,
            now=now,
        )
    callback = callback_state(
        workflow_id=facts.workflow_id, name=action_request.callback
    )
    return Asked(action_request, kept, grant, proposal, callback)


@step
def _keep_request(
    principal: AgentPrincipal,
    asking: Asking,
    request: Request,
    ruling: Ruling,
    facts: RulebookInForce,
    run: RunRef,
    now: datetime,
) -> ActionRequest:
    body = asking.body
    behalf = mapping_of(body.get("on_behalf_of"))
    action = parsed(asking.action)
    is_final = ruling.answer == Answer.REFUSE
    return ActionRequest.objects.create(
        id=new_id(),
        workflow_id=facts.workflow_id,
        run_id=run.id,
        agent_id=principal.agent_id,
        agent_key_id=principal.key_id,
        operator_id=principal.operator_id,
        key_owner_id=principal.key_owner_id,
        tool_call_id=str(body.get("tool_call_id") or ""),
        on_behalf_of_type=str(behalf.get("type") or ""),
        on_behalf_of_id=str(behalf.get("id") or ""),
        received=asking.raw,
        action=asking.action,
        digest=digest_of(
            workflow_id=facts.workflow_id,
            agent_id=principal.agent_id,
            action=asking.action,
        ),
        search=_searchable(action),
        verb=request.verb,
        system=request.system,
        resource_type=request.resource_type or "",
        resource_id=request.resource_id or "",
        title=request.title,
        headline=headline_of(body, action, ruling.amount),
        amount=storable(ruling.amount),
        currency=currency_of(ruling.amount),
        risk=ruling.risk.value,
        reversibility=ruling.reversibility.value,
        callback=str(body.get("callback") or ""),
        expires_at=asking.expires_at,
        status=STATUS_OF[ruling.answer].value,
        resolved_at=now if is_final else None,
        created_at=now,
        changed_at=now,
    )


def _searchable(action: Mapping[str, object]) -> dict[str, str]:
    """Give the first arguments as short texts: for finding, never for deciding."""
    found: dict[str, str] = {}
    for leaf in leaves(action.get("args") or {}):
        if len(found) >= SEARCH_LEAVES_MAX:
            break
        found[leaf.path[:SEARCH_TEXT_MAX]] = str(leaf.value)[:SEARCH_TEXT_MAX]
    return found
