"""What this room keeps of its own: reports of replays. Everything else belongs to a room below."""

from django.db import models

from portal.core.ids import new_id


class ReplayReport(models.Model):
    """What came of playing recorded conversations against a workflow. Never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    source = models.CharField(max_length=200)
    conversation_count = models.PositiveIntegerField()
    document = models.JSONField()
    finished_at = models.DateTimeField()

    class Meta:
        indexes = (
            # the list of reports, newest first
            models.Index(fields=("-finished_at", "-id"), name="home_replay_newest"),
        )
