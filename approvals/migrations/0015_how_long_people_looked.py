"""How long whoever decided had looked at the card; what was decided before stays unknown."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("approvals", "0014_what_waited_is_found_by_its_span"),)

    operations = (
        migrations.AddField(
            model_name="proposalend",
            name="looked_seconds",
            field=models.FloatField(null=True),
        ),
        migrations.RemoveIndex(model_name="proposalend", name="approvals_end_sums"),
        migrations.AddIndex(
            model_name="proposalend",
            index=models.Index(
                fields=("workflow", "on", "state"),
                include=(
                    *("is_material", "missed_due", "was_asked", "is_superseded"),
                    *("is_escalated", "in_time", "seconds", "looked_seconds"),
                ),
                name="approvals_end_sums",
            ),
        ),
    )
