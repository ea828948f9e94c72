"""A version says what it was made for: the findings that asked for its changes.

What was said is frozen with the version.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION registry_cause_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.version_id ELSE NEW.version_id END;
BEGIN
    IF EXISTS (SELECT FROM registry_operatingmodelversion
               WHERE id = touched AND state <> 'DRAFT') THEN
        RAISE EXCEPTION 'what a submitted version was made for never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER registry_cause_frozen BEFORE INSERT OR UPDATE OR DELETE
    ON registry_versioncause FOR EACH ROW EXECUTE FUNCTION registry_cause_frozen();
CREATE CONSTRAINT TRIGGER registry_cause_recorded
    AFTER INSERT OR UPDATE OR DELETE ON registry_versioncause
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""

BACKWARDS = """
DROP TRIGGER registry_cause_recorded ON registry_versioncause;
DROP TRIGGER registry_cause_frozen ON registry_versioncause;
DROP FUNCTION registry_cause_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0017_who_may_reveal"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="VersionCause",
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
                    "kind",
                    models.CharField(
                        choices=[("finding", "Finding of the weekly review")],
                        max_length=10,
                    ),
                ),
                ("subject_id", models.UUIDField()),
                ("words", models.CharField(max_length=300)),
                ("part", models.CharField(max_length=200)),
                ("change", models.CharField(max_length=500)),
                ("added_at", models.DateTimeField()),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="causes",
                        to="registry.operatingmodelversion",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["kind", "subject_id", "id"],
                        name="registry_cause_subject",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "kind", "subject_id", "part"),
                        name="registry_cause_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["finding"])),
                        name="registry_cause_kind",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
