"""What a department does in the ninety days after it closed an assessment.

A priority is chosen from the questions, with an owner and a day, and ends with evidence or
is dropped with a reason. Whoever owns one that is overdue is told once.
"""

from datetime import date, datetime
from uuid import UUID

from django.urls import reverse

from portal.accounts.actors import SYSTEM, Actor
from portal.accounts.models import Person
from portal.accounts.operations.telling import tell, tell_settled
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import ReadinessPriority
from registry.models.readiness import NOTE_LENGTH_MAX, PriorityEnd
from registry.operations.guards import person_id
from registry.operations.readiness_guards import led_department, seen_department
from registry.operations.teams import who_looks_after
from registry.queries.readiness import closed_of, may_lead
from registry.rules.readiness import QUESTIONS
from registry.rules.readiness_scores import wrong_due
from registry.rules.training import day_text

OPEN_MAX = 12
TEXT_LENGTH_MAX = 200


@operation(leaves="readiness.priority_chosen")
def choose_priority(
    *,
    actor: Actor,
    slug: str,
    question: str,
    text: str,
    owner: Person,
    due_on: date,
    now: datetime,
) -> ReadinessPriority:
    """Give somebody something to do by a day, because of one question's answers.

    Raises NotFound without a closed assessment, Conflict when the question has an open
    priority already or there are twelve, Invalid for a day beyond ninety.
    """
    department = led_department(actor, slug)
    last = closed_of(department.id).select_for_update(no_key=True).first()
    if last is None:
        raise NotFound(f"{department.name} has closed no assessment yet.")
    text = " ".join(text.split())
    _check_priority(question, text, owner, due_on, now.date())
    kept = ReadinessPriority.objects.filter(
        assessment__department=department, ended_at=None
    )
    if kept.filter(question=question).exists():
        raise AlreadyDone("priority.same", "Somebody has taken this on already.")
    if kept.count() >= OPEN_MAX:
        raise Conflict(
            "priority.many",
            f"{OPEN_MAX} priorities are open, and what is everything is no priority. End"
            " one first.",
        )
    made = ReadinessPriority.objects.create(
        assessment=last,
        question=question,
        text=text,
        owner=owner,
        due_on=due_on,
        chosen_by_id=person_id(actor),
        chosen_at=now,
    )
    record(
        "readiness.priority_chosen",
        actor=actor,
        subject=("priority", made.id),
        department=department.name,
        owner=owner.name,
        due=day_text(due_on),
        what=text,
    )
    tell(
        kind="priority_given",
        subject=("priority", made.id),
        at=now,
        href=f"{reverse('readiness_department', args=[slug])}#priorities",
        people=(owner.id,),
        by=actor.name,
        by_id=person_id(actor),
    )
    return made


@operation(leaves="readiness.priority_ended")
def end_priority(
    *, actor: Actor, slug: str, priority_id: UUID, how: str, words: str, now: datetime
) -> None:
    """End a priority: done, with its evidence, or dropped, with why.

    Its owner says that it is done; only who leads the department drops it.
    """
    department = seen_department(actor, slug)
    kept = (
        ReadinessPriority.objects.select_for_update(no_key=True, of=("self",))
        .select_related("owner")
        .filter(id=priority_id, assessment__department=department)
        .first()
    )
    if kept is None:
        raise NotFound("There is no such priority.")
    is_leading = may_lead(actor, department)
    if not is_leading and (kept.owner_id != actor.id or how != PriorityEnd.DONE):
        raise Forbidden(
            f"{kept.owner.name} says when this is done; dropping it is for who leads"
            f" {department.name}.",
            who_can_help=who_looks_after(department),
        )
    if kept.ended_at is not None:
        raise AlreadyDone("priority.ended", "This priority has ended already.")
    words = " ".join(words.split())
    if how not in PriorityEnd.values:
        raise Invalid({"how": "Say whether it is done or dropped."})
    if not 1 <= len(words) <= NOTE_LENGTH_MAX:
        asked = "what shows that it is done" if how == "DONE" else "why it is dropped"
        raise Invalid(
            {"words": f"Say {asked}, in at most {NOTE_LENGTH_MAX} characters."}
        )
    kept.ended_at, kept.ended_by_id = now, person_id(actor)
    kept.ended_how, kept.ended_words = how, words
    kept.save(update_fields=("ended_at", "ended_by", "ended_how", "ended_words"))
    record(
        "readiness.priority_ended",
        actor=actor,
        subject=("priority", kept.id),
        department=department.name,
        how=PriorityEnd(how).label.lower(),
        what=kept.text,
        words=words,
    )
    tell_settled(subject=("priority", kept.id))


@operation(leaves="readiness.priority_overdue")
def tell_overdue(*, priority_id: UUID, now: datetime) -> None:
    """Tell a priority's owner once that its day is over. Raises AlreadyDone otherwise."""
    kept = (
        ReadinessPriority.objects.select_for_update(no_key=True, of=("self",))
        .select_related("assessment__department")
        .filter(
            id=priority_id,
            ended_at=None,
            overdue_told_at=None,
            due_on__lt=now.date(),
        )
        .first()
    )
    if kept is None:
        raise AlreadyDone("priority.told", "Nobody needs to be told of this any more.")
    kept.overdue_told_at = now
    kept.save(update_fields=("overdue_told_at",))
    department = kept.assessment.department
    record(
        "readiness.priority_overdue",
        actor=SYSTEM,
        subject=("priority", kept.id),
        department=department.name,
        due=day_text(kept.due_on),
        what=kept.text,
    )
    people = {kept.owner_id, department.head_id} - {None}
    tell(
        kind="priority_overdue",
        subject=("priority", kept.id),
        at=now,
        href=f"{reverse('readiness_department', args=[department.slug])}#priorities",
        people=[each for each in people if each],
    )


def overdue_priorities(*, now: datetime, limit: int = 100) -> list[UUID]:
    """Give what is overdue and nobody was told of yet. One query."""
    rows = ReadinessPriority.objects.filter(
        ended_at=None, overdue_told_at=None, due_on__lt=now.date()
    )
    return list(rows.order_by("due_on", "id").values_list("id", flat=True)[:limit])


def _check_priority(
    question: str, text: str, owner: Person, due_on: date, today: date
) -> None:
    wrong: dict[str, str] = {}
    if question not in QUESTIONS:
        wrong["question"] = "Choose one of the questions."
    if not 1 <= len(text) <= TEXT_LENGTH_MAX:
        wrong["text"] = f"Say what is to be done, in at most {TEXT_LENGTH_MAX} letters."
    if not owner.is_active:
        wrong["owner"] = f"{owner.name} is no longer active."
    late = wrong_due(due_on, today=today)
    if late:
        wrong["due_on"] = late
    if wrong:
        raise Invalid(wrong)
