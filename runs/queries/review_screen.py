"""Everything that the review screen shows: the sample, one run, its questions, who reads it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from portal.accounts.actors import Actor
from portal.core.errors import NotFound
from runs.models import Finding, FindingMove, FollowUp, ReviewWeek
from runs.queries.answers import Readings, readings_of
from runs.queries.blind_findings import marked
from runs.queries.knowing import KnownRow, told_of
from runs.queries.reviewing import Before, Choice, given_before, owners_for
from runs.queries.stories import RunPage, Where, run_page
from runs.queries.week_page.access import week_to_assess
from runs.queries.week_page.sample import SampleRow, sample_rows
from runs.rules.questions import ANSWERS, QUESTIONS

FINDINGS_MAX = 20
OPEN_MAX = 8


@dataclass(frozen=True)
class FindingHere:
    """A finding about the run that is being read."""

    kind: str
    text: str
    owner: str
    found_by: str


@dataclass(frozen=True)
class OpenFinding:
    """A finding of the workflow that is open already, so that none is made twice."""

    id: UUID
    kind: str
    text: str
    owner: str
    names_run: bool


@dataclass(frozen=True)
class Compared:
    """One question with the answers of both readers, and what it was settled to."""

    key: str
    number: int
    text: str
    first: str
    first_why: str
    second: str
    second_why: str
    is_different: bool
    settled: str
    proposed: str
    help: str


@dataclass(frozen=True)
class AskedAgain:
    """The fifth question, asked again because something came back."""

    first_answer: str
    signs: tuple[str, ...]
    answer: str
    reason: str
    answered_by: str
    answered_at: datetime | None
    is_mine: bool


@dataclass(frozen=True)
class ReviewScreen:
    week_id: UUID
    workflow: str
    starts_on: date
    is_signed: bool
    signed_by: str
    signed_at: datetime | None
    rows: tuple[SampleRow, ...]
    here: SampleRow
    position: int
    read: int
    left_to_me: int
    previous_id: UUID | None
    next_id: UUID | None
    run: RunPage
    before: Before
    readings: Readings
    compared: tuple[Compared, ...]
    may_agree: bool
    held_by: tuple[str, datetime] | None
    my_lease_until: datetime | None
    findings: tuple[FindingHere, ...]
    open_findings: tuple[OpenFinding, ...]
    owners: tuple[Choice, ...]
    again: AskedAgain | None
    # Told to its reader once they have answered, and to nobody before.
    known: KnownRow | None
    # The reader of a run that two people read who is not the one that looks.
    other_reader: str = ""

    @property
    def may_answer(self) -> bool:
        """Say whether this person can answer now, or change what they answered."""
        if self.is_signed or self.compared or self.known is not None:
            return False
        if self.before.is_finished:
            return True
        return not self.here.is_read or self.here.is_waiting_for_second

    @property
    def is_given_up(self) -> bool:
        return bool(self.readings.released)


def review_screen(
    *,
    actor: Actor,
    week_id: UUID,
    run_id: UUID,
    now: datetime,
    where: Where | None = None,
) -> ReviewScreen:
    """Give the review screen of one run; of a long run a part. About thirty queries.

    Raises NotFound, Forbidden for who may read the week and not review it.
    """
    week = week_to_assess(actor=actor, week_id=week_id)
    rows = sample_rows(week, actor)
    place = next((n for n, row in enumerate(rows) if row.run_id == run_id), None)
    if place is None:
        raise NotFound("This run is not in the week's sample.")
    here = rows[place]
    readings = next(iter(readings_of([week.id], run_id=run_id).values()))
    is_signed = week.state == ReviewWeek.State.SIGNED
    mine = next((until for name, until in here.leases if name == actor.name), None)
    return ReviewScreen(
        week_id=week.id,
        workflow=week.workflow.name,
        starts_on=week.starts_on,
        is_signed=is_signed,
        signed_by=week.signed_by.name if week.signed_by else "",
        signed_at=week.signed_at,
        rows=rows,
        here=here,
        position=place + 1,
        read=sum(row.is_read for row in rows),
        left_to_me=sum(row.is_left_to_me for row in rows),
        previous_id=rows[place - 1].run_id if place else None,
        next_id=rows[place + 1].run_id if place + 1 < len(rows) else None,
        run=run_page(actor=actor, run_id=run_id, now=now, where=where),
        before=given_before(actor=actor, week_id=week_id, run_id=run_id),
        readings=readings,
        compared=_compared(readings),
        may_agree=_may_agree(readings, actor),
        held_by=here.held_by_other(actor.name, now),
        my_lease_until=mine if mine and mine > now else None,
        findings=_findings(readings, actor),
        open_findings=_open_findings(week, readings, actor) if not is_signed else (),
        owners=owners_for(workflow_id=week.workflow_id) if not is_signed else (),
        again=_again(readings, actor),
        known=told_of(actor, week_id=week_id, run_id=run_id)
        if readings.is_known
        else None,
        other_reader=_other(here, actor),
    )


def _other(here: SampleRow, actor: Actor) -> str:
    names = (here.assigned_to, here.second_to)
    return next((name for name in names if name and name != actor.name), "")


def _compared(readings: Readings) -> tuple[Compared, ...]:
    """Set both answers side by side, once both are there."""
    first, second = readings.first, readings.second
    if not readings.is_doubled or first is None or second is None:
        return ()
    settlement = readings.settlement
    words = {} if settlement is None else settlement.answers
    is_settled = settlement is not None and settlement.at is not None
    found = []
    for number, question in enumerate(QUESTIONS, start=1):
        key = question.key
        proposed = words.get(key, "")
        found.append(
            Compared(
                key=key,
                number=number,
                text=question.text,
                first=ANSWERS[first.answers[key]][0],
                first_why=first.given.why(key),
                second=ANSWERS[second.answers[key]][0],
                second_why=second.given.why(key),
                is_different=first.answers[key] != second.answers[key],
                settled=ANSWERS[proposed][0] if is_settled else "",
                proposed=proposed,
                help=question.help,
            )
        )
    return tuple(found)


def _may_agree(readings: Readings, actor: Actor) -> bool:
    settlement = readings.settlement
    if settlement is None or settlement.at is not None:
        return False
    readers = {each.assessor_id for each in (readings.first, readings.second) if each}
    return actor.id in readers and actor.id != settlement.proposed_by_id


def _findings(readings: Readings, actor: Actor) -> tuple[FindingHere, ...]:
    """Give what was found about this run; while it is read blind, one's own alone."""
    rows = Finding.objects.filter(sampled=readings.sampled_id).select_related(
        "owner", "found_by"
    )
    if not readings.is_open:
        rows = rows.filter(found_by=actor.id)
    return tuple(
        FindingHere(
            Finding.Kind(row.kind).label, row.text, row.owner.name, row.found_by.name
        )
        for row in rows.order_by("found_at", "id")[:FINDINGS_MAX]
    )


