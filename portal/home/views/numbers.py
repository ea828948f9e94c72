"""Numbers: the table, and one number opened."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.htmx import render
from portal.home.queries.numbers import number_for, numbers_for


@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """Show every number over the workflows that this person may see, or over one."""
    slug = request.GET.get("workflow", "")
    page = numbers_for(
        actor=actor_of(request), today=wall_clock().date(), workflow=slug
    )
    shown = {"crumbs": [("Numbers", "")], "page": page, "carried": _carried(slug)}
    return render(request, "home/numbers.html", shown)


@require_safe
def number(request: HttpRequest, key: str) -> HttpResponse:
    """Open one number: formula, numerator, denominator, exclusions, parts, rows."""
    slug = request.GET.get("workflow", "")
    page = number_for(
        actor=actor_of(request), key=key, today=wall_clock().date(), workflow=slug
    )
    formula = page.number.formula
    rows = "&".join(part for part in (formula.asked, _carried(slug)) if part)
    shown = {
        "crumbs": [
            ("Numbers", f"{reverse('numbers')}?{_carried(slug)}"),
            (formula.label, ""),
        ],
        "page": page,
        "rows_href": f"{reverse(formula.place)}?{rows}",
    }
    return render(request, "home/number.html", shown)


def _carried(slug: str) -> str:
    return urlencode({"workflow": slug}) if slug else ""
