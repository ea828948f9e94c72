"""What people said got in their way: whose it is to answer, the list, and one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

from approvals.queries.access import proposal_seen_by
from portal.accounts.actors import Actor
from portal.accounts.queries import administrator_ids, is_administrator
from portal.core.errors import NotFound
from portal.core.pagination import keyset
from portal.home.models import Feedback, FeedbackMove
from registry.queries.people import role_holder_ids, workflow_ids_held
from registry.queries.workflows import workflow_head
from runs.queries.incidents import run_seen_by
from runs.queries.week_page.access import visible_week

PATH_MAX = 300
PAGE_MAX = 120
ANSWERING = ("ai_product_owner", "business_owner")
VIEWS = {"open": "To answer", "answered": "Answered", "mine": "Said by me"}


@dataclass(frozen=True)
class About:
    """The page that somebody speaks about: its address, its name, and its workflow."""

    path: str
    page: str
    workflow_id: UUID | None
    workflow: str


@dataclass(frozen=True)
class FeedbackLine:
    id: UUID
    text: str
    page: str
    workflow: str
    by: str
    at: datetime
    is_open: bool


@dataclass(frozen=True)
class FeedbackList:
    view: str
    lines: tuple[FeedbackLine, ...]
    answers_some: bool
    next_cursor: str | None
    previous_cursor: str | None


@dataclass(frozen=True)
class Move:
    what: str
    by: str
    text: str
    at: datetime


@dataclass(frozen=True)
class FeedbackPage:
    line: FeedbackLine
    path: str
    moves: tuple[Move, ...]
    may_answer: bool
    is_mine: bool


def about_page(*, actor: Actor, path: str, page: str) -> About:
    """Say which page of ours an address is, and which workflow it is about, if any.

    What is no address of ours is the start page; a workflow that this person may not see is none.
    """
    here = path.strip()[:PATH_MAX]
    is_ours = here.startswith("/") and url_has_allowed_host_and_scheme(
        here, allowed_hosts=None
    )
    here = here if is_ours else "/"
    name = " ".join(page.replace("\x00", "").split())[:PAGE_MAX]
    workflow_id, workflow = _workflow_of(actor, urlsplit(here).path)
    return About(here, name or here, workflow_id, workflow)


def keepers_of(workflow_id: UUID | None) -> frozenset[UUID]:
    """Give whom it reaches: the product owner, else the business owner, else administrators."""
    if workflow_id is not None:
        for role in ANSWERING:
            found = role_holder_ids(workflow_id, role)
            if found:
                return found
    return administrator_ids()


def may_answer(actor: Actor, workflow_id: UUID | None) -> bool:
    """Say whether somebody may answer: owners of the workflow, and administrators."""
    if is_administrator(actor):
        return True
    return workflow_id is not None and actor.id in role_holder_ids(
        workflow_id, *ANSWERING
    )


def feedback_list(*, actor: Actor, view: str, cursor: str | None) -> FeedbackList:
    """Give one page of what was said, newest first. At most five queries."""
    mine = Q(person=actor.id)
    answers = _answered_by(actor)
    answers_some = answers is not None
    chosen = view if view in VIEWS else "open" if answers_some else "mine"
    if chosen == "mine" or answers is None:
        rows, chosen = Feedback.objects.filter(mine), "mine"
    else:
        state = Feedback.State.OPEN if chosen == "open" else Feedback.State.ANSWERED
        rows = Feedback.objects.filter(answers, state=state)
    page = keyset(_named(rows), order=("-said_at", "-id"), cursor=cursor)
    return FeedbackList(
        chosen,
        tuple(map(_line, page.items)),
        answers_some,
        page.next_cursor,
        page.previous_cursor,
    )


def open_feedback_count(*, actor: Actor) -> int:
    """Count what waits for an answer of this person. At most three queries."""
    answers = _answered_by(actor)
    if answers is None:
        return 0
    return Feedback.objects.filter(answers, state=Feedback.State.OPEN).count()


def feedback_page(*, actor: Actor, feedback_id: UUID) -> FeedbackPage:
    """Give what was said with its history, to its author and to who may answer. Raises NotFound."""
    row = feedback_seen_by(actor, feedback_id)
    moves = FeedbackMove.objects.filter(feedback=row).select_related("person")
    return FeedbackPage(
        line=_line(row),
        path=row.path,
        moves=tuple(
            Move(each.get_kind_display(), each.person.name, each.text, each.at)
            for each in moves.order_by("at", "id")
        ),
        may_answer=row.state == Feedback.State.OPEN
        and may_answer(actor, row.workflow_id),
        is_mine=row.person_id == actor.id,
    )


def feedback_seen_by(actor: Actor, feedback_id: UUID) -> Feedback:
    """Give a row to its author and to who may answer it. Raises NotFound."""
    row = _named(Feedback.objects.filter(id=feedback_id)).first()
    if row is None or not (
        row.person_id == actor.id or may_answer(actor, row.workflow_id)
    ):
        raise NotFound("There is nothing here, or you may not see it.")
    return row


def _answered_by(actor: Actor) -> Q | None:
    """Narrow to what this person may answer; None where that is nothing."""
    if is_administrator(actor):
        return Q()
    held = workflow_ids_held(actor.id, *ANSWERING)
    return Q(workflow__in=held) if held else None


def _named(rows: QuerySet[Feedback]) -> QuerySet[Feedback]:
    return rows.select_related("person", "workflow")


def _line(row: Feedback) -> FeedbackLine:
    return FeedbackLine(
        id=row.id,
        text=row.text,
        page=row.page,
        workflow=row.workflow.name if row.workflow else "",
        by=row.person.name,
        at=row.said_at,
        is_open=row.state == Feedback.State.OPEN,
    )


def _workflow_of(actor: Actor, path: str) -> tuple[UUID | None, str]:
    """Read the workflow from the address: by its own name, or a run, proposal or week of it."""
    try:
        return _found_by(actor, resolve(path).kwargs, path)
    except (Resolver404, NotFound):
        return None, ""


def _found_by(
    actor: Actor, given: Mapping[str, Any], path: str
) -> tuple[UUID | None, str]:
    if "slug" in given and path.startswith("/workflows/"):
        head = workflow_head(actor=actor, slug=given["slug"])
        return head.id, head.name
    if "run_id" in given:
        workflow = run_seen_by(actor, given["run_id"]).workflow
    elif "proposal_id" in given:
        workflow = proposal_seen_by(actor, given["proposal_id"]).workflow
    elif "week_id" in given:
        workflow = visible_week(actor, given["week_id"]).workflow
    else:
        return None, ""
    return workflow.id, workflow.name
