"""Backtests: begin one, watch it, read what came of it, hand it to the launch packet."""

from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from approvals.operations.backtesting import (
    ALL_DAYS,
    DAYS,
    ask_backtest,
    attach_backtest,
    cancel_backtest,
)
from approvals.queries.backtest_pages import (
    RowFilter,
    backtest_page,
    backtests_page,
    every_row,
    latest_of,
    rows_of,
)
from approvals.queries.backtest_summary import Summary
from approvals.queries.narrowing import is_plain
from approvals.rules.backtests import Change, Verdict
from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import is_htmx, render
from portal.core.http import csv_response

PROGRESS, ROWS, LATEST = "progress", "rows", "latest"
DAYS_SUGGESTED = 90
DAY_OPTIONS = (
    *((str(days), f"The last {days} days") for days in DAYS),
    (str(ALL_DAYS), "Everything since the first request"),
)
FILTER_FIELDS = ("change", "verdict", "verb", "system", "cause", "amount", "currency")
CSV_HEAD = (
    "asked at", "request", "verb", "system", "amount", "currency", "change",
    "answer of its day", "answer now", "answer with the other rulebook",
    "reason now", "reason with the other rulebook", "code now",
    "code with the other rulebook", "what became of it", "action",
)  # fmt: skip


@require_http_methods(["GET", "POST"])
def backtests(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin a backtest of the open version, and list the earlier ones."""
    actor = actor_of(request)
    errors: dict[str, str] = {}
    days = request.POST.get("days", str(DAYS_SUGGESTED))
    if request.method == "POST":
        try:
            begun = ask_backtest(
                actor=actor,
                slug=slug,
                days=int(days) if days.isdecimal() and len(days) < 5 else -1,
                now=wall_clock(),
            )
            return redirect("backtest", begun)
        except Invalid as problem:
            errors = dict(problem.fields) or {"": problem.detail}
        except Conflict as problem:
            errors = {"": problem.detail}
    page = backtests_page(actor=actor, slug=slug)
    shown = {
        "page": page,
        "errors": errors,
        "days": days,
        "day_options": DAY_OPTIONS,
        "crumbs": _crumbs(page.workflow.name, slug, "Backtests"),
    }
    status = 422 if errors else 200
    return render(request, "approvals/backtests.html", shown, status=status)


@require_GET
def backtest(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    """Show how far a backtest is, or what came of it and its rows."""
    page = backtest_page(actor=actor_of(request), backtest_id=backtest_id)
    head = page.head
    fragment = PROGRESS if "progress" in request.GET else ROWS
    if fragment == PROGRESS and not head.is_running and is_htmx(request):
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    wanted, errors = _filter_of(request.GET, page.summary)
    rows = None
    if page.summary is not None:
        rows = rows_of(
            actor=actor_of(request),
            backtest_id=backtest_id,
            wanted=wanted,
            cursor=request.GET.get("cursor"),
        )
    kept = _kept(request.GET)
    shown = {
        "page": page,
        "head": head,
        "summary": page.summary,
        "rows": rows,
        "wanted": wanted,
        "errors": errors,
        "amount": request.GET.get("amount", ""),
        "kept": kept.urlencode(),
        "kept_but_change": _without(kept, "change").urlencode(),
        "crumbs": [
            *_crumbs(head.workflow, head.slug, "Backtests", is_last=False),
            (f"Version {head.version_number} {head.period}", ""),
        ],
    }
    return render(request, "approvals/backtest.html", shown, fragment=fragment)


@require_POST
def stop(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    """Stop a backtest; one that was over already is shown as it is."""
    try:
        cancel_backtest(
            actor=actor_of(request), backtest_id=backtest_id, now=wall_clock()
        )
    except AlreadyDone as problem:
        messages.info(request, problem.detail)
    return redirect("backtest", backtest_id)


@require_POST
def attach(request: HttpRequest, backtest_id: UUID) -> HttpResponse:
    """Make a finished backtest part of what is signed."""
    try:
        attach_backtest(
            actor=actor_of(request), backtest_id=backtest_id, now=wall_clock()
        )
    except Conflict as problem:
        messages.warning(request, problem.detail)
    else:
        messages.info(request, "The backtest is part of what is signed now.")
    return redirect("backtest", backtest_id)


@require_GET
def rows_file(request: HttpRequest, backtest_id: UUID) -> StreamingHttpResponse:
    """Give the rows that are kept as a file, by the same filters as the page."""
    actor = actor_of(request)
    page = backtest_page(actor=actor, backtest_id=backtest_id)
    wanted, _ = _filter_of(request.GET, page.summary)
    lines = every_row(actor=actor, backtest_id=backtest_id, wanted=wanted)
    name = f"{page.head.slug}-v{page.head.version_number}-backtest.csv"
    return csv_response(
        name,
        CSV_HEAD,
        (
            (
                line.asked_at.isoformat(),
                line.headline,
                line.verb,
                line.system,
                "" if line.amount is None else f"{line.amount.normalize():f}",
                line.currency,
                line.change_words,
                line.answer_then,
                line.answer_before,
                line.answer_after,
                line.text_before,
                line.text_after,
                line.code_before,
                line.code_after,
                line.verdict_words,
                str(line.action_id),
            )
            for line in lines
        ),
    )


@require_GET
def latest(request: HttpRequest, slug: str) -> HttpResponse:
    """Say in a line what the newest backtest of the open version came to."""
    latest_one = latest_of(actor=actor_of(request), slug=slug)
    shown = {
        "latest_one": latest_one,
        "crumbs": _crumbs(latest_one.workflow.name, slug, "Newest backtest"),
    }
    return render(request, "approvals/backtest_of.html", shown, fragment=LATEST)


def _filter_of(
    said: QueryDict, summary: Summary | None
) -> tuple[RowFilter, dict[str, str]]:
    """Read the filters; a value that the result does not have is not asked for."""
    if summary is None:
        return RowFilter(), {}
    amount, errors = None, {}
    text = said.get("amount", "").strip().replace(",", "")
    if text:
        try:
            amount = Decimal(text) if len(text) <= 20 else None
        except InvalidOperation:
            amount = None
        if amount is None or not is_plain(amount):
            amount, errors = None, {"amount": "Write a number, such as 250."}
    currencies = {name for tile in summary.tiles for name, _ in tile.money}
    return (
        RowFilter(
            change=_one_of(said.get("change"), set(Change)),
            verdict=_one_of(said.get("verdict"), set(Verdict)),
            verb=_one_of(said.get("verb"), {each.key for each in summary.verbs}),
            system=_one_of(said.get("system"), {each.key for each in summary.systems}),
            cause=_one_of(said.get("cause"), {each.code for each in summary.causes}),
            amount_min=amount,
            currency=_one_of(said.get("currency"), currencies),
            with_same=not summary.changed,
        ),
        errors,
    )


def _one_of(value: str | None, known: set) -> str:
    return value if value is not None and value in known else ""


def _kept(said: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name in FILTER_FIELDS:
        if said.get(name):
            kept[name] = str(said[name])
    return kept


def _without(kept: QueryDict, name: str) -> QueryDict:
    fewer = kept.copy()
    fewer.pop(name, None)
    return fewer


def _crumbs(
    workflow: str, slug: str, last: str, *, is_last: bool = True
) -> list[tuple[str, str]]:
    return [
        ("Workflows", reverse("workflows")),
        (workflow, reverse("workflow", args=[slug])),
        (last, "" if is_last else reverse("backtests", args=[slug])),
    ]
