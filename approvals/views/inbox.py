"""The inbox: the list, the card beside it, and the count in the rail."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from approvals.queries.card import card_for
from approvals.queries.inbox import COUNT_MAX, TABS, InboxPage, inbox_for, waiting_count
from approvals.views.answers import inbox_context, reject_reasons
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import render
from registry.queries.pauses import pause_shown

DETAIL = "detail"
TEXT_LENGTH_MAX = 100


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The list of one tab, with nothing open beside it."""
    tab = tab_of(request)
    now = wall_clock()
    page = page_of(request, tab=tab, now=now)
    context = inbox_context(request, page=page, now=now)
    return render(request, "approvals/inbox.html", context)


@require_safe
def card(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """One proposal, beside the list; htmx gets the card alone."""
    actor = actor_of(request)
    now = wall_clock()
    shown = card_for(actor, proposal_id, now=now)
    tab = tab_of(request) if "tab" in request.GET or shown.is_open else "decided"
    page = page_of(request, tab=tab, now=now)
    context = inbox_context(request, page=page, now=now, card=shown)
    context["reject_reasons"] = reject_reasons()
    context["pause"] = pause_shown(actor=actor, slug=shown.workflow_slug)
    return render(request, "approvals/inbox.html", context, fragment=DETAIL)


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The number beside Inbox in the rail; empty for none."""
    waiting = waiting_count(actor_of(request))
    text = f"{COUNT_MAX:,}+" if waiting > COUNT_MAX else str(waiting or "")
    return HttpResponse(text, content_type="text/html; charset=utf-8")


def tab_of(request: HttpRequest) -> str:
    tab = request.GET.get("tab", TABS[0])
    return tab if tab in TABS else TABS[0]


def page_of(request: HttpRequest, *, tab: str, now: datetime) -> InboxPage:
    text = request.GET.get("q", "").strip()[:TEXT_LENGTH_MAX].replace("\0", "")
    return inbox_for(
        actor_of(request), now=now, tab=tab, text=text, cursor=request.GET.get("from")
    )
