"""What keeps an approval from counting: the rulebook, a check, a vacant role, a removed agent.

A block is a value, on record: nothing was decided, and the proposal stays open.
"""

from dataclasses import dataclass
from uuid import UUID

from approvals.operations.ruling import Ruled
from approvals.operations.sitting import Sitting
from approvals.operations.stages import demanded_way
from approvals.queries.access import who_fills, who_lets_serve, who_trains
from approvals.rules.inspection import CODE as CANNOT_INSPECT
from approvals.rules.inspection import why_uninspectable
from approvals.rules.likeness import SENTENCES, Unlike
from registry.rules.answers import Answer, Risk
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


def kept_from_running(ruled: Ruled, sitting: Sitting) -> Blocked | None:
    """Say what keeps everybody from letting this run, in an emergency too."""
    found = _closed(ruled, sitting)
    if found is not None:
        return found
    if ruled.answer == Answer.REFUSE:
        return _said(ruled, sitting)
    # Asked of the bytes: a ruling that escalates for another reason does not say it.
    why = why_uninspectable({"args": sitting.action.get("args") or {}})
    return _hidden(sitting, why) if why else None


def blocked_by(
    ruled: Ruled, sitting: Sitting, *, in_batch: bool = False
) -> Blocked | None:
    """Say what keeps an approval from counting now, if anything does."""
    found = _closed(ruled, sitting)
    if found is not None:
        return found
    if ruled.answer != Answer.REFUSE and demanded_way(sitting.proposal, ruled):
        return _kept_from_batch(ruled, sitting) if in_batch else None
    return _said(ruled, sitting)


def _kept_from_batch(ruled: Ruled, sitting: Sitting) -> Blocked | None:
    """Say why this is decided by itself, as the rulebook rules now and not as it was."""
    way = demanded_way(sitting.proposal, ruled) or ()
    why = (
        Unlike.HIGH_RISK
        if ruled.record.risk == Risk.HIGH
        else Unlike.MANY_PEOPLE
        if sum(turn.quorum for turn in way) > 1
        else None
    )
    if why is None:
        return None
    return Blocked(
        proposal_id=sitting.proposal.id,
        code=f"batch.{why.value}",
        text=f"By now {SENTENCES[why]}.",
        who_can_help=None,
    )


def _closed(ruled: Ruled, sitting: Sitting) -> Blocked | None:
    """Say which fact about the workflow or its checks stops whatever people decide."""
    if not sitting.facts.agent_is_assigned:
        return _removed(sitting)
    if ruled.answer != Answer.REFUSE and sitting.facts.vacant_roles:
        return _vacant(sitting)
    if ruled.answer != Answer.REFUSE and sitting.facts.lapsed_training:
        return _lapsed(sitting)
    if ruled.answer != Answer.REFUSE and (unchecked := _unchecked(ruled, sitting)):
        return unchecked
    return None


def _said(ruled: Ruled, sitting: Sitting) -> Blocked:
    reason = next(iter(ruled.ruling.reasons), None)
    said = reason.text if reason else "The rulebook gives no leave."
    if ruled.answer == Answer.REFUSE:
        code = reason.code if reason else "authority.refused"
    else:
        code, said = "authority.escalated", f"This now needs a higher approver. {said}"
        if reason and reason.code == CANNOT_INSPECT:
            code, said = CANNOT_INSPECT, reason.text
    return Blocked(
        proposal_id=sitting.proposal.id,
        code=code,
        text=said,
        who_can_help=reason.who_can_help if reason else None,
    )


def _hidden(sitting: Sitting, why: str) -> Blocked:
    return Blocked(
        proposal_id=sitting.proposal.id,
        code=CANNOT_INSPECT,
        text=f"This cannot be inspected, so it does not run in an emergency either. {why}",
        who_can_help=CODES[CANNOT_INSPECT].who_can_help,
    )


def _unchecked(ruled: Ruled, sitting: Sitting) -> Blocked | None:
    """Say which check nobody has seen pass: no person's approval stands in for it."""
    found = [each for each in ruled.ruling.reasons if each.code == CHECK_MISSING]
    if not found:
        return None
    said = " ".join(each.text for each in found)
    return Blocked(
        proposal_id=sitting.proposal.id,
        code=CHECK_MISSING,
        text=f"{said} Reject it, so that the agent runs the check and asks again.",
        who_can_help=CODES[CHECK_MISSING].who_can_help,
    )


def _removed(sitting: Sitting) -> Blocked:
    return Blocked(
        proposal_id=sitting.proposal.id,
        code=AGENT_REMOVED,
        text=f"Its agent no longer serves {sitting.facts.name}, so nothing runs for it.",
        who_can_help=who_lets_serve(sitting.facts),
    )


def _vacant(sitting: Sitting) -> Blocked:
    roles = " and ".join(r.replace("_", " ") for r in sitting.facts.vacant_roles)
    return Blocked(
        proposal_id=sitting.proposal.id,
        code="owner.vacant",
        text=f"Nobody holds the role {roles}, so nothing runs. This stays open and waits.",
        who_can_help=who_fills(sitting.facts),
    )


def _lapsed(sitting: Sitting) -> Blocked:
    facts = sitting.facts
    said = " and ".join(
        f"{facts.lapsed_holders[role].name} ({role.replace('_', ' ')})"
        for role in facts.lapsed_training
    )
    return Blocked(
        proposal_id=sitting.proposal.id,
        code="training.lapsed",
        text=f"The training of {said} is not current, so nothing runs. This stays open and waits.",
        who_can_help=who_trains(facts),
    )
