"""What may run once, bound to exact bytes, and what is known of what then happened."""

from django.db import models

from approvals.models.asking import ActionRequest, AuthorityRecord
from approvals.models.proposing import ProposalVersion
from approvals.rules.moves import GrantState
from portal.accounts.models import Agent, Person
from portal.core.ids import new_id

STATES = [(state.value, state.value.lower()) for state in GrantState]


def may_be_granted(phase: str) -> models.Q:
    """Say which grants a phase may ever have; `phase` names the column that holds it.

    A version stands for a person's decision: only a decided one is granted.
    """
    quiet = models.Q(tier__in=("read", "prepare"))
    decided = models.Q(version__isnull=False)
    calm = ~models.Q(tier="change") | models.Q(is_talk=True)
    return (
        models.Q(**{phase: 0})
        | models.Q(**{phase: 1})
        & models.Q(is_reasoned=False)
        & (~models.Q(tier="change") | decided)
        | models.Q(**{phase: 2})
        & (quiet | decided | calm & models.Q(is_troubled=False))
        | models.Q(**{phase: 3}) & quiet
        | models.Q(**{phase: 4}) & (quiet | ~models.Q(action_group=""))
        | models.Q(**{phase: 5}) & (quiet | decided)
    )


class Grant(models.Model):
    """Leave to do one action once. The token itself is never stored, only its SHA-256.

    `basis_id` is the approved version, or the ruling that allowed. The epochs are those
    under which it was issued: any later change of authority makes it stale.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    action_request = models.ForeignKey(
        ActionRequest, on_delete=models.PROTECT, related_name="grants"
    )
    authority_record = models.ForeignKey(
        AuthorityRecord, on_delete=models.PROTECT, related_name="grants"
    )
    version = models.ForeignKey(
        ProposalVersion, null=True, on_delete=models.PROTECT, related_name="grants"
    )
    basis_id = models.UUIDField()
    # The grant that ran out unused, in whose place this was issued for the same basis.
    reissues = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="reissued_as"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    run_id = models.UUIDField()
    digest = models.CharField(max_length=80)
    key_id = models.CharField(max_length=20)
    token_hash = models.BinaryField(max_length=32, unique=True)
    state = models.CharField(
        max_length=8, choices=STATES, default=GrantState.ISSUED.value
    )
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField()
    enterprise_epoch = models.BigIntegerField()
    department_epoch = models.BigIntegerField()
    pause_epoch = models.BigIntegerField()
    operating_model_version_id = models.UUIDField()
    # What its phases are held to. The database fills these in when a grant is issued, so
    # that nobody can say otherwise (0019_grants_obey_their_phase, 0020); phase 0 is from before.
    phase = models.PositiveSmallIntegerField(default=0)
    page_phase = models.PositiveSmallIntegerField(default=0)
    tier = models.CharField(max_length=8, default="change")
    is_talk = models.BooleanField(default=False)
    is_troubled = models.BooleanField(default=False)
    is_reasoned = models.BooleanField(default=False)
    action_group = models.CharField(max_length=120, blank=True)
    execution_id = models.UUIDField(null=True, unique=True)
    redeemed_at = models.DateTimeField(null=True)
    redeemed_with = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("basis_id",),
                condition=models.Q(state=GrantState.ISSUED.value),
                name="approvals_one_live_grant",
            ),
            models.UniqueConstraint(
                fields=("basis_id",),
                condition=models.Q(state=GrantState.REDEEMED.value),
                name="approvals_one_execution",
            ),
            models.CheckConstraint(
                condition=models.Q(version=None, basis_id=models.F("authority_record"))
                | models.Q(version=None, reissues__isnull=False)
                | models.Q(version__isnull=False, basis_id=models.F("version")),
                name="approvals_grant_basis",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state=GrantState.REDEEMED.value,
                    execution_id__isnull=False,
                    redeemed_at__isnull=False,
                )
                | ~models.Q(state=GrantState.REDEEMED.value)
                & models.Q(execution_id=None, redeemed_at=None),
                name="approvals_redeemed_has_execution",
            ),
            models.CheckConstraint(
                condition=may_be_granted("phase"), name="approvals_grant_obeys_phase"
            ),
            models.CheckConstraint(
                condition=may_be_granted("page_phase"),
                name="approvals_grant_obeys_page",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("not_before")),
                name="approvals_grant_lives",
            ),
        )
        indexes = (
            # the sweep: grants that ran out unused
            models.Index(
                fields=("expires_at", "id"),
                condition=models.Q(state=GrantState.ISSUED.value),
                name="approvals_grant_due",
            ),
            # what a workflow executed, newest first
            models.Index(
                fields=("workflow", "-redeemed_at"),
                condition=models.Q(state=GrantState.REDEEMED.value),
                name="approvals_grant_executed",
            ),
            # numbers: what was allowed without a person, and a person took back
            models.Index(
                fields=("workflow", "issued_at"),
                include=("ended_at",),
                condition=models.Q(
                    state=GrantState.REVOKED.value,
                    version=None,
                    ended_by__isnull=False,
                ),
                name="approvals_grant_taken_back",
            ),
        )


class Outcome(models.Model):
    """One report of what happened. Reports are only added; the latest one counts."""

    class Status(models.TextChoices):
        SUCCEEDED = "SUCCEEDED", "succeeded"
        FAILED = "FAILED", "failed"
        UNKNOWN = "UNKNOWN", "unknown"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="outcomes")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices)
    detail = models.TextField(blank=True)
    external_ref = models.CharField(max_length=200, blank=True)
    # Only a person's report has these: where they looked, and what they saw there.
    checked = models.TextField(blank=True)
    evidence = models.TextField(blank=True)
    changes = models.JSONField(default=list)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField()
    actor_name = models.CharField(max_length=120)
    reported_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("grant", "number"), name="approvals_outcome_order"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=("SUCCEEDED", "FAILED", "UNKNOWN")),
                name="approvals_outcome_status",
            ),
        )


class GrantChase(models.Model):
    """That a used grant without an outcome was asked about, or given up; each once."""

    class Kind(models.TextChoices):
        ASKED = "ASKED", "asked the agent what happened"
        GIVEN_UP = "GIVEN_UP", "stopped waiting for the agent"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="chases")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    chased_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("grant", "kind"), name="approvals_chase_once"
            ),
        )
