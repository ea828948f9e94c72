"""The weekly review: the week, its sample, what assessors answered, what they found."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from runs.models.running import Run


class ReviewWeek(models.Model):
    """One ISO week of one workflow. Sealed when it opens: its population never changes.

    `seed` is the key of the draw; it is shown once the week is signed, so that anybody
    can draw the same sample again and nobody could choose it.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        SIGNED = "SIGNED", "Signed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    starts_on = models.DateField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    # The version that is being read or is signed; opening a signed week again counts up.
    version = models.PositiveIntegerField(default=1)
    seed = models.BinaryField(max_length=32)
    population_count = models.PositiveIntegerField()
    population_digest = models.CharField(max_length=80)
    strata = models.JSONField(default=dict)
    # How many runs were to be drawn and why so many; whoever opened it, from when on.
    plan = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    summary = models.TextField(blank=True)
    digest = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "starts_on"), name="runs_week_once"
            ),
            models.CheckConstraint(
                condition=models.Q(starts_on__iso_week_day=1),
                name="runs_week_is_monday",
            ),
            models.CheckConstraint(
                condition=models.Q(state="OPEN", signed_at=None, signed_by=None)
                | models.Q(
                    state="SIGNED", signed_at__isnull=False, signed_by__isnull=False
                ),
                name="runs_week_signed_by_a_person",
            ),
        )
        indexes = (
            # the list of weeks, newest first
            models.Index(fields=("-starts_on", "-id"), name="runs_week_newest"),
        )


class SealedPopulation(models.Model):
    """Every run of a week with its layer and its chance, so that the draw can be repeated.

    `body` is text, compressed: one line a run, "run, tab, layer, tab, chance", ordered by
    run. The week's `population_digest` is the SHA-256 of that text.
    """

    week = models.OneToOneField(
        ReviewWeek,
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="sealed",
    )
    body = models.BinaryField()


class ReadingPlan(models.Model):
    """How much time each assessor of a workflow has in a week, and a run takes to read."""

    workflow = models.OneToOneField(
        "registry.Workflow", primary_key=True, on_delete=models.PROTECT
    )
    minutes_a_week = models.PositiveIntegerField()
    minutes_a_run = models.PositiveIntegerField()
    changed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    minutes_a_week__gte=10,
                    minutes_a_week__lte=2400,
                    minutes_a_run__gte=1,
                    minutes_a_run__lte=120,
                ),
                name="runs_reading_plan_minutes",
            ),
        )


class Drawn(models.Manager["SampledRun"]):
    """The runs that the key drew; known cases among them count nowhere and are left out."""

    def get_queryset(self) -> models.QuerySet["SampledRun"]:
        return super().get_queryset().filter(seeded=None)


