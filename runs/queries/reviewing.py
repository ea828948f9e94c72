"""One week's page, and one run of its sample beside the five questions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch, Q
from django.utils import timezone

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.errors import Forbidden, NotFound
from runs.models import Finding, Review, ReviewDraft, ReviewWeek, SampledRun
from runs.queries.weeks import sample_of
from runs.rules.estimating import Answered, Result, results_of
from runs.rules.questions import ANSWERS, KEYS, Given, who_can_help
from runs.rules.sampling import LABELS, Layer

FINDINGS_MAX = 200
PEOPLE_MAX = 200
KINDS = Finding.Kind.choices


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


@dataclass(frozen=True)
class LayerRow:
    key: str
    label: str
    population: int
    drawn: int
    read: int
    chance: float


@dataclass(frozen=True)
class Share:
    """What one assessor has to read, and has read."""

    name: str
    total: int
    read: int


@dataclass(frozen=True)
class FindingRow:
    """A finding, of this week or carried into it."""

    id: UUID
    kind: str
    text: str
    owner: str
    due_on: date
    is_late: bool
    is_carried: bool
    week_starts_on: date
    run_id: UUID | None
    found_by: str
    closed_at: datetime | None
    closed_by: str
    evidence: str
    may_close: bool


@dataclass(frozen=True)
class WeekPage:
    """Everything the page of a week shows."""

    id: UUID
    workflow: str
    workflow_slug: str
    starts_on: date
    ends_on: date
    opened_at: datetime
    is_signed: bool
    signed_at: datetime | None
    signed_by: str
    summary: str
    digest: str
    secret: str
    population: int
    population_digest: str
    rows: tuple[SampleRow, ...]
    read: int
    layers: tuple[LayerRow, ...]
    shares: tuple[Share, ...]
    results: tuple[Result, ...]
    findings: tuple[FindingRow, ...]
    may_assess: bool
    who_can_help: str

    @property
    def left(self) -> int:
        return len(self.rows) - self.read


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


def week_page(*, actor: Actor, week_id: UUID, now: datetime) -> WeekPage:
    """Give a week to who may see its workflow; about eight queries. Raises NotFound."""
    week = _week(actor, week_id)
    may_assess = access.may(actor, access.ASSESS, week.workflow_id)
    rows = sample_rows(week, actor)
    findings = _findings(week, actor, may_assess, now)
    populations = {key: int(layer["population"]) for key, layer in week.strata.items()}
    answered = [Answered(row.layer, row.answers) for row in rows if row.is_read]
    is_signed = week.state == ReviewWeek.State.SIGNED
    return WeekPage(
        id=week.id,
        workflow=week.workflow.name,
        workflow_slug=week.workflow.slug,
        starts_on=week.starts_on,
        ends_on=week.starts_on + timedelta(days=6),
        opened_at=week.opened_at,
        is_signed=is_signed,
        signed_at=week.signed_at,
        signed_by=week.signed_by.name if week.signed_by else "",
        summary=week.summary,
        digest=week.digest,
        secret=bytes(week.seed).hex() if is_signed else "",
        population=week.population_count,
        population_digest=week.population_digest,
        rows=rows,
        read=len(answered),
        layers=_layers(week, rows),
        shares=_shares(rows),
        results=results_of(answered, populations=populations),
        findings=findings,
        may_assess=may_assess,
        who_can_help="" if may_assess else _assessors(week),
    )


def week_to_assess(*, actor: Actor, week_id: UUID) -> ReviewWeek:
    """Give a week to an assessor; raises NotFound, or Forbidden for who may only read."""
    week = _week(actor, week_id)
    if not access.may(actor, access.ASSESS, week.workflow_id):
        raise Forbidden(
            "You may read this week and not review it.", who_can_help=_assessors(week)
        )
    return week


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


def finding_to_close(*, actor: Actor, finding_id: UUID, now: datetime) -> FindingRow:
    """Give one finding to who may see its workflow. Raises NotFound."""
    visible = access.visible(_with_people(), actor=actor, workflow_path="workflow_id")
    row = visible.filter(id=finding_id).first()
    if row is None:
        raise NotFound("There is nothing here, or you may not see it.")
    may_assess = access.may(actor, access.ASSESS, row.workflow_id)
    return _finding(row, row.week_id, actor, may_assess, now)


def chosen_rows(rows: tuple[SampleRow, ...], show: str) -> tuple[SampleRow, ...]:
    """Narrow a sample to what a number counted: "right_data:no", "layer:rest", "unread"."""
    name, _, value = show.partition(":")
    if name in KEYS and value in ANSWERS:
        return tuple(row for row in rows if row.answers.get(name) == value)
    if name == "layer" and value in LABELS:
        return tuple(row for row in rows if row.layer == value)
    if show in ("read", "unread"):
        return tuple(row for row in rows if row.is_read == (show == "read"))
    return rows


def _week(actor: Actor, week_id: UUID) -> ReviewWeek:
    rows = access.visible(
        ReviewWeek.objects.select_related("workflow", "signed_by"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return access.visible_or_404(rows, id=week_id)


def _assessors(week: ReviewWeek) -> str:
    people = access.people_with(week.workflow_id, access.ASSESS)[:PEOPLE_MAX]
    return who_can_help([person.name for person in people])


def _layers(week: ReviewWeek, rows: tuple[SampleRow, ...]) -> tuple[LayerRow, ...]:
    found = []
    for layer in Layer:
        sealed = week.strata.get(layer.value, {})
        drawn = [row for row in rows if row.layer == layer.value]
        found.append(
            LayerRow(
                key=layer.value,
                label=LABELS[layer],
                population=int(sealed.get("population", 0)),
                drawn=len(drawn),
                read=sum(row.is_read for row in drawn),
                chance=float(sealed.get("probability", 0)),
            )
        )
    return tuple(found)


def _shares(rows: tuple[SampleRow, ...]) -> tuple[Share, ...]:
    names = sorted({row.assigned_to for row in rows})
    return tuple(
        Share(
            name=name or "Nobody",
            total=sum(row.assigned_to == name for row in rows),
            read=sum(row.assigned_to == name and row.is_read for row in rows),
        )
        for name in names
    )


def _with_people():
    return Finding.objects.select_related(
        "owner", "found_by", "closed_by", "week", "sampled"
    )


def _findings(
    week: ReviewWeek, actor: Actor, may_assess: bool, now: datetime
) -> tuple[FindingRow, ...]:
    """Give this week's findings, and older ones that were open when it opened."""
    earlier = Q(workflow=week.workflow_id, week__starts_on__lt=week.starts_on)
    carried = earlier & (Q(closed_at=None) | Q(closed_at__gte=week.opened_at))
    if week.signed_at is not None:
        carried &= Q(found_at__lte=week.signed_at)
    rows = _with_people().filter(Q(week=week) | carried).order_by("due_on", "id")
    return tuple(
        _finding(row, week.id, actor, may_assess, now) for row in rows[:FINDINGS_MAX]
    )


def _finding(
    row: Finding, week_id: UUID, actor: Actor, may_assess: bool, now: datetime
) -> FindingRow:
    is_open = row.closed_at is None
    return FindingRow(
        id=row.id,
        kind=Finding.Kind(row.kind).label,
        text=row.text,
        owner=row.owner.name,
        due_on=row.due_on,
        is_late=is_open and row.due_on < timezone.localtime(now).date(),
        is_carried=row.week_id != week_id,
        week_starts_on=row.week.starts_on,
        run_id=row.sampled.run_id if row.sampled else None,
        found_by=row.found_by.name,
        closed_at=row.closed_at,
        closed_by=row.closed_by.name if row.closed_by else "",
        evidence=row.evidence,
        may_close=is_open and (may_assess or row.owner_id == actor.id),
    )
