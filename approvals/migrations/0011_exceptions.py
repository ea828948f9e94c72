"""Exceptions: how each was settled, what was said, and what makes escalations alike.

A hold is settled by a person with a disposition on record, or not at all: the last
trigger holds that, whichever way the hold was written. Holds lifted before this keep the
reason that they were lifted with.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

# What decided each ruling: the first reason of the answer itself.
FILL = """
ALTER TABLE approvals_proposal DISABLE TRIGGER USER;
UPDATE approvals_proposal p
   SET cause = left(coalesce((
        SELECT reason ->> 'code' FROM approvals_authorityrecord r,
            jsonb_array_elements(r.reasons) WITH ORDINALITY AS each(reason, place)
         WHERE r.id = p.authority_record_id AND reason ->> 'answer' = r.answer
         ORDER BY place LIMIT 1), ''), 80);
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
ALTER TABLE approvals_proposal ENABLE TRIGGER USER;
INSERT INTO approvals_exceptiondisposition (id, hold_id, run_id, workflow_id, signature,
        sentence, disposition, reason_code, text, differs_from_precedents, precedents,
        disposed_by_id, disposed_at)
SELECT gen_random_uuid(), id, run_id, workflow_id,
        'hold:' || workflow_id || ':' || rule_key, sentence, 'RESUMED', '',
        resume_reason, false, 0, resumed_by_id, resumed_at
  FROM runs_hold WHERE resumed_at IS NOT NULL;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
TABLES = ("exceptiondisposition", "exceptionnote")
GUARDS = "".join(
    f"CREATE TRIGGER approvals_{table}_frozen BEFORE UPDATE OR DELETE"
    f" ON approvals_{table} FOR EACH ROW EXECUTE FUNCTION audit_frozen();\n"
    f"CREATE TRIGGER approvals_{table}_no_truncate BEFORE TRUNCATE"
    f" ON approvals_{table} FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();\n"
    f"CREATE CONSTRAINT TRIGGER approvals_{table}_recorded"
    f" AFTER INSERT OR UPDATE OR DELETE ON approvals_{table}"
    " DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();\n"
    for table in TABLES
)
NO_GUARDS = "".join(
    f"DROP TRIGGER approvals_{table}_{name} ON approvals_{table};\n"
    for table in TABLES
    for name in ("frozen", "no_truncate", "recorded")
)
HOLD_IS_SETTLED = """
CREATE FUNCTION approvals_hold_is_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM approvals_exceptiondisposition d
         WHERE d.hold_id = NEW.id AND d.disposition =
            CASE WHEN NEW.stopped_at IS NULL THEN 'RESUMED' ELSE 'STOPPED' END)
    THEN
        RAISE EXCEPTION 'a hold is settled by a person, with a disposition on record'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER approvals_hold_is_settled AFTER INSERT OR UPDATE ON runs_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.resumed_at IS NOT NULL OR NEW.stopped_at IS NOT NULL)
    EXECUTE FUNCTION approvals_hold_is_settled();
"""
HOLD_IS_FREE = """
DROP TRIGGER approvals_hold_is_settled ON runs_hold;
DROP FUNCTION approvals_hold_is_settled();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_agents"),
        ("approvals", "0010_reminded_is_a_move"),
        ("registry", "0001_workflows_and_versions"),
        ("runs", "0005_holds_are_settled"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExceptionDisposition",
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
                ("hold_id", models.UUIDField()),
                ("run_id", models.UUIDField()),
                ("signature", models.CharField(max_length=400)),
                ("sentence", models.CharField(max_length=300)),
                (
                    "disposition",
                    models.CharField(
                        choices=[
                            ("RESUMED", "let go on"),
                            ("STOPPED", "stopped for good"),
                        ],
                        max_length=8,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=40)),
                ("text", models.CharField(blank=True, max_length=500)),
                ("differs_from_precedents", models.BooleanField()),
                ("precedents", models.PositiveSmallIntegerField()),
                ("disposed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ExceptionNote",
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
                ("hold_id", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("TAKEN", "took it on"), ("COMMENTED", "commented")],
                        max_length=10,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("noted_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="proposal",
            name="cause",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["ASKED", "OPEN"]), ("escalated_at__isnull", False)
                ),
                fields=["escalated_at", "id"],
                name="approvals_escalated",
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["ASKED", "OPEN"]), ("escalated_at__isnull", False)
                ),
                fields=["workflow", "cause", "system", "verb", "escalated_at", "id"],
                name="approvals_escalated_alike",
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(
                    ("escalated_at__isnull", False), ("resolved_at__isnull", False)
                ),
                fields=["workflow", "cause", "system", "verb", "-resolved_at", "-id"],
                name="approvals_escalated_before",
            ),
        ),
        migrations.AddField(
            model_name="exceptiondisposition",
            name="acting_for",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="exceptiondisposition",
            name="disposed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="exceptiondisposition",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="exceptionnote",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="exceptiondisposition",
            index=models.Index(
                fields=["signature", "-disposed_at", "-id"], name="approvals_precedents"
            ),
        ),
        migrations.AddIndex(
            model_name="exceptiondisposition",
            index=models.Index(
                fields=["workflow", "disposed_at"], name="approvals_disposed_week"
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptiondisposition",
            constraint=models.UniqueConstraint(
                fields=("hold_id",), name="approvals_disposed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptiondisposition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason_code", ""), _negated=True),
                    models.Q(("text", ""), _negated=True),
                    _connector="OR",
                ),
                name="approvals_disposition_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptiondisposition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("differs_from_precedents", False),
                    models.Q(("reason_code", ""), _negated=True),
                    _connector="OR",
                ),
                name="approvals_disposition_differs_with_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptiondisposition",
            constraint=models.CheckConstraint(
                condition=models.Q(("disposition__in", ["RESUMED", "STOPPED"])),
                name="approvals_disposition_known",
            ),
        ),
        migrations.AddIndex(
            model_name="exceptionnote",
            index=models.Index(
                fields=["hold_id", "noted_at", "id"], name="approvals_exception_notes"
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, NO_GUARDS),
        migrations.RunSQL(HOLD_IS_SETTLED, HOLD_IS_FREE),
    ]
