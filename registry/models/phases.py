"""How a workflow moved between the five phases, and the gates that let it go up."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.workflow import Role, Workflow


class PhaseMoveKind(models.TextChoices):
    BEGUN = "BEGUN", "Began"
    UP = "UP", "Went up"
    BACK = "BACK", "Taken back"


class PhaseGate(models.Model):
    """The evidence for one step up, as it was read at one moment; never changed.

    Its signatures are over `digest`, which is over these bytes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="phase_gates"
    )
    from_phase = models.PositiveSmallIntegerField()
    to_phase = models.PositiveSmallIntegerField()
    content = models.BinaryField()
    digest = models.CharField(max_length=80)
    gathered_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(to_phase=models.F("from_phase") + 1),
                name="registry_gate_one_step",
            ),
            models.CheckConstraint(
                condition=models.Q(from_phase__gte=1, to_phase__lte=5),
                name="registry_gate_phases",
            ),
        )
        indexes = (
            # the newest evidence of a workflow
            models.Index(
                fields=("workflow", "-gathered_at"), name="registry_gate_newest"
            ),
        )


class PhaseSignature(models.Model):
    """One person's signature under a gate, in one role; withdrawn at most once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    gate = models.ForeignKey(
        PhaseGate, on_delete=models.PROTECT, related_name="signatures"
    )
    role = models.CharField(max_length=20)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=80)
    signed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("gate", "role"),
                condition=models.Q(withdrawn_at=None),
                name="registry_gate_role_once",
            ),
            models.UniqueConstraint(
                fields=("gate", "person"),
                condition=models.Q(withdrawn_at=None),
                name="registry_gate_person_once",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    role__in=(Role.BUSINESS_OWNER, Role.IT_OWNER, Role.RISK_OWNER)
                ),
                name="registry_gate_role",
            ),
        )


class PhaseMove(models.Model):
    """One change of the phase that a workflow is in. Rows are only added.

    A workflow begins in a phase with its first launch; above phase 1 it says why.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="phase_moves"
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=5, choices=PhaseMoveKind.choices)
    from_phase = models.PositiveSmallIntegerField()
    to_phase = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500, blank=True)
    gate = models.ForeignKey(
        PhaseGate, null=True, on_delete=models.PROTECT, related_name="moves"
    )
    moved_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    moved_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "number"), name="registry_move_number_once"
            ),
            models.UniqueConstraint(fields=("gate",), name="registry_gate_moves_once"),
            models.CheckConstraint(
                condition=models.Q(
                    kind=PhaseMoveKind.BEGUN, from_phase=0, gate=None, number=1
                )
                & (models.Q(to_phase=1) | ~models.Q(reason=""))
                | models.Q(
                    kind=PhaseMoveKind.UP,
                    to_phase=models.F("from_phase") + 1,
                    gate__isnull=False,
                )
                | models.Q(
                    kind=PhaseMoveKind.BACK,
                    to_phase__lt=models.F("from_phase"),
                    gate=None,
                )
                & ~models.Q(reason=""),
                name="registry_move_is_legal",
            ),
            models.CheckConstraint(
                condition=models.Q(to_phase__gte=1, to_phase__lte=5),
                name="registry_move_phases",
            ),
        )
