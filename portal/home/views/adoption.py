"""Adoption: who uses the portal by department, and office hours."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from portal.home.operations.office_hours import announce_office_hour, cancel_office_hour
from portal.home.queries.adoption import adoption_page

INVALID = 422


@require_http_methods(["GET", "HEAD", "POST"])
def adoption(request: HttpRequest) -> HttpResponse:
    """Show how active departments are; announce office hours."""
    actor, now = actor_of(request), wall_clock()
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            announce_office_hour(
                actor=actor,
                about=request.POST.get("about", ""),
                place=request.POST.get("place", ""),
                starts_at=_moment(request.POST.get("starts_at", "")),
                ends_at=_moment(request.POST.get("ends_at", "")),
                now=now,
            )
        except Invalid as wrong:
            problems = dict(wrong.fields)
        except Conflict as many:
            problems = {"about": many.detail}
        else:
            messages.success(request, "Everybody sees your office hours here now.")
            return redirect("adoption")
    page = adoption_page(actor=actor, today=timezone.localdate(now), now=now)
    shown = {
        "crumbs": in_programme(("Adoption", "")),
        "page": page,
        "problems": problems,
        "typed": request.POST,
    }
    status = INVALID if problems else 200
    return render(request, "home/adoption.html", shown, status=status)


@require_POST
def office_hour_cancel(request: HttpRequest, hour_id: UUID) -> HttpResponse:
    try:
        cancel_office_hour(actor=actor_of(request), hour_id=hour_id, now=wall_clock())
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, "They are called off.")
    return redirect("adoption")


def _moment(text: str) -> datetime | None:
    """Read a time as the organisation's clocks say it; None where it is none."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        return None
    return timezone.make_aware(said) if timezone.is_naive(said) else None
