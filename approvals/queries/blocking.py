"""What keeps an approval from counting: the rulebook, a check, a vacant role, a removed agent.

A block is a value: nothing is decided, and the proposal stays open. Whoever decides keeps it
on record; the card and the list say it before anybody presses. Both ask here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from approvals.models import Proposal
from approvals.queries.access import who_fills, who_lets_serve, who_trains
from approvals.queries.ways import demanded_way
from approvals.rules.inspection import CODE as CANNOT_INSPECT
from approvals.rules.inspection import why_uninspectable
from approvals.rules.likeness import SENTENCES, Unlike
from registry.queries.rulebooks import RulebookInForce
from registry.rules.answers import Answer, Risk, Ruling
from registry.rules.codes import CODES

CHECK_MISSING = "check.missing"
AGENT_REMOVED = "agent.removed"


@dataclass(frozen=True)
class Blocked:
    """The rulebook says no now: nothing was decided, and the proposal stays open."""

    proposal_id: UUID
    code: str
    text: str
    who_can_help: str | None


class Waiting(Protocol):
    """A proposal that waits, with what a ruling on it stands on."""

    @property
    def proposal(self) -> Proposal: ...

    @property
    def facts(self) -> RulebookInForce: ...

    @property
    def action(self) -> Mapping[str, object]: ...


def kept_from_running(ruling: Ruling, waiting: Waiting) -> Blocked | None:
    """Say what keeps everybody from letting this run, in an emergency too."""
    found = _closed(ruling, waiting)
    if found is not None:
        return found
    if ruling.answer == Answer.REFUSE:
        return _said(ruling, waiting)
    # Asked of the bytes: a ruling that escalates for another reason does not say it.
    why = why_uninspectable({"args": waiting.action.get("args") or {}})
    return _hidden(waiting, why) if why else None


def blocked_by(
    ruling: Ruling, waiting: Waiting, *, in_batch: bool = False
) -> Blocked | None:
    """Say what keeps an approval from counting now, if anything does."""
    found = _closed(ruling, waiting)
    if found is not None:
        return found
    if ruling.answer != Answer.REFUSE and demanded_way(waiting.proposal, ruling):
        return _kept_from_batch(ruling, waiting) if in_batch else None
    return _said(ruling, waiting)


def _kept_from_batch(ruling: Ruling, waiting: Waiting) -> Blocked | None:
    """Say why this is decided by itself, as the rulebook rules now and not as it was."""
    way = demanded_way(waiting.proposal, ruling) or ()
    why = (
        Unlike.HIGH_RISK
        if ruling.risk == Risk.HIGH
        else Unlike.MANY_PEOPLE
        if sum(turn.quorum for turn in way) > 1
        else None
    )
    if why is None:
        return None
    return Blocked(
        proposal_id=waiting.proposal.id,
        code=f"batch.{why.value}",
        text=f"By now {SENTENCES[why]}.",
        who_can_help=None,
    )


def _closed(ruling: Ruling, waiting: Waiting) -> Blocked | None:
    """Say which fact about the workflow or its checks stops whatever people decide."""
    if not waiting.facts.agent_is_assigned:
        return _removed(waiting)
    if ruling.answer != Answer.REFUSE and waiting.facts.vacant_roles:
        return _vacant(waiting)
    if ruling.answer != Answer.REFUSE and waiting.facts.lapsed_training:
        return _lapsed(waiting)
    if ruling.answer != Answer.REFUSE and (unchecked := _unchecked(ruling, waiting)):
        return unchecked
    return None


def _said(ruling: Ruling, waiting: Waiting) -> Blocked:
    reason = next(iter(ruling.reasons), None)
    said = reason.text if reason else "The rulebook gives no leave."
    if ruling.answer == Answer.REFUSE:
        code = reason.code if reason else "authority.refused"
    else:
        code, said = "authority.escalated", f"This now needs a higher approver. {said}"
        if reason and reason.code == CANNOT_INSPECT:
            code, said = CANNOT_INSPECT, reason.text
    return Blocked(
        proposal_id=waiting.proposal.id,
        code=code,
        text=said,
        who_can_help=reason.who_can_help if reason else None,
    )


def _hidden(waiting: Waiting, why: str) -> Blocked:
    return Blocked(
        proposal_id=waiting.proposal.id,
        code=CANNOT_INSPECT,
        text=f"This cannot be inspected, so it does not run in an emergency either. {why}",
        who_can_help=CODES[CANNOT_INSPECT].who_can_help,
    )


def _unchecked(ruling: Ruling, waiting: Waiting) -> Blocked | None:
    """Say which check nobody has seen pass: no person's approval stands in for it."""
    found = [each for each in ruling.reasons if each.code == CHECK_MISSING]
    if not found:
        return None
    said = " ".join(each.text for each in found)
    return Blocked(
        proposal_id=waiting.proposal.id,
        code=CHECK_MISSING,
        text=f"{said} Reject it, so that the agent runs the check and asks again.",
        who_can_help=CODES[CHECK_MISSING].who_can_help,
    )


def _removed(waiting: Waiting) -> Blocked:
    return Blocked(
        proposal_id=waiting.proposal.id,
        code=AGENT_REMOVED,
        text=f"Its agent no longer serves {waiting.facts.name}, so nothing runs for it.",
        who_can_help=who_lets_serve(waiting.facts),
    )


def _vacant(waiting: Waiting) -> Blocked:
    roles = " and ".join(r.replace("_", " ") for r in waiting.facts.vacant_roles)
    return Blocked(
        proposal_id=waiting.proposal.id,
        code="owner.vacant",
        text=f"Nobody holds the role {roles}, so nothing runs. This stays open and waits.",
        who_can_help=who_fills(waiting.facts),
    )


def _lapsed(waiting: Waiting) -> Blocked:
    facts = waiting.facts
    said = " and ".join(
        f"{facts.lapsed_holders[role].name} ({role.replace('_', ' ')})"
        for role in facts.lapsed_training
    )
    return Blocked(
        proposal_id=waiting.proposal.id,
        code="training.lapsed",
        text=f"The training of {said} is not current, so nothing runs. This stays open and waits.",
        who_can_help=who_trains(facts),
    )
