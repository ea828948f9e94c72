"""The operating model: the one page of a workflow, in immutable versions."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.workflow import Workflow


class VersionState(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    SUBMITTED = "SUBMITTED", "Waiting for signatures"
    LAUNCHED = "LAUNCHED", "Launched"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


class OperatingModelVersion(models.Model):
    """One version of the one page. Frozen by trigger once it is submitted.

    `document` is the page while it is written. On submission its canonical bytes are
    kept in `content`, and `digest` is over them; rulings read those. `revision` counts
    the saves of a draft, so that the second of two editors is told. `reason` says why the
    version was made, as its signers read it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=VersionState.choices, default=VersionState.DRAFT
    )
    document = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    content = models.BinaryField(null=True)
    digest = models.CharField(max_length=80, blank=True)
    label = models.CharField(max_length=10, blank=True)
    based_on = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    launched_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "number"), name="registry_version_number_once"
            ),
            models.UniqueConstraint(
                fields=("workflow",),
                condition=models.Q(state=VersionState.DRAFT),
                name="registry_one_draft",
            ),
            models.UniqueConstraint(
                fields=("workflow",),
                condition=models.Q(state=VersionState.SUBMITTED),
                name="registry_one_submitted",
            ),
            models.CheckConstraint(
                condition=models.Q(state=VersionState.DRAFT)
                | (models.Q(content__isnull=False) & ~models.Q(digest="")),
                name="registry_frozen_has_content",
            ),
            models.CheckConstraint(
                condition=models.Q(label__in=("", "narrowing", "widening", "neutral")),
                name="registry_version_label",
            ),
        )


class AllowanceRow(models.Model):
    """One cell of the matrix, kept beside the document for questions across workflows.

    Rulings read the document; lists ("who may refund?") read these rows. No row means
    refused. `reach` and what follows say how far the cell reaches by its own page, after
    its guardrails and phase (`rules.reach`); ceilings are put on top when it is asked.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(
        OperatingModelVersion, on_delete=models.CASCADE, related_name="allowances"
    )
    # The version's own workflow, so that questions across workflows skip the versions.
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    system = models.CharField(max_length=60)
    verb = models.CharField(max_length=40)
    authority = models.CharField(max_length=8)
    amount_max = models.DecimalField(null=True, max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3, blank=True)
    reach = models.CharField(max_length=8)
    reach_amount = models.DecimalField(null=True, max_digits=24, decimal_places=6)
    reach_currency = models.CharField(max_length=3, blank=True)
    reach_money = models.CharField(max_length=6)
    reach_level = models.CharField(max_length=12)
    reach_sentence = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=20)
    quorum = models.PositiveSmallIntegerField(default=1)
    count_per_day = models.PositiveIntegerField(null=True)
    # The action group that names it, or nothing; grants of phase 4 are held to it.
    action_group = models.CharField(max_length=120, blank=True)
    # Whether its page's technique is one of fixed steps; grants of phase 1 are held to it.
    is_fixed = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "system", "verb"), name="registry_allowance_once"
            ),
            models.CheckConstraint(
                condition=models.Q(authority__in=("allowed", "review", "never")),
                name="registry_allowance_authority",
            ),
            models.CheckConstraint(
                condition=models.Q(reach__in=("allowed", "review", "never")),
                name="registry_allowance_reach",
            ),
        )
        indexes = (
            # "who may refund?" over all workflows
            models.Index(fields=("verb", "system"), name="registry_allowance_verb"),
        )
