"""The inbox: the list, the card beside it, what changed since, and the count in the rail."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from approvals.queries.card import Card, card_for
from approvals.queries.inbox import COUNT_MAX, counts_for, waiting_count
from approvals.queries.likeness import like_count
from approvals.queries.live import card_now, changes_since, mark_of_card
from approvals.queries.narrowing import InboxAsked
from approvals.queries.saved_filters import default_filter
from approvals.views.answers import reject_reasons
from approvals.views.frame import (
    address_of,
    asked_here,
    inbox_context,
    list_context,
    page_of,
    query_of,
    tabs_of,
)
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import is_htmx, render
from registry.queries.pauses import pause_shown

DETAIL = "detail"
LIST = "list_body"
BODY = "body"
LIVE = "live_changes"
MARK_LENGTH_MAX = 40
SHOWN_LENGTH_MAX = 2000


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The list of one tab, with nothing open beside it."""
    actor = actor_of(request)
    if not request.GET and not is_htmx(request):
        kept = default_filter(actor=actor)
        if kept is not None:
            return HttpResponseRedirect(address_of(kept.asked))
    now = wall_clock()
    page = page_of(request, asked_here(request), now)
    context = inbox_context(request, page=page, now=now)
    return render(request, "approvals/inbox.html", context, fragment=BODY)


@require_safe
def card(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """One proposal, beside the list; `?alone` and htmx get the card by itself."""
    actor = actor_of(request)
    now = wall_clock()
    shown = card_for(actor, proposal_id, now=now)
    asked = asked_here(request)
    if not request.GET.get("tab") and not shown.is_open and not asked.is_narrowed:
        asked = InboxAsked(tab="decided")
    context = {
        "reject_reasons": reject_reasons(),
        "pause": pause_shown(actor=actor, slug=shown.workflow_slug),
        "like_count": like_count(actor, proposal_id, now=now) if _may(shown) else 0,
        "place": query_of(asked).removeprefix("?"),
        "card": shown,
        "card_mark": mark_of_card(
            shown.resolution,
            shown.version,
            shown.against.code if shown.against else "",
        ),
    }
    if is_htmx(request):
        return render(request, "approvals/inbox.html", context, fragment=DETAIL)
    if "alone" in request.GET:
        return render(request, "approvals/card_alone.html", context | _crumbs(shown))
    page = page_of(request, asked, now)
    context = inbox_context(request, page=page, now=now, card=shown) | context
    return render(request, "approvals/inbox.html", context)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """What changed since a page was shown: 204 for nothing, else what to put where.

    Without a mark it gives the list anew, for whoever asked to see what is new.
    """
    actor = actor_of(request)
    asked, now = asked_here(request), wall_clock()
    if not is_htmx(request):
        return HttpResponseRedirect(address_of(asked))
    if "mark" not in request.GET:
        return _anew(request, asked)
    changes = changes_since(
        actor,
        asked,
        cursor=request.GET.get("from"),
        mark=request.GET["mark"][:MARK_LENGTH_MAX],
        shown=request.GET.get("shown", "")[:SHOWN_LENGTH_MAX],
        now=now,
    )
    opened = _opened(request)
    stands = card_now(actor, opened) if opened else None
    is_same = stands is None or stands.mark == request.GET.get("card_mark", "")
    if changes is None and is_same:
        return HttpResponse(status=204)
    page = changes.page if changes else page_of(request, asked, now)
    context = list_context(request, page=page) | {
        "changes": changes,
        "stands": None if is_same else stands,
        "is_theirs": stands is not None and stands.who != actor.name,
        "opened": opened,
        "tabs": tabs_of(counts_for(actor, now=now)),
        "shown": changes.shown if changes else request.GET.get("shown", ""),
        "now": now,
    }
    return render(request, "approvals/inbox.html", context, fragment=LIVE)


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The number beside Inbox in the rail; empty for none."""
    waiting = waiting_count(actor_of(request))
    text = f"{COUNT_MAX:,}+" if waiting > COUNT_MAX else str(waiting or "")
    return HttpResponse(text, content_type="text/html; charset=utf-8")


def _anew(request: HttpRequest, asked: InboxAsked) -> HttpResponse:
    now = wall_clock()
    opened = _opened(request)
    page = page_of(request, asked, now)
    if opened is None:
        context = inbox_context(request, page=page, now=now)
        return render(request, "approvals/inbox.html", context, fragment=BODY)
    context = list_context(request, page=page) | {"opened": opened}
    return render(request, "approvals/inbox.html", context, fragment=LIST)


def _opened(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("open", ""))
    except ValueError:
        return None


def _crumbs(shown: Card) -> dict[str, object]:
    return {"crumbs": [("Inbox", reverse("inbox")), (shown.headline[:80], "")]}


def _may(shown: Card) -> bool:
    return shown.may_decide and not shown.is_high_risk
