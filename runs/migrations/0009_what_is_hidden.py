"""What is hidden, the sealed originals and who looked at one; read batches are erased."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

RECORDED = "".join(
    f"CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE"
    f" ON {table} DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();\n"
    for table in ("runs_redactionrule", "runs_reveal")
)
GUARDS = f"""
CREATE TRIGGER runs_reveal_frozen BEFORE UPDATE OR DELETE ON runs_reveal
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_reveal_no_truncate BEFORE TRUNCATE ON runs_reveal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
-- Sealing is part of folding, which leaves its entry; changing what is sealed is not.
CREATE CONSTRAINT TRIGGER runs_sealedtext_recorded AFTER UPDATE OR DELETE
    ON runs_sealedtext DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
{RECORDED}
UPDATE runs_inboxbatch SET raw = '' WHERE state = 'DONE';
"""
NO_GUARDS = """
DROP TRIGGER runs_redactionrule_recorded ON runs_redactionrule;
DROP TRIGGER runs_reveal_recorded ON runs_reveal;
DROP TRIGGER runs_sealedtext_recorded ON runs_sealedtext;
DROP TRIGGER runs_reveal_no_truncate ON runs_reveal;
DROP TRIGGER runs_reveal_frozen ON runs_reveal;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0017_who_may_reveal"),
        ("runs", "0008_traces_find_their_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RedactionRule",
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
                            ("FIELD", "Hides a field"),
                            ("READABLE", "Leaves something readable"),
                        ],
                        max_length=8,
                    ),
                ),
                ("text", models.CharField(max_length=200)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("made_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                ("removal_reason", models.CharField(blank=True, max_length=500)),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "removed_by",
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at", None)),
                        fields=("workflow", "kind", "text"),
                        name="runs_redaction_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("FIELD", "READABLE"))),
                        name="runs_redaction_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "FIELD"),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="runs_redaction_readable_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("removal_reason", ""),
                                ("removed_at", None),
                                ("removed_by", None),
                            ),
                            models.Q(
                                ("removed_at__isnull", False),
                                ("removed_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="runs_redaction_removed_by_a_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reveal",
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
                ("token", models.CharField(max_length=40)),
                ("confirmed_by", models.CharField(max_length=20)),
                ("reason", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="runs.run",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workflow", "-at", "-id"], name="runs_reveal_newest"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), _negated=True),
                            models.Q(("confirmed_by", ""), _negated=True),
                        ),
                        name="runs_reveal_has_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SealedText",
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
                ("token", models.CharField(max_length=40)),
                ("sealed", models.BinaryField()),
                ("rule", models.CharField(blank=True, max_length=200)),
                ("sealed_at", models.DateTimeField()),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["token", "workflow"], name="runs_sealed_token")
                ],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
