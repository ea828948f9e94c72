"""How proposals ended gets a narrow row each, for numbers; what ended before is filled in.

Also: when a person first looked at a card, and whether an edit was material.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

# As they were when this was written; edits of before are judged by the names of fields.
NAMES = (
    "amount|price|total|value|sum|cost|limit|quantity|recipient|email|e_mail|iban|account"
    r"|payee|address|phone|beneficiary|customer|user|\mto\M|\mb?cc\M|currency"
)
FILL = """
INSERT INTO approvals_proposalend (proposal_id, workflow_id, run_id, "on", ended_at,
    state, seconds, is_material, missed_due, was_asked, is_superseded, is_escalated,
    in_time)
SELECT p.id, p.workflow_id, p.run_id, (p.resolved_at AT TIME ZONE %(zone)s)::date,
    p.resolved_at, p.state,
    greatest(0, extract(epoch FROM p.resolved_at - p.created_at)::double precision),
    p.state = 'EDITED' AND coalesce(v.is_material, v.is_widening OR EXISTS (
        SELECT FROM jsonb_array_elements(v.changes) AS change
        WHERE change ->> 'path' ~* %(names)s)),
    p.state = 'EXPIRED' OR EXISTS (SELECT FROM approvals_move AS m
        WHERE m.proposal_id = p.id AND m.kind = %(escalated)s
        AND m.actor_kind = 'system'),
    EXISTS (SELECT FROM approvals_move AS m
        WHERE m.proposal_id = p.id AND m.kind = %(asked)s),
    EXISTS (SELECT FROM approvals_proposal AS r WHERE r.reopens_id = p.id),
    p.escalated_at IS NOT NULL,
    p.escalated_at IS NOT NULL AND p.resolved_by_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM approvals_move AS m WHERE m.proposal_id = p.id
        AND m.kind = %(escalated)s AND m.actor_kind = 'system'
        AND (begun.is_escalated OR EXISTS (SELECT FROM approvals_move AS e
            WHERE e.proposal_id = p.id AND e.kind = %(escalated)s
            AND (e.moved_at, e.id) < (m.moved_at, m.id))))
FROM approvals_proposal AS p JOIN approvals_proposalversion AS v
    ON v.proposal_id = p.id AND v.number = p.version_number
CROSS JOIN LATERAL (SELECT a.answer = 'escalate' OR a.decided_by = %(owner)s
    FROM approvals_proposalversion AS w JOIN approvals_authorityrecord AS a
    ON a.id = w.authority_record_id WHERE w.proposal_id = p.id AND w.number = 1
    ) AS begun (is_escalated)
WHERE p.resolved_at IS NOT NULL
"""
GUARD = """
CREATE TRIGGER approvals_firstlook_frozen BEFORE UPDATE OR DELETE
    ON approvals_firstlook FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER approvals_firstlook_no_truncate BEFORE TRUNCATE
    ON approvals_firstlook FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER approvals_firstlook_recorded
    AFTER INSERT OR UPDATE OR DELETE ON approvals_firstlook
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
UNGUARD = """
DROP TRIGGER approvals_firstlook_recorded ON approvals_firstlook;
DROP TRIGGER approvals_firstlook_no_truncate ON approvals_firstlook;
DROP TRIGGER approvals_firstlook_frozen ON approvals_firstlook;
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            FILL,
            {
                "zone": settings.TIME_ZONE,
                "names": NAMES,
                "escalated": "ESCALATED",
                "asked": "ASKED",
                "owner": "escalation_owner",
            },
        )
        cursor.execute(
            'INSERT INTO audit_actedday (actor_id, "on", kind)'
            " SELECT DISTINCT p.id, (r.created_at AT TIME ZONE %s)::date, 'propose'"
            " FROM approvals_actionrequest AS r JOIN accounts_person AS p"
            " ON p.email = lower(r.on_behalf_of_id)"
            " OR p.id::text = lower(r.on_behalf_of_id) WHERE r.on_behalf_of_id <> ''",
            [settings.TIME_ZONE],
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_notices_sent_again"),
        ("audit", "0003_who_acted_on_which_day"),
        ("approvals", "0012_tool_calls_lead_to_runs"),
        ("registry", "0017_who_may_reveal"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FirstLook",
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
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="looks",
                        to="approvals.proposal",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("words", models.PositiveIntegerField()),
                ("looked_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ProposalEnd",
            fields=[
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="approvals.proposal",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
                ("run_id", models.UUIDField()),
                ("on", models.DateField()),
                ("ended_at", models.DateTimeField()),
                ("state", models.CharField(max_length=10)),
                ("seconds", models.FloatField()),
                ("is_material", models.BooleanField()),
                ("missed_due", models.BooleanField()),
                ("was_asked", models.BooleanField()),
                ("is_superseded", models.BooleanField()),
                ("is_escalated", models.BooleanField()),
                ("in_time", models.BooleanField()),
            ],
        ),
        migrations.AddField(
            model_name="proposalversion",
            name="is_material",
            field=models.BooleanField(null=True),
        ),
        migrations.AddIndex(
            model_name="authorityrecord",
            index=models.Index(
                condition=models.Q(("occasion", "ASK")),
                fields=["-ruled_at", "-id"],
                include=("workflow", "answer"),
                name="approvals_ruling_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("escalated_at__isnull", False)),
                fields=["workflow", "escalated_at"],
                include=("resolved_at", "state", "cause", "system", "verb"),
                name="approvals_escalated_sums",
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("reopens__isnull", False)),
                fields=["reopens"],
                name="approvals_reopens",
            ),
        ),
        migrations.AddConstraint(
            model_name="firstlook",
            constraint=models.UniqueConstraint(
                fields=("proposal", "person"), name="approvals_look_once"
            ),
        ),
        migrations.AddIndex(
            model_name="proposalend",
            index=models.Index(
                fields=["workflow", "on", "state"],
                include=(
                    "is_material",
                    "missed_due",
                    "was_asked",
                    "is_superseded",
                    "is_escalated",
                    "in_time",
                    "seconds",
                ),
                name="approvals_end_sums",
            ),
        ),
        migrations.AddIndex(
            model_name="proposalend",
            index=models.Index(
                fields=["-ended_at", "-proposal"],
                include=(
                    "workflow",
                    "state",
                    "is_material",
                    "missed_due",
                    "was_asked",
                    "is_superseded",
                    "is_escalated",
                    "in_time",
                    "run_id",
                ),
                name="approvals_end_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="proposalend",
            index=models.Index(fields=["run_id", "ended_at"], name="approvals_end_run"),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
