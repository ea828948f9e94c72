"""Answers every Problem in its caller's language, and counts who was denied.

Agents and tools get problem+json, people get a page with the same sentence, and a
person who is not signed in is led to the sign-in page. It decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import unquote

import structlog
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist

from portal.audit import denials
from portal.core.errors import Malformed, Problem, Unauthenticated, Unavailable
from portal.core.http import PROBLEM_TYPE, is_for_machines, problem_response

# 404 is the answer to an outsider, so it is a denial too.
DENIED = frozenset({401, 403, 404, 429})
# What a known agent gets wrong is counted too, so that its page can say what.
MISTAKEN = frozenset({400, 405, 409, 410, 413, 415, 422})
ANY_PROBLEM_TEMPLATE = "errors/400.html"
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
NUL = "\x00"
NUL_SENTENCE = "A text holds the character NUL, which nothing here can keep."
log = structlog.get_logger(__name__)

type Responder = Callable[[HttpRequest], HttpResponse]


class ProblemMiddleware:
    """Turns what a view raised into an answer; what is no Problem goes on its way."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # No text column can hold it, so it would be an error of ours further in.
        if NUL in request.path or NUL in unquote(request.META["QUERY_STRING"]):
            return answer(request, Malformed(NUL_SENTENCE))
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        """This will refuse a form that holds the character NUL."""
        is_form = request.content_type in FORM_TYPES and not is_for_machines(request)
        if request.method == "POST" and is_form and _holds_nul(request):
            return answer(request, Malformed(NUL_SENTENCE))
        return None

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """This will answer a Problem, or a database that is away."""
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("database.away", error=type(error).__name__)
            error = Unavailable(1)
        if not isinstance(error, Problem):
            return None
        return answer(request, error)


class DenialMiddleware:
    """Counts refused requests: one row per principal, code and minute."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        status = response.status_code
        is_told = status in MISTAKEN and getattr(request, "principal", None) is not None
        if status in DENIED or is_told:
            principal, code = getattr(request, "denied", None) or (
                _principal_of(request),
                _code_of(response),
            )
            denials.count(principal=principal, code=code, path=request.path)
        return response


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """This will show a Problem to a machine as JSON and to a person as a page."""
    if is_for_machines(request):
        return problem_response(problem)
    is_page = request.method in {"GET", "HEAD"}
    if isinstance(problem, Unauthenticated) and is_page:
        return redirect_to_login(request.get_full_path())
    who_can_help = str(problem.extra.get("who_can_help") or "")
    sentence = f"{problem.detail} {who_can_help}".strip()
    response = page(request, status=problem.status, sentence=sentence)
    retry_after = getattr(problem, "retry_after", None)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    response.problem_code = problem.code  # type: ignore[attr-defined]
    return response


def page(request: HttpRequest, *, status: int, sentence: str) -> HttpResponse:
    """This will render the page for a status; plain text where templates fail."""
    shown = {"sentence": sentence}
    for template in (f"errors/{status}.html", ANY_PROBLEM_TEMPLATE):
        try:
            return render(request, template, shown, status=status)
        except TemplateDoesNotExist:
            continue
    return HttpResponse(sentence, status=status, content_type="text/plain")


def _holds_nul(request: HttpRequest) -> bool:
    texts = (text for key, values in request.POST.lists() for text in (key, *values))
    names = (str(sent) for sent in request.FILES.values())
    return any(NUL in text for text in (*texts, *names))


def _principal_of(request: HttpRequest) -> str:
    agent = getattr(request, "principal", None)
    if agent is not None:
        return f"agent:{agent.agent_id}"
    person = getattr(request, "user", None)
    if person is not None and person.is_authenticated:
        return f"person:{person.pk}"
    return f"address:{request.META.get('REMOTE_ADDR') or 'unknown'}"


def _code_of(response: HttpResponse) -> str:
    told = getattr(response, "problem_code", "")
    if told:
        return str(told)
    if response.headers.get("Content-Type") == PROBLEM_TYPE:
        document = json.loads(response.content)
        return str(document.get("code", response.status_code))
    return f"http.{response.status_code}"
