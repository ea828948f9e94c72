"""The way of a proposal to its approval, and what a ruling of now demands of it. No query but one.

Read by whoever decides under lock, and by the card that says beforehand what would come of it.
"""

from approvals.models import Proposal
from approvals.rules.turns import Way, demanded, read_way
from registry.rules.answers import Answer, Ruling


def way_to_approval(proposal: Proposal) -> Way:
    return read_way(proposal.stages, audience=proposal.audience, quorum=proposal.quorum)


def was_escalated(proposal: Proposal) -> bool:
    """Say whether the rulebook sent it to the escalation owner, who may have let it pass.

    The clock alone says nothing of it: it may hand a proposal to other owners.
    """
    return proposal.rung > 0 and proposal.authority_record.answer == Answer.ESCALATE


def demanded_way(proposal: Proposal, ruling: Ruling) -> Way | None:
    """Give the stages that hold by a new ruling; None when other people must decide."""
    return demanded(
        way_to_approval(proposal),
        ruling,
        went_up=proposal.rung > 0,
        was_escalated=was_escalated(proposal),
    )
