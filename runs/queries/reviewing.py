"""What the review screen asks for: what was answered before, what to read next, whom."""

from dataclasses import dataclass
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Review, ReviewDraft
from runs.queries.week_page.access import PEOPLE_MAX
from runs.queries.week_page.sample import SampleRow
from runs.rules.questions import KEYS, Given


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


def given_before(*, actor: Actor, week_id: UUID, run_id: UUID) -> tuple[Given, bool]:
    """Give what this person answered about a run, and whether it was finished.

    Nobody else's answers: who reads second reads blind. Two queries.
    """
    mine = {"sampled__week": week_id, "sampled__run": run_id, "assessor": actor.id}
    review = Review.objects.filter(**mine).first()
    if review is not None:
        answers = {key: getattr(review, key) for key in KEYS}
        return Given(answers, review.reasons, review.note), True
    draft = ReviewDraft.objects.filter(**mine).first()
    if draft is not None:
        return Given(draft.answers, draft.reasons, draft.note), False
    return Given({}, {}, ""), False


def next_to_read(rows: tuple[SampleRow, ...], *, after: UUID | None) -> UUID | None:
    """Give the next unread run: mine first, beginning behind the one just read."""
    position = next(
        (place for place, row in enumerate(rows) if row.run_id == after), -1
    )
    turned = rows[position + 1 :] + rows[: position + 1]
    unread = [row for row in turned if not row.is_read and row.run_id != after]
    mine = [row for row in unread if row.is_mine]
    chosen = next(iter(mine or unread), None)
    return chosen.run_id if chosen else None


def owners_for(*, workflow_id: UUID) -> tuple[Choice, ...]:
    """Give who may look after a finding: everybody who sees the workflow."""
    people = access.people_with(workflow_id, access.VIEW)[:PEOPLE_MAX]
    return tuple(Choice(str(person.id), person.name) for person in people)
