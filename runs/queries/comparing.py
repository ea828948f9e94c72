"""Two runs side by side, and which runs one can be put beside."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import Run, RunState
from runs.queries.lists import STATE_MARKS
from runs.queries.shown import LineShown, shown_lines
from runs.queries.stories import first_day, run_for, state_of_run
from runs.queries.telling import told_whole
from runs.rules.answering import answers_of
from runs.rules.comparing import (
    LINES_MAX,
    Difference,
    aligned,
    answers_side_by_side,
    figures_side_by_side,
)
from runs.rules.story import story_of

CHOICES_MAX = 20
EVENTS_MAX = 1_000


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    id: UUID
    title: str
    paragraph: str
    state: str
    state_mark: str
    agent: str
    agent_run_id: str
    workflow: str
    started_at: datetime
    is_cut: bool


@dataclass(frozen=True)
class PairShown:
    """One step of both, or of one: then `only` says of which."""

    one: LineShown | None
    other: LineShown | None
    differs: bool
    only: str


@dataclass(frozen=True)
class Choice:
    id: UUID
    words: str
    started_at: datetime
    is_chosen: bool


@dataclass(frozen=True)
class Comparison:
    """Everything the page shows. Without a second run there is nothing to compare yet."""

    one: Side
    other: Side | None
    choices: tuple[Choice, ...]
    figures: tuple[Difference, ...] = ()
    answers: tuple[Difference, ...] = ()
    pairs: tuple[PairShown, ...] = ()
    same_count: int = 0
    one_only: int = 0
    other_only: int = 0
    unlike_count: int = 0


def comparison(
    *, actor: Actor, run_id: UUID, other_id: UUID | None, now: datetime
) -> Comparison:
    """Compare a run with another, of the same workflow the previous one unless told.

    About ten queries. Raises NotFound for who may not see either.
    """
    run = run_for(actor, run_id)
    near = _near(actor, run)
    earlier = [each for each in near if each.started_at <= run.started_at]
    if other_id is None:
        candidates = earlier or near
        other_id = candidates[0].id if candidates else None
    other = run_for(actor, other_id) if other_id and other_id != run.id else None
    choices = tuple(
        Choice(
            each.id,
            each.title,
            each.started_at,
            is_chosen=other is not None and each.id == other.id,
        )
        for each in near
    )
    if other is None:
        return Comparison(_side(run, now, is_cut=False), None, choices)
    return _compared(run, other, choices, now)


def _compared(
    run: Run, other: Run, choices: tuple[Choice, ...], now: datetime
) -> Comparison:
    left, right = (told_whole(each, now=now, limit=EVENTS_MAX) for each in (run, other))
    states = state_of_run(run), state_of_run(other)
    pairs = aligned(left.telling.lines, right.telling.lines)
    cuts = [t.is_cut or len(t.telling.lines) > LINES_MAX for t in (left, right)]
    shown = tuple(
        PairShown(
            one=_line(pair.one, run),
            other=_line(pair.other, other),
            differs=pair.differs,
            only=pair.only,
        )
        for pair in pairs
    )
    stories = [story_of(state, now=now) for state in states]
    return Comparison(
        one=_side(run, now, is_cut=cuts[0]),
        other=_side(other, now, is_cut=cuts[1]),
        choices=choices,
        figures=figures_side_by_side(stories[0].figures, stories[1].figures),
        answers=answers_side_by_side(answers_of(states[0]), answers_of(states[1])),
        pairs=shown,
        same_count=sum(not pair.only and not pair.differs for pair in pairs),
        unlike_count=sum(not pair.only and pair.differs for pair in pairs),
        one_only=sum(pair.only == "one" for pair in pairs),
        other_only=sum(pair.only == "other" for pair in pairs),
    )


def _line(line, run: Run) -> LineShown | None:
    if line is None:
        return None
    # Side by side, steps at the same time stand under each other.
    line.together = 0
    return shown_lines((line,), run_id=run.id, first=first_day(run))[0]


def _near(actor: Actor, run: Run) -> list[Run]:
    """Give the runs of the same workflow around this one, nearest before it first. Two queries."""
    rows = access.visible(
        Run.objects.filter(workflow_id=run.workflow_id).exclude(id=run.id),
        actor=actor,
        workflow_path="workflow_id",
    ).only("id", "title", "started_at")
    before = rows.filter(started_at__lte=run.started_at)
    after = rows.filter(started_at__gt=run.started_at)
    found = list(before.order_by("-started_at", "-id")[: CHOICES_MAX // 2])
    return found + list(after.order_by("started_at", "id")[: CHOICES_MAX // 2])


def _side(run: Run, now: datetime, *, is_cut: bool) -> Side:
    story = story_of(state_of_run(run), now=now)
    return Side(
        id=run.id,
        title=story.title,
        paragraph=story.paragraph,
        state="On hold" if run.is_held else RunState(run.state).label,
        state_mark="held" if run.is_held else STATE_MARKS[RunState(run.state)],
        agent=run.agent.name,
        agent_run_id=run.agent_run_id,
        workflow=run.workflow.name,
        started_at=run.started_at,
        is_cut=is_cut,
    )
