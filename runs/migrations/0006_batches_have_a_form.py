"""A batch says what form it came in, and telemetry is known by its bytes."""

from django.db import migrations, models

FORMS = ("NATIVE", "CLOUDEVENTS", "OTLP", "OPENAI")


class Migration(migrations.Migration):
    dependencies = (("runs", "0005_holds_are_settled"),)

    operations = (
        migrations.AddField(
            "inboxbatch",
            "form",
            models.CharField(
                choices=[
                    ("NATIVE", "Events"),
                    ("CLOUDEVENTS", "CloudEvents"),
                    ("OTLP", "OpenTelemetry"),
                    ("OPENAI", "OpenAI Agents"),
                ],
                default="NATIVE",
                max_length=12,
            ),
        ),
        migrations.AddField(
            "inboxbatch",
            "digest",
            models.CharField(blank=True, max_length=64, default=""),
        ),
        migrations.AddField(
            "inboxbatch", "span_count", models.PositiveIntegerField(default=0)
        ),
        migrations.AddField(
            "inboxbatch", "quarantined", models.PositiveIntegerField(default=0)
        ),
        migrations.AddConstraint(
            "inboxbatch",
            models.CheckConstraint(
                condition=models.Q(form__in=FORMS), name="runs_batch_form"
            ),
        ),
        migrations.AddIndex(
            "inboxbatch",
            models.Index(
                fields=("key_id", "digest"),
                condition=~models.Q(digest=""),
                name="runs_batch_same_bytes",
            ),
        ),
    )
