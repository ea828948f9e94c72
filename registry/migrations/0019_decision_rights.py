"""Decision rights in three levels, requests for more, and the classes of data of a system.

A ceiling of a team that named none bound its whole department; it is the department's.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

TABLES = (
    "registry_ceiling",
    "registry_decisionright",
    "registry_capabilityrequest",
    "registry_ceilingwaiver",
)
RECORDED = "\n".join(
    f"""
CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();"""
    for table in TABLES
)
FORWARDS = (
    """
CREATE FUNCTION registry_above_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_move text[] := TG_ARGV[0]::text[];
BEGIN
    -- What was set, asked or waived stays as it was; only how it ended is added, once.
    IF TG_OP = 'DELETE'
        OR to_jsonb(NEW) - may_move IS DISTINCT FROM to_jsonb(OLD) - may_move THEN
        RAISE EXCEPTION 'a row of % is frozen', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF coalesce(to_jsonb(OLD)->>'ended_at', '') <> ''
        OR coalesce(to_jsonb(OLD)->>'is_active', 'true') = 'false' THEN
        RAISE EXCEPTION 'a row of % has ended', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_ceiling_frozen BEFORE UPDATE OR DELETE ON registry_ceiling
    FOR EACH ROW EXECUTE FUNCTION registry_above_frozen(
        '{is_active,lifted_at,lifted_by_id,lifted_because}');
CREATE TRIGGER registry_decisionright_frozen BEFORE UPDATE OR DELETE
    ON registry_decisionright
    FOR EACH ROW EXECUTE FUNCTION registry_above_frozen('{ended_at,ended_by_id}');
CREATE TRIGGER registry_capabilityrequest_frozen BEFORE UPDATE OR DELETE
    ON registry_capabilityrequest
    FOR EACH ROW EXECUTE FUNCTION registry_above_frozen(
        '{state,ended_at,ended_by_id,answer}');
CREATE TRIGGER registry_ceilingwaiver_frozen BEFORE UPDATE OR DELETE
    ON registry_ceilingwaiver
    FOR EACH ROW EXECUTE FUNCTION registry_above_frozen(
        '{ended_at,ended_by_id,ended_because}');
