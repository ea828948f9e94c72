"""The review of a quarter stays as it was signed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION home_quarter_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.signed_at IS NOT NULL OR OLD.quarter <> NEW.quarter THEN
        RAISE EXCEPTION 'the review of a quarter stays as it was signed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER home_quarter_kept BEFORE UPDATE OR DELETE ON home_quarterreview
    FOR EACH ROW EXECUTE FUNCTION home_quarter_kept();
CREATE CONSTRAINT TRIGGER home_quarter_recorded
    AFTER INSERT OR UPDATE OR DELETE ON home_quarterreview
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
BACKWARDS = """
DROP TRIGGER home_quarter_recorded ON home_quarterreview;
DROP TRIGGER home_quarter_kept ON home_quarterreview;
DROP FUNCTION home_quarter_kept();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_journal_is_append_only"),
        ("home", "0002_feedback_is_heard"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QuarterReview",
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
                ("quarter", models.CharField(max_length=7, unique=True)),
                ("notes", models.CharField(blank=True, max_length=4000)),
                ("decisions", models.CharField(blank=True, max_length=4000)),
                ("saved_at", models.DateTimeField()),
                ("agenda", models.JSONField(default=list)),
                ("digest", models.CharField(blank=True, max_length=80)),
                ("signed_at", models.DateTimeField(null=True)),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("digest", ""), ("signed_at", None), ("signed_by", None)
                            ),
                            models.Q(
                                ("signed_at__isnull", False),
                                ("signed_by__isnull", False),
                                models.Q(("digest", ""), _negated=True),
                                models.Q(("decisions", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="home_quarter_signed_whole",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
