"""Saying that a page got in the way, and answering it.

The journal of a workflow is read by everybody who may see the workflow: it says that
somebody spoke and who answered, and never what was said or looked for.
"""

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell, tell_settled
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.home.models import Feedback, FeedbackMove
from portal.home.queries.feedback import (
    about_page,
    feedback_seen_by,
    keepers_of,
    may_answer,
)

TEXT_MAX = 1_000
OPEN_MAX = 50


@operation(leaves="feedback.said")
def say_feedback(
    *, actor: Actor, path: str, page: str, text: str, now: datetime
) -> UUID:
    """Say what got in the way, and where; whoever looks after it is told.

    Raises Invalid without words, and Conflict for somebody with very many open ones.
    """
    words = _words(text, "text", "Say what got in your way")
    if not actor.is_person:
        raise Forbidden("Only people say what got in their way.")
    mine = Feedback.objects.filter(person=actor.id, state=Feedback.State.OPEN)
    if mine.count() >= OPEN_MAX:
        raise Conflict(
            "feedback.many", f"{OPEN_MAX} of yours wait for an answer already."
        )
    about = about_page(actor=actor, path=path, page=page)
    row = Feedback.objects.create(
        person_id=actor.id,
        workflow_id=about.workflow_id,
        path=about.path,
        page=about.page,
        text=words,
        said_at=now,
    )
    record(
        "feedback.said",
        actor=actor,
        subject=("feedback", row.id),
        workflow_id=about.workflow_id,
        page=about.page,
        path=urlsplit(about.path).path,
    )
    _tell_keepers(row, actor, now)
    return row.id


@operation(leaves="feedback.answered")
def answer_feedback(
    *, actor: Actor, feedback_id: UUID, text: str, now: datetime
) -> None:
    """Answer what somebody said; they are told. Locks it.

    Raises NotFound, Forbidden, AlreadyDone when it is answered, Invalid without words.
    """
    row = _locked(actor, feedback_id)
    if not may_answer(actor, row.workflow_id):
        raise Forbidden("The owners of the workflow and administrators answer this.")
    if row.state != Feedback.State.OPEN:
        raise AlreadyDone("feedback.answered", "This is answered already.")
    words = _words(text, "text", "Write an answer")
    row.state = Feedback.State.ANSWERED
    row.save(update_fields=["state"])
    _move(row, FeedbackMove.Kind.ANSWERED, actor, words, now)
    record(
        "feedback.answered",
        actor=actor,
        subject=("feedback", row.id),
        workflow_id=row.workflow_id,
        person=row.person.name,
        page=row.page,
    )
    tell_settled(subject=("feedback", row.id), workflow_id=row.workflow_id)
    tell(
        kind="feedback_answered",
        subject=("feedback", row.id),
        at=now,
        people={row.person_id},
        workflow_id=row.workflow_id,
        by=actor.name,
        by_id=actor.id,
    )


@operation(leaves="feedback.reopened")
def reopen_feedback(
    *, actor: Actor, feedback_id: UUID, text: str, now: datetime
) -> None:
    """Say that it still gets in the way; its author may. Locks it.

    Raises NotFound, Forbidden, AlreadyDone while it is open, Invalid without words.
    """
    row = _locked(actor, feedback_id)
    if row.person_id != actor.id:
        raise Forbidden(f"Only {row.person.name} can say that it still does.")
    if row.state == Feedback.State.OPEN:
        raise AlreadyDone("feedback.open", "This waits for an answer already.")
    words = _words(text, "text", "Say what still gets in your way")
    row.state = Feedback.State.OPEN
    row.save(update_fields=["state"])
    _move(row, FeedbackMove.Kind.REOPENED, actor, words, now)
    record(
        "feedback.reopened",
        actor=actor,
        subject=("feedback", row.id),
        workflow_id=row.workflow_id,
        page=row.page,
    )
    _tell_keepers(row, actor, now)


def _locked(actor: Actor, feedback_id: UUID) -> Feedback:
    feedback_seen_by(actor, feedback_id)
    return (
        Feedback.objects.select_for_update(no_key=True, of=("self",))
        .select_related("person")
        .get(id=feedback_id)
    )


def _move(
    row: Feedback, kind: FeedbackMove.Kind, actor: Actor, text: str, now: datetime
) -> None:
    FeedbackMove.objects.create(
        feedback=row, kind=kind, person_id=actor.id, text=text, at=now
    )


def _tell_keepers(row: Feedback, actor: Actor, now: datetime) -> None:
    tell(
        kind="feedback_said",
        subject=("feedback", row.id),
        at=now,
        people=keepers_of(row.workflow_id),
        workflow_id=row.workflow_id,
        by=actor.name,
        by_id=actor.id,
    )


def _words(text: str, field: str, ask: str) -> str:
    words = text.replace("\x00", "").strip()
    if not words or len(words) > TEXT_MAX:
        raise Invalid({field: f"{ask}, in at most {TEXT_MAX:,} characters."})
    return words
