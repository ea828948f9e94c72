"""One run, told: what the run page, its parts, its text and its JSON are made of.

The story, the numbers and the answers come from what the run folds to; the narrative of a
long run is read in parts, so that five thousand events cost a first screen what fifty do.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Hold, Run, RunEvent, RunState
from runs.queries.lists import STATE_MARKS
from runs.queries.shown import LineShown, folded_steps, shown_lines
from runs.queries.telling import (
    PART_EVENTS,
    Told,
    later_than,
    position_of,
    told_part,
    told_whole,
)
from runs.rules import timeline
from runs.rules.answering import Answer, answers_of
from runs.rules.events import PLUMBING, Event, Provenance
from runs.rules.folding import State, fold, unauthorised
from runs.rules.lines import LineKind, Telling
from runs.rules.places import places_in
from runs.rules.story import Figure, story_of


@dataclass(frozen=True)
class AnswerShown:
    """One of the seven, with the address of the line that shows it."""

    key: str
    question: str
    line: str
    count: int
    is_answered: bool
    href: str


@dataclass(frozen=True)
class HoldShown:
    id: UUID
    rule_key: str
    sentence: str
    placed_at: datetime
    placed_by: str
    stopped_at: datetime | None


@dataclass(frozen=True)
class RunPage:
    """Everything the run page shows."""

    id: UUID
    title: str
    paragraph: str
    figures: tuple[Figure, ...]
    answers: tuple[AnswerShown, ...]
    answered: int
    lines: tuple[LineShown, ...]
    folded: tuple[LineShown, ...]
    event_count: int
    is_cut: bool
    state: str
    state_mark: str
    workflow: str
    workflow_slug: str
    agent: str
    agent_run_id: str
    started_at: datetime
    ended_at: datetime | None
    amended_at: datetime | None
    added_count: int
    is_flagged: bool
    is_held: bool
    holds: tuple[HoldShown, ...]
    may_flag: bool
    contradictions: int
    telling: Telling
    earlier: str = ""
    later: str = ""
    last: str = ""
    state_code: str = ""
    is_live: bool = False
    is_whole: bool = True


@dataclass(frozen=True)
class Where:
    """Which part of a long run is asked for: the first one, unless it says so."""

    after: str = ""
    before: str = ""
    at: UUID | None = None


def run_page(
    *, actor: Actor, run_id: UUID, now: datetime, where: Where | None = None
) -> RunPage:
    """Tell one run, of a long one a part. About ten queries, and at most some 500 rows.

    Raises NotFound for who may not see it, Malformed for a position not made here.
    """
    run = run_for(actor, run_id)
    where = where or Where()
    state = state_of_run(run)
    if run.event_count <= PART_EVENTS:
        told = told_whole(run, now=now)
    else:
        told = told_part(
            run,
            state=state,
            now=now,
            after=where.after,
            before=where.before,
            at=where.at,
        )
    return _page(run, state, told, now, folded=_hidden(run, told), at=where.at)


def whole_run(*, actor: Actor, run_id: UUID, now: datetime) -> RunPage:
    """Tell one run from end to end, up to 5,000 events. About eight queries.

    Raises NotFound for who may not see it.
    """
    run = run_for(actor, run_id)
    told = told_whole(run, now=now)
    folded = folded_steps(told.telling.technical)
    return _page(run, state_of_run(run), told, now, folded=folded)


def part_after(
    *, actor: Actor, run_id: UUID, after: str, now: datetime
) -> tuple[Run, Told, tuple[LineShown, ...]]:
    """Give the part of a run that follows a position, and nothing else of the page."""
    run = run_for(actor, run_id)
    told = told_part(run, state=state_of_run(run), now=now, after=after)
    shown = shown_lines(told.telling.lines, run_id=run.id, first=first_day(run))
    return run, told, shown + _hidden(run, told)


def state_of_run(run: Run) -> State:
    """Give what the run folds to; a run without it is folded from its events."""
    if run.fold:
        return run.fold
    rows = RunEvent.objects.filter(run_id=run.id).order_by("at", "id")
    return fold({}, [event_of(row) for row in rows[:PART_EVENTS]])


def run_for(actor: Actor, run_id: UUID) -> Run:
    """Give a run that this person may see. Raises NotFound."""
    rows = access.visible(
        Run.objects.select_related("workflow", "agent"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return access.visible_or_404(rows, id=run_id)


def event_of(row: RunEvent) -> Event:
    """Read a stored event into what the rules see."""
    return Event(
        id=row.id,
        kind=row.kind,
        at=row.at,
        received_at=row.received_at,
        provenance=Provenance(row.provenance),
        source=row.source_name,
        facts=row.facts,
        is_late=row.is_late,
        source_id=row.source_id,
    )


def _page(
    run: Run,
    state: State,
    told: Told,
    now: datetime,
    *,
    folded: tuple[LineShown, ...],
    at: UUID | None = None,
) -> RunPage:
    story = story_of(state, now=now)
    found = answers_of(state)
    red = [x for x in told.telling.lines if x.kind == LineKind.CONTRADICTION]
    return RunPage(
        id=run.id,
        title=story.title,
        paragraph=story.paragraph,
        figures=story.figures,
        answers=_answers(run.id, found, told.telling, state),
        answered=sum(answer.is_answered for answer in found),
        lines=shown_lines(
            told.telling.lines, run_id=run.id, first=first_day(run), ends=str(at or "")
        ),
        folded=folded,
        event_count=run.event_count,
        is_cut=told.is_cut,
        state="On hold" if run.is_held else RunState(run.state).label,
        state_mark="held" if run.is_held else STATE_MARKS[RunState(run.state)],
        workflow=run.workflow.name,
        workflow_slug=run.workflow.slug,
        agent=run.agent.name,
        agent_run_id=run.agent_run_id,
        started_at=run.started_at,
        ended_at=run.ended_at,
        amended_at=run.amended_at,
        added_count=_added(run),
        is_flagged=run.is_flagged,
        is_held=run.is_held,
        holds=_holds(run) if run.is_held else (),
        may_flag=not run.is_flagged,
        contradictions=max(len(red), unauthorised(state)),
        telling=told.telling,
        earlier=told.earlier,
        later=told.later,
        last=state["last"][0] if "last" in state else "",
        state_code=run.state,
        is_live=is_live(run),
        is_whole=told.is_whole,
    )


def is_live(run: Run) -> bool:
    """Say whether more is expected of a run."""
    return run.state in (RunState.RUNNING, RunState.WAITING)


def first_day(run: Run) -> date:
    """Give the day that a run began on, which times need not repeat."""
    return timezone.localtime(run.started_at).date()


def _hidden(run: Run, told: Told) -> tuple[LineShown, ...]:
    """Say how many technical steps there are; those of a long run are asked for apart."""
    if run.event_count <= PART_EVENTS:
        return folded_steps(told.telling.technical)
    plumbing = RunEvent.objects.filter(run_id=run.id, kind__in=PLUMBING)
    number = plumbing.count() if told.is_whole or not told.later else 0
    if not number:
        return folded_steps(told.telling.technical)
    return folded_steps(
        told.telling.technical,
        more=number,
        more_href=f"{reverse('run_steps', args=[run.id])}?only=technical",
    )


def _added(run: Run) -> int:
    if run.amended_at is None:
        return 0
    return RunEvent.objects.filter(run_id=run.id, is_late=True).count()


def _answers(
    run_id: UUID, found: tuple[Answer, ...], telling: Telling, state: State
) -> tuple[AnswerShown, ...]:
    """Lead each answer to its line: on this page, else in the part that holds it."""
    anchors = timeline.anchors(telling)
    places = places_in(state)

    def href(key: str) -> str:
        if key in anchors:
            return f"#{anchors[key]}"
        return f"?at={places[key]}#line-{places[key]}" if key in places else ""

    return tuple(
        AnswerShown(
            key=answer.key,
            question=answer.question,
            line=answer.line,
            count=answer.count,
            is_answered=answer.is_answered,
            href=href(answer.key),
        )
        for answer in found
    )


def _holds(run: Run) -> tuple[HoldShown, ...]:
    rows = Hold.objects.filter(run_id=run.id, resumed_at=None).order_by(
        "placed_at", "id"
    )
    return tuple(
        HoldShown(
            row.id,
            row.rule_key,
            row.sentence,
            row.placed_at,
            row.placed_by_name,
            row.stopped_at,
        )
        for row in rows
    )


def events_after(run_id: UUID, stamp: str) -> int:
    """Count the events of a run that lie behind a position, hidden ones included. One query."""
    rows = RunEvent.objects.filter(run_id=run_id)
    if stamp:
        rows = rows.filter(later_than(position_of(stamp)))
    return rows.count()
