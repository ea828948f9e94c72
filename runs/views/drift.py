"""The pages of drift: the decisions behind a rate, and an alarm that an assessor settles."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts import access
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Invalid, NotFound
from portal.core.htmx import render
from runs.operations.drift_settling import accept_alarm, dismiss_alarm
from runs.queries.decisions import decisions_of_week
from runs.queries.finding_lists import KINDS
from runs.queries.reviewing import owners_for
from runs.queries.week_page.access import assessors, visible_week
from runs.queries.week_page.drift import alarm_seen
from runs.views.reading import day_in, id_in

INVALID = 422
_KIND_OF = {"UP": "REPEATED_CORRECTION", "DOWN": "TRAINING"}


@require_safe
def week_decisions(request: HttpRequest, slug: str, starts_on: str) -> HttpResponse:
    """The decisions of one week of a workflow, all or those that were overruled."""
    monday = day_in(starts_on)
    if monday is None or monday.weekday() != 0:
        raise NotFound("There is no such week.")
    only = request.GET.get("show") == "overruled"
    page = decisions_of_week(
        actor=actor_of(request),
        slug=slug,
        starts_on=monday,
        only_overruled=only,
        cursor=request.GET.get("at"),
    )
    home = reverse("week_decisions", args=[slug, starts_on])
    kept = "show=overruled&" if only else ""
    shown = {
        "crumbs": [("Weekly review", reverse("weeks")), (page.workflow, "")],
        "page": page,
        "home": home,
        "only_overruled": only,
        "next_href": f"{home}?{kept}at={page.next_cursor}" if page.next_cursor else "",
        "previous_href": (
            f"{home}?{kept}at={page.previous_cursor}" if page.previous_cursor else ""
        ),
    }
    return render(request, "runs/week_decisions.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def week_drift(request: HttpRequest, week_id: UUID, alarm_id: UUID) -> HttpResponse:
    """Show a drift alarm; make a finding of it."""
    if request.method != "POST":
        return _page(request, week_id, alarm_id)
    try:
        accept_alarm(
            actor=actor_of(request),
            alarm_id=alarm_id,
            week_id=week_id,
            kind=request.POST.get("kind", ""),
            text=request.POST.get("text", ""),
            owner_id=id_in(request.POST.get("owner")),
            due_on=day_in(request.POST.get("due_on")),
            about=request.POST.get("about", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return _page(request, week_id, alarm_id, problems=wrong.fields, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
        return redirect("week_drift", week_id, alarm_id)
    messages.info(request, "The alarm is a finding now, and kept until it is closed.")
    return redirect(f"{reverse('week', args=[week_id])}#findings")


@require_POST
def week_drift_dismiss(
    request: HttpRequest, week_id: UUID, alarm_id: UUID
) -> HttpResponse:
    """Dismiss a drift alarm with a reason."""
    try:
        dismiss_alarm(
            actor=actor_of(request),
            alarm_id=alarm_id,
            reason=request.POST.get("reason", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return _page(request, week_id, alarm_id, problems=wrong.fields, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
        return redirect("week_drift", week_id, alarm_id)
    messages.info(request, "The alarm is dismissed; the reason is kept with it.")
    return redirect(f"{reverse('week', args=[week_id])}#drift")


def _page(
    request: HttpRequest,
    week_id: UUID,
    alarm_id: UUID,
    *,
    problems: Any = None,
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    week = visible_week(actor, week_id)
    alarm, shown = alarm_seen(actor=actor, alarm_id=alarm_id)
    if alarm.workflow_id != week.workflow_id:
        raise NotFound("There is nothing here, or you may not see it.")
    may_assess = access.may(actor, access.ASSESS, week.workflow_id)
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (week.workflow.name, reverse("week", args=[week_id])),
            ("Drift alarm", ""),
        ],
        "week_id": week_id,
        "workflow": week.workflow.name,
        "slug": week.workflow.slug,
        "alarm": shown,
        "is_signed": week.state == "SIGNED",
        "may_assess": may_assess,
        "who_can_help": "" if may_assess else assessors(week),
        "kinds": KINDS,
        "owners": owners_for(workflow_id=week.workflow_id),
        "typed": request.POST
        or {"text": shown.text, "kind": _KIND_OF[shown.direction]},
        "reason": request.POST.get("reason", ""),
        "problems": problems or {},
    }
    return render(request, "runs/drift_alarm.html", context, status=status)
