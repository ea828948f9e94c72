"""What an edit would come to, told before it is saved: nothing is written and nothing locked.

The same rules answer as when it is saved, so a preview may be late but never of another kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from approvals.models import Proposal, ProposalVersion
from approvals.models.proposing import Audience
from approvals.queries.access import proposal_seen_by, seats_for, who_decides
from approvals.queries.again import ask_again, request_again
from approvals.queries.envelope import (
    argument_literals,
    edited_action,
    mapping_of,
    parsed,
    request_of,
)
from approvals.queries.wording import headline_of
from approvals.rules.diff import Change
from approvals.rules.fields import Edited, apply_edits, edit_fields
from approvals.rules.separation import needs_other_than_editor, parties_of_edit
from approvals.rules.widening import is_material, widens
from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core import strict_json
from portal.core.errors import Forbidden, Problem
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Answer, Ruling
from runs.queries.holds import hold_of_run

REASONS_SHOWN_MAX = 3
NAMES_MAX = 5


@dataclass(frozen=True)
class EditPreview:
    """An edit as typed: what it changes, what the rulebook says, who must approve then."""

    changes: tuple[Change, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    headline: str = ""
    answer: str = ""
    reasons: tuple[str, ...] = ()
    is_widening: bool = False
    is_saved_only: bool = False
    is_refused: bool = False
    who_then: str = ""
    is_stale: bool = False


def preview_edit(
    *, actor: Actor, proposal_id: UUID, digest: str, edits: Mapping[str, str]
) -> EditPreview:
    """Say what an edit would come to. About twelve queries, and no write.

    Raises NotFound for what they may not see, Forbidden for what is not theirs to decide.
    """
    proposal = proposal_seen_by(actor, proposal_id)
    facts = standing_facts(
        proposal.workflow_id, agent_id=proposal.action_request.agent_id
    )
    if actor.id not in seats_for(facts, proposal.audience).people:
        raise Forbidden(
            "You may see this and do not decide it.",
            code="decision.not_yours",
            who_can_help=who_decides(facts, proposal.audience),
        )
    version = ProposalVersion.objects.get(
        proposal=proposal, number=proposal.version_number
    )
    body = strict_json.parse_object(bytes(proposal.action_request.received))
    edited = edits_read(bytes(version.action), body, edits)
    is_stale = digest != version.digest
    if edited.errors or not edited.changes:
        return EditPreview(edited.changes, edited.errors, is_stale=is_stale)
    raw = edited_action(bytes(version.action), edited.replacements)
    try:
        action = strict_json.parse_object(raw)
    except Problem as problem:
        return EditPreview(edited.changes, {"": problem.detail}, is_stale=is_stale)
    ruling = _rehearsed(proposal, facts, body, action)
    is_widening = edit_widens(
        facts,
        body,
        action,
        (parsed(proposal.action_request.action), parsed(version.action)),
    )
    who_then, is_saved_only = _then(actor, proposal, facts, ruling, is_widening)
    return EditPreview(
        changes=edited.changes,
        headline=headline_of(body, action, ruling.amount),
        answer=ruling.answer.value,
        reasons=tuple(reason.text for reason in ruling.reasons[:REASONS_SHOWN_MAX]),
        is_widening=is_widening,
        is_refused=ruling.answer == Answer.REFUSE,
        who_then=who_then,
        is_saved_only=is_saved_only,
        is_stale=is_stale,
    )


def edits_read(
    action: bytes, body: Mapping[str, object], edits: Mapping[str, str]
) -> Edited:
    """Read typed edits against stored bytes, each in its argument's own type. No query."""
    args = mapping_of(parsed(action).get("args"))
    fields = edit_fields(args, body.get("args_schema"), argument_literals(action))
    return apply_edits(args, fields, edits)


def edit_widens(
    facts: RulebookInForce,
    body: Mapping[str, object],
    action: Mapping[str, object],
    earlier: tuple[Mapping[str, object], ...],
) -> bool:
    """Say whether an edit asks for more than any of the earlier actions. No query.

    Against what the agent asked, and against what was last shown: small steps add up.
    """
    mapped = _mapped(facts, body, action)
    return any(widens(before, action, **mapped) for before in earlier)


def edit_is_material(
    facts: RulebookInForce,
    body: Mapping[str, object],
    action: Mapping[str, object],
    asked: Mapping[str, object],
) -> bool:
    """Say whether an edit touches what the verb is about: see `is_material`. No query."""
    return is_material(asked, action, **_mapped(facts, body, action))


def _mapped(
    facts: RulebookInForce, body: Mapping[str, object], action: Mapping[str, object]
) -> dict[str, str | None]:
    """Give the fields that the rulebook maps for this system and verb."""
    book = facts.rulebook
    said = request_of(body, action, is_edited=True)
    row = book.allowances.get((said.system, said.verb)) if book else None
    return {
        "amount_field": row.amount_field if row else None,
        "currency_field": row.currency_field if row else None,
        "recipient_field": row.recipient_field if row else None,
        "resource_field": row.resource_field if row else None,
    }


def _rehearsed(
    proposal: Proposal,
    facts: RulebookInForce,
    body: Mapping[str, object],
    action: Mapping[str, object],
) -> Ruling:
    hold = hold_of_run(run_id=proposal.run_id)
    return ask_again(
        facts,
        request_again(facts, body, action, is_edited=True),
        run_id=proposal.run_id,
        run_is_on_hold=hold is not None,
        hold_reason=hold.sentence if hold else None,
    )


def _then(
    actor: Actor,
    proposal: Proposal,
    facts: RulebookInForce,
    ruling: Ruling,
    is_widening: bool,
) -> tuple[str, bool]:
    """Say who must approve when the edit is saved, and whether saving only keeps it."""
    if ruling.answer == Answer.REFUSE:
        said = "The rulebook refuses it like this, so it cannot be saved."
        return said, False
    is_top = proposal.audience == Audience.ESCALATION_OWNER
    if ruling.answer == Answer.ESCALATE and not is_top:
        who = who_decides(facts, Audience.ESCALATION_OWNER)
        said = f"This edit needs a higher approver. Saved, it waits for: {who}."
        return said, True
    parties = parties_of_edit(
        editor_id=actor.id,
        edit_widens=is_widening,
        risk=ruling.risk,
        reversibility=ruling.reversibility,
    )
    if needs_other_than_editor(parties):
        why = (
            "It asks for more than before"
            if is_widening
            else "It cannot be undone at high risk"
        )
        who = _others(actor, proposal, facts)
        said = f"{why}, so another person approves it. Saved, it waits for: {who}."
        return said, True
    quorum = max(proposal.quorum, ruling.quorum)
    said = "Saving it is your approval, and it may run."
    if quorum > 1:
        said = f"Saving it is your approval; it needs {quorum} people, and earlier votes do not count for it."
    return said, False


def _others(actor: Actor, proposal: Proposal, facts: RulebookInForce) -> str:
    """Name those who may decide beside the editor. One query."""
    people = seats_for(facts, proposal.audience).people - {actor.id}
    names = Person.objects.filter(id__in=people, is_active=True).order_by("name", "id")
    listed = list(names.values_list("name", flat=True)[: NAMES_MAX + 1])
    if not listed:
        return "nobody yet, for nobody else may decide it"
    more = " and others" if len(listed) > NAMES_MAX else ""
    return ", ".join(listed[:NAMES_MAX]) + more