"""
    + RECORDED
)
BACKWARDS = (
    "\n".join(
        f"DROP TRIGGER {table}_recorded ON {table}; DROP TRIGGER {table}_frozen ON {table};"
        for table in TABLES
    )
    + "\nDROP FUNCTION registry_above_frozen();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_notices_sent_again"),
        ("registry", "0018_versions_say_what_they_were_made_for"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CapabilityRequest",
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
                            ("waiver", "To pass a ceiling"),
                            ("system", "To be let into a system"),
                            ("model", "To use an AI model"),
                        ],
                        max_length=8,
                    ),
                ),
                ("system", models.CharField(blank=True, max_length=60)),
                ("verb", models.CharField(blank=True, max_length=40)),
                ("ai_model", models.CharField(blank=True, max_length=120)),
                (
                    "amount_max",
                    models.DecimalField(decimal_places=2, max_digits=18, null=True),
                ),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("days", models.PositiveSmallIntegerField(null=True)),
                ("why", models.CharField(max_length=500)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("enterprise", "Enterprise"),
                            ("department", "Department"),
                            ("team", "Team"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Open"),
                            ("APPROVED", "Approved"),
                            ("REJECTED", "Rejected"),
                            ("WITHDRAWN", "Taken back"),
                            ("EXPIRED", "Nobody decided in time"),
                        ],
                        default="OPEN",
                        max_length=9,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("answer", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="CeilingWaiver",
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
                ("system", models.CharField(max_length=60)),
                ("verb", models.CharField(max_length=40)),
                (
                    "amount_max",
                    models.DecimalField(decimal_places=2, max_digits=18, null=True),
                ),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("under_review", models.BooleanField(default=True)),
                ("starts_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_because", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="DecisionRight",
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
                ("kind", models.CharField(max_length=30)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("enterprise", "Enterprise"),
                            ("department", "Department"),
                            ("team", "Team"),
                        ],
                        max_length=12,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="ceiling",
            name="registry_ceiling_has_its_level",
        ),
        migrations.AddField(
            model_name="ceiling",
            name="accepted_because",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="ai_models",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=120), default=list
            ),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="data_classes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), default=list
            ),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="lifted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="lifted_because",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="lifted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="replaces",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="registry.ceiling",
            ),
        ),
        migrations.AddField(
            model_name="ceiling",
            name="team",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="system",
            name="data_classes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), default=list
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="team",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.team",
            ),
        ),
        migrations.RunSQL(
            "UPDATE registry_ceiling SET level = 'department' WHERE level = 'team'",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="ceiling",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("department", None), ("level", "enterprise"), ("team", None)
                    ),
                    models.Q(
                        ("department__isnull", False),
                        ("level", "department"),
                        ("team", None),
                    ),
                    models.Q(
                        ("department__isnull", False),
                        ("level", "team"),
                        ("team__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="registry_ceiling_has_its_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="ceiling",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_active", True), ("lifted_at", None)),
                    ("is_active", False),
                    _connector="OR",
                ),
                name="registry_ceiling_lifted_is_out_of_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="ceiling",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "data_classes__contained_by",
                        [
                            "public",
                            "internal",
                            "personal",
                            "sensitive_personal",
                            "payment",
                            "secret",
                        ],
                    )
                ),
                name="registry_ceiling_data_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="system",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "data_classes__contained_by",
                        [
                            "public",
                            "internal",
                            "personal",
                            "sensitive_personal",
                            "payment",
                            "secret",
                        ],
                    )
                ),
                name="registry_system_data_known",
            ),
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="ceiling",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="registry.ceiling",
            ),
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="department",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.department",
            ),
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="team",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="capabilityrequest",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="capability_requests",
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="ceilingwaiver",
            name="ceiling",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="waivers",
                to="registry.ceiling",
            ),
        ),
        migrations.AddField(
            model_name="ceilingwaiver",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="ceilingwaiver",
            name="request",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="waiver",
                to="registry.capabilityrequest",
            ),
        ),
        migrations.AddField(
            model_name="ceilingwaiver",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="waivers",
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="decisionright",
            name="department",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.department",
            ),
        ),
        migrations.AddField(
            model_name="decisionright",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decisionright",
            name="named_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decisionright",
            name="person",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decisionright",
            name="position",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.position",
            ),
        ),
        migrations.AddField(
            model_name="decisionright",
            name="team",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.team",
            ),
        ),
        migrations.AddIndex(
            model_name="capabilityrequest",
            index=models.Index(
                condition=models.Q(("state", "OPEN")),
                fields=["expires_at", "id"],
                name="registry_request_open",
            ),
        ),
        migrations.AddIndex(
            model_name="capabilityrequest",
            index=models.Index(
                fields=["workflow", "-asked_at", "id"], name="registry_request_history"
            ),
        ),
        migrations.AddConstraint(
            model_name="capabilityrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("department", None), ("level", "enterprise"), ("team", None)
                    ),
                    models.Q(
                        ("department__isnull", False),
                        ("level", "department"),
                        ("team", None),
                    ),
                    models.Q(
                        ("department__isnull", False),
                        ("level", "team"),
                        ("team__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="registry_request_has_its_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="capabilityrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ceiling__isnull", False),
                        ("days__isnull", False),
                        ("kind", "waiver"),
                        models.Q(("system", ""), _negated=True),
                        models.Q(("verb", ""), _negated=True),
                    ),
                    models.Q(
                        ("ceiling", None),
                        ("kind", "system"),
                        models.Q(("system", ""), _negated=True),
                    ),
                    models.Q(
                        ("ceiling", None),
                        ("kind", "model"),
                        models.Q(("ai_model", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="registry_request_names_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="capabilityrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state", "OPEN")),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("state__in", ("WITHDRAWN", "EXPIRED")),
                    ),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_by__isnull", False),
                        ("state__in", ("APPROVED", "REJECTED")),
                        models.Q(("answer", ""), _negated=True),
                        models.Q(("ended_by", models.F("asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="registry_request_ended_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="capabilityrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "OPEN")),
                fields=("workflow", "kind", "ceiling", "system", "verb", "ai_model"),
                name="registry_request_open_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="ceilingwaiver",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["workflow"],
                name="registry_waiver_in_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="ceilingwaiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_at__gt", models.F("starts_at"))),
                name="registry_waiver_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="ceilingwaiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_max", None),
                    models.Q(
                        ("amount_max__gte", 0),
                        models.Q(("currency", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="registry_waiver_amount_has_currency",
            ),
        ),
        migrations.AddIndex(
            model_name="decisionright",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["kind", "level"],
                name="registry_right_in_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionright",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("department", None), ("level", "enterprise"), ("team", None)
                    ),
                    models.Q(
                        ("department__isnull", False),
                        ("level", "department"),
                        ("team", None),
                    ),
                    models.Q(
                        ("department__isnull", False),
                        ("level", "team"),
                        ("team__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="registry_right_has_its_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionright",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person__isnull", False), ("position", None)),
                    models.Q(("person", None), ("position__isnull", False)),
                    _connector="OR",
                ),
                name="registry_right_one_holder",
            ),
        ),
        migrations.AddConstraint(
            model_name="decisionright",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("kind", "level", "department", "team", "person", "position"),
                name="registry_right_once",
                nulls_distinct=False,
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
