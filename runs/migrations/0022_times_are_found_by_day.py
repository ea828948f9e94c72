"""Times of runs are found by day and value, so that a span's percentiles read only its days."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0021_readings_say_from_whom_they_come")]

    operations = [
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                fields=("workflow", "on", "took_ms"),
                include=("case_type",),
                condition=models.Q(took_ms__isnull=False, is_test=False),
                name="runs_fact_times",
            ),
        ),
        migrations.RemoveIndex(model_name="runfact", name="runs_fact_took"),
    ]
