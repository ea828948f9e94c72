"""The inbox's fair order and its filters, kept filters, and batches of like proposals.

The columns that repeat the request (agent, verb, system) are filled for what is there.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

UNDECIDED = models.Q(("state__in", ["ASKED", "OPEN"]))
FILL = """
ALTER TABLE approvals_proposal DISABLE TRIGGER USER;
UPDATE approvals_proposal p
   SET agent_id = r.agent_id, verb = r.verb, system = r.system
  FROM approvals_actionrequest r WHERE r.id = p.action_request_id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
ALTER TABLE approvals_proposal ENABLE TRIGGER USER;
"""
# An item is one of a batch for good; its batch is never changed. Both are kept.
GUARD = """
CREATE TRIGGER approvals_batch_frozen BEFORE UPDATE OR DELETE
    ON approvals_batch FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER approvals_batch_no_truncate BEFORE TRUNCATE
    ON approvals_batch FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER approvals_batch_recorded
    AFTER INSERT OR UPDATE OR DELETE ON approvals_batch
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
UNGUARD = """
DROP TRIGGER approvals_batch_recorded ON approvals_batch;
DROP TRIGGER approvals_batch_no_truncate ON approvals_batch;
DROP TRIGGER approvals_batch_frozen ON approvals_batch;
"""
VERDICTS = [("APPROVE", "approve"), ("REJECT", "reject")]
STATES = [
    ("WAITING", "not decided yet"),
    ("DONE", "decided"),
    ("COUNTED", "counted, more people needed"),
    ("FAILED", "not decided"),
    ("LEFT_OUT", "left out"),
    ("UNDONE", "taken back"),
]


def _key():
    return models.UUIDField(
        default=portal.core.ids.new_id,
        editable=False,
        primary_key=True,
        serialize=False,
    )


def _link(to, **more):
    more.setdefault("related_name", "+")
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=to, **more)


class Migration(migrations.Migration):
    dependencies = (
        ("accounts", "0001_people_and_agents"),
        ("approvals", "0006_time_runs_on_proposals"),
        ("registry", "0001_workflows_and_versions"),
    )

    operations = (
        migrations.AddField("proposal", "agent", _link("accounts.agent", null=True)),
        migrations.AddField(
            "proposal", "verb", models.CharField(max_length=80, default="")
        ),
        migrations.AddField(
            "proposal", "system", models.CharField(max_length=80, default="")
        ),
        migrations.AddField(
            "proposal", "crowd", models.PositiveSmallIntegerField(default=0)
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("proposal", "agent", _link("accounts.agent")),
        migrations.AlterField("proposal", "verb", models.CharField(max_length=80)),
        migrations.AlterField("proposal", "system", models.CharField(max_length=80)),
        migrations.RemoveIndex("proposal", "approvals_inbox"),
        migrations.RemoveIndex("proposal", "approvals_inbox_workflow"),
        migrations.AddIndex(
            "proposal",
            models.Index(
                fields=["-risk_rank", "crowd", "due_at", "id"],
                condition=UNDECIDED,
                name="approvals_inbox",
            ),
        ),
        migrations.AddIndex(
            "proposal",
            models.Index(
                fields=["workflow", "-risk_rank", "crowd", "due_at", "id"],
                condition=UNDECIDED,
                name="approvals_inbox_workflow",
            ),
        ),
        migrations.AddIndex(
            "proposal",
            models.Index(
                fields=["agent", "-risk_rank", "crowd", "due_at", "id"],
                condition=UNDECIDED,
                name="approvals_inbox_agent",
            ),
        ),
        migrations.CreateModel(
            name="InboxFilter",
            fields=[
                ("id", _key()),
                ("name", models.CharField(max_length=60)),
                ("filters", models.JSONField(default=dict)),
                ("is_default", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                ("owner", _link(settings.AUTH_USER_MODEL)),
            ],
            options={
                "abstract": False,
                "constraints": (
                    models.UniqueConstraint(
                        condition=models.Q(removed_at=None),
                        fields=("owner", "name"),
                        name="approvals_view_name_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True), ("removed_at", None)),
                        fields=("owner",),
                        name="approvals_one_default_view",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(name=""), name="approvals_view_has_name"
                    ),
                ),
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", _key()),
                ("verdict", models.CharField(choices=VERDICTS, max_length=7)),
                ("reason_code", models.CharField(blank=True, max_length=60)),
                ("message", models.TextField(blank=True)),
                ("what", models.CharField(max_length=200)),
                ("opened_at", models.DateTimeField()),
                ("person", _link(settings.AUTH_USER_MODEL)),
                ("workflow", _link("registry.workflow")),
            ],
            options={
                "constraints": (
                    models.CheckConstraint(
                        condition=models.Q(verdict__in=("APPROVE", "REJECT")),
                        name="approvals_batch_verdict",
                    ),
                ),
            },
        ),
        migrations.CreateModel(
            name="BatchItem",
            fields=[
                ("id", _key()),
                ("position", models.PositiveSmallIntegerField()),
                ("digest", models.CharField(max_length=80)),
                (
                    "state",
                    models.CharField(choices=STATES, default="WAITING", max_length=8),
                ),
                ("told", models.CharField(blank=True, max_length=400)),
                ("undo_until", models.DateTimeField(null=True)),
                ("told_at", models.DateTimeField(null=True)),
                ("batch", _link("approvals.batch", related_name="items")),
                ("proposal", _link("approvals.proposal")),
            ],
            options={
                "constraints": (
                    models.UniqueConstraint(
                        fields=("batch", "position"), name="approvals_batch_order"
                    ),
                    models.UniqueConstraint(
                        fields=("batch", "proposal"), name="approvals_batch_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(state__in=[state for state, _ in STATES]),
                        name="approvals_batch_item_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "WAITING"), ("told_at", None))
                        | models.Q(
                            ~models.Q(state="WAITING"), ("told_at__isnull", False)
                        ),
                        name="approvals_batch_item_told",
                    ),
                ),
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    )
