"""What came to a run since somebody looked: new lines, lines that changed, whether it ended."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from runs.queries.shown import LineShown, shown_lines
from runs.queries.stories import (
    RunPage,
    events_after,
    first_day,
    is_live,
    run_for,
    run_page,
    state_of_run,
)
from runs.queries.telling import told_part
from runs.rules.phrases import count


@dataclass(frozen=True)
class News:
    """New lines to append, lines to put in the place of their older selves, and words.

    `elsewhere` counts events that belong further up: they came late or out of order.
    """

    page: RunPage
    lines: tuple[LineShown, ...]
    changed: tuple[LineShown, ...]
    elsewhere: int
    has_ended: bool
    words: str
    first: str


def news_of_run(
    *,
    actor: Actor,
    run_id: UUID,
    after: str,
    known: int,
    state: str,
    is_partial: bool,
    now: datetime,
) -> News | None:
    """Say what is new since the event `after`, of `known` ones; None when nothing is.

    One or two queries when nothing is new. On a page that does not show the run's end
    nothing is appended. Raises NotFound, and Malformed for a position not made here.
    """
    run = run_for(actor, run_id)
    if run.event_count == known and run.state == state:
        return None
    number = max(0, run.event_count - known)
    behind = events_after(run_id, after)
    told = told_part(run, state=state_of_run(run), now=now, after=after)
    lines = shown_lines(told.telling.lines, run_id=run_id, first=first_day(run))
    changed = shown_lines(told.telling.changed, run_id=run_id, first=first_day(run))
    if is_partial or told.later:
        lines, changed = (), ()
    elsewhere = max(0, number - behind)
    return News(
        page=run_page(actor=actor, run_id=run_id, now=now),
        lines=lines,
        changed=changed,
        elsewhere=elsewhere,
        has_ended=not is_live(run),
        words=_words(len(lines), behind if not lines else 0, elsewhere),
        first=next((line.id for line in lines if line.id), ""),
    )


def _words(lines: int, steps: int, elsewhere: int) -> str:
    said = []
    if lines:
        said.append(count(lines, "new line"))
    elif steps:
        said.append(f"{count(steps, 'new step')} at the end")
    if elsewhere:
        verb = "belongs" if elsewhere == 1 else "belong"
        said.append(f"{count(elsewhere, 'step')} came late and {verb} further up")
    return ", ".join(said)
