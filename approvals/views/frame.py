"""What every page of the inbox shares: where the reader is, the list, the tabs, the undo offer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from approvals.queries.card import Card
from approvals.queries.inbox import InboxPage, inbox_for
from approvals.queries.live import mark_of, shown_in
from approvals.queries.narrowing import (
    RISKS,
    STATES,
    TABS,
    InboxAsked,
    asked_in,
    chips_of,
)
from approvals.queries.saved_filters import filters_of
from approvals.queries.undoing import UndoOffer, undo_offer
from portal.accounts.actors import actor_of
from registry.queries.capability import waiting_requests

CRUMB = "Inbox"
PLACE_LENGTH_MAX = 2000


def asked_here(request: HttpRequest) -> InboxAsked:
    """Read the tab and the filters out of the address of this page."""
    return asked_in(request.GET.dict())


def place_of(request: HttpRequest) -> InboxAsked:
    """Read where a form was sent from: its field `place`, or the page that it stood on."""
    said = request.POST.get("place")
    if said is None:
        came = urlsplit(request.headers.get("Referer", ""))
        is_ours = came.netloc == request.get_host()
        is_inbox = came.path.startswith(reverse("inbox"))
        said = came.query if is_ours and is_inbox else ""
    pairs = parse_qsl(said[:PLACE_LENGTH_MAX], max_num_fields=None)
    return asked_in(dict(pairs))


def query_of(asked: InboxAsked, **more: str) -> str:
    """Give the part of an address that says where the reader is, with its question mark."""
    pairs = {**asked.pairs(), **more}
    return f"?{urlencode(pairs)}" if pairs else ""


def address_of(asked: InboxAsked, **more: str) -> str:
    """Give the address of a list; it never says nothing, or the default would come."""
    return f"{reverse('inbox')}{query_of(asked, **more) or '?tab=mine'}"


def card_address(proposal_id: UUID, asked: InboxAsked, **more: str) -> str:
    return reverse("inbox_card", args=[proposal_id]) + query_of(asked, **more)


def page_of(request: HttpRequest, asked: InboxAsked, now: datetime) -> InboxPage:
    return inbox_for(
        actor_of(request),
        asked,
        cursor=request.GET.get("from"),
        now=now,
        with_counts=True,
    )


def inbox_context(
    request: HttpRequest, *, page: InboxPage, now: datetime, card: Card | None = None
) -> dict[str, Any]:
    """Give what the inbox page shows, with or without an open card."""
    actor = actor_of(request)
    asked = page.asked
    return list_context(request, page=page, card=card) | {
        "now": now,
        # The card changes without the page, so the crumbs do not name it.
        "crumbs": [(CRUMB, reverse("inbox"))],
        "tabs": tabs_of(page.counts),
        "requests_for_more": waiting_requests(actor=actor),
        "undo": _undo_offer(request, now),
        "chips": [
            (chip, address_of(asked_in({**chip.without, "tab": asked.tab})))
            for chip in chips_of(actor, asked)
        ],
        "kept": [
            (line, address_of(line.asked), line.asked == asked)
            for line in filters_of(actor=actor)
        ],
        "risks": RISKS,
        "states": STATES,
    }


def list_context(
    request: HttpRequest, *, page: InboxPage, card: Card | None = None
) -> dict[str, Any]:
    """Give what the list alone shows, and what lets it stay live."""
    asked = page.asked
    query = query_of(asked)
    cursor = request.GET.get("from", "")
    more = {"from": cursor} if cursor else {}
    return {
        "page": page,
        "asked": asked,
        "card": card,
        "query": query,
        "place": query.removeprefix("?"),
        "here_href": address_of(asked, **more),
        "clear_href": address_of(InboxAsked(tab=asked.tab)),
        "filter_href": reverse("inbox_filter") + query,
        "next_href": _turned(asked, page.next_cursor),
        "previous_href": _turned(asked, page.previous_cursor),
        "floods": [
            (
                flood,
                address_of(asked_in({**asked.pairs(), "agent": str(flood.agent_id)})),
            )
            for flood in page.floods
        ],
        "live": {
            "query": query_of(asked, **more),
            "mark": mark_of(page),
            "shown": shown_in(page.rows),
            "is_first": not cursor,
        },
    }


def tabs_of(counts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give the tabs with their counts; decided ones are not counted."""
    home = reverse("inbox")
    return [
        {
            "key": key,
            "label": label,
            "href": f"{home}?tab={key}",
            "count": counts.get(key),
        }
        for key, label in TABS.items()
    ]


def _turned(asked: InboxAsked, cursor: str | None) -> str:
    return address_of(asked, **{"from": cursor}) if cursor else ""


def _undo_offer(request: HttpRequest, now: datetime) -> UndoOffer | None:
    """Offer to take an approval back while its grant is not usable yet."""
    try:
        proposal_id = UUID(request.GET.get("undo", ""))
    except ValueError:
        return None
    return undo_offer(actor_of(request), proposal_id, now=now)
