"""How long an assessor had a run before answering about it: part of what work costs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0019_readings_are_settled_and_weeks_seen")]

    operations = [
        migrations.AddField(
            model_name="sampledrun",
            name="begun_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="sampledrun",
            name="second_begun_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="read_seconds",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
