"""Notices: the bell, the page, and how one is told.

A GET here changes nothing: whatever fetches a link ahead of time decides and marks nothing.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import actor_of
from portal.accounts.forms import WaysForm
from portal.accounts.notice_reading import mark_read
from portal.accounts.notice_settings import wishes_of
from portal.accounts.notices_shown import (
    BELL_MAX,
    newer_count,
    notices_for,
    unread_count,
)
from portal.accounts.operations.notices import choose_ways
from portal.accounts.queries import is_administrator
from portal.core.clock import wall_clock
from portal.core.htmx import render

PAGE = "accounts/notices.html"
IDS_MAX = 200


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """List my notices, newest first; what is unread, or all."""
    actor = actor_of(request)
    shows_all = request.GET.get("show") == "all"
    page = notices_for(
        actor, only_unread=not shows_all, cursor=request.GET.get("at") or None
    )
    shown = {
        "crumbs": [("Notices", "")],
        "page": page,
        "shows_all": shows_all,
        "unread": unread_count(actor),
        "since": (page.newest or wall_clock()).isoformat(),
        "newer": 0,
        "is_administrator": is_administrator(actor),
    }
    return render(request, PAGE, shown)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The pill on the page: how many notices came since it was opened."""
    actor = actor_of(request)
    since = _moment(request.GET.get("since", ""))
    shows_all = request.GET.get("show") == "all"
    shown = {
        "crumbs": [("Notices", "")],
        "page": notices_for(actor, only_unread=True),
        "shows_all": shows_all,
        "unread": 0,
        "since": since.isoformat(),
        "newer": newer_count(actor, since),
        "is_administrator": False,
    }
    return render(request, PAGE, shown, fragment="live")


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The number at the bell; empty for none."""
    unread = unread_count(actor_of(request))
    text = f"{BELL_MAX}+" if unread > BELL_MAX else str(unread or "")
    return HttpResponse(text, content_type="text/html; charset=utf-8")


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark some notices, or all, as read."""
    ids = [each for each in map(_id, request.POST.getlist("id")[:IDS_MAX]) if each]
    is_all = request.POST.get("all") == "yes"
    number = mark_read(
        actor=actor_of(request), ids=None if is_all else ids, now=wall_clock()
    )
    if is_all:
        messages.info(
            request, f"{number} {'notice is' if number == 1 else 'notices are'} read."
        )
    kept = "?show=all" if request.POST.get("show") == "all" else ""
    return HttpResponseRedirect(reverse("notices") + kept)


@require_http_methods(["GET", "HEAD", "POST"])
def my_notices(request: HttpRequest) -> HttpResponse:
    """Choose how one is told of each kind."""
    actor = actor_of(request)
    wishes = wishes_of({actor.id})[actor.id]
    form = WaysForm(request.POST if request.method == "POST" else None, wishes=wishes)
    if request.method == "POST" and form.is_valid():
        choose_ways(actor=actor, **form.chosen)
        messages.info(request, "From now on you are told like this.")
        return HttpResponseRedirect(reverse("my_notices"))
    shown = {
        "crumbs": [("Notices", reverse("notices")), ("How you are told", "")],
        "form": form,
        "groups": form.groups(),
        "zone": settings.TIME_ZONE,
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/my_notices.html", shown, status=status)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return wall_clock()
    return moment if moment.tzinfo else wall_clock()


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
