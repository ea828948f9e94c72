"""The sample of a week, row by row, and the rows that one number counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from runs.models import ReviewWeek, SampledRun
from runs.queries.answers import Readings, readings_of, shown
from runs.rules.questions import ANSWERS, KEYS
from runs.rules.sampling import LABELS, Layer

_STATES = {
    "mine": "is_left_to_me",
    "doubled": "is_doubled",
    "waiting": "is_waiting_for_second",
    "unsettled": "is_unsettled",
    "settled": "is_settled",
}


@dataclass(frozen=True)
class SampleRow:
    """One run of the sample, in the lists of the week and of the review screen.

    `answers` are those that count: none while a second reader must not know the first
    ones, nor while two readers differ (`rules` of `queries.answers`).
    """

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
    is_doubled: bool = False
    second_to: str = ""
    is_read_by_me: bool = False
    is_left_to_me: bool = False
    is_waiting_for_second: bool = False
    is_unsettled: bool = False
    is_settled: bool = False
    leases: tuple[tuple[str, datetime], ...] = ()
    handed_from: str = ""
    # For the sums of a week that still hides known cases; no page shows it.
    is_known: bool = False

    @property
    def is_left_to_others(self) -> bool:
        """Say whether a reading is open that is not this person's, and that they could do."""
        if self.is_read_by_me or self.is_left_to_me:
            return False
        return not self.is_read or self.is_waiting_for_second

    def held_by_other(self, name: str, now: datetime) -> tuple[str, datetime] | None:
        """Say who else reads this just now, and until when."""
        others = (each for each in self.leases if each[0] != name and each[1] > now)
        return next(others, None)


def sample_rows(week: ReviewWeek, actor: Actor) -> tuple[SampleRow, ...]:
    """Give a week's sample in its order, with the answers that count. Three queries."""
    return samples_of([week.id], actor)[week.id]


def samples_of(
    week_ids: Sequence[UUID], actor: Actor
) -> dict[UUID, tuple[SampleRow, ...]]:
    """Give the samples of weeks, as `sample_rows` does. Three queries for all of them.

    Known cases are among them as any run, until the week is signed; then they are not.
    """
    found = readings_of(week_ids)
    rows = (
        SampledRun.to_read.filter(shown(), week__in=week_ids)
        .select_related("run", "assigned_to", "second_to", "handed_from")
        .defer("run__fold")
        .order_by("week", "position")
    )
    samples: dict[UUID, list[SampleRow]] = {week_id: [] for week_id in week_ids}
    for row in rows:
        samples[row.week_id].append(_sample_row(row, found[row.id], actor))
    return {week_id: tuple(sample) for week_id, sample in samples.items()}


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
    if show in _STATES:
        return tuple(row for row in rows if getattr(row, _STATES[show]))
    return rows


def _sample_row(row: SampledRun, readings: Readings, actor: Actor) -> SampleRow:
    layer = Layer(row.stratum)
    told = [each for each in (readings.first, readings.second) if each is not None]
    is_read_by_me = actor.id in {each.assessor_id for each in told}
    return SampleRow(
        run_id=row.run_id,
        title=row.run.title or f"Run {row.run.agent_run_id}",
        layer=layer.value,
        layer_word=LABELS[layer],
        why=row.why,
        chance=float(row.probability),
        assigned_to=row.assigned_to.name if row.assigned_to else "",
        is_mine=actor.id in (row.assigned_to_id, row.second_to_id),
        is_read=bool(told),
        answers=dict(readings.counted),
        is_doubled=row.is_doubled,
        second_to=row.second_to.name if row.second_to else "",
        is_read_by_me=is_read_by_me,
        is_left_to_me=not is_read_by_me and _is_left(row, readings, actor),
        is_waiting_for_second=bool(told) and not readings.is_open,
        is_unsettled=readings.is_unsettled,
        is_settled=bool(readings.differs) and not readings.is_unsettled,
        leases=_leases(row),
        handed_from=row.handed_from.name if row.handed_from else "",
        is_known=readings.is_known,
    )


def _is_left(row: SampledRun, readings: Readings, actor: Actor) -> bool:
    """Say whether a reading is this person's to do: the first one, or the second."""
    if not readings.is_doubled:
        return row.assigned_to_id == actor.id and readings.first is None
    return actor.id in (row.assigned_to_id, row.second_to_id) and not readings.released


def _leases(row: SampledRun) -> tuple[tuple[str, datetime], ...]:
    seats = (
        (row.assigned_to, row.lease_until),
        (row.second_to, row.second_lease_until),
    )
    return tuple((who.name, until) for who, until in seats if who and until)
