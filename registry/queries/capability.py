"""Requests for more as people read them: what waits for whom, one alone, what may be asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import TeamMember
from portal.core.errors import NotFound
from registry.models import (
    AiModel,
    CapabilityRequest,
    Ceiling,
    CeilingWaiver,
    RoleHolding,
    System,
    Workflow,
)
from registry.models.rights import RequestKind, RequestState
from registry.queries.ceilings import waiver_words
from registry.queries.rights import holders_of, holds
from registry.queries.standing_rows import ceiling_ids
from registry.queries.thing_names import Names, names_of
from registry.queries.tools import retired_tools
from registry.rules.amounts import money_text
from registry.rules.answers import Money
from registry.rules.sentences import system_label
from registry.rules.verbs import VERBS, name_of

SHOWN_MAX = 200


@dataclass(frozen=True)
class RequestLine:
    """One request in a list: what, of which workflow, who asks, and how long there is."""

    id: UUID
    what: str
    workflow: str
    slug: str
    why: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    state: str
    state_word: str
    level: str
    may_decide: bool


@dataclass(frozen=True)
class WaiverShown:
    id: UUID
    words: str
    until_at: datetime
    ended_at: datetime | None
    ended_because: str
    is_given: bool
    may_end: bool


@dataclass(frozen=True)
class RequestPage:
    line: RequestLine
    kind: str
    ceiling_id: UUID | None
    ceiling: str
    ceiling_sentence: str
    ceiling_authority: str
    days: int | None
    amount: str
    currency: str
    deciders: str
    answer: str
    ended_by: str
    ended_at: datetime | None
    is_own: bool
    may_withdraw: bool
    waiver: WaiverShown | None


@dataclass(frozen=True)
class RequestsPage:
    """What waits, for this person first, and what was answered."""

    mine: tuple[RequestLine, ...]
    others: tuple[RequestLine, ...]
    ended: tuple[RequestLine, ...]


@dataclass(frozen=True)
class AskingPage:
    """What one workflow may ask for."""

    id: UUID
    slug: str
    name: str
    currency: str
    ceilings: tuple[tuple[str, str], ...]
    systems: tuple[tuple[str, str], ...]
    unapproved_systems: tuple[tuple[str, str], ...]
    unapproved_models: tuple[tuple[str, str], ...]
    retired_tools: tuple[tuple[str, str], ...]
    verbs: tuple[tuple[str, str], ...]
    may_ask: bool


def request_words(asked: CapabilityRequest, names: Names) -> str:
    """Say in one sentence what is asked for. No query when its ceiling is read."""
    if asked.kind == RequestKind.SYSTEM:
        return f"let agents into {names.system(asked.system)}."
    if asked.kind == RequestKind.MODEL:
        return f"let the AI model {names.model(asked.ai_model)} act."
    if asked.kind == RequestKind.TOOL:
        return (
            f"use the retired tool {asked.tool} of {names.system(asked.system)} again."
        )
    cell = f"{name_of(asked.verb)} in {names.system(asked.system)}"
    if asked.amount_max is not None:
        cell += f" up to {money_text(Money(asked.amount_max, asked.currency))}"
    named = f" past the ceiling “{asked.ceiling.name}”" if asked.ceiling else ""
    return f"{cell}{named} for {asked.days} {'day' if asked.days == 1 else 'days'}."


def right_of(asked: CapabilityRequest) -> tuple[str, dict[str, UUID | None]]:
    """Name the right that decides a request, and where."""
    kind = {
        RequestKind.SYSTEM.value: "approve_system",
        RequestKind.MODEL.value: "approve_model",
        RequestKind.TOOL.value: "approve_tool",
    }.get(asked.kind, "decide_request")
    return kind, {"department_id": asked.department_id, "team_id": asked.team_id}


def names_in(rows: Iterable[CapabilityRequest]) -> Names:
    """Give the names of what some requests ask for. At most two queries."""
    rows = tuple(rows)
    return names_of(
        systems=[row.system for row in rows], models=[row.ai_model for row in rows]
    )


def may_decide(actor: Actor, asked: CapabilityRequest) -> bool:
    """Say whether this person decides a request; never their own."""
    kind, place = right_of(asked)
    is_own = actor.id == asked.asked_by_id
    return not is_own and holds(actor, kind, asked.level, **place)


def may_ask(actor: Actor, workflow: Workflow) -> bool:
    """Say whether a person works with a workflow, and so asks for it."""
    if access.may(actor, access.EDIT, workflow.id):
        return True
    if access.may(actor, access.DECIDE, workflow.id):
        return True
    roles = RoleHolding.objects.filter(workflow=workflow, person=actor.id)
    members = TeamMember.objects.filter(team=workflow.team_id, person=actor.id)
    return roles.exists() or (workflow.team_id is not None and members.exists())


def may_ask_for(actor: Actor, workflow_id: UUID) -> bool:
    """Say the same of a workflow by its id. One query more."""
    workflow = Workflow.objects.filter(id=workflow_id).first()
    return workflow is not None and may_ask(actor, workflow)


def waiting_requests(*, actor: Actor) -> tuple[RequestLine, ...]:
    """Give the open requests that this person decides. Few queries for each right."""
    if not actor.is_person:
        return ()
    open_ones = _rows().filter(state=RequestState.OPEN).order_by("expires_at", "id")
    return _lines(actor, open_ones[:SHOWN_MAX], only_mine=True)


def requests_page(*, actor: Actor) -> RequestsPage:
    """Give what waits for this person, what else is open, and what was answered."""
    rows = tuple(
        _seen(actor)
        .filter(state=RequestState.OPEN)
        .order_by("expires_at", "id")[:SHOWN_MAX]
    )
    lines = _lines(actor, rows)
    mine = waiting_requests(actor=actor)
    known = {line.id for line in mine}
    answered = _seen(actor).exclude(state=RequestState.OPEN)
    ended = tuple(answered.order_by("-ended_at")[:50])
    names = names_in(ended)
    return RequestsPage(
        mine=mine,
        others=tuple(line for line in lines if line.id not in known),
        ended=tuple(_line(row, names, may=False) for row in ended),
    )


def request_page(*, actor: Actor, request_id: UUID, now: datetime) -> RequestPage:
    """Give one request to whoever may see its workflow or decides it. Raises NotFound."""
    row = _rows().filter(id=request_id).first()
    if row is None:
        raise NotFound("There is nothing here, or you may not see it.")
    may = may_decide(actor, row)
    is_own = actor.id == row.asked_by_id
    if not may and not access.may(actor, access.VIEW, row.workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    kind, place = right_of(row)
    is_open = row.state == RequestState.OPEN
    waiver = CeilingWaiver.objects.filter(request=row).first()
    ceiling = row.ceiling
    return RequestPage(
        line=_line(row, names_in((row,)), may=may and is_open),
        kind=row.kind,
        ceiling_id=row.ceiling_id,
        ceiling=ceiling.name if ceiling else "",
        ceiling_sentence=ceiling.sentence if ceiling else "",
        ceiling_authority=ceiling.authority if ceiling else "",
        days=row.days,
        amount="" if row.amount_max is None else str(row.amount_max),
        currency=row.currency or (ceiling.currency if ceiling else ""),
        deciders=holders_of(kind, row.level, **place).words,
        answer=row.answer,
        ended_by=row.ended_by.name if row.ended_by else "",
        ended_at=row.ended_at,
        is_own=is_own,
        may_withdraw=is_open
        and (is_own or access.may(actor, access.EDIT, row.workflow_id)),
        waiver=_waiver(waiver, may or is_own, may, now) if waiver else None,
    )


def asking_page(*, actor: Actor, slug: str) -> AskingPage:
    """Give what a workflow may ask for. Raises NotFound where it may not be seen."""
    rows = access.visible(Workflow.objects.filter(slug=slug), actor=actor)
    workflow = access.visible_or_404(rows)
    over = Ceiling.objects.filter(id__in=ceiling_ids(workflow.id))
    systems = tuple(System.objects.order_by("name", "id")[:SHOWN_MAX])
    names = {each.slug: each.name for each in systems}
    models = AiModel.objects.filter(is_approved=False).order_by("name", "id")
    return AskingPage(
        id=workflow.id,
        slug=workflow.slug,
        name=workflow.name,
        currency=workflow.currency,
        ceilings=tuple(
            (str(each.id), f"{each.name} ({each.level}): {each.sentence}")
            for each in over.order_by("level", "name", "id")
        ),
        systems=tuple((each.slug, each.name) for each in systems),
        unapproved_systems=tuple(
            (each.slug, each.name) for each in systems if not each.is_approved
        ),
        unapproved_models=tuple((each.slug, each.name) for each in models[:SHOWN_MAX]),
        retired_tools=tuple(
            (str(tool_id), f"{name} ({names.get(system) or system_label(system)})")
            for tool_id, system, name in retired_tools()[:SHOWN_MAX]
        ),
        verbs=tuple((verb.slug, verb.label) for verb in VERBS.values()),
        may_ask=may_ask(actor, workflow),
    )


def asked_tool(tool_id: UUID | None) -> tuple[str, str]:
    """Give system and name of a retired tool by its id; empty for any other. One query."""
    found = (each[1:] for each in retired_tools() if each[0] == tool_id)
    return next(found, ("", ""))


def over_requests(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Say which requests ask nobody any more. One query."""
    rows = CapabilityRequest.objects.filter(id__in=list(ids)).exclude(
        state=RequestState.OPEN
    )
    return {
        row[0]: f"{RequestState(row[1]).label}."
        for row in rows.values_list("id", "state")
    }


