"""Two readings that differ are settled, questions are asked again, weeks keep what they saw.

What a week saw never changes, and a reading given up neither. A settlement may be proposed
anew until it is settled; an answer that was asked for again is given once.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION runs_settlement_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.settled_at IS NOT NULL
        OR OLD.sampled_id IS DISTINCT FROM NEW.sampled_id
    THEN
        RAISE EXCEPTION 'what two readings were settled to never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION runs_followup_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.answered_at IS NOT NULL
        OR (OLD.sampled_id, OLD.asked_at, OLD.signs, OLD.first_answer)
        IS DISTINCT FROM (NEW.sampled_id, NEW.asked_at, NEW.signs, NEW.first_answer)
    THEN
        RAISE EXCEPTION 'a question that was asked again is answered once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER runs_settlement_final BEFORE UPDATE OR DELETE ON runs_settlement
    FOR EACH ROW EXECUTE FUNCTION runs_settlement_final();
CREATE TRIGGER runs_settlement_sealed BEFORE INSERT OR UPDATE OR DELETE ON runs_settlement
    FOR EACH ROW EXECUTE FUNCTION runs_review_sealed();
CREATE TRIGGER runs_releasedreading_sealed BEFORE INSERT ON runs_releasedreading
    FOR EACH ROW EXECUTE FUNCTION runs_review_sealed();
CREATE TRIGGER runs_followup_final BEFORE UPDATE OR DELETE ON runs_followup
    FOR EACH ROW EXECUTE FUNCTION runs_followup_final();
CREATE TRIGGER runs_releasedreading_frozen BEFORE UPDATE OR DELETE ON runs_releasedreading
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_releasedreading_no_truncate BEFORE TRUNCATE ON runs_releasedreading
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_weeksight_frozen BEFORE UPDATE OR DELETE ON runs_weeksight
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_weeksight_no_truncate BEFORE TRUNCATE ON runs_weeksight
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER runs_settlement_recorded
    AFTER INSERT OR UPDATE OR DELETE ON runs_settlement DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER runs_followup_recorded
    AFTER INSERT OR UPDATE OR DELETE ON runs_followup DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER runs_releasedreading_recorded
    AFTER INSERT ON runs_releasedreading DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER runs_weeksight_recorded
    AFTER INSERT ON runs_weeksight DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
# The other triggers go with their tables.
BACKWARDS = """
DROP TRIGGER runs_settlement_final ON runs_settlement;
DROP TRIGGER runs_followup_final ON runs_followup;
DROP FUNCTION runs_followup_final();
DROP FUNCTION runs_settlement_final();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_notices_sent_again"),
        ("registry", "0017_who_may_reveal"),
        ("runs", "0018_drift_is_watched"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FollowUp",
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
                ("asked_at", models.DateTimeField()),
                ("signs", models.JSONField(default=list)),
                ("first_answer", models.CharField(max_length=14)),
                ("answer", models.CharField(blank=True, max_length=14)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("answered_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ReleasedReading",
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
                ("reason", models.CharField(max_length=300)),
                ("released_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Settlement",
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
                ("right_data", models.CharField(max_length=14)),
                ("restricted_avoided", models.CharField(max_length=14)),
                ("escalated_in_time", models.CharField(max_length=14)),
                ("reviewer_had_context", models.CharField(max_length=14)),
                ("faster_without_cleanup", models.CharField(max_length=14)),
                ("note", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                ("is_third", models.BooleanField()),
                ("settled_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WeekSight",
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
                ("starts_on", models.DateField()),
                ("gathered_at", models.DateTimeField()),
                ("document", models.JSONField()),
            ],
        ),
        migrations.AddIndex(
            model_name="reportedchange",
            index=models.Index(
                fields=["workflow", "resource", "at"], name="runs_change_of_resource"
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="answered_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="asked_of",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="followup",
            name="sampled",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="follow_up",
                to="runs.sampledrun",
            ),
        ),
        migrations.AddField(
            model_name="releasedreading",
            name="released_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="releasedreading",
            name="sampled",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="released",
                to="runs.sampledrun",
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="agreed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="proposed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="sampled",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="settlement",
                to="runs.sampledrun",
            ),
        ),
        migrations.AddField(
            model_name="weeksight",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("answered_at", None)),
                fields=["asked_of", "asked_at", "id"],
                name="runs_again_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answer", ""), ("answered_at", None), ("answered_by", None)
                    ),
                    models.Q(
                        ("answer__in", ("yes", "no", "not_applicable", "cannot_judge")),
                        ("answered_at__isnull", False),
                        ("answered_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="runs_again_answered_by_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="releasedreading",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="runs_released_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("right_data__in", ("yes", "no", "not_applicable", "cannot_judge"))
                ),
                name="runs_settled_right_data",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "restricted_avoided__in",
                        ("yes", "no", "not_applicable", "cannot_judge"),
                    )
                ),
                name="runs_settled_restricted_avoided",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "escalated_in_time__in",
                        ("yes", "no", "not_applicable", "cannot_judge"),
                    )
                ),
                name="runs_settled_escalated_in_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "reviewer_had_context__in",
                        ("yes", "no", "not_applicable", "cannot_judge"),
                    )
                ),
                name="runs_settled_reviewer_had_context",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "faster_without_cleanup__in",
                        ("yes", "no", "not_applicable", "cannot_judge"),
                    )
                ),
                name="runs_settled_faster_without_cleanup",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("agreed_by", None), ("is_third", False), ("settled_at", None)
                    ),
                    models.Q(
                        ("agreed_by", None),
                        ("is_third", True),
                        ("settled_at__isnull", False),
                    ),
                    models.Q(
                        ("agreed_by__isnull", False),
                        ("is_third", False),
                        ("settled_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="runs_settled_by_a_third_or_by_both",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("agreed_by", models.F("proposed_by")), _negated=True
                ),
                name="runs_settled_by_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(("note", ""), _negated=True),
                name="runs_settled_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="weeksight",
            constraint=models.UniqueConstraint(
                fields=("workflow", "starts_on"), name="runs_sight_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="weeksight",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_on__iso_week_day", 1)),
                name="runs_sight_is_monday",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
