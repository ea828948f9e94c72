"""The journal: read, filter, open an entry, verify, export."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import Invalid
from portal.core.htmx import render
from portal.home.exporting import as_csv, as_json
from portal.home.operations.journal import export_journal
from portal.home.queries.journal import (
    EXPORT_MAX,
    Asked,
    asked_in,
    entry_for,
    journal_for,
    verify_for,
)

WRITERS = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
}


@require_safe
def journal(request: HttpRequest) -> HttpResponse:
    """Show one page of the journal, newest first."""
    asked = asked_in(request.GET)
    return _page(request, asked, cursor=request.GET.get("at"))


@require_safe
def journal_entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Show one entry: its facts, and what its place in the journal rests on."""
    shown = entry_for(actor=actor_of(request), entry_id=entry_id)
    crumbs = [("Journal", reverse("journal")), (shown.entry.line.name, "")]
    return render(
        request, "home/journal_entry.html", {"crumbs": crumbs, "shown": shown}
    )


@require_safe
def journal_verify(request: HttpRequest) -> HttpResponse:
    """Read the whole journal now, and show what the newest checkpoint states."""
    verified = verify_for(actor=actor_of(request))
    crumbs = [("Journal", reverse("journal")), ("Verify", "")]
    shown = {"crumbs": crumbs, "seal": verified.seal, "verdict": verified.verdict}
    return render(request, "home/journal_verify.html", shown)


@require_POST
def journal_export(request: HttpRequest) -> HttpResponse:
    """Give the filtered journal as a file; that it was given is on record."""
    asked = asked_in(request.POST)
    form = "json" if request.POST.get("form") == "json" else "csv"
    now = wall_clock()
    try:
        entries = export_journal(
            actor=actor_of(request), asked=asked, form=form, now=now
        )
    except Invalid as problem:
        return _page(request, asked, problems=problem.fields, status=422)
    write, content_type = WRITERS[form]
    response = HttpResponse(write(entries), content_type=content_type)
    name = f"journal-{now:%Y-%m-%d-%H%M}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _page(
    request: HttpRequest,
    asked: Asked,
    *,
    cursor: str | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    problems = dict(problems or {})
    actor, now = actor_of(request), wall_clock()
    try:
        page = journal_for(actor=actor, asked=asked, cursor=cursor, now=now)
    except Invalid as problem:
        problems |= problem.fields
        status = 422
        page = journal_for(actor=actor, asked=Asked(), cursor=None, now=now)
    shown = {
        "crumbs": [("Journal", "")],
        "page": page,
        "asked": asked,
        "carried": asked.pairs(),
        "problems": problems,
        "next_href": _href(asked, page.lines.next_cursor),
        "previous_href": _href(asked, page.lines.previous_cursor),
        "export_max": EXPORT_MAX,
    }
    return render(request, "home/journal.html", shown, status=status)


def _href(asked: Asked, cursor: str | None) -> str:
    if not cursor:
        return ""
    return f"{reverse('journal')}?{urlencode(asked.pairs() | {'at': cursor})}"
