"""The launch packet: one version, what was known about it, and who signed it."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.version import OperatingModelVersion
from registry.models.workflow import Role


class LaunchPacket(models.Model):
    """What three people sign: the canonical bytes of one version and its checks."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.OneToOneField(
        OperatingModelVersion, on_delete=models.PROTECT, related_name="packet"
    )
    content = models.BinaryField()
    digest = models.CharField(max_length=80)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)


class Signature(models.Model):
    """One person's signature over the packet's digest, in one role."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    packet = models.ForeignKey(
        LaunchPacket, on_delete=models.PROTECT, related_name="signatures"
    )
    role = models.CharField(max_length=20)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=80)
    signed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("packet", "role"),
                condition=models.Q(withdrawn_at=None),
                name="registry_one_signature_per_role",
            ),
            models.UniqueConstraint(
                fields=("packet", "person"),
                condition=models.Q(withdrawn_at=None),
                name="registry_one_signature_per_person",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    role__in=(Role.BUSINESS_OWNER, Role.IT_OWNER, Role.RISK_OWNER)
                ),
                name="registry_signature_role",
            ),
        )