def _rows():
    return CapabilityRequest.objects.select_related(
        "workflow", "ceiling", "asked_by", "ended_by", "department", "team"
    )


def _seen(actor: Actor):
    mine = access.visible(_rows(), actor=actor, workflow_path="workflow_id").values(
        "id"
    )
    return _rows().filter(Q(id__in=mine) | Q(asked_by=actor.id))


def _lines(
    actor: Actor, rows: Iterable[CapabilityRequest], *, only_mine: bool = False
) -> tuple[RequestLine, ...]:
    known: dict[tuple, bool] = {}
    found = []
    rows = tuple(rows)
    names = names_in(rows)
    for row in rows:
        kind, place = right_of(row)
        key = (kind, row.level, *place.values())
        if key not in known:
            known[key] = holds(actor, kind, row.level, **place)
        may = known[key] and row.asked_by_id != actor.id
        if may or not only_mine:
            found.append(_line(row, names, may=may))
    return tuple(found)


def _line(row: CapabilityRequest, names: Names, *, may: bool) -> RequestLine:
    words = request_words(row, names)
    return RequestLine(
        id=row.id,
        what=words[0].upper() + words[1:],
        workflow=row.workflow.name,
        slug=row.workflow.slug,
        why=row.why,
        asked_by=row.asked_by.name,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        state=row.state,
        state_word=RequestState(row.state).label,
        level=row.level,
        may_decide=may,
    )


def _waiver(
    row: CeilingWaiver, may_see: bool, may_end: bool, now: datetime
) -> WaiverShown:
    is_given = row.ended_at is None and row.until_at > now
    return WaiverShown(
        id=row.id,
        words=waiver_words(row),
        until_at=row.until_at,
        ended_at=row.ended_at,
        ended_because=row.ended_because,
        is_given=is_given,
        may_end=is_given and may_end and may_see,
    )
