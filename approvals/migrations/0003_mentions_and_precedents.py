"""People named in a comment, and quick precedents however much was decided."""

from django.db import migrations, models

_DECIDED = models.Q(resolution__in=("approved", "edited", "rejected", "responded"))


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_states_and_bytes_are_guarded")]

    operations = [
        migrations.AddField(
            model_name="move",
            name="mentions",
            field=models.JSONField(default=list),
        ),
        migrations.AddIndex(
            model_name="actionrequest",
            index=models.Index(
                fields=("workflow", "verb", "system", "currency", "amount", "id"),
                condition=_DECIDED,
                name="approvals_decided_near",
            ),
        ),
        migrations.AddIndex(
            model_name="actionrequest",
            index=models.Index(
                fields=("workflow", "verb", "system", "-resolved_at", "-id"),
                condition=_DECIDED,
                name="approvals_decided_like",
            ),
        ),
    ]
