"""Imported series: the list, one with its points, and bringing a file."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from portal.core.http import csv_response
from registry.queries.inventory_files import too_large
from registry.rules.inventory import COLUMNS_MAX, FILE_BYTES_MAX
from runs.operations.series import (
    add_series,
    discard_import,
    take_points,
    undo_import,
    upload_points,
)
from runs.queries.series import (
    all_points,
    all_series,
    imports_of,
    may_manage,
    must_be_importer,
    must_manage,
    points_of,
    series_choices,
    series_named,
)
from runs.queries.series_import import SHOWN_MAX, WORDS, import_page, meanings
from runs.rules.series import ORDERS, ROWS_MAX

POINTS_HEAD = ("on", "value", "n", "workflow", "brought_at", "state")


@require_http_methods(["GET", "POST"])
def series(request: HttpRequest) -> HttpResponse:
    """List the series; administrators and the risk team add one."""
    actor = actor_of(request)
    errors: dict[str, str] = {}
    if request.method == "POST":
        must_manage(actor)
        try:
            slug = _added(request)
        except (Invalid, Conflict) as problem:
            errors = _errors_of(problem)
        else:
            messages.info(
                request, "Added. Bring its first points by a file or the API."
            )
            return redirect("series_one", slug)
    shown = {
        "crumbs": [*_crumbs()[:-1], ("Imported series", "")],
        "found": all_series(actor=actor),
        "may_manage": may_manage(actor),
        "choices": series_choices() if may_manage(actor) else None,
        "errors": errors,
        "said": request.POST,
    }
    return render(request, "runs/series.html", shown, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@costly
def series_one(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one series with its points and imports, and take a file of points in."""
    actor = actor_of(request)
    head = series_named(actor=actor, slug=slug)
    errors: dict[str, str] = {}
    if request.method == "POST":
        must_be_importer(actor=actor, slug=slug)
        try:
            import_id = _uploaded(request, slug)
        except (Invalid, Conflict) as problem:
            errors = _errors_of(problem)
        else:
            return redirect("series_import", slug, import_id)
    shown = {
        "crumbs": _crumbs(head.name),
        "head": head,
        "points": points_of(actor=actor, slug=slug, cursor=request.GET.get("cursor")),
        "imports": imports_of(slug=slug) if head.may_import else (),
        "errors": errors,
        "bytes_max": FILE_BYTES_MAX,
        "rows_max": ROWS_MAX,
    }
    return render(request, "runs/series_one.html", shown, status=422 if errors else 200)


@require_GET
def series_points(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Give every point that one may see as CSV, replaced ones too."""
    lines = all_points(actor=actor_of(request), slug=slug)
    return csv_response(
        f"{slug}.csv",
        POINTS_HEAD,
        (
            (
                line.on.isoformat(),
                f"{line.value.normalize():f}",
                str(line.n),
                line.workflow,
                line.at.isoformat(),
                line.state,
            )
            for line in lines
        ),
    )


@require_http_methods(["GET", "POST"])
@costly
def series_import(request: HttpRequest, slug: str, brought_id: UUID) -> HttpResponse:
    """Match the columns and look at every row; then take the rows in."""
    actor = actor_of(request)
    now = wall_clock()
    wanted = _wanted(request) if request.method == "POST" else None
    page = import_page(
        actor=actor, slug=slug, import_id=brought_id, wanted=wanted, now=now
    )
    errors = dict(page.problems) if wanted is not None else {}
    if wanted is not None and request.POST.get("act") == "take" and not errors:
        try:
            brought = take_points(
                actor=actor,
                slug=slug,
                import_id=brought_id,
                mapping=page.mapping,
                order=page.order,
                now=now,
            )
        except Conflict as problem:
            errors = _errors_of(problem)
        else:
            messages.info(
                request,
                f"{_points(brought.added)} added, {brought.corrected:,} corrected.",
            )
            return redirect("series_import", slug, brought_id)
    shown = {
        "crumbs": _crumbs(page.name, page.file_name, slug=slug),
        "page": page,
        "report": page.report[:SHOWN_MAX],
        "words": WORDS,
        "meanings": meanings(),
        "orders": list(ORDERS.items()),
        "errors": errors,
    }
    return render(
        request, "runs/series_import.html", shown, status=422 if errors else 200
    )


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count:,} points"


@require_POST
def series_undo(request: HttpRequest, slug: str, brought_id: UUID) -> HttpResponse:
    """Let what an import brought no longer count."""
    count = undo_import(
        actor=actor_of(request), slug=slug, import_id=brought_id, now=wall_clock()
    )
    verb = "counts" if count == 1 else "count"
    messages.info(
        request, f"{_points(count)} no longer {verb}; earlier ones count again."
    )
    return redirect("series_one", slug)


@require_POST
def series_discard(request: HttpRequest, slug: str, brought_id: UUID) -> HttpResponse:
    """Throw a file away from which nothing was taken in."""
    discard_import(actor=actor_of(request), slug=slug, import_id=brought_id)
    messages.info(request, "The file was discarded.")
    return redirect("series_one", slug)


def _added(request: HttpRequest) -> str:
    said = request.POST
    ids = {}
    for name in ("keeper", "agent"):
        try:
            ids[name] = UUID(said[name]) if said.get(name) else None
        except ValueError:
            raise Invalid({name: "Choose one of the list."}) from None
    name = said.get("name", "")[:200]
    return add_series(
        actor=actor_of(request),
        slug=slugify(name)[:64],
        name=name,
        source=said.get("source", "")[:200],
        unit=said.get("unit", "")[:60],
        better=said.get("better", ""),
        sums=said.get("sums", ""),
        keeper_id=ids["keeper"],
        agent_id=ids["agent"],
        now=wall_clock(),
    )


def _uploaded(request: HttpRequest, slug: str) -> UUID:
    file = request.FILES.get("file")
    if file is None or not file.name:
        raise Invalid({"file": "Choose a file."})
    if (file.size or 0) > FILE_BYTES_MAX:
        raise Invalid({"file": too_large(file.size or 0)})
    return upload_points(
        actor=actor_of(request),
        slug=slug,
        file_name=file.name,
        data=file.read(),
        how="file",
        now=wall_clock(),
    )


def _wanted(request: HttpRequest) -> dict[str, Any]:
    sent = request.POST
    return {
        "mapping": {
            at: sent[f"column_{at}"]
            for at in range(COLUMNS_MAX)
            if f"column_{at}" in sent
        },
        "order": sent.get("order", ""),
    }


def _errors_of(problem: Invalid | Conflict) -> dict[str, str]:
    if isinstance(problem, Invalid):
        return dict(problem.fields)
    return {"": problem.detail}


def _crumbs(*last: str, slug: str = "") -> list[tuple[str, str]]:
    crumbs = [("Numbers", "/numbers/"), ("Imported series", reverse("series"))]
    for at, each in enumerate(last):
        is_last = at == len(last) - 1
        crumbs.append((each, "" if is_last else reverse("series_one", args=[slug])))
    return crumbs
