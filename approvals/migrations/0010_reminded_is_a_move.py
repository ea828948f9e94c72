"""A reminder is a move too."""

from django.db import migrations, models

KINDS = [
    ("ASKED", "asked the agent"),
    ("ANSWERED", "answered"),
    ("ESCALATED", "escalated"),
    ("CLAIMED", "took this on"),
    ("ASSIGNED", "assigned this"),
    ("RETURNED", "gave this back"),
    ("COMMENTED", "commented"),
    ("UNDONE", "took the approval back"),
    ("EXPIRED", "let the time run out"),
    ("REMINDED", "reminded"),
]


class Migration(migrations.Migration):
    dependencies = [("approvals", "0009_deliveries_chases_and_reissues")]

    operations = [
        migrations.AlterField(
            model_name="move",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=10),
        ),
    ]
