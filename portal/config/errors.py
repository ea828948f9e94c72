"""What people and machines see when Django itself refuses a request.

Machines get `application/problem+json` with a stable code, people get a page in
the portal's own shell. Nothing here may raise.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal.config.problems import answer
from portal.core.errors import Forbidden, Malformed, NotFound, Problem

CSRF_SENTENCE = (
    "This form was open for too long, or it came from another site. "
    "Go back, reload the page and send it again."
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """This will answer a request that Django could not read."""
    return answer(request, Malformed("The request could not be read."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """This will answer who may see a thing and may not do it."""
    sentence = str(exception) if exception.args else "You may not do this."
    return answer(request, Forbidden(sentence))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """This will answer for what is not there, or not for this caller."""
    return answer(request, NotFound("There is nothing here that you may see."))


def server_error(request: HttpRequest) -> HttpResponse:
    """This will answer for our own mistake, which has been logged."""
    return answer(request, Problem("Something broke on our side; it has been logged."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """This will answer a form without its token."""
    return answer(request, Forbidden(CSRF_SENTENCE, code="csrf"))
