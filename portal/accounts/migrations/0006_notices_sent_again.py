"""Secrets of addresses rotate, and what was posted says how it went and can be sent again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_notices_for_many"),
    ]

    operations = [
        migrations.AddField(
            model_name="noticehook",
            name="secret_number",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="noticehook",
            name="secret_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(
            "UPDATE accounts_noticehook SET secret_at = created_at",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "ALTER TABLE accounts_noticehook ALTER COLUMN secret_at SET NOT NULL",
            "ALTER TABLE accounts_noticehook ALTER COLUMN secret_at DROP NOT NULL",
            state_operations=[
                migrations.AlterField(
                    model_name="noticehook",
                    name="secret_at",
                    field=models.DateTimeField(),
                ),
            ],
        ),
        migrations.AddField(
            model_name="noticehook",
            name="previous_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="noticepost",
            name="tries_before",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="noticepost",
            name="last_error",
            field=models.CharField(blank=True, default="", max_length=200),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="noticepost",
            index=models.Index(
                fields=["hook", "-made_at", "-id"], name="accounts_noticepost_list"
            ),
        ),
    ]
