"""A system has an owner, says what it is for, and may be the reference component of that."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0023_acceptable_use"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="system",
            name="capability",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="system",
            name="is_reference",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="system",
            name="owner",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="system",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_reference", False),
                    models.Q(
                        ("is_approved", True),
                        models.Q(("capability", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="registry_reference_is_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="system",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("capability"),
                condition=models.Q(("is_reference", True)),
                name="registry_one_reference",
            ),
        ),
    ]
