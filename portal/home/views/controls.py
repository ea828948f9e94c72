"""Controls of laws and standards: which records here are their evidence."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.crumbs import in_programme
from portal.core.errors import Invalid
from portal.core.htmx import render
from portal.home.operations.controls import export_evidence
from portal.home.queries.controls.mapping import (
    FrameworkPage,
    controls_page,
    framework_page,
)

DAY_LENGTH_MAX = 10
HERE = "Laws and standards"


@require_safe
def controls(request: HttpRequest) -> HttpResponse:
    """List the frameworks with how many of their controls have records."""
    now = wall_clock()
    page = controls_page(
        actor=actor_of(request),
        first=_day(request.GET.get("from")),
        last=_day(request.GET.get("until")),
        today=timezone.localdate(now),
        now=now,
    )
    return render(
        request,
        "home/controls.html",
        {"crumbs": in_programme((HERE, "")), "page": page},
    )


@require_safe
def control_framework(request: HttpRequest, key: str) -> HttpResponse:
    """Show one framework with the evidence of each control."""
    page = _page(request, key, request.GET.get("from"), request.GET.get("until"))
    return _shown(request, page)


@require_POST
@costly
def control_export(request: HttpRequest, key: str) -> HttpResponse:
    """Give the evidence pack of a framework; that it was taken is on record."""
    now = wall_clock()
    page = _page(request, key, request.POST.get("from"), request.POST.get("until"))
    try:
        taken = export_evidence(actor=actor_of(request), page=page, now=now)
    except Invalid as problem:
        return _shown(request, page, problems=dict(problem.fields))
    response = HttpResponse(taken.data, content_type="application/zip")
    name = f"evidence-{key}-{page.days.first}-{page.days.last}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _page(
    request: HttpRequest, key: str, first: str | None, last: str | None
) -> FrameworkPage:
    now = wall_clock()
    return framework_page(
        actor=actor_of(request),
        key=key,
        first=_day(first),
        last=_day(last),
        today=timezone.localdate(now),
        now=now,
    )


def _shown(
    request: HttpRequest, page: FrameworkPage, problems: dict[str, str] | None = None
) -> HttpResponse:
    shown = {
        "crumbs": in_programme(
            (HERE, f"{reverse('controls')}?{page.days.query}"),
            (page.framework.name, ""),
        ),
        "page": page,
        "problems": {**page.problems, **(problems or {})},
    }
    status = 422 if problems else 200
    return render(request, "home/control_framework.html", shown, status=status)


def _day(text: str | None) -> str:
    return (text or "").strip()[:DAY_LENGTH_MAX]
