"""What people and machines see when a request cannot be answered.

Machines get `application/problem+json` with a stable code, people get a page in
the portal's own shell. Nothing here may raise, and nothing here asks the database.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist

MACHINE_PATHS = ("/api/", "/v1/", "/access/", "/openai/", "/mcp", "/.well-known/")
PROBLEMS = {
    400: ("malformed", "The request could not be read."),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", "There is nothing here that you may see."),
    500: ("internal_error", "Something broke on our side; it has been logged."),
}
CSRF_SENTENCE = (
    "This form was open for too long, or it came from another site. "
    "Go back, reload the page and send it again."
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    sentence = str(exception) if exception.args else ""
    return _answer(request, status=403, sentence=sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, status=500)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, status=403, sentence=CSRF_SENTENCE)


def _answer(request: HttpRequest, *, status: int, sentence: str = "") -> HttpResponse:
    code, usual_sentence = PROBLEMS[status]
    detail = sentence or usual_sentence
    if request.path.startswith(MACHINE_PATHS):
        return problem(status=status, code=code, detail=detail)
    try:
        return render(
            request, f"errors/{status}.html", {"sentence": detail}, status=status
        )
    except TemplateDoesNotExist:
        return HttpResponse(detail, status=status, content_type="text/plain")


def problem(*, status: int, code: str, detail: str) -> HttpResponse:
    """This will return an RFC 9457 problem."""
    return JsonResponse(
        {
            "type": "about:blank",
            "title": usual_title(status),
            "status": status,
            "code": code,
            "detail": detail,
        },
        status=status,
        content_type="application/problem+json",
    )


def usual_title(status: int) -> str:
    """This will return the standard's own phrase for a status."""
    from http import HTTPStatus

    return HTTPStatus(status).phrase
