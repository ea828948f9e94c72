"""What people say about the portal is kept, with each answer, and office hours."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

TABLES = ("home_feedback", "home_feedbackmove", "home_officehour")
# What was said never changes; only whether it is answered does.
FORWARDS = """
CREATE FUNCTION home_feedback_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (OLD.id, OLD.person_id, OLD.workflow_id, OLD.path, OLD.page, OLD.text,
            OLD.said_at)
        IS DISTINCT FROM
           (NEW.id, NEW.person_id, NEW.workflow_id, NEW.path, NEW.page, NEW.text,
            NEW.said_at)
    THEN
        RAISE EXCEPTION 'what somebody said is kept as they said it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER home_feedback_kept BEFORE UPDATE OR DELETE ON home_feedback
    FOR EACH ROW EXECUTE FUNCTION home_feedback_kept();
CREATE TRIGGER home_feedbackmove_frozen BEFORE UPDATE OR DELETE ON home_feedbackmove
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
""" + "\n".join(
    f"""
CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();"""
    for table in TABLES
)
BACKWARDS = (
    "\n".join(f"DROP TRIGGER {table}_recorded ON {table};" for table in TABLES)
    + """
DROP TRIGGER home_feedbackmove_frozen ON home_feedbackmove;
DROP TRIGGER home_feedback_kept ON home_feedback;
DROP FUNCTION home_feedback_kept();
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("home", "0001_replay_reports"),
        ("registry", "0019_decision_rights"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Feedback",
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
                ("path", models.CharField(max_length=300)),
                ("page", models.CharField(blank=True, max_length=120)),
                ("text", models.CharField(max_length=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "Open"), ("ANSWERED", "Answered")],
                        default="OPEN",
                        max_length=8,
                    ),
                ),
                ("said_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FeedbackMove",
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
                        choices=[
                            ("ANSWERED", "answered"),
                            ("REOPENED", "said that it still gets in the way"),
                        ],
                        max_length=8,
                    ),
                ),
                ("text", models.CharField(max_length=1000)),
                ("at", models.DateTimeField()),
                (
                    "feedback",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="home.feedback",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OfficeHour",
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
                ("about", models.CharField(max_length=200)),
                ("place", models.CharField(max_length=200)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("announced_at", models.DateTimeField()),
                ("cancelled_at", models.DateTimeField(null=True)),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                fields=["person", "-said_at", "-id"], name="home_feedback_by"
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(
                fields=["workflow", "state", "-said_at", "-id"],
                name="home_feedback_about",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True),
                name="home_feedback_says_something",
            ),
        ),
        migrations.AddIndex(
            model_name="officehour",
            index=models.Index(
                condition=models.Q(("cancelled_at", None)),
                fields=["ends_at"],
                name="home_office_hour_to_come",
            ),
        ),
        migrations.AddConstraint(
            model_name="officehour",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="home_office_hour_lasts",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
