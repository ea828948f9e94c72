"""Each row of a matrix says how far it reaches; words are searched by trigrams; views are kept.

The rows of frozen versions are frozen too, so their guard is put aside while the new
columns are filled from the frozen bytes. The guard is the same before and after.
"""

import json
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal.core.ids import new_id

BATCH = 200
STAGE = frozenset(
    [
        "create_task",
        "comment",
        "tag",
        "assign",
        "stage_update",
        "open_case",
        "notify_internal",
        "hand_over",
        "schedule",
        "snapshot",
    ]
)
CHANGE = frozenset(
    [
        "send",
        "reply",
        "publish",
        "unpublish",
        "create",
        "update",
        "merge",
        "close",
        "reopen",
        "archive",
        "delete",
        "refund",
        "credit",
        "charge",
        "pay",
        "transfer",
        "issue_certificate",
        "book",
        "rebook",
        "cancel",
        "approve",
        "reject",
        "invite",
        "grant_access",
        "revoke_access",
        "suspend",
        "reset_credentials",
        "block",
        "unblock",
        "isolate",
        "restart",
        "scale",
        "deploy",
        "roll_back",
    ]
)
CONVERSATION = frozenset(["send", "reply", "book", "rebook", "close", "reopen"])
MONEY = frozenset(
    ["refund", "credit", "charge", "pay", "transfer", "issue_certificate"]
)
RISKS = ("low", "medium", "high")
RANKS = ("allowed", "review", "never")
FREEZE = "ALTER TABLE registry_allowancerow ENABLE TRIGGER registry_allowance_frozen"
THAW = "ALTER TABLE registry_allowancerow DISABLE TRIGGER registry_allowance_frozen"
# The words of the registry list. LIKE in capitals is what a search without case asks.
TRIGRAMS = """
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
-- the registry list: words in the name
CREATE INDEX registry_workflow_name_words ON registry_workflow
    USING gin (upper(name::text) gin_trgm_ops);
-- the registry list: words in the purpose
CREATE INDEX registry_workflow_purpose_words ON registry_workflow
    USING gin (upper(purpose::text) gin_trgm_ops);
"""
NO_TRIGRAMS = """
DROP INDEX registry_workflow_purpose_words;
DROP INDEX registry_workflow_name_words;
"""


def reach_of(row: dict, page: dict) -> dict:
    """Give how far a row reached by the rules of the day this was written."""
    verb, rail = row["verb"], page.get("guardrail") or {}
    currency = row.get("currency") or page["currency"]
    found = {
        "reach": row["authority"],
        "reach_amount": None,
        "reach_currency": currency,
        "reach_money": "read"
        if row.get("amount_field")
        else "unread"
        if row.get("amount_max") is not None or verb in MONEY
        else "none",
        "reach_level": "workflow",
        "reach_sentence": "",
        "decided_by": row.get("decided_by") or "reviewers",
        "quorum": max(1, row.get("quorum") or 1),
        "count_per_day": row.get("count_per_day"),
    }
    if row.get("amount_max") is not None:
        _limit(found, row["amount_max"], currency, "workflow")
    if found["count_per_day"] == 0:
        _stricter(found, "review", "workflow", "None a day pass without a person.")
    if verb in STAGE | CHANGE:
        risk = max(RISKS.index(row.get("risk") or "low"), RISKS.index(page["risk"]))
        for name in ("risk_review", "risk_escalate"):
            if rail.get(name) and risk >= RISKS.index(rail[name]):
                if name == "risk_escalate" and found["reach"] != "never":
                    found["decided_by"] = "escalation_owner"
                text = (
                    f"The guardrail sends every {RISKS[risk]}-risk action to a person."
                )
                _stricter(found, "review", "guardrail", text)
        for name in ("amount_review", "amount_escalate"):
            if rail.get(name) is not None and found["reach_money"] != "none":
                in_what = rail.get("currency") or page["currency"]
                _limit(found, rail[name], in_what, "guardrail")
    _phase(found, verb, page["phase"])
    return found


