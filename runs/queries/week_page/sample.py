"""The sample of a week, row by row, and the rows that one number counted."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch

from portal.accounts.actors import Actor
from runs.models import Review, ReviewWeek, SampledRun
from runs.queries.weeks import sample_of
from runs.rules.questions import ANSWERS, KEYS
from runs.rules.sampling import LABELS, Layer


@dataclass(frozen=True)
class SampleRow:
    """One run of the sample, in the lists of the week and of the review screen."""

    run_id: UUID
    title: str
    layer: str
    layer_word: str
    why: str
    chance: float
    assigned_to: str
    is_mine: bool
    is_read: bool
    answers: dict[str, str]


def sample_rows(week: ReviewWeek, actor: Actor) -> tuple[SampleRow, ...]:
    """Give a week's sample in its order, with the first review of each. Two queries."""
    reviews = Review.objects.order_by("created_at", "id")
    rows = (
        sample_of([week.id])
        .select_related("run", "assigned_to")
        .defer("run__fold")
        .prefetch_related(Prefetch("reviews", queryset=reviews))
        .order_by("position")
    )
    return tuple(_sample_row(row, actor) for row in rows)


def chosen_rows(rows: tuple[SampleRow, ...], show: str) -> tuple[SampleRow, ...]:
    """Narrow a sample to what a number counted: "right_data:no", "layer:rest", "why:flagged", "unread"."""
    name, _, value = show.partition(":")
    if name in KEYS and value in ANSWERS:
        return tuple(row for row in rows if row.answers.get(name) == value)
    if name == "layer" and value in LABELS:
        return tuple(row for row in rows if row.layer == value)
    if name == "why":
        return tuple(row for row in rows if value in row.why.split(", "))
    if show in ("read", "unread"):
        return tuple(row for row in rows if row.is_read == (show == "read"))
    return rows


def _sample_row(row: SampledRun, actor: Actor) -> SampleRow:
    first = next(iter(row.reviews.all()), None)
    layer = Layer(row.stratum)
    return SampleRow(
        run_id=row.run_id,
        title=row.run.title or f"Run {row.run.agent_run_id}",
        layer=layer.value,
        layer_word=LABELS[layer],
        why=row.why,
        chance=float(row.probability),
        assigned_to=row.assigned_to.name if row.assigned_to else "",
        is_mine=row.assigned_to_id == actor.id,
        is_read=first is not None,
        answers={key: getattr(first, key) for key in KEYS} if first else {},
    )
