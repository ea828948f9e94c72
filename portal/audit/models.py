"""The journal's tables. The application may insert and read; nothing more.

Triggers refuse UPDATE, DELETE and TRUNCATE, also to the owner; the application's role
holds no such right either. Both are seat belts: the chain and the checkpoints outside
the database are the evidence.
"""

from django.db import models

from portal.core.ids import new_id


class Stream(models.Model):
    """The head of one chain: how long it is, and the hash of its last entry."""

    name = models.CharField(max_length=80, primary_key=True)
    sequence = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_stream"


class Entry(models.Model):
    """One thing that happened, sealed to the one before it in its stream."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    stream = models.CharField(max_length=80)
    sequence = models.BigIntegerField()
    name = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField()
    subject_kind = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=80, blank=True)
    workflow_id = models.UUIDField(null=True)
    body = models.BinaryField()
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_entry"
        constraints = (
            models.UniqueConstraint(
                fields=("stream", "sequence"), name="audit_entry_place"
            ),
        )
        indexes = (
            # the journal page, newest first
            models.Index(fields=("-at", "-id"), name="audit_entry_newest"),
            # the journal of one workflow, newest first
            models.Index(
                fields=("workflow_id", "-at", "-id"), name="audit_entry_workflow"
            ),
            # what happened to one thing
            models.Index(
                fields=("subject_kind", "subject_id", "-at"), name="audit_entry_subject"
            ),
            # everything of one name, or by one actor
            models.Index(fields=("name", "-at", "-id"), name="audit_entry_name"),
            models.Index(fields=("actor_id", "-at", "-id"), name="audit_entry_actor"),
        )


class Checkpoint(models.Model):
    """A signed statement of how long each stream was and what its head hash was."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    heads = models.JSONField()
    previous_root = models.BinaryField(max_length=32)
    note = models.TextField()

    class Meta:
        db_table = "audit_checkpoint"


class ActedDay(models.Model):
    """A person acted on a day, and how: one line a kind, written with the entry.

    Only a shorter way to say what the journal says; `recount_days` makes it anew. Days
    are the organisation's. "propose" comes from requests made in a person's name.
    """

    pk = models.CompositePrimaryKey("actor_id", "on", "kind")
    actor_id = models.UUIDField()
    on = models.DateField()
    kind = models.CharField(max_length=10)

    class Meta:
        db_table = "audit_actedday"
        indexes = (
            # who acted in a period
            models.Index(fields=("on", "actor_id", "kind"), name="audit_acted_period"),
        )


class DenialCount(models.Model):
    """Denials outside the rulebook: one row per principal, code and minute."""

    principal = models.CharField(max_length=80)
    code = models.CharField(max_length=60)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField()
    last_path = models.CharField(max_length=200)

    class Meta:
        db_table = "audit_denial"
        constraints = (
            models.UniqueConstraint(
                fields=("principal", "code", "minute"), name="audit_denial_once"
            ),
        )
        indexes = (
            # the security page, newest first
            models.Index(fields=("-minute", "-id"), name="audit_denial_newest"),
        )
