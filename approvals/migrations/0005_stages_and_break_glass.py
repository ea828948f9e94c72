"""The stages of an approval, and break-glass with its review.

Both tables of break-glass only ever grow. A record is over the digest of its version, and
nobody reviews their own.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
ALTER TABLE approvals_breakglass ADD CONSTRAINT approvals_glass_why_long
    CHECK (length(btrim(why)) >= 20);

CREATE FUNCTION approvals_glass_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM approvals_proposalversion
                   WHERE id = NEW.version_id AND proposal_id = NEW.proposal_id
                   AND digest = NEW.digest) THEN
        RAISE EXCEPTION 'break-glass is over the digest of its version'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_glass_agrees BEFORE INSERT ON approvals_breakglass
    FOR EACH ROW EXECUTE FUNCTION approvals_glass_agrees();

CREATE FUNCTION approvals_glass_review_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.person_id IS NOT DISTINCT FROM
        (SELECT person_id FROM approvals_breakglass WHERE id = NEW.break_glass_id) THEN
        RAISE EXCEPTION 'nobody reviews their own break-glass'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_glass_review_agrees BEFORE INSERT
    ON approvals_breakglassreview
    FOR EACH ROW EXECUTE FUNCTION approvals_glass_review_agrees();
"""

BACKWARDS = """
DROP TRIGGER approvals_glass_review_agrees ON approvals_breakglassreview;
DROP FUNCTION approvals_glass_review_agrees();
DROP TRIGGER approvals_glass_agrees ON approvals_breakglass;
DROP FUNCTION approvals_glass_agrees();
ALTER TABLE approvals_breakglass DROP CONSTRAINT approvals_glass_why_long;
"""

TABLES = ("breakglass", "breakglassreview")
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


def person() -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


def one(to: str, name: str) -> models.OneToOneField:
    return models.OneToOneField(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to=to
    )


def new_id() -> models.UUIDField:
    return models.UUIDField(
        default=portal.core.ids.new_id,
        editable=False,
        primary_key=True,
        serialize=False,
    )


class Migration(migrations.Migration):
    dependencies = (
        ("accounts", "0002_where_a_key_was_used_from"),
        ("approvals", "0004_who_it_is_assigned_to"),
        ("audit", "0002_journal_is_append_only"),
        ("registry", "0012_an_agent_has_a_home"),
    )

    operations = (
        migrations.AddField(
            "authorityrecord", "stages", models.JSONField(default=list)
        ),
        migrations.AddField("proposal", "stages", models.JSONField(default=list)),
        migrations.AddField(
            "proposal", "stage", models.PositiveSmallIntegerField(default=1)
        ),
        migrations.AddField(
            "decision", "stage", models.PositiveSmallIntegerField(default=1)
        ),
        migrations.AddField(
            "decision",
            "confirmed_by",
            models.CharField(blank=True, max_length=12),
        ),
        migrations.CreateModel(
            name="BreakGlass",
            fields=[
                ("id", new_id()),
                ("role", models.CharField(max_length=20)),
                ("why", models.TextField()),
                ("digest", models.CharField(max_length=80)),
                ("missing", models.JSONField()),
                ("concerned", models.JSONField(default=list)),
                ("confirmed_by", models.CharField(max_length=12)),
                ("broken_at", models.DateTimeField()),
                ("review_due_at", models.DateTimeField()),
                ("person", person()),
                ("proposal", one("approvals.proposal", "break_glass")),
                ("version", one("approvals.proposalversion", "break_glass")),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": (
                    models.Index(
                        fields=["workflow", "-broken_at", "-id"],
                        name="approvals_glass_list",
                    ),
                ),
                "constraints": (
                    models.CheckConstraint(
                        condition=~models.Q(why="") & ~models.Q(confirmed_by=""),
                        name="approvals_glass_says_why",
                    ),
                ),
            },
        ),
        migrations.CreateModel(
            name="BreakGlassReview",
            fields=[
                ("id", new_id()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("ACCEPTED", "was right"),
                            ("FINDING", "led to a finding"),
                        ],
                        max_length=8,
                    ),
                ),
                ("text", models.TextField()),
                ("reviewed_at", models.DateTimeField()),
                ("break_glass", one("approvals.breakglass", "review")),
                ("person", person()),
            ],
            options={
                "constraints": (
                    models.CheckConstraint(
                        condition=models.Q(verdict__in=("ACCEPTED", "FINDING"))
                        & ~models.Q(text=""),
                        name="approvals_glass_review_says",
                    ),
                ),
            },
        ),
        migrations.RunSQL(FORWARDS + GUARDS, NO_GUARDS + BACKWARDS),
    )
