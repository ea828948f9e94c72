"""What was refused by a level above a workflow, where the team can ask that level for more.

Only what still stands: a ceiling that was lifted or waived since is nothing to ask about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from approvals.models import AuthorityRecord
from approvals.queries.against import retired_tool_of
from approvals.queries.parts import text_of
from approvals.rules.against import level_of, more_given, more_of
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core import strict_json
from portal.core.errors import NotFound
from registry.queries.capability import may_ask_for
from registry.queries.rulebooks import RulebookInForce, standing_facts
from registry.rules.answers import Answer
from registry.rules.rulebook import Ceiling
from registry.rules.sentences import system_label
from registry.rules.verbs import name_of

SINCE = timedelta(days=30)
READ_MAX = 200
SHOWN_MAX = 5
MODEL, TOOL = "model.not_approved", "tool.not_approved"


@dataclass(frozen=True)
class RefusedAbove:
    """One kind of request that a level above refuses, with the newest of it."""

    what: str
    sentence: str
    level: str
    code: str
    headline: str
    run_id: UUID
    at: datetime
    who_can_help: str
    more: Mapping[str, str]


@dataclass(frozen=True)
class AbovePage:
    slug: str
    name: str
    lines: tuple[RefusedAbove, ...]
    may_ask: bool


def refused_above(actor: Actor, slug: str, *, now: datetime) -> AbovePage:
    """Give what levels above refused a workflow of late. About six queries.

    Raises NotFound where it may not be seen. Served by approvals_ruling_window.
    """
    rows = _refused(actor).filter(workflow__slug=slug, ruled_at__gte=now - SINCE)
    facts = standing_facts(slug, agent_id=None)
    if not access.may(actor, access.VIEW, facts.workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    return _page(actor, facts, rows)


def refused_above_of_run(actor: Actor, run_id: UUID) -> AbovePage | None:
    """Give the same of one run; None where nothing of it was ever refused. Few queries."""
    rows = _refused(actor).filter(action_request__run_id=run_id)
    workflow_id = rows.order_by().values_list("workflow_id", flat=True).first()
    if workflow_id is None:
        return None
    return _page(actor, standing_facts(workflow_id, agent_id=None), rows)


def _refused(actor: Actor) -> QuerySet[AuthorityRecord]:
    return access.visible(
        AuthorityRecord.objects.filter(
            answer=Answer.REFUSE.value, occasion=AuthorityRecord.Occasion.ASK
        ),
        actor=actor,
        workflow_path="workflow_id",
    )


def _page(
    actor: Actor, facts: RulebookInForce, rows: QuerySet[AuthorityRecord]
) -> AbovePage:
    newest = rows.select_related("action_request").order_by("-ruled_at", "-id")
    found: dict[tuple[str, ...], RefusedAbove] = {}
    for row in newest[:READ_MAX]:
        reason = row.reasons[0] if row.reasons else {}
        code, rule = text_of(reason.get("code")), text_of(reason.get("rule"))
        key = (code, rule, row.action_request.system, row.action_request.verb)
        if key not in found and more_of(code) and _still_stands(row, code, rule, facts):
            found[key] = _line(row, reason, code, rule, facts)
    lines = tuple(found.values())[:SHOWN_MAX]
    may = bool(lines) and may_ask_for(actor, facts.workflow_id)
    return AbovePage(facts.slug, facts.name, lines, may)


def _line(
    row: AuthorityRecord,
    reason: Mapping[str, object],
    code: str,
    rule: str,
    facts: RulebookInForce,
) -> RefusedAbove:
    asked = row.action_request
    return RefusedAbove(
        what=f"{name_of(asked.verb)} in {system_label(asked.system)}",
        sentence=text_of(reason.get("text")),
        level=level_of(code),
        code=code,
        headline=asked.headline,
        run_id=asked.run_id,
        at=row.ruled_at,
        who_can_help=text_of(reason.get("who_can_help")),
        more=more_given(
            code,
            rule=rule,
            system=asked.system,
            verb=asked.verb,
            ai_model=_model(row) if code == MODEL else "",
            tool=retired_tool_of(facts, asked.system, asked.verb),
            amount=row.amount,
            currency=row.currency,
        ),
    )


def _still_stands(
    row: AuthorityRecord, code: str, rule: str, facts: RulebookInForce
) -> bool:
    asked = row.action_request
    if code == "system.not_approved":
        return asked.system not in facts.approved_systems
    if code == TOOL:
        return bool(retired_tool_of(facts, asked.system, asked.verb))
    if code == MODEL:
        return _model(row) not in (facts.approved_models or ())
    if not code.startswith("ceiling."):
        return True
    level = code.removeprefix("ceiling.")
    return any(
        each.name == rule and each.level.value == level and not _is_waived(each, row)
        for each in facts.ceilings
    )


def _model(row: AuthorityRecord) -> str:
    body = strict_json.parse_object(bytes(row.action_request.received))
    return text_of(body.get("model"))


def _is_waived(ceiling: Ceiling, row: AuthorityRecord) -> bool:
    asked = row.action_request
    return any(
        (each.system, each.verb) == (asked.system, asked.verb)
        and (
            each.amount_max is None
            or (row.amount is not None and row.amount <= each.amount_max)
        )
        for each in ceiling.waivers
    )
