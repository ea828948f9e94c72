"""The company's acceptable-use statement, version by version, and who acknowledged which."""

from django.db import models
from django.db.models import Q

from portal.accounts.models import Person
from portal.core.ids import new_id


class UseStatement(models.Model):
    """One version of the statement; the one with the highest number is in force.

    One that is only a correction lets what was acknowledged before count on.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    change = models.CharField(max_length=300)
    asks_anew = models.BooleanField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(number__gt=1) | Q(number=1, asks_anew=True),
                name="registry_first_statement_asks",
            ),
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(change=""),
                name="registry_statement_says_something",
            ),
        )


class UseAcknowledgement(models.Model):
    """One person said of one version that they read it and keep to it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    statement = models.ForeignKey(
        UseStatement, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="acknowledged_use"
    )
    acknowledged_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("person", "statement"), name="registry_acknowledged_once"
            ),
        )