def _phase(found: dict, verb: str, phase: int) -> None:
    if phase == 1 and verb in CHANGE:
        text = "In phase 1 nothing that an AI decides changes a record by itself."
        _stricter(found, "review", "phase", text)
    elif phase == 2 and verb in CHANGE - CONVERSATION:
        text = (
            "In phase 2 a change beyond the conversation with a customer is supervised."
        )
        _stricter(found, "review", "phase", text)
    elif phase == 3 and verb in STAGE | CHANGE:
        text = "In phase 3 the agent advises and writes nothing."
        _stricter(found, "never", "phase", text)
    elif phase == 5 and verb in STAGE | CHANGE:
        text = "In phase 5 nothing is executed without a person."
        _stricter(found, "review", "phase", text)


def _stricter(found: dict, authority: str, level: str, text: str) -> None:
    if RANKS.index(authority) > RANKS.index(found["reach"]):
        found.update(reach=authority, reach_level=level, reach_sentence=text)


def _limit(found: dict, amount: str, currency: str, level: str) -> None:
    said = {"workflow": "The row has a limit."}.get(level, "The guardrail has a limit.")
    if found["reach_money"] != "read":
        text = f"{said} No amount can be read, so a person decides."
        _stricter(found, "review", level, text)
    elif found["reach_amount"] is None:
        found.update(reach_amount=Decimal(amount), reach_currency=currency)
    elif currency != found["reach_currency"]:
        text = (
            f"{said} It is in {currency}, another limit in {found['reach_currency']}."
        )
        _stricter(found, "review", level, text)
    else:
        found["reach_amount"] = min(found["reach_amount"], Decimal(amount))


def fill(registry, editor) -> None:
    rows = registry.get_model("registry", "AllowanceRow").objects
    versions = registry.get_model("registry", "OperatingModelVersion").objects
    editor.execute(THAW)
    ids = list(
        rows.order_by("version_id").values_list("version_id", flat=True).distinct()
    )
    for start in range(0, len(ids), BATCH):
        for version in versions.filter(id__in=ids[start : start + BATCH]):
            raw = version.content
            page = json.loads(bytes(raw)) if raw else version.document
            said = {(row["system"], row["verb"]): row for row in page["allowances"]}
            for row in rows.filter(version=version):
                found = reach_of(said[(row.system, row.verb)], page)
                rows.filter(id=row.id).update(workflow_id=version.workflow_id, **found)
    editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    editor.execute(FREEZE)


class Migration(migrations.Migration):
    dependencies = (
        ("registry", "0006_duties"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.RunSQL(TRIGRAMS, NO_TRIGRAMS),
        migrations.AddField(
            "allowancerow",
            "workflow",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        *(
            migrations.AddField("allowancerow", name, field)
            for name, field in (
                ("reach", models.CharField(max_length=8, null=True)),
                (
                    "reach_amount",
                    models.DecimalField(decimal_places=6, max_digits=24, null=True),
                ),
                (
                    "reach_currency",
                    models.CharField(blank=True, default="", max_length=3),
                ),
                ("reach_money", models.CharField(default="", max_length=6)),
                ("reach_level", models.CharField(default="", max_length=12)),
                (
                    "reach_sentence",
                    models.CharField(blank=True, default="", max_length=300),
                ),
                ("decided_by", models.CharField(default="", max_length=20)),
                ("quorum", models.PositiveSmallIntegerField(default=1)),
                ("count_per_day", models.PositiveIntegerField(null=True)),
            )
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            "allowancerow",
            "workflow",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        *(
            migrations.AlterField("allowancerow", name, field)
            for name, field in (
                ("reach", models.CharField(max_length=8)),
                ("reach_currency", models.CharField(blank=True, max_length=3)),
                ("reach_money", models.CharField(max_length=6)),
                ("reach_level", models.CharField(max_length=12)),
                ("reach_sentence", models.CharField(blank=True, max_length=300)),
                ("decided_by", models.CharField(max_length=20)),
            )
        ),
        migrations.AddConstraint(
            "allowancerow",
            models.CheckConstraint(
                condition=models.Q(reach__in=("allowed", "review", "never")),
                name="registry_allowance_reach",
            ),
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=(
                (
                    "id",
                    models.UUIDField(
                        default=new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("filters", models.JSONField(default=dict)),
                ("is_default", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "department",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.department",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ),
            options={
                "constraints": (
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at", None)),
                        fields=("owner", "name"),
                        name="registry_view_name_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True), ("removed_at", None)),
                        fields=("owner",),
                        name="registry_one_default_view",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(name=""), name="registry_view_has_name"
                    ),
                )
            },
        ),
    )
