"""Change logs of systems that cannot post: upload, match the columns, look, take in."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts.actors import actor_of
from portal.accounts.costly import costly
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Invalid
from portal.core.htmx import render
from portal.core.http import csv_response
from registry.queries.inventory_files import too_large
from registry.rules.inventory import COLUMNS_MAX, FILE_BYTES_MAX, ROWS_MAX
from registry.rules.inventory_text import DELIMITERS, ENCODINGS
from runs.operations.change_logs import check_log, discard_log, send_log, take_in_log
from runs.queries.change_log_columns import ZONES, Wanted, columns_page
from runs.queries.change_logs import (
    STATUSES,
    log_head,
    logs_for,
    report_of,
    systems_to_pick,
    whole_report,
)
from runs.rules.change_log import MEANINGS, ORDERS

PROGRESS = "log_progress"
REPORT_HEAD = ("line", "what became of it", "change", "reason", "run", "incident")
_CRUMBS = (
    ("Runs", "runs"),
    ("Incidents", "incidents"),
    ("Change logs", "change_imports"),
)


@require_http_methods(["GET", "POST"])
@costly
def change_imports(request: HttpRequest) -> HttpResponse:
    """List the change logs, and take a new one in."""
    actor = actor_of(request)
    found = logs_for(actor)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            log_id = _taken_in(request)
        except (Invalid, Conflict) as problem:
            errors = _errors_of(problem)
        else:
            return redirect("change_import_columns", log_id)
    shown = {
        "crumbs": _crumbs(),
        "errors": errors,
        "found": found,
        "systems": systems_to_pick(),
        "chosen": request.POST.get("source", ""),
        "bytes_max": FILE_BYTES_MAX,
        "rows_max": ROWS_MAX,
    }
    return render(
        request, "runs/change_logs.html", shown, status=422 if errors else 200
    )


@require_http_methods(["GET", "POST"])
@costly
def change_import_columns(request: HttpRequest, log_id: UUID) -> HttpResponse:
    """Say what each column means, and check every row."""
    actor = actor_of(request)
    head = log_head(actor=actor, import_id=log_id)
    if head.is_sent:
        return redirect("change_import", log_id)
    is_check = request.method == "POST"
    page = columns_page(
        actor=actor,
        import_id=log_id,
        wanted=_wanted(request) if is_check else None,
        now=wall_clock(),
    )
    errors = dict(page.problems)
    if is_check and not errors:
        try:
            check_log(
                actor=actor,
                import_id=log_id,
                reading=page.reading,
                mapping=page.mapping,
                choices=page.choices,
                now=wall_clock(),
            )
        except (Invalid, Conflict) as problem:
            errors = _errors_of(problem)
        else:
            return redirect("change_import", log_id)
    shown = {
        "crumbs": _crumbs(head.file_name),
        "head": head,
        "page": page,
        "errors": errors if is_check or page.read is None else {},
        "meanings": list(MEANINGS.items()),
        "orders": list(ORDERS.items()),
        "zones": [(each, each) for each in ZONES],
        "encodings": list(ENCODINGS.items()),
        "delimiters": list(DELIMITERS.items()),
    }
    return render(
        request,
        "runs/change_log_columns.html",
        shown,
        status=422 if is_check else 200,
    )


@require_GET
def change_import(request: HttpRequest, log_id: UUID) -> HttpResponse:
    """Show what becomes of every row, before and after they are taken in."""
    actor = actor_of(request)
    head = log_head(actor=actor, import_id=log_id)
    if head.state == "UPLOADED":
        return redirect("change_import_columns", log_id)
    status = request.GET.get("status", "")
    shown = {
        "crumbs": _crumbs(head.file_name),
        "head": head,
        "report": report_of(
            actor=actor,
            import_id=log_id,
            status=status,
            cursor=request.GET.get("cursor"),
        ),
        "status": status,
        "statuses": [
            (value, word, head.counts[value])
            for value, word in STATUSES.items()
            if head.counts.get(value)
        ],
    }
    return render(request, "runs/change_log.html", shown, fragment=PROGRESS)


@require_GET
def change_import_report(request: HttpRequest, log_id: UUID) -> StreamingHttpResponse:
    """Give every row and what became of it as a file in which nothing runs."""
    lines = whole_report(actor=actor_of(request), import_id=log_id)
    return csv_response(
        "change-log-report.csv",
        REPORT_HEAD,
        (
            (
                str(line.line),
                line.status_word,
                line.what,
                line.reason,
                reverse("run", args=[line.run_id]) if line.run_id else "",
                reverse("incident", args=[line.incident_id])
                if line.incident_id
                else "",
            )
            for line in lines
        ),
    )


@require_POST
def change_import_send(request: HttpRequest, log_id: UUID) -> HttpResponse:
    """Take the ready rows in."""
    count = send_log(actor=actor_of(request), import_id=log_id, now=wall_clock())
    messages.info(request, f"{count:,} changes are taken in and being matched.")
    return redirect("change_import", log_id)


@require_POST
def change_import_discard(request: HttpRequest, log_id: UUID) -> HttpResponse:
    """Throw a log away from which nothing was taken in."""
    discard_log(actor=actor_of(request), import_id=log_id)
    messages.info(request, "The file was discarded.")
    return redirect("change_imports")


def _taken_in(request: HttpRequest) -> UUID:
    file = request.FILES.get("file")
    try:
        source_id = UUID(request.POST.get("source", ""))
    except ValueError:
        problem = "Choose the system of record whose log this is."
        raise Invalid({"source": problem}) from None
    if file is None or not file.name:
        raise Invalid({"file": "Choose a file."})
    if (file.size or 0) > FILE_BYTES_MAX:
        raise Invalid({"file": too_large(file.size or 0)})
    return take_in_log(
        actor=actor_of(request),
        source_id=source_id,
        file_name=file.name,
        data=file.read(),
        now=wall_clock(),
    )


def _wanted(request: HttpRequest) -> Wanted:
    sent = request.POST
    line = sent.get("header_line", "")
    return Wanted(
        mapping={
            index: sent[f"column_{index}"]
            for index in range(COLUMNS_MAX)
            if f"column_{index}" in sent
        },
        system=sent.get("system", "").strip()[:200],
        zone=sent.get("zone", ""),
        order=sent.get("order", ""),
        encoding=sent.get("encoding", ""),
        delimiter=sent.get("delimiter", ""),
        sheet=sent.get("sheet", "")[:100],
        header_line=int(line) if line.isdecimal() and len(line) < 7 else 0,
    )


def _errors_of(problem: Invalid | Conflict) -> dict[str, str]:
    if isinstance(problem, Invalid):
        return dict(problem.fields)
    return {"": problem.detail}


def _crumbs(last: str = "") -> list[tuple[str, Any]]:
    crumbs = [(label, reverse(name)) for label, name in _CRUMBS]
    return [*crumbs, (last, "")] if last else [*crumbs[:-1], (crumbs[-1][0], "")]
