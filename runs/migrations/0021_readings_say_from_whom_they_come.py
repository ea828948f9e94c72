"""A reading that changes hands says whose it was; a finding can name more runs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0020_reading_takes_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="sampledrun",
            name="handed_from",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="findingmove",
            name="kind",
            field=models.CharField(
                choices=[
                    ("COMMENTED", "said"),
                    ("REDATED", "set another day"),
                    ("REASSIGNED", "gave it to somebody else"),
                    ("HANDED_OVER", "gave it on, because its owner left"),
                    ("ALSO_SEEN", "saw it in another run too"),
                    ("DRAFTED", "drafted a change of the rulebook"),
                    ("DUE", "told its owner that it is due"),
                    ("CLOSED", "closed it"),
                    ("REOPENED", "opened it again"),
                ],
                max_length=11,
            ),
        ),
    ]
