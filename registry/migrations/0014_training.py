"""Courses, who did which, and what a duty needs.

A completion is written once and can only be withdrawn, once, with a reason. One function
says whether a person is trained for a duty today; it is written in the database so that
every ruling, page and signature asks the same.
"""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION registry_is_trained(of_person uuid, for_duty text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM registry_trainingrequirement q
         WHERE q.duty = for_duty
           AND NOT EXISTS (
            SELECT FROM registry_trainingcompletion c
              JOIN registry_trainingcourse k ON k.id = c.course_id
             WHERE c.person_id = of_person
               AND c.withdrawn_at IS NULL
               AND (c.expires_on IS NULL
                    OR c.expires_on >= (clock_timestamp() AT TIME ZONE 'UTC')::date)
               AND (c.course_id = q.course_id OR k.tier = q.tier)));
END $$;

CREATE FUNCTION registry_completion_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL
        AND (to_jsonb(NEW) - '{withdrawn_at,withdrawn_by_id,withdrawn_reason}'::text[])
          = (to_jsonb(OLD) - '{withdrawn_at,withdrawn_by_id,withdrawn_reason}'::text[])
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a completion is written once; it can be withdrawn, with a reason'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER registry_completion_frozen BEFORE UPDATE OR DELETE
    ON registry_trainingcompletion
    FOR EACH ROW EXECUTE FUNCTION registry_completion_frozen();
CREATE CONSTRAINT TRIGGER registry_completion_recorded
    AFTER INSERT OR UPDATE ON registry_trainingcompletion
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER registry_course_recorded
    AFTER INSERT OR UPDATE OR DELETE ON registry_trainingcourse
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER registry_requirement_recorded
    AFTER INSERT OR UPDATE OR DELETE ON registry_trainingrequirement
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""

BACKWARDS = """
DROP TRIGGER registry_requirement_recorded ON registry_trainingrequirement;
DROP TRIGGER registry_course_recorded ON registry_trainingcourse;
DROP TRIGGER registry_completion_recorded ON registry_trainingcompletion;
DROP TRIGGER registry_completion_frozen ON registry_trainingcompletion;
DROP FUNCTION registry_completion_frozen();
DROP FUNCTION registry_is_trained(uuid, text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0013_words_that_are_not_saved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TrainingCourse",
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
                ("name", models.CharField(max_length=120)),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("universal", "Universal fluency"),
                            ("role_specific", "Role-specific"),
                            ("leadership", "Leadership"),
                        ],
                        max_length=13,
                    ),
                ),
                ("about", models.CharField(blank=True, max_length=300)),
                ("months_valid", models.PositiveSmallIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        name="registry_course_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        name="registry_course_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tier__in", ["universal", "role_specific", "leadership"])
                        ),
                        name="registry_course_tier",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("months_valid", None),
                            models.Q(
                                ("months_valid__gte", 1), ("months_valid__lte", 120)
                            ),
                            _connector="OR",
                        ),
                        name="registry_course_months",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TrainingCompletion",
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
                ("completed_on", models.DateField()),
                ("expires_on", models.DateField(null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("source", models.CharField(blank=True, max_length=200)),
                ("recorded_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_reason", models.CharField(blank=True, max_length=300)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="completions",
                        to="registry.trainingcourse",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("person", "course", "completed_on"),
                        name="registry_completion_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expires_on", None),
                            ("expires_on__gte", models.F("completed_on")),
                            _connector="OR",
                        ),
                        name="registry_completion_lasts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("withdrawn_at", None), ("withdrawn_reason", "")),
                            models.Q(
                                ("withdrawn_at__isnull", False),
                                models.Q(("withdrawn_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="registry_completion_withdrawn_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TrainingRequirement",
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
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("universal", "Universal fluency"),
                            ("role_specific", "Role-specific"),
                            ("leadership", "Leadership"),
                        ],
                        max_length=13,
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "course",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="required",
                        to="registry.trainingcourse",
                    ),
                ),
                (
                    "set_by",
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
                            (
                                "duty__in",
                                [
                                    "reviewer",
                                    "business_owner",
                                    "it_owner",
                                    "risk_owner",
                                    "ai_product_owner",
                                    "escalation_owner",
                                ],
                            )
                        ),
                        name="registry_requirement_duty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("course", None),
                                (
                                    "tier__in",
                                    ["universal", "role_specific", "leadership"],
                                ),
                            ),
                            models.Q(("course__isnull", False), ("tier", "")),
                            _connector="OR",
                        ),
                        name="registry_requirement_of_one_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("course", None)),
                        fields=("duty", "tier"),
                        name="registry_requirement_tier_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("course__isnull", False)),
                        fields=("duty", "course"),
                        name="registry_requirement_course_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
