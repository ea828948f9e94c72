"""A team asks for more than stands above its workflow: what, why and for how long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from registry.models import AiModel, CapabilityRequest, Ceiling, System, Workflow
from registry.models.rights import RequestKind, RequestState
from registry.operations.more_steps import (
    SUBJECT,
    TEXT_MAX,
    end_request,
    locked_request,
    must_be_open,
    record_request,
)
from registry.queries.capability import may_ask
from registry.queries.standing_rows import ceiling_ids
from registry.queries.tools import is_retired, tool_id_of
from registry.rules.rulebook import Level
from registry.rules.verbs import VERBS

WAITS_FOR = timedelta(days=14)
DAYS_MAX = 180
OPEN_MAX = 50


@dataclass(frozen=True)
class Wanted:
    """What a team asks for: to pass a ceiling in one cell, a system, an AI model or a tool."""

    kind: str
    why: str
    ceiling_id: UUID | None = None
    system: str = ""
    verb: str = ""
    ai_model: str = ""
    tool: str = ""
    amount_max: Decimal | None = None
    currency: str = ""
    days: int | None = None


@operation(leaves="request.made")
def ask_for_more(
    *, actor: Actor, workflow_id: UUID, wanted: Wanted, now: datetime
) -> CapabilityRequest:
    """Ask the level that must decide. Raises AlreadyDone for what is asked already."""
    workflow = _workflow(workflow_id)
    _must_belong(actor, workflow)
    ceiling = _checked(wanted, workflow)
    try:
        made = _made(actor, workflow, ceiling, wanted, now)
    except IntegrityError as error:
        raise AlreadyDone(
            "request.same", "Somebody asked for this in this moment."
        ) from error
    record_request("request.made", actor, made)
    tell(
        kind="more_asked",
        subject=(SUBJECT, made.id),
        workflow_id=workflow.id,
        by=actor.name,
        by_id=actor.id,
        at=now,
    )
    return made


@step
def _made(
    actor: Actor,
    workflow: Workflow,
    ceiling: Ceiling | None,
    wanted: Wanted,
    now: datetime,
) -> CapabilityRequest:
    is_waiver = wanted.kind == RequestKind.WAIVER
    is_tool = wanted.kind == RequestKind.TOOL
    same = CapabilityRequest.objects.filter(workflow=workflow, state=RequestState.OPEN)
    if same.count() >= OPEN_MAX:
        raise Conflict(
            "requests.many", f"At most {OPEN_MAX} requests are open at once."
        )
    what = {
        "kind": wanted.kind,
        "system": wanted.system,
        "verb": wanted.verb if is_waiver else "",
        "ai_model": wanted.ai_model,
        "tool_id": tool_id_of(wanted.system, wanted.tool) if is_tool else None,
    }
    if same.filter(ceiling=ceiling, **what).exists():
        raise AlreadyDone("request.same", "This is asked for already and still open.")
    return CapabilityRequest.objects.create(
        workflow=workflow,
        ceiling=ceiling,
        amount_max=wanted.amount_max if is_waiver else None,
        currency=wanted.currency if is_waiver and wanted.amount_max is not None else "",
        days=wanted.days if is_waiver else None,
        tool=wanted.tool if is_tool else "",
        why=" ".join(wanted.why.split()),
        level=ceiling.level if ceiling else Level.ENTERPRISE.value,
        department=ceiling.department if ceiling else None,
        team=ceiling.team if ceiling else None,
        asked_by_id=actor.id,
        asked_at=now,
        expires_at=now + WAITS_FOR,
        **what,
    )


@operation(leaves="request.withdrawn")
def withdraw_request(*, actor: Actor, request_id: UUID, now: datetime) -> None:
    """Take back what was asked: whoever asked it, or who may edit the workflow."""
    asked = locked_request(request_id)
    if not access.may(actor, access.VIEW, asked.workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    if actor.id != asked.asked_by_id and not access.may(
        actor, access.EDIT, asked.workflow_id
    ):
        raise Forbidden(
            "Only who asked for this takes it back.",
            who_can_help=f"{asked.asked_by.name} asked for it.",
        )
    must_be_open(asked)
    end_request(actor, asked, RequestState.WITHDRAWN, "", now)
    record_request("request.withdrawn", actor, asked)


def _checked(wanted: Wanted, workflow: Workflow) -> Ceiling | None:
    wrong: dict[str, str] = {}
    ceiling = None
    if not wanted.why.strip():
        wrong["why"] = "Say why: whoever decides reads it."
    if len(wanted.why) > TEXT_MAX:
        wrong["why"] = f"At most {TEXT_MAX} characters."
    if wanted.kind == RequestKind.WAIVER:
        ceiling, more = _checked_waiver(wanted, workflow)
        wrong |= more
    elif wanted.kind == RequestKind.SYSTEM:
        wrong |= _checked_thing("system", System, wanted.system)
    elif wanted.kind == RequestKind.MODEL:
        wrong |= _checked_thing("ai_model", AiModel, wanted.ai_model)
    elif wanted.kind == RequestKind.TOOL:
        if not is_retired(wanted.system, wanted.tool):
            wrong["tool"] = "Choose a tool that was retired."
    else:
        wrong["kind"] = "Choose what is asked for."
    if wrong:
        raise Invalid(wrong)
    return ceiling


def _checked_thing(
    name: str, catalogue: type[System] | type[AiModel], slug: str
) -> dict[str, str]:
    row = catalogue.objects.filter(slug=slug).first()  # type: ignore[attr-defined]
    if row is None:
        return {name: "Choose one of the catalogue that is not approved."}
    if row.is_approved:
        return {name: f"{row.name} is approved already."}
    return {}


def _checked_waiver(
    wanted: Wanted, workflow: Workflow
) -> tuple[Ceiling | None, dict[str, str]]:
    wrong: dict[str, str] = {}
    over = ceiling_ids(workflow.id)
    ceiling = (
        Ceiling.objects.select_related("department", "team")
        .filter(
            id__in=[each for each in over if each == wanted.ceiling_id], is_active=True
        )
        .first()
    )
    if ceiling is None:
        wrong["ceiling"] = "Choose a ceiling that binds this workflow."
    if wanted.verb not in VERBS:
        wrong["verb"] = "Choose a verb."
    if not System.objects.filter(slug=wanted.system).exists():
        wrong["system"] = "Choose a system of the catalogue."
    if wanted.days is None or not 1 <= wanted.days <= DAYS_MAX:
        wrong["days"] = f"Say for how many days, between 1 and {DAYS_MAX}."
    if wanted.amount_max is not None and (
        wanted.amount_max < 0 or len(wanted.currency) != 3
    ):
        wrong["amount_max"] = "Give an amount of at least zero with its currency."
    return ceiling, wrong


def _workflow(workflow_id: UUID) -> Workflow:
    found = Workflow.objects.filter(id=workflow_id).first()
    if found is None:
        raise NotFound("There is no such workflow.")
    return found


def _must_belong(actor: Actor, workflow: Workflow) -> None:
    if not access.may(actor, access.VIEW, workflow.id):
        raise NotFound("There is nothing here, or you may not see it.")
    if may_ask(actor, workflow):
        return
    raise Forbidden(
        "Whoever works with this workflow asks for more.",
        code="request.not_yours",
        who_can_help="Its owners, its reviewers or its team can ask.",
    )
