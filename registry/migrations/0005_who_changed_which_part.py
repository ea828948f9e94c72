"""A draft says part by part who changed it last."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids


class Migration(migrations.Migration):
    dependencies = (
        ("registry", "0004_who_changed_the_draft"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="DraftPart",
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
                ("part", models.CharField(max_length=200)),
                ("page", models.CharField(blank=True, max_length=32)),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="registry.operatingmodelversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "part"), name="registry_draft_part_once"
                    )
                ],
            },
        ),
    )
