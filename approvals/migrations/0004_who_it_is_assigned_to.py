"""Whom a proposal is assigned to, whose place a decider took, and whom a move concerns."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (
        ("approvals", "0003_mentions_and_precedents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.AddField(
            model_name="decision",
            name="acting_for",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="move",
            name="concerned",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="assigned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="assigned_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="move",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ASKED", "asked the agent"),
                    ("ANSWERED", "answered"),
                    ("ESCALATED", "escalated"),
                    ("CLAIMED", "took this on"),
                    ("ASSIGNED", "assigned this"),
                    ("RETURNED", "gave this back"),
                    ("COMMENTED", "commented"),
                    ("UNDONE", "took the approval back"),
                    ("EXPIRED", "let the time run out"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["ASKED", "OPEN"]), ("assigned_to__isnull", False)
                ),
                fields=["assigned_to", "-risk_rank", "due_at", "id"],
                name="approvals_assigned",
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("assigned_to__isnull", False)),
                fields=["assigned_to", "-assigned_at"],
                name="approvals_last_assigned",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("acting_for", models.F("person")), _negated=True),
                name="approvals_decision_for_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("assigned_at", None), ("assigned_to", None)),
                    models.Q(
                        ("assigned_at__isnull", False), ("assigned_to__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="approvals_assigned_has_time",
            ),
        ),
    )
