"""Findings: the list across workflows, one with its history, and everything done about it."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from portal.accounts.actors import actor_of
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.htmx import render
from runs.operations.drafting import draft_change
from runs.operations.findings import (
    Shown,
    add_finding,
    close_finding,
    comment_finding,
    reassign_finding,
    redate_finding,
    reopen_finding,
)
from runs.queries.finding_lists import (
    KINDS,
    STATES,
    WHOSE,
    FindingsAsked,
    asked_in,
    findings_for,
    usual_due_day,
)
from runs.queries.finding_page import draft_from, finding_page
from runs.queries.reviewing import owners_for
from runs.queries.week_page.access import week_to_assess
from runs.views.reading import day_in, id_in

INVALID = 422
LIST = "finding_lines"
PREVIEW = "preview"


@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """List the findings, most urgent first."""
    asked = asked_in(request.GET.dict())
    page = findings_for(
        actor=actor_of(request),
        asked=asked,
        cursor=request.GET.get("at"),
        now=wall_clock(),
    )
    shown = {
        "crumbs": [("Weekly review", reverse("weeks")), ("Findings", "")],
        "page": page,
        "asked": asked,
        "kinds": KINDS,
        "states": list(STATES.items()),
        "whose": list(WHOSE.items()),
        "next_href": _beyond(asked, page.next_cursor),
        "previous_href": _beyond(asked, page.previous_cursor),
    }
    return render(request, "runs/findings.html", shown, fragment=LIST)


@require_safe
def finding(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """Show one finding, what was done about it, and what may be done now."""
    return _page(request, finding_id)


@require_POST
def finding_comment(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    said = "Your words stand in its history."
    text = request.POST.get("text", "")
    return _do(request, finding_id, "comment", comment_finding, said, text=text)


@require_POST
def finding_redate(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    said = "It is due on another day now."
    given = {
        "due_on": day_in(request.POST.get("due_on")),
        "reason": request.POST.get("reason", ""),
    }
    return _do(request, finding_id, "redate", redate_finding, said, **given)


@require_POST
def finding_reassign(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    said = "Its new owner is told."
    given = {
        "owner_id": id_in(request.POST.get("owner")),
        "reason": request.POST.get("reason", ""),
    }
    return _do(request, finding_id, "reassign", reassign_finding, said, **given)


@require_POST
def finding_close(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """Close a finding with what shows that it is done."""
    said = "The finding is closed."
    names = ("version", "run", "address")
    given = {
        "evidence": request.POST.get("evidence", ""),
        "shown": Shown(*(request.POST.get(name, "") for name in names)),
    }
    return _do(request, finding_id, "close", close_finding, said, **given)


@require_POST
def finding_reopen(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    said = "The finding is open again, and its owner is told."
    reason = request.POST.get("reason", "")
    return _do(request, finding_id, "reopen", reopen_finding, said, reason=reason)


@require_http_methods(["GET", "HEAD", "POST"])
def finding_draft(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """Show the change that a finding asks for, let it be adjusted, and draft it."""
    if request.method != "POST" or request.POST.get("go") != "draft":
        return _draft_page(request, finding_id)
    try:
        made = draft_change(
            actor=actor_of(request),
            finding_id=finding_id,
            way=request.POST.get("way", ""),
            given=request.POST.dict(),
            seen=request.POST.get("seen", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return _draft_page(request, finding_id, problems=wrong.fields, status=INVALID)
    except AlreadyDone as done:
        messages.info(request, done.detail)
        return redirect("finding", finding_id)
    except Conflict as lost:
        return _draft_page(request, finding_id, lost=lost, status=409)
    messages.info(request, f"Version {made.number} now says: {made.words}")
    address = reverse("workflow_draft", args=[made.slug])
    return redirect(f"{address}?{urlencode({'part': made.part})}#because")


@require_http_methods(["GET", "HEAD", "POST"])
def week_finding(request: HttpRequest, week_id: UUID) -> HttpResponse:
    """Add a finding about the whole week, or about the run that the form names.

    An address may fill in `kind`, `about` and `text` beforehand.
    """
    actor = actor_of(request)
    seen = week_to_assess(actor=actor, week_id=week_id)
    problems: dict[str, str] = {}
    typed = request.POST if request.method == "POST" else request.GET
    run_id = id_in(typed.get("run"))
    if request.method == "POST":
        try:
            add_finding(
                actor=actor,
                week_id=week_id,
                run_id=run_id,
                kind=typed.get("kind", ""),
                text=typed.get("text", ""),
                owner_id=id_in(typed.get("owner")),
                due_on=day_in(typed.get("due_on")),
                about=typed.get("about", ""),
                now=wall_clock(),
            )
        except Invalid as wrong:
            problems = dict(wrong.fields)
        else:
            messages.info(request, "The finding is kept until it is closed.")
            if run_id is not None:
                return redirect("review", week_id, run_id)
            return redirect(f"{reverse('week', args=[week_id])}#findings")
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            (seen.workflow.name, reverse("week", args=[week_id])),
            ("Add a finding", ""),
        ],
        "week_id": week_id,
        "run_id": run_id,
        "workflow": seen.workflow.name,
        "usual_due": usual_due_day(wall_clock()),
        "kinds": KINDS,
        "owners": owners_for(workflow_id=seen.workflow_id),
        "typed": typed,
        "problems": problems,
    }
    status = INVALID if problems else 200
    return render(request, "runs/week_finding.html", context, status=status)


def _do(
    request: HttpRequest,
    finding_id: UUID,
    form: str,
    deed: Callable[..., object],
    said: str,
    **given: object,
) -> HttpResponse:
    """Do one thing about a finding, and show the finding again."""
    actor, now = actor_of(request), wall_clock()
    try:
        deed(actor=actor, finding_id=finding_id, now=now, **given)
    except Invalid as wrong:
        return _page(
            request, finding_id, form=form, problems=wrong.fields, status=INVALID
        )
    except AlreadyDone as done:
        who = f" {done.extra['who']} did it." if done.extra.get("who") else ""
        messages.info(request, f"{done.detail}{who}")
    else:
        messages.info(request, said)
    return redirect("finding", finding_id)


def _page(
    request: HttpRequest,
    finding_id: UUID,
    *,
    form: str = "",
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = finding_page(
        actor=actor_of(request), finding_id=finding_id, now=wall_clock()
    )
    context: dict[str, Any] = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            ("Findings", reverse("findings")),
            (page.kind_word, ""),
        ],
        "finding": page,
        "owners": owners_for(workflow_id=page.workflow_id),
        "form_shown": form,
        "problems": problems or {},
        "typed": request.POST if form else {},
    }
    return render(request, "runs/finding.html", context, status=status)


def _draft_page(
    request: HttpRequest,
    finding_id: UUID,
    *,
    problems: Mapping[str, str] | None = None,
    lost: Conflict | None = None,
    status: int = 200,
) -> HttpResponse:
    typed = request.POST if request.method == "POST" else request.GET
    names = set(typed) - {"way", "csrfmiddlewaretoken", "go", "seen"}
    shown = draft_from(
        actor=actor_of(request),
        finding_id=finding_id,
        way=typed.get("way", ""),
        given={name: typed.get(name, "")[:2000] for name in names} or None,
        now=wall_clock(),
    )
    context = {
        "crumbs": [
            ("Weekly review", reverse("weeks")),
            ("Findings", reverse("findings")),
            (shown.finding.kind_word, reverse("finding", args=[finding_id])),
            ("Draft the change", ""),
        ],
        "shown": shown,
        "finding": shown.finding,
        "problems": {**shown.problems, **(problems or {})},
        "lost": lost,
    }
    return render(
        request, "runs/finding_draft.html", context, fragment=PREVIEW, status=status
    )


def _beyond(asked: FindingsAsked, cursor: str | None) -> str:
    if not cursor:
        return ""
    return f"{reverse('findings')}?{urlencode(asked.pairs() | {'at': cursor})}"
