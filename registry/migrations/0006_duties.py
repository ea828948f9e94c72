"""Positions that hold roles, hand-overs, who else may pause, and staged resumes."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import portal.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_agents"),
        ("registry", "0005_who_changed_which_part"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Position",
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
                ("name", models.CharField(max_length=120)),
                ("since", models.DateTimeField()),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.department",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="positions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="roleholding",
            name="position",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="roles",
                to="registry.position",
            ),
        ),
        migrations.CreateModel(
            name="ResumeStage",
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
                ("tiers", models.JSONField(default=list)),
                ("verbs", models.JSONField(default=list)),
                ("reason", models.CharField(max_length=500)),
                ("started_at", models.DateTimeField()),
                ("until_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("NEXT", "The next stage began"),
                            ("ENDED", "A person let everything run"),
                            ("PAUSED", "The workflow was paused again"),
                            ("TIME", "Its time was over"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "started_by",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stages",
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandOver",
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
                    "role",
                    models.CharField(
                        choices=[
                            ("business_owner", "Business owner"),
                            ("it_owner", "IT owner"),
                            ("risk_owner", "Risk owner"),
                            ("ai_product_owner", "AI product owner"),
                            ("escalation_owner", "Escalation owner"),
                        ],
                        max_length=20,
                    ),
                ),
                ("starts_on", models.DateField(null=True)),
                ("note", models.CharField(max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OFFERED", "Offered"),
                            ("ACCEPTED", "Accepted"),
                            ("DONE", "Done"),
                            ("DECLINED", "Declined"),
                            ("WITHDRAWN", "Taken back"),
                        ],
                        default="OFFERED",
                        max_length=9,
                    ),
                ),
                ("offered_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "giver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "offered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "receiver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hand_overs",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "OFFERED")),
                        fields=["receiver", "offered_at", "id"],
                        name="registry_handover_offered",
                    ),
                    models.Index(
                        condition=models.Q(("state", "ACCEPTED")),
                        fields=["starts_on", "id"],
                        name="registry_handover_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("OFFERED", "ACCEPTED"))),
                        fields=("workflow", "role"),
                        name="registry_handover_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "OFFERED",
                                    "ACCEPTED",
                                    "DONE",
                                    "DECLINED",
                                    "WITHDRAWN",
                                ],
                            ),
                            (
                                "role__in",
                                [
                                    "business_owner",
                                    "it_owner",
                                    "risk_owner",
                                    "ai_product_owner",
                                    "escalation_owner",
                                ],
                            ),
                        ),
                        name="registry_handover_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("giver", models.F("receiver")), _negated=True
                        ),
                        name="registry_handover_to_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pauser",
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
                ("since", models.DateTimeField()),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pausers",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workflow", "person"), name="registry_pauser_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                models.F("department"),
                name="registry_position_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True),
                name="registry_position_named",
            ),
        ),
        migrations.AddIndex(
            model_name="resumestage",
            index=models.Index(
                fields=["workflow", "-started_at", "id"], name="registry_stage_history"
            ),
        ),
        migrations.AddConstraint(
            model_name="resumestage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("workflow",),
                name="registry_stage_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="resumestage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_how", "")),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_how__in", ["NEXT", "ENDED", "PAUSED", "TIME"]),
                    ),
                    _connector="OR",
                ),
                name="registry_stage_ended_somehow",
            ),
        ),
    ]
