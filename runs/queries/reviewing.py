"""What the review screen asks for: what was answered before, what to read next, whom."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Review, ReviewDraft
from runs.queries.week_page.access import PEOPLE_MAX
from runs.queries.week_page.sample import SampleRow
from runs.rules.questions import KEYS, Given, given_from


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class Before:
    """What this person answered about a run before, and when it was last kept."""

    given: Given
    is_finished: bool = False
    at: datetime | None = None


def given_before(*, actor: Actor, week_id: UUID, run_id: UUID) -> Before:
    """Give what this person answered about a run, whole or in part.

    Nobody else's answers: who reads second reads blind. At most two queries.
    """
    mine = {"sampled__week": week_id, "sampled__run": run_id, "assessor": actor.id}
    review = Review.objects.filter(**mine).first()
    if review is not None:
        answers = {key: getattr(review, key) for key in KEYS}
        given = given_from(answers, review.reasons, review.note)
        return Before(given, is_finished=True, at=review.changed_at)
    draft = ReviewDraft.objects.filter(**mine).first()
    if draft is not None:
        given = given_from(draft.answers, draft.reasons, draft.note)
        return Before(given, at=draft.changed_at)
    return Before(Given({}, {}, ""))


def next_to_read(
    rows: tuple[SampleRow, ...], *, after: UUID | None = None
) -> UUID | None:
    """Give the next run that is mine to read, beginning behind the one just read.

    Only what is mine, first or second: nobody's share is taken without being asked for.
    """
    return _first(rows, after, lambda row: row.is_left_to_me)


def next_of_others(
    rows: tuple[SampleRow, ...], *, actor: Actor, now: datetime
) -> UUID | None:
    """Give a run of somebody else's that nobody has read and nobody reads just now."""
    return _first(
        rows,
        None,
        lambda row: (
            row.is_left_to_others and row.held_by_other(actor.name, now) is None
        ),
    )


def _first(
    rows: tuple[SampleRow, ...],
    after: UUID | None,
    is_wanted: Callable[[SampleRow], bool],
) -> UUID | None:
    position = next(
        (place for place, row in enumerate(rows) if row.run_id == after), -1
    )
    turned = rows[position + 1 :] + rows[: position + 1]
    wanted = (row.run_id for row in turned if row.run_id != after and is_wanted(row))
    return next(wanted, None)


def owners_for(*, workflow_id: UUID) -> tuple[Choice, ...]:
    """Give who may look after a finding: everybody who sees the workflow."""
    people = access.people_with(workflow_id, access.VIEW)[:PEOPLE_MAX]
    return tuple(Choice(str(person.id), person.name) for person in people)
