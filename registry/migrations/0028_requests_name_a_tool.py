"""A team may ask to use a retired tool again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0027_what_may_be_taken_back"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="capabilityrequest",
            name="registry_request_names_what",
        ),
        migrations.RemoveConstraint(
            model_name="capabilityrequest",
            name="registry_request_open_once",
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="tool",
            field=models.TextField(blank=True, db_default=""),
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="tool_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name="capabilityrequest",
            name="kind",
            field=models.CharField(
                choices=[
                    ("waiver", "To pass a ceiling"),
                    ("system", "To be let into a system"),
                    ("model", "To use an AI model"),
                    ("tool", "To use a retired tool again"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="capabilityrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ceiling__isnull", False),
                        ("days__isnull", False),
                        ("kind", "waiver"),
                        models.Q(("system", ""), _negated=True),
                        models.Q(("verb", ""), _negated=True),
                    ),
                    models.Q(
                        ("ceiling", None),
                        ("kind", "system"),
                        models.Q(("system", ""), _negated=True),
                    ),
                    models.Q(
                        ("ceiling", None),
                        ("kind", "model"),
                        models.Q(("ai_model", ""), _negated=True),
                    ),
                    models.Q(
                        ("ceiling", None),
                        ("kind", "tool"),
                        models.Q(("system", ""), _negated=True),
                        models.Q(("tool", ""), _negated=True),
                        ("tool_id__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="registry_request_names_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="capabilityrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "OPEN")),
                fields=(
                    "workflow",
                    "kind",
                    "ceiling",
                    "system",
                    "verb",
                    "ai_model",
                    "tool_id",
                ),
                name="registry_request_open_once",
                nulls_distinct=False,
            ),
        ),
    ]
