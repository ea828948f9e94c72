"""What asking for more and deciding on it share: the locked request, its end, its record."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell, tell_settled
from portal.audit.operation import record, step
from portal.core.errors import AlreadyDone, Invalid, NotFound
from registry.models import CapabilityRequest
from registry.models.rights import RequestState
from registry.operations.guards import person_id
from registry.queries.capability import names_in, request_words

TEXT_MAX = 500
# What people are told of: that it waits, and what came of it.
SUBJECT, ANSWER = "capability_request", "capability_answer"
_TOLD = (RequestState.APPROVED, RequestState.REJECTED, RequestState.EXPIRED)


@step
def locked_request(request_id: UUID) -> CapabilityRequest:
    rows = CapabilityRequest.objects.select_for_update(of=("self",), no_key=True)
    return _one_of(rows, request_id)


def found_request(request_id: UUID) -> CapabilityRequest:
    """Give a request as it stands, for whoever asks of it before its lock is taken."""
    return _one_of(CapabilityRequest.objects.all(), request_id)


def _one_of(rows: QuerySet[CapabilityRequest], request_id: UUID) -> CapabilityRequest:
    related = rows.select_related("workflow", "ceiling__department", "asked_by")
    found = related.filter(id=request_id).first()
    if found is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return found


def must_be_open(asked: CapabilityRequest) -> None:
    if asked.state != RequestState.OPEN:
        label = RequestState(asked.state).label.lower()
        raise AlreadyDone("request.ended", f"This is answered already: {label}.")


@step
def end_request(
    actor: Actor,
    asked: CapabilityRequest,
    state: RequestState,
    answer: str,
    now: datetime,
) -> None:
    asked.state, asked.answer, asked.ended_at = state, answer, now
    asked.ended_by_id = person_id(actor)
    asked.save(update_fields=("state", "answer", "ended_at", "ended_by"))
    tell_settled(subject=(SUBJECT, asked.id))
    if state in _TOLD:
        tell(
            kind="more_answered",
            subject=(ANSWER, asked.id),
            workflow_id=asked.workflow_id,
            people=(asked.asked_by_id,),
            by=actor.name,
            by_id=actor.id,
            outcome=state.value,
            at=now,
        )


def reason_of(answer: str) -> str:
    answer = " ".join(answer.split())
    if not answer:
        raise Invalid({"answer": "Say why: the team reads it, and it stays on record."})
    if len(answer) > TEXT_MAX:
        raise Invalid({"answer": f"At most {TEXT_MAX} characters."})
    return answer


@step
def record_request(
    name: str, actor: Actor, asked: CapabilityRequest, **more: str
) -> None:
    record(
        name,
        actor=actor,
        subject=(SUBJECT, asked.id),
        workflow_id=asked.workflow_id,
        workflow=asked.workflow.name,
        what=request_words(asked, names_in((asked,))),
        **more,
    )