def _open_findings(
    week: ReviewWeek, readings: Readings, actor: Actor
) -> tuple[OpenFinding, ...]:
    """Give the newest findings that are open for this workflow. One query.

    Those about runs that are read blind are left out (`blind_findings`).
    """
    again = FindingMove.objects.filter(
        finding=OuterRef("pk"),
        kind=FindingMove.Kind.ALSO_SEEN,
        facts__run=str(readings.run_id),
    )
    rows = Finding.objects.filter(workflow=week.workflow_id, closed_at=None)
    rows = marked(rows, actor.id).filter(is_hidden=False)  # type: ignore[misc]
    rows = rows.select_related("owner").annotate(is_seen=Exists(again))
    return tuple(
        OpenFinding(
            row.id,
            Finding.Kind(row.kind).label,
            row.text,
            row.owner.name,
            row.is_seen or row.sampled_id == readings.sampled_id,
        )
        for row in rows.order_by("-found_at", "-id")[:OPEN_MAX]
    )


def _again(readings: Readings, actor: Actor) -> AskedAgain | None:
    row = (
        FollowUp.objects.filter(sampled=readings.sampled_id)
        .select_related("answered_by")
        .first()
    )
    if row is None or not readings.is_open:
        return None
    return AskedAgain(
        first_answer=ANSWERS[row.first_answer][0],
        signs=tuple(str(sign.get("text", "")) for sign in row.signs),
        answer=ANSWERS[row.answer][0] if row.answer else "",
        reason=row.reason,
        answered_by=row.answered_by.name if row.answered_by else "",
        answered_at=row.answered_at,
        is_mine=row.asked_of_id == actor.id,
    )
