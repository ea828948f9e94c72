"""Writing moves down: the step that every move of a proposal shares."""

from datetime import datetime
from uuid import UUID

from approvals.models import Move, Proposal
from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.models import Person
from portal.accounts.operations.telling import tell
from portal.audit.operation import step
from portal.core.errors import Conflict

MOVES_MAX = 200
_TOLD = {
    Move.Kind.ASSIGNED: "assigned",
    Move.Kind.COMMENTED: "mentioned",
    Move.Kind.ESCALATED: "escalated",
    Move.Kind.ANSWERED: "answered",
    Move.Kind.UNDONE: "undone",
}


@step
def keep_move(
    proposal: Proposal,
    kind: str,
    actor: Actor,
    text: str,
    now: datetime,
    *,
    evidence: list[dict] | None = None,
    concerned: Person | None = None,
    mentions: list[str] | None = None,
) -> Move:
    """Write one move down. Talk has an end; time running out always finds its way."""
    is_swept = actor.kind == SYSTEM.kind
    if not is_swept and Move.objects.filter(proposal=proposal).count() >= MOVES_MAX:
        raise Conflict(
            "proposal.moves_many",
            f"At most {MOVES_MAX} moves are kept on one proposal.",
        )
    _tell(proposal, kind, actor, concerned, mentions, now)
    return Move.objects.create(
        proposal=proposal,
        kind=kind,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        concerned=concerned,
        text=text,
        evidence=evidence or [],
        mentions=mentions or [],
        moved_at=now,
    )


@step
def _tell(
    proposal: Proposal,
    kind: str,
    actor: Actor,
    concerned: Person | None,
    mentions: list[str] | None,
    now: datetime,
) -> None:
    people = [UUID(each) for each in mentions or ()]
    if concerned is not None:
        people.append(concerned.id)
    told = _TOLD.get(Move.Kind(kind))
    if told is None or (told == "mentioned" and not people):
        return
    tell(
        kind=told,
        subject=("proposal", proposal.id),
        people=people,
        workflow_id=proposal.workflow_id,
        by=actor.name,
        by_id=actor.id,
        at=now,
    )
