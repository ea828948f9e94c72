"""Working time and review times: the organisation, its departments, single workflows.

Administrators only. Nothing here approves anything, so none of it is signed.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.actors import Actor, actor_of
from portal.accounts.queries import must_administrate
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Invalid
from portal.core.htmx import render
from registry.forms.timing import (
    CalendarForm,
    ReviewTimesForm,
    calendar_initial,
    times_initial,
)
from registry.operations.timing import (
    drop_calendar,
    drop_review_times,
    set_calendar,
    set_review_times,
)
from registry.queries.timing_pages import (
    ROLE_NAMES,
    Level,
    LevelPage,
    ladder_sentence,
    level_of,
    level_page,
    levels,
    preview_of,
)
from registry.rules.answers import Risk
from registry.rules.review_times import RUNGS
from registry.views.common import go

CALENDAR_KEYS = ("time_zone", "week", "country", "subdivision", "closed_days")
# What a calendar that does not exist yet is offered as.
OFFICE_HOURS = {f"day_{day}": "09:00\u201317:00" for day in range(5)}


@require_safe
def times(request: HttpRequest) -> HttpResponse:
    """List who has which working time and review times."""
    must_administrate(actor_of(request))
    shown = {
        "crumbs": [("Working time", "")],
        "lines": levels(),
    }
    return render(request, "registry/times.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def times_of(request: HttpRequest, level: str, slug: str) -> HttpResponse:
    """Show and change the working time and review times of one level."""
    actor = actor_of(request)
    must_administrate(actor)
    here = level_of(kind=level, slug=slug)
    page = level_page(here, today=timezone.localdate())
    change = request.POST.get("change", "")
    calendar = CalendarForm(
        request.POST if change in ("calendar", "preview") else None,
        initial=calendar_initial(page.own_calendar)
        if page.own_calendar
        else {"time_zone": timezone.get_current_timezone_name(), **OFFICE_HOURS},
    )
    own_times = ReviewTimesForm(
        request.POST if change == "times" else None,
        initial=times_initial(page.times, page.ladder),
    )
    if request.method == "POST":
        done = _change(request, actor, here, change, calendar, own_times)
        if done is not None:
            return done
    status = 422 if calendar.errors or own_times.errors else 200
    context = _context(here, page, calendar, own_times)
    if change == "preview" and not calendar.errors:
        context["tried"] = preview_of(_kept(calendar), today=timezone.localdate())
    return render(request, "registry/times_of.html", context, status=status)


def _change(
    request: HttpRequest,
    actor: Actor,
    level: Level,
    change: str,
    calendar: CalendarForm,
    own_times: ReviewTimesForm,
) -> HttpResponse | None:
    now = wall_clock()
    try:
        if change == "preview":
            calendar.is_valid()
            return None
        if change == "calendar" and calendar.is_valid():
            set_calendar(actor=actor, level=level, now=now, **_kept(calendar))
            said = f"The working time of {level.name} is kept."
        elif change == "times" and own_times.is_valid():
            set_review_times(
                actor=actor,
                level=level,
                times=own_times.times,
                ladder=own_times.rungs,
                now=now,
            )
            said = f"The review times of {level.name} are kept."
        elif change == "calendar_reset":
            drop_calendar(actor=actor, level=level, now=now)
            said = f"For {level.name} counts {level.above} again."
        elif change == "times_reset":
            drop_review_times(actor=actor, level=level, now=now)
            said = f"For {level.name} count {level.above} again."
        elif change in ("calendar", "times"):
            return None
        else:
            raise Invalid({"": "This form is not one of ours. Open it again."})
    except AlreadyDone as problem:
        said = problem.detail
    except Invalid as problem:
        form = own_times if change == "times" else calendar
        for name, text in problem.fields.items():
            form.add_error(name or None, text)
        return None
    return go(request, "times_of", level.kind, level.slug, said=said)


def _kept(calendar: CalendarForm) -> dict[str, Any]:
    said = calendar.cleaned_data
    return {key: said[key] for key in CALENDAR_KEYS}


def _context(
    level: Level, page: LevelPage, calendar: CalendarForm, own_times: ReviewTimesForm
) -> dict[str, Any]:
    return {
        "crumbs": [
            ("Working time", reverse("times")),
            (
                level.name.capitalize() if level.kind == "organisation" else level.name,
                "",
            ),
        ],
        "level": level,
        "page": page,
        "calendar": calendar,
        "own_times": own_times,
        "tried": None,
        "risks": [
            (
                risk.value,
                [
                    own_times[f"{risk.value}_{part}"]
                    for part in ("review", "escalation", "clock")
                ],
            )
            for risk in (Risk.HIGH, Risk.MEDIUM, Risk.LOW)
        ],
        "rungs": [(role, ROLE_NAMES[role]) for role in RUNGS],
        "chosen_rungs": own_times["ladder"].value() or [],
        "ladder_said": ladder_sentence(page.ladder),
    }
