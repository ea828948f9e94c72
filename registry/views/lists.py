"""The registry list: narrowed, sorted, kept as views, and taken out as a file."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import Actor, actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Invalid
from portal.core.htmx import is_htmx, render
from portal.core.http import csv_response
from registry.operations.exporting import EXPORT_MAX, export_workflows
from registry.queries.listing import (
    WorkflowLine,
    all_lines,
    choices_for,
    workflows_for,
)
from registry.queries.narrowing import (
    AUTHORITIES,
    PHASES,
    RISKS,
    SORTS,
    STATES,
    TIERS,
    VACANCIES,
    ListFilter,
    filter_in,
)
from registry.queries.saved_views import default_view, views_for
from registry.queries.who_may import question_of, who_may_sentence
from registry.rules.asking import WhoMay
from registry.rules.verbs import VERBS

LINES = "workflow_lines"
COLUMNS = (
    "workflow",
    "name",
    "purpose",
    "department",
    "business_owner",
    "vacant_roles",
    "state",
    "live_version",
    "open_version",
    "phase",
    "risk",
)
# The columns that sort, with the order that the next press asks for.
_HEADS = (
    ("Workflow", "name", ""),
    ("State", "", ""),
    ("Owner", "", ""),
    ("Department", "department", ""),
    ("Phase", "phase", "-phase"),
    ("Risk", "risk", ""),
)


@require_safe
def workflows(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if not request.GET and not is_htmx(request):
        kept = default_view(actor=actor)
        if kept is not None:
            return redirect(address_of(kept.asked, view=str(kept.id)))
    asked = filter_in(request.GET.dict())
    question = question_of(asked.q)
    if question is not None and not is_htmx(request):
        return redirect(question_address(question))
    return _page(request, actor, asked, question)


@require_POST
def workflows_export(request: HttpRequest) -> HttpResponseBase:
    """Give the narrowed list as a file; that it was given is on record."""
    actor, now = actor_of(request), wall_clock()
    asked = filter_in(request.POST.dict())
    try:
        export_workflows(actor=actor, asked=asked, now=now)
    except Invalid as problem:
        return _page(request, actor, asked, None, problem=problem.fields[""])
    rows = (_cells(line) for line in all_lines(actor=actor, asked=asked))
    return csv_response(f"workflows-{now:%Y-%m-%d-%H%M}.csv", COLUMNS, rows)


def address_of(asked: ListFilter, **more: str) -> str:
    """Give the address of the list narrowed like this; it never says nothing."""
    return (
        f"{reverse('workflows')}?{urlencode(asked.pairs() | more or {'view': 'all'})}"
    )


def question_address(question: WhoMay) -> str:
    said = {"verb": question.verb, "system": question.system}
    pairs = {name: value for name, value in said.items() if value}
    return f"{reverse('who_may')}?{urlencode(pairs)}"


def options() -> dict[str, Any]:
    """Give what the lists of a filter offer that are the same for everybody."""
    return {
        "states": STATES,
        "phases": PHASES,
        "risks": RISKS,
        "tiers": TIERS,
        "authorities": AUTHORITIES,
        "vacancies": VACANCIES,
        "sorts": [(key, label) for key, (label, _) in SORTS.items()],
        "verbs": [(verb.slug, verb.label) for verb in VERBS.values()],
    }


def _page(
    request: HttpRequest,
    actor: Actor,
    asked: ListFilter,
    question: WhoMay | None,
    *,
    problem: str = "",
) -> HttpResponse:
    found = workflows_for(actor=actor, asked=asked, cursor=request.GET.get("cursor"))
    shown: dict[str, Any] = {
        "crumbs": [("Workflows", "")],
        "found": found,
        "asked": asked,
        "pairs": asked.pairs(),
        "chips": [(chip, address_of(filter_in(chip.without))) for chip in found.chips],
        "columns": _columns(asked),
        "clear_href": address_of(ListFilter(sort=asked.sort)),
        "next_href": _beyond(asked, found.next_cursor),
        "previous_href": _beyond(asked, found.previous_cursor),
        "answer": _answer(actor, question),
        "problem": problem,
        "export_max": EXPORT_MAX,
        **_views(actor, asked),
    }
    if not is_htmx(request):
        shown |= options() | _choices(actor) | {"more_open": _is_more(asked)}
    response = render(
        request,
        "registry/workflows.html",
        shown,
        fragment=LINES,
        status=422 if problem else 200,
    )
    if is_htmx(request):
        # The address that can be shared, without the fields that say nothing.
        response["HX-Push-Url"] = address_of(asked)
    return response


def _choices(actor: Actor) -> dict[str, Any]:
    choices = choices_for(actor=actor)
    return {
        "departments": [(each.value, each.label) for each in choices.departments],
        "owners": [(each.value, each.label) for each in choices.owners],
        "systems": [(each.value, each.label) for each in choices.systems],
    }


def _is_more(asked: ListFilter) -> bool:
    """Say whether a filter is in use that the first row does not show."""
    return bool(set(asked.pairs()) - {"q", "state", "department", "verb", "system"})


def _answer(actor: Actor, question: WhoMay | None) -> tuple[str, str] | None:
    if question is None:
        return None
    sentence = who_may_sentence(actor=actor, asked=question)
    return sentence, question_address(question)


def _views(actor: Actor, asked: ListFilter) -> dict[str, Any]:
    kept = views_for(actor=actor)
    current = next((line.id for line in kept if line.asked == asked), None)
    return {
        "views": [(line, address_of(line.asked, view=str(line.id))) for line in kept],
        "current_view": current,
        "all_href": address_of(ListFilter()),
        "is_everything": asked == ListFilter(),
    }


def _columns(asked: ListFilter) -> list[Any]:
    columns: list[Any] = []
    for label, first, second in _HEADS:
        if not first:
            columns.append(label)
            continue
        now = asked.sort or "name"
        order = second if now == first and second else first
        pairs = asked.pairs() | {"sort": order}
        is_down = now.startswith("-") or now == "risk"
        columns.append(
            {
                "label": label,
                "href": address_of(filter_in(pairs)),
                "sort": ("desc" if is_down else "asc")
                if now in (first, second)
                else "",
            }
        )
    return columns


def _beyond(asked: ListFilter, cursor: str | None) -> str:
    return address_of(asked, cursor=cursor) if cursor else ""


def _cells(line: WorkflowLine) -> list[str]:
    return [
        line.slug,
        line.name,
        line.purpose,
        line.department,
        line.owner or "",
        "; ".join(line.vacant),
        line.state_word,
        str(line.live_number or ""),
        str(line.open_number or ""),
        str(line.phase),
        line.risk,
    ]
