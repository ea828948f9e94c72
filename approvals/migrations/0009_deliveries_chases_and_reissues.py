"""Receivers and deliveries, grants that are chased, and grants issued anew.

A grant is issued anew only in the place of one that ran out unused, for the same basis and
on a ruling of its own; the trigger holds that.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION approvals_reissue_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM approvals_grant before
            JOIN approvals_authorityrecord ruling ON ruling.id = NEW.authority_record_id
            WHERE before.id = NEW.reissues_id AND before.state = 'EXPIRED'
                AND before.basis_id = NEW.basis_id
                AND before.version_id IS NOT DISTINCT FROM NEW.version_id
                AND before.action_request_id = NEW.action_request_id
                AND ruling.action_request_id = NEW.action_request_id
                AND ruling.occasion = 'REISSUE' AND ruling.digest = NEW.digest
                AND ruling.answer <> 'refuse')
    THEN
        RAISE EXCEPTION 'a grant is issued anew for one that ran out unused, and ruled on'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_reissue_agrees BEFORE INSERT ON approvals_grant
    FOR EACH ROW WHEN (NEW.reissues_id IS NOT NULL)
    EXECUTE FUNCTION approvals_reissue_agrees();

CREATE FUNCTION approvals_delivery_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR NEW.id IS DISTINCT FROM OLD.id
        OR NEW.endpoint_id IS DISTINCT FROM OLD.endpoint_id
        OR NEW.action_request_id IS DISTINCT FROM OLD.action_request_id
        OR NEW.event IS DISTINCT FROM OLD.event
        OR NEW.payload IS DISTINCT FROM OLD.payload
        OR NEW.occurred_at IS DISTINCT FROM OLD.occurred_at
    THEN
        RAISE EXCEPTION 'what a delivery says never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_delivery_guarded BEFORE UPDATE OR DELETE ON approvals_delivery
    FOR EACH ROW EXECUTE FUNCTION approvals_delivery_guarded();

CREATE TRIGGER approvals_deliveryattempt_frozen BEFORE UPDATE OR DELETE
    ON approvals_deliveryattempt FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER approvals_deliveryattempt_no_truncate BEFORE TRUNCATE
    ON approvals_deliveryattempt FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER approvals_grantchase_frozen BEFORE UPDATE OR DELETE
    ON approvals_grantchase FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER approvals_grantchase_no_truncate BEFORE TRUNCATE
    ON approvals_grantchase FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER approvals_grantchase_recorded
    AFTER INSERT OR UPDATE OR DELETE ON approvals_grantchase
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
BACKWARDS = """
DROP TRIGGER approvals_grantchase_recorded ON approvals_grantchase;
DROP TRIGGER approvals_grantchase_no_truncate ON approvals_grantchase;
DROP TRIGGER approvals_grantchase_frozen ON approvals_grantchase;
DROP TRIGGER approvals_deliveryattempt_no_truncate ON approvals_deliveryattempt;
DROP TRIGGER approvals_deliveryattempt_frozen ON approvals_deliveryattempt;
DROP TRIGGER approvals_delivery_guarded ON approvals_delivery;
DROP FUNCTION approvals_delivery_guarded();
DROP TRIGGER approvals_reissue_agrees ON approvals_grant;
DROP FUNCTION approvals_reissue_agrees();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_teams_and_absences"),
        ("approvals", "0008_backtests"),
        ("registry", "0016_reviewers_by_team_position_and_role"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CallbackEndpoint",
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
                ("name", models.CharField(max_length=80)),
                ("url", models.CharField(max_length=500)),
                ("is_on", models.BooleanField(default=True)),
                ("off_reason", models.CharField(blank=True, max_length=300)),
                ("off_at", models.DateTimeField(null=True)),
                ("secret_number", models.PositiveIntegerField(default=1)),
                ("secret_at", models.DateTimeField()),
                ("previous_until", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("waits_until", models.DateTimeField(null=True)),
                ("last_delivered_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
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
                ("grant_id", models.UUIDField(null=True)),
                ("event", models.CharField(max_length=40)),
                ("payload", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "waits to be sent"),
                            ("DELIVERED", "delivered"),
                            ("DEAD", "given up"),
                            ("CANCELLED", "overtaken"),
                        ],
                        default="WAITING",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("last_status", models.PositiveSmallIntegerField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                ("occurred_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
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
                ("number", models.PositiveIntegerField()),
                ("began_at", models.DateTimeField()),
                ("milliseconds", models.PositiveIntegerField()),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="GrantChase",
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
                            ("ASKED", "asked the agent what happened"),
                            ("GIVEN_UP", "stopped waiting for the agent"),
                        ],
                        max_length=8,
                    ),
                ),
                ("chased_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="grant",
            name="approvals_grant_basis",
        ),
        migrations.AddField(
            model_name="grant",
            name="reissues",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reissued_as",
                to="approvals.grant",
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="checked",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="outcome",
            name="evidence",
            field=models.TextField(blank=True),
        ),
        migrations.AddIndex(
            model_name="actionrequest",
            index=models.Index(
                condition=models.Q(("status__in", ("ALLOWED", "APPROVED"))),
                fields=["changed_at", "id"],
                name="approvals_action_untold",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("basis_id", models.F("authority_record")), ("version", None)
                    ),
                    models.Q(("reissues__isnull", False), ("version", None)),
                    models.Q(
                        ("basis_id", models.F("version")), ("version__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="approvals_grant_basis",
            ),
        ),
        migrations.AddField(
            model_name="callbackendpoint",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="callbackendpoint",
            name="department",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.department",
            ),
        ),
        migrations.AddField(
            model_name="callbackendpoint",
            name="off_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="callbackendpoint",
            name="workflow",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="action_request",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="approvals.actionrequest",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="endpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="approvals.callbackendpoint",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="resent_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="workflow",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="deliveryattempt",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="deliveryattempt",
            name="delivery",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="calls",
                to="approvals.delivery",
            ),
        ),
        migrations.AddField(
            model_name="grantchase",
            name="grant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="chases",
                to="approvals.grant",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("workflow", None), ("department", None), _connector="XOR"
                ),
                name="approvals_endpoint_one_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackendpoint",
            constraint=models.UniqueConstraint(
                fields=("workflow", "name"), name="approvals_endpoint_of_workflow"
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackendpoint",
            constraint=models.UniqueConstraint(
                fields=("department", "name"), name="approvals_endpoint_of_department"
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_on", True), ("off_at", None)),
                    models.Q(("is_on", False), ("off_at__isnull", False)),
                    _connector="OR",
                ),
                name="approvals_endpoint_off_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbackendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("secret_number__gte", 1)),
                name="approvals_endpoint_secret",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "WAITING")),
                fields=["due_at", "id"],
                name="approvals_delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["workflow", "-occurred_at", "-id"],
                name="approvals_delivery_page",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["-occurred_at", "-id"], name="approvals_delivery_all"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("grant_id__isnull", False), ("state", "WAITING")),
                fields=["grant_id"],
                name="approvals_delivery_grant",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("WAITING", "DELIVERED", "DEAD", "CANCELLED"))
                ),
                name="approvals_delivery_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state", "WAITING")),
                    models.Q(
                        models.Q(("state", "WAITING"), _negated=True),
                        ("ended_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="approvals_delivery_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="deliveryattempt",
            constraint=models.UniqueConstraint(
                fields=("delivery", "number"), name="approvals_attempt_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="grantchase",
            constraint=models.UniqueConstraint(
                fields=("grant", "kind"), name="approvals_chase_once"
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
