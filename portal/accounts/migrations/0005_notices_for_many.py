"""Lines that stand for many are found by their workflow."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_notices"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                fields=["workflow_id"],
                condition=models.Q(subject="", read_at=None, closed_at=None),
                name="accounts_notice_many",
            ),
        ),
    ]
