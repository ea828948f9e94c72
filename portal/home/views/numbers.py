"""Numbers: the table, one number opened, the rows behind it, and both as files."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.errors import NotFound
from portal.core.htmx import render
from portal.core.http import csv_response, json_response
from portal.home.exporting_numbers import CSV_HEAD, csv_rows, table_document
from portal.home.operations.baselines import keep_as_baseline
from portal.home.queries.kpis.figure import Side
from portal.home.queries.measured.opened import (
    NumberPage,
    all_rows,
    number_page,
    rows_page,
)
from portal.home.queries.measured.scopes import GROUPS, PERIODS, Asked
from portal.home.queries.measured.table import NumbersTable, numbers_table

LENGTH_MAX = 120
SIDES = (
    (Side.OVER, "Counted"),
    (Side.UNDER, "Counted of"),
    (Side.EXCLUDED, "Left out"),
)
ROWS_HEAD = ("what", "address", "value", "when", "note")


@require_safe
@costly
def numbers(request: HttpRequest) -> HttpResponse:
    """Show every number over the work and days that the address says."""
    shown = {
        "crumbs": [("Numbers", "")],
        "page": _table(request),
        "periods": PERIODS,
        "here": reverse("numbers"),
        "kept": [],
    }
    return render(request, "home/numbers.html", shown)


@require_safe
@costly
def numbers_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Give the table as CSV, a line a number, with every part of it."""
    return csv_response("numbers.csv", CSV_HEAD, csv_rows(_table(request)))


@require_safe
@costly
def numbers_json(request: HttpRequest) -> HttpResponse:
    """Give the table as JSON, with every part of each number."""
    return json_response(table_document(_table(request)))


@require_safe
@costly
def number(request: HttpRequest, key: str) -> HttpResponse:
    """Open one number: formula, parts, weeks, targets, and where its rows are."""
    now = wall_clock()
    start = request.GET.get("start", "")
    page = number_page(
        actor=actor_of(request),
        key=key,
        asked=asked_in(request),
        group=request.GET.get("by", ""),
        start=int(start) if start.isdecimal() and len(start) < 7 else 0,
        beside=request.GET.get("beside", "")[:LENGTH_MAX],
        today=timezone.localdate(now),
        now=now,
    )
    query = page.chosen.query
    shown = {
        "crumbs": [
            ("Numbers", reverse("numbers") + (f"?{query}" if query else "")),
            (page.kpi.label, ""),
        ],
        "page": page,
        "periods": PERIODS,
        "groups": GROUPS,
        "here": reverse("number", args=[key]),
        "carried": _pairs(page.chosen.asked),
        **_weeks(page),
    }
    return render(request, "home/number.html", shown)


@require_POST
def number_baseline(request: HttpRequest, key: str) -> HttpResponse:
    """Write what a number came to into the open draft as its baseline."""
    now = wall_clock()
    slug = keep_as_baseline(
        actor=actor_of(request),
        key=key,
        asked=asked_in(request),
        today=timezone.localdate(now),
        now=now,
    )
    messages.info(request, "It is in the draft now, and frozen once that is signed.")
    return redirect("draft_measures", slug)


@require_safe
def number_rows(request: HttpRequest, key: str) -> HttpResponse:
    """Show one page of the exact rows behind one side of a number."""
    side = request.GET.get("side", Side.OVER.value)
    page = rows_page(
        actor=actor_of(request),
        key=key,
        asked=asked_in(request),
        side=side,
        cursor=request.GET.get("cursor"),
        today=timezone.localdate(wall_clock()),
    )
    query = page.chosen.query
    back = reverse("number", args=[key]) + (f"?{query}" if query else "")
    more = f"&{query}" if query else ""
    here = reverse("number_rows", args=[key])
    shown = {
        "crumbs": [
            ("Numbers", reverse("numbers") + (f"?{query}" if query else "")),
            (page.kpi.label, back),
            ("Rows", ""),
        ],
        "page": page,
        "back": back,
        "said": f"side={page.side.value}{more}",
        "sides": [
            {
                "key": each.value,
                "label": label,
                "href": f"{here}?side={each.value}{more}",
            }
            for each, label in SIDES
        ],
    }
    return render(request, "home/number_rows.html", shown)


@require_safe
@costly
def number_rows_csv(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """Give the rows behind one side of a number as CSV, at most ten thousand."""
    actor = actor_of(request)
    page = rows_page(
        actor=actor,
        key=key,
        asked=asked_in(request),
        side=request.GET.get("side", Side.OVER.value),
        cursor=None,
        today=timezone.localdate(wall_clock()),
    )
    rows = all_rows(actor=actor, key=key, scope=page.chosen.scope, side=page.side)
    lines: Iterator[tuple[str, ...]] = (
        (
            row.title,
            row.href,
            row.shown,
            row.at.isoformat() if row.at else "",
            row.note,
        )
        for row in rows
    )
    return csv_response(f"{key}-{page.side.value}.csv", ROWS_HEAD, lines)


def asked_in(request: HttpRequest) -> Asked:
    """Read the work and the days that an address asks for."""
    said = request.GET
    texts = [said.get(name, "") for name in ("department", "phase", "period")]
    days = [said.get(name, "") for name in ("from", "to")]
    slugs = tuple(dict.fromkeys(each for each in said.getlist("workflow") if each))
    if any(len(each) > LENGTH_MAX for each in (*texts, *days, *slugs)):
        raise NotFound("There is nothing at this address.")
    # Whoever changes a day in the form and leaves the period means those days.
    was = said.get("was", "").split(" ")
    if len(was) == 3 and texts[2] == was[0] and all(days) and days != was[1:]:
        texts[2] = "days"
    return Asked(slugs, *texts, *days)


def _table(request: HttpRequest) -> NumbersTable:
    now = wall_clock()
    return numbers_table(
        actor=actor_of(request),
        asked=asked_in(request),
        today=timezone.localdate(now),
        now=now,
    )


def _pairs(asked: Asked) -> list[tuple[str, str]]:
    pairs = [("workflow", slug) for slug in asked.workflows]
    rest = {
        "department": asked.department,
        "phase": asked.phase,
        "period": asked.period,
        "from": asked.first if asked.period == "days" else "",
        "to": asked.last if asked.period == "days" else "",
    }
    return [*pairs, *((name, value) for name, value in rest.items() if value)]


def _weeks(page: NumberPage) -> dict[str, Any]:
    """Give the twelve weeks as the chart wants them."""
    figures = [figure for _, figure in page.weeks]
    return {
        "week_labels": [scope.first.strftime("%-d %b") for scope, _ in page.weeks],
        "week_lows": [each.low for each in figures],
        "week_highs": [each.high for each in figures],
        "week_overs": [f"{each.over.normalize():f}" for each in figures],
        "week_unders": [
            "–" if each.under is None else f"{each.under.normalize():f}"
            for each in figures
        ],
        "kept": [("beside", page.beside.series.slug)] if page.beside else [],
    }
