"""The narrative of one run is read a part at a time, past all that has no line in it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0011_changes_are_reconciled")]

    operations = [
        migrations.AddIndex(
            model_name="runevent",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ("model.called", "cost", "span")), _negated=True
                ),
                fields=["run", "at", "id"],
                name="runs_event_told",
            ),
        ),
    ]
