"""People are told once that their training ends, and once that it has lapsed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE TRIGGER registry_trainingreminder_frozen
    BEFORE UPDATE OR DELETE ON registry_trainingreminder
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER registry_trainingreminder_recorded
    AFTER INSERT ON registry_trainingreminder
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
BACKWARDS = """
DROP TRIGGER registry_trainingreminder_recorded ON registry_trainingreminder;
DROP TRIGGER registry_trainingreminder_frozen ON registry_trainingreminder;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0021_readiness_and_rollout"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TrainingReminder",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "duty",
                    models.CharField(
                        choices=[
                            ("reviewer", "Reviewer"),
                            ("business_owner", "Business owner"),
                            ("it_owner", "IT owner"),
                            ("risk_owner", "Risk owner"),
                            ("ai_product_owner", "AI product owner"),
                            ("escalation_owner", "Escalation owner"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("ENDS_IN_30", "ends within 30 days"),
                            ("ENDS_IN_7", "ends within a week"),
                            ("LAPSED", "has lapsed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("until", models.DateField()),
                ("told_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "duty", "stage", "until"),
                        name="registry_training_told_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