class SampledRun(models.Model):
    """A run that is to be read in a week, and how likely it was to be drawn.

    `objects` are those that were drawn; `to_read` has the known cases among them too, for
    what is read and shown while nobody may tell them apart.

    `is_doubled` says that the same key drew it for a second reading, by somebody else
    who does not see the first answers.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    week = models.ForeignKey(
        ReviewWeek, on_delete=models.PROTECT, related_name="sample"
    )
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    stratum = models.CharField(max_length=20)
    why = models.CharField(max_length=200, blank=True)
    probability = models.DecimalField(max_digits=9, decimal_places=8)
    assigned_to = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lease_until = models.DateTimeField(null=True)
    is_doubled = models.BooleanField(default=False)
    second_to = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    second_lease_until = models.DateTimeField(null=True)
    # When who sits there now took it to read; for how long reading takes.
    begun_at = models.DateTimeField(null=True)
    second_begun_at = models.DateTimeField(null=True)
    # Who was to read it before it was taken over or handed on, whichever came last.
    handed_from = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = Drawn()
    to_read = models.Manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(second_to=None)
                | (
                    models.Q(is_doubled=True)
                    & (
                        models.Q(assigned_to=None)
                        | ~models.Q(second_to=models.F("assigned_to"))
                    )
                ),
                name="runs_sample_second_is_another",
            ),
            models.UniqueConstraint(fields=("week", "run"), name="runs_sample_once"),
            models.UniqueConstraint(
                fields=("week", "position"), name="runs_sample_position"
            ),
            models.CheckConstraint(
                condition=models.Q(probability__gt=0, probability__lte=1),
                name="runs_sample_probability",
            ),
        )


ANSWERS = ("yes", "no", "not_applicable", "cannot_judge")
_QUESTIONS = (
    "right_data",
    "restricted_avoided",
    "escalated_in_time",
    "reviewer_had_context",
    "faster_without_cleanup",
)


def _answer() -> models.CharField:
    return models.CharField(max_length=14)


class Review(models.Model):
    """One assessor's five answers about one run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sampled = models.ForeignKey(
        SampledRun, on_delete=models.PROTECT, related_name="reviews"
    )
    assessor = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    right_data = _answer()
    restricted_avoided = _answer()
    escalated_in_time = _answer()
    reviewer_had_context = _answer()
    faster_without_cleanup = _answer()
    reasons = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    # From taking the run to the first answer, at most a lease; null where it was not taken.
    read_seconds = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("sampled", "assessor"), name="runs_review_once_per_assessor"
            ),
            *(
                models.CheckConstraint(
                    condition=models.Q(**{f"{question}__in": ANSWERS}),
                    name=f"runs_review_{question}",
                )
                for question in _QUESTIONS
            ),
        )


class ReviewDraft(models.Model):
    """A review that somebody began and has not finished; it counts nowhere."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sampled = models.ForeignKey(
        SampledRun, on_delete=models.PROTECT, related_name="drafts"
    )
    assessor = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField(default=dict)
    reasons = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("sampled", "assessor"), name="runs_draft_once_per_assessor"
            ),
        )


class Finding(models.Model):
    """What a review found, who looks after it, and until when. Carried until closed."""

    class Kind(models.TextChoices):
        WEAK_DATA = "WEAK_DATA", "Weak data"
        LOOSE_RULE = "LOOSE_RULE", "Stop rule too loose"
        TIGHT_RULE = "TIGHT_RULE", "Stop rule too tight"
        REPEATED_CORRECTION = "REPEATED_CORRECTION", "Repeated correction"
        POORLY_SCOPED = "POORLY_SCOPED", "Poorly scoped"
        MISSING_CONTEXT = "MISSING_CONTEXT", "Missing context"
        TRAINING = "TRAINING", "Training"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    week = models.ForeignKey(
        ReviewWeek, on_delete=models.PROTECT, related_name="findings"
    )
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    sampled = models.ForeignKey(
        SampledRun, null=True, on_delete=models.PROTECT, related_name="findings"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    text = models.CharField(max_length=1000)
    # What of the rulebook or of a request it is about: a stop rule's key, a field.
    about = models.CharField(max_length=120, blank=True)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    # The due day of which its owner was told; null until then.
    told_due_on = models.DateField(null=True)
    found_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    evidence = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=(
                        "WEAK_DATA",
                        "LOOSE_RULE",
                        "TIGHT_RULE",
                        "REPEATED_CORRECTION",
                        "POORLY_SCOPED",
                        "MISSING_CONTEXT",
                        "TRAINING",
                    )
                ),
                name="runs_finding_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, closed_by=None)
                | (
                    models.Q(closed_at__isnull=False, closed_by__isnull=False)
                    & ~models.Q(evidence="")
                ),
                name="runs_finding_closed_with_evidence",
            ),
        )
        indexes = (
            # findings that are carried from week to week until closed
            models.Index(
                fields=("workflow", "due_on", "id"),
                condition=models.Q(closed_at=None),
                name="runs_finding_open",
            ),
            # the list of findings, and what one person looks after: most urgent first
            models.Index(fields=("due_on", "id"), name="runs_finding_by_day"),
            models.Index(
                fields=("owner", "due_on", "id"),
                condition=models.Q(closed_at=None),
                name="runs_finding_of_owner",
            ),
        )
