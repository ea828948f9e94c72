"""How ready a department is, what it does about it, and what the rollout plan keeps."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

APPENDED = (
    "registry_readinessgate",
    "registry_readinesswaiver",
    "registry_sponsor",
    "registry_proof",
    "registry_focusexception",
)
CHANGED = (
    "registry_readinessassessment",
    "registry_readinesspart",
    "registry_readinessanswer",
    "registry_readinesspriority",
)
FORWARDS = (
    """
CREATE FUNCTION registry_readiness_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.closed_at IS NULL
        AND OLD.department_id = NEW.department_id
        AND OLD.catalogue_version = NEW.catalogue_version
        AND OLD.question_count = NEW.question_count
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a closed assessment stays as it is'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER registry_readinessassessment_kept BEFORE UPDATE OR DELETE
    ON registry_readinessassessment
    FOR EACH ROW EXECUTE FUNCTION registry_readiness_kept();

CREATE FUNCTION registry_readinesspart_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked integer; closed timestamptz;
BEGIN
    IF TG_OP = 'DELETE' OR OLD.submitted_at IS NOT NULL
        OR OLD.assessment_id <> NEW.assessment_id OR OLD.person_id <> NEW.person_id
    THEN
        RAISE EXCEPTION 'what somebody submitted stays as it is'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT question_count, closed_at INTO asked, closed
      FROM registry_readinessassessment WHERE id = NEW.assessment_id FOR SHARE;
    IF closed IS NOT NULL OR (NEW.submitted_at IS NOT NULL AND asked <>
        (SELECT count(*) FROM registry_readinessanswer WHERE part_id = NEW.id))
    THEN
        RAISE EXCEPTION 'only a whole part of an open assessment is submitted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_readinesspart_kept BEFORE UPDATE OR DELETE
    ON registry_readinesspart
    FOR EACH ROW EXECUTE FUNCTION registry_readinesspart_kept();

CREATE FUNCTION registry_readinessanswer_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM registry_readinesspart part
          JOIN registry_readinessassessment whole ON whole.id = part.assessment_id
         WHERE part.id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.part_id END,
                           CASE WHEN TG_OP <> 'DELETE' THEN NEW.part_id END)
           AND (part.submitted_at IS NOT NULL OR whole.closed_at IS NOT NULL))
    THEN
        RAISE EXCEPTION 'what somebody submitted stays as it is'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER registry_readinessanswer_kept BEFORE INSERT OR UPDATE OR DELETE
    ON registry_readinessanswer
    FOR EACH ROW EXECUTE FUNCTION registry_readinessanswer_kept();

CREATE FUNCTION registry_readinesspriority_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'a priority that ended stays as it is'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_readinesspriority_kept BEFORE UPDATE OR DELETE
    ON registry_readinesspriority
    FOR EACH ROW EXECUTE FUNCTION registry_readinesspriority_kept();
"""
    + "".join(
        f"""
CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
"""
        for table in APPENDED
    )
    + "".join(
        f"""
CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
        for table in (*CHANGED, *APPENDED)
    )
)
BACKWARDS = (
    "".join(
        f"DROP TRIGGER {each}_recorded ON {each};" for each in (*CHANGED, *APPENDED)
    )
    + "".join(
        f"DROP TRIGGER {each}_no_truncate ON {each}; DROP TRIGGER {each}_frozen ON {each};"
        for each in APPENDED
    )
    + "".join(f"DROP TRIGGER {each}_kept ON {each};" for each in CHANGED)
    + "DROP FUNCTION registry_readiness_kept(); DROP FUNCTION registry_readinesspart_kept();"
    "DROP FUNCTION registry_readinessanswer_kept();"
    "DROP FUNCTION registry_readinesspriority_kept();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_journal_is_append_only"),
        ("accounts", "0006_notices_sent_again"),
        ("registry", "0020_phases_are_moved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadinessAssessment",
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
                ("catalogue_version", models.PositiveSmallIntegerField()),
                ("question_count", models.PositiveSmallIntegerField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("left_out", models.JSONField(default=list)),
                ("left_out_reason", models.CharField(blank=True, max_length=500)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.department",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReadinessGate",
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
                ("is_on", models.BooleanField()),
                ("minimum", models.DecimalField(decimal_places=1, max_digits=2)),
                ("valid_days", models.PositiveSmallIntegerField()),
                ("reason", models.CharField(max_length=500)),
                ("set_at", models.DateTimeField()),
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
        ),
        migrations.CreateModel(
            name="ReadinessPart",
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
                ("invited_at", models.DateTimeField()),
                ("saved_at", models.DateTimeField(null=True)),
                ("submitted_at", models.DateTimeField(null=True)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="registry.readinessassessment",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readiness_parts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReadinessAnswer",
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
                ("question", models.CharField(max_length=40)),
                ("level", models.PositiveSmallIntegerField()),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="registry.readinesspart",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReadinessPriority",
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
                ("question", models.CharField(max_length=40)),
                ("text", models.CharField(max_length=200)),
                ("due_on", models.DateField()),
                ("chosen_at", models.DateTimeField()),
                ("overdue_told_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_how",
                    models.CharField(
                        blank=True,
                        choices=[("DONE", "Done"), ("DROPPED", "Dropped")],
                        max_length=7,
                    ),
                ),
                ("ended_words", models.CharField(blank=True, max_length=500)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="priorities",
                        to="registry.readinessassessment",
                    ),
                ),
                (
                    "chosen_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReadinessWaiver",
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
                ("reason", models.CharField(max_length=500)),
                ("not_ready", models.CharField(max_length=300)),
                ("given_at", models.DateTimeField()),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Sponsor",
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
                ("reason", models.CharField(max_length=500)),
                ("named_at", models.DateTimeField()),
                (
                    "named_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FocusException",
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
                ("unproven", models.PositiveSmallIntegerField()),
                ("reason", models.CharField(max_length=500)),
                ("given_at", models.DateTimeField()),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.department",
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="focus_exceptions",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workflow", "-given_at"],
                        name="registry_focusexception_of",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="registry_focusexception_why",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Proof",
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
                ("is_proven", models.BooleanField()),
                ("evidence", models.JSONField(default=list)),
                ("reason", models.CharField(max_length=500)),
                ("said_at", models.DateTimeField()),
                (
                    "said_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proofs",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workflow", "-said_at", "-id"],
                        name="registry_proof_now",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="registry_proof_why",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="readinessassessment",
            index=models.Index(
                fields=["department", "-closed_at", "id"],
                name="registry_readiness_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="readinessassessment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)),
                fields=("department",),
                name="registry_readiness_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="readinessassessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("left_out", []),
                    models.Q(("left_out_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="registry_readiness_left_out_why",
            ),
        ),
        migrations.AddIndex(
            model_name="readinessgate",
            index=models.Index(
                fields=["-set_at", "-id"], name="registry_readinessgate_now"
            ),
        ),
        migrations.AddConstraint(
            model_name="readinessgate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("minimum__gte", 1),
                    ("minimum__lte", 5),
                    ("valid_days__gte", 30),
                    ("valid_days__lte", 730),
                ),
                name="registry_readinessgate_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="readinessgate",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="registry_readinessgate_why",
            ),
        ),
        migrations.AddIndex(
            model_name="readinesspart",
            index=models.Index(
                condition=models.Q(("submitted_at", None)),
                fields=["person", "invited_at"],
                name="registry_readinesspart_waits",
            ),
        ),
        migrations.AddConstraint(
            model_name="readinesspart",
            constraint=models.UniqueConstraint(
                fields=("assessment", "person"), name="registry_readinesspart_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="readinessanswer",
            constraint=models.UniqueConstraint(
                fields=("part", "question"), name="registry_readinessanswer_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="readinessanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__gte", 1), ("level__lte", 5)),
                name="registry_readinessanswer_level",
            ),
        ),
        migrations.AddIndex(
            model_name="readinesspriority",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["owner", "due_on", "id"],
                name="registry_priority_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="readinesspriority",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("overdue_told_at", None)),
                fields=["due_on", "id"],
                name="registry_priority_overdue",
            ),
        ),
        migrations.AddConstraint(
            model_name="readinesspriority",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("assessment", "question"),
                name="registry_priority_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="readinesspriority",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at", None), ("ended_how", ""), ("ended_words", "")
                    ),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_how__in", ["DONE", "DROPPED"]),
                        models.Q(("ended_words", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="registry_priority_ended_with_evidence",
            ),
        ),
        migrations.AddIndex(
            model_name="readinesswaiver",
            index=models.Index(
                fields=["workflow", "-given_at"], name="registry_readinesswaiver_of"
            ),
        ),
        migrations.AddConstraint(
            model_name="readinesswaiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="registry_readinesswaiver_why",
            ),
        ),
        migrations.AddIndex(
            model_name="sponsor",
            index=models.Index(
                fields=["-named_at", "-id"], name="registry_sponsor_now"
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
