"""Authority across workflows: who may do what, and the heat map."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Invalid
from portal.core.htmx import is_htmx, render
from portal.core.http import csv_response
from registry.operations.exporting import export_who_may
from registry.queries.heat import Heat, HeatMap, heat_for
from registry.queries.narrowing import ListFilter, filter_in
from registry.queries.who_may import (
    LEVELS,
    MayLine,
    all_who_may,
    question_of,
    system_names,
    who_may,
)
from registry.rules.asking import WhoMay
from registry.rules.verbs import VERBS, Tier
from registry.views.lists import address_of

ANSWER = "answer"
HEAT = "heat"
FIRST_VERB = "refund"
COLUMNS = (
    "workflow",
    "name",
    "department",
    "system",
    "verb",
    "authority",
    "limit",
    "decided_by",
    "decided_at_level",
    "why",
    "agents",
    "stopped",
)
HOW = (
    ("", "Whatever the answer"),
    ("may", "With or without a person"),
    ("allowed", "Without a person"),
    ("review", "After review"),
    ("never", "Never"),
)


@require_safe
def who_may_page(request: HttpRequest) -> HttpResponse:
    """Answer who may do something, in a sentence and workflow by workflow."""
    words = request.GET.get("q", "")[:100]
    return _page(request, *_asked(request.GET.dict()), words=words)


@require_POST
def who_may_export(request: HttpRequest) -> HttpResponseBase:
    """Give the answer as a file; that it was given is on record."""
    actor, now = actor_of(request), wall_clock()
    asked, authority = _asked(request.POST.dict())
    try:
        export_who_may(actor=actor, asked=asked, authority=authority, now=now)
    except Invalid as problem:
        return _page(request, asked, authority, problem=problem.fields[""])
    lines = all_who_may(actor=actor, asked=asked, authority=authority)
    name = f"who-may-{asked.verb}-{now:%Y-%m-%d-%H%M}.csv"
    return csv_response(name, COLUMNS, map(_cells, lines))


@require_safe
def heat_map(request: HttpRequest) -> HttpResponse:
    """Show how many workflows may do what in which system."""
    tier = filter_in(request.GET.dict()).tier
    found = heat_for(actor=actor_of(request), tier=tier)
    tabs = [
        {"key": "", "label": "By tier", "href": reverse("heat_map")},
        *(
            {
                "key": each.value,
                "label": f"Verbs that {each.value}",
                "href": f"{reverse('heat_map')}?tier={each.value}",
            }
            for each in Tier
        ),
    ]
    shown = {
        "crumbs": [("Workflows", reverse("workflows")), ("Heat map", "")],
        "tabs_shown": tabs,
        "tier": tier,
        "found": found,
        "cells": _hrefs(found),
    }
    return render(request, "registry/heat_map.html", shown, fragment=HEAT)


def _page(
    request: HttpRequest,
    asked: WhoMay,
    authority: str,
    *,
    words: str = "",
    problem: str = "",
) -> HttpResponse:
    actor = actor_of(request)
    question = question_of(words) if words else None
    asked = question or asked
    found = who_may(
        actor=actor,
        asked=asked,
        authority=authority,
        cursor=request.GET.get("cursor"),
    )
    pairs = _pairs(asked, authority)
    shown: dict[str, Any] = {
        "crumbs": [("Workflows", reverse("workflows")), ("Who may?", "")],
        "found": found,
        "pairs": pairs,
        "authority": authority,
        "words": words if question is None else "",
        "levels": LEVELS,
        "next_href": _beyond(pairs, found.next_cursor),
        "previous_href": _beyond(pairs, found.previous_cursor),
        "list_href": address_of(ListFilter(verb=asked.verb, system=asked.system)),
        "problem": problem,
    }
    if not is_htmx(request):
        shown |= {
            "verbs": [(verb.slug, verb.label) for verb in VERBS.values()],
            "systems": list(system_names().items()),
            "hows": HOW,
        }
    status = 422 if problem else 200
    response = render(
        request, "registry/who_may.html", shown, fragment=ANSWER, status=status
    )
    if is_htmx(request):
        response["HX-Push-Url"] = f"{reverse('who_may')}?{urlencode(pairs)}"
    return response


def _asked(said: dict[str, str]) -> tuple[WhoMay, str]:
    read = filter_in(said)
    authority = said.get("authority", "")
    known = {value for value, _ in HOW}
    return (
        WhoMay(read.verb or FIRST_VERB, read.system),
        authority if authority in known else "",
    )


def _pairs(asked: WhoMay, authority: str) -> dict[str, str]:
    said = {"verb": asked.verb, "system": asked.system, "authority": authority}
    return {name: value for name, value in said.items() if value}


def _beyond(pairs: dict[str, str], cursor: str | None) -> str:
    return f"?{urlencode(pairs | {'cursor': cursor})}" if cursor else ""


def _hrefs(found: HeatMap) -> dict[tuple[str, str], str]:
    """Give where each cell leads: to the list of the workflows that it counts."""
    return {
        (row.system, cell.key): _href(found.tier, row.system, cell)
        for row in found.rows
        for cell in row.cells
        if not cell.is_empty
    }


def _href(tier: str, system: str, cell: Heat) -> str:
    how = "may" if cell.allowed or cell.review else "never"
    if tier:
        return address_of(ListFilter(system=system, verb=cell.key, authority=how))
    return address_of(ListFilter(system=system, tier=cell.key, authority=how))


def _cells(line: MayLine) -> list[str]:
    stopped = (
        "paused" if line.is_paused else "a role is vacant" if line.is_vacant else ""
    )
    return [
        line.slug,
        line.workflow,
        line.department,
        line.system,
        line.verb,
        line.authority,
        line.limit,
        line.decided_by,
        line.level,
        line.why,
        line.agents,
        stopped,
    ]
