"""What got in somebody's way: saying it from any page, answering it, the list."""

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
from portal.home.operations.feedback import (
    TEXT_MAX,
    answer_feedback,
    reopen_feedback,
    say_feedback,
)
from portal.home.queries.feedback import (
    VIEWS,
    about_page,
    feedback_list,
    feedback_page,
)

INVALID = 422
HERE = "What got in the way"


@require_safe
def feedback(request: HttpRequest) -> HttpResponse:
    """List what was said: to answer, answered, and by oneself."""
    found = feedback_list(
        actor=actor_of(request),
        view=request.GET.get("view", ""),
        cursor=request.GET.get("at"),
    )
    here = reverse("feedback")
    shown = {
        "crumbs": [(HERE, "")],
        "page": found,
        "choices": [
            {"key": key, "label": label, "href": f"{here}?view={key}"}
            for key, label in VIEWS.items()
            if found.answers_some or key == "mine"
        ],
        "next_href": _beyond(found.view, found.next_cursor),
        "previous_href": _beyond(found.view, found.previous_cursor),
    }
    return render(request, "home/feedback.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
def feedback_say(request: HttpRequest) -> HttpResponse:
    """Say what got in the way on the page that the address names."""
    typed = request.POST if request.method == "POST" else request.GET
    actor = actor_of(request)
    about = about_page(
        actor=actor, path=typed.get("about", ""), page=typed.get("called", "")
    )
    problems: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            say_feedback(
                actor=actor,
                path=about.path,
                page=about.page,
                text=typed.get("text", ""),
                now=wall_clock(),
            )
        except Invalid as wrong:
            problems, status = dict(wrong.fields), INVALID
        except Conflict as many:
            problems, status = {"text": many.detail}, 409
        else:
            messages.success(
                request, "Thank you. Whoever looks after this page is told."
            )
            return redirect(about.path)
    shown = {
        "crumbs": [(about.page, about.path), ("This got in my way", "")],
        "about": about,
        "typed": typed.get("text", ""),
        "problems": problems,
        "text_max": TEXT_MAX,
    }
    return render(request, "home/feedback_say.html", shown, status=status)


@require_safe
def feedback_one(request: HttpRequest, feedback_id: UUID) -> HttpResponse:
    """Show what was said with its answers."""
    return _page(request, feedback_id)


@require_POST
def feedback_answer(request: HttpRequest, feedback_id: UUID) -> HttpResponse:
    return _do(request, feedback_id, answer_feedback, "Your answer is sent.")


@require_POST
def feedback_reopen(request: HttpRequest, feedback_id: UUID) -> HttpResponse:
    return _do(request, feedback_id, reopen_feedback, "It waits for an answer again.")


def _do(request: HttpRequest, feedback_id: UUID, deed, said: str) -> HttpResponse:
    try:
        deed(
            actor=actor_of(request),
            feedback_id=feedback_id,
            text=request.POST.get("text", ""),
            now=wall_clock(),
        )
    except Invalid as wrong:
        return _page(request, feedback_id, dict(wrong.fields))
    except AlreadyDone as done:
        messages.info(request, done.detail)
    else:
        messages.info(request, said)
    return redirect("feedback_one", feedback_id)


def _page(
    request: HttpRequest, feedback_id: UUID, problems: dict[str, str] | None = None
) -> HttpResponse:
    page = feedback_page(actor=actor_of(request), feedback_id=feedback_id)
    shown = {
        "crumbs": [(HERE, reverse("feedback")), (page.line.page, "")],
        "page": page,
        "problems": problems or {},
        "typed": request.POST.get("text", ""),
        "text_max": TEXT_MAX,
    }
    status = INVALID if problems else 200
    return render(request, "home/feedback_one.html", shown, status=status)


def _beyond(view: str, cursor: str | None) -> str:
    return f"{reverse('feedback')}?view={view}&at={cursor}" if cursor else ""
