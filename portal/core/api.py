"""What every API of the portal shares: strict bodies, and one shape for errors."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from pydantic import ConfigDict

from portal.core import strict_json
from portal.core.errors import (
    Invalid,
    Malformed,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from portal.core.http import problem_response

FIELDS_TOLD_MAX = 20
log = structlog.get_logger(__name__)


class StrictSchema(Schema):
    """A body whose unknown fields are refused and whose texts are taken as they are."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class StrictParser(Parser):
    """Reads bodies as strict I-JSON; see `portal.core.strict_json`."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        return body_of(request)


def body_of(
    request: HttpRequest, *, bytes_max: int = strict_json.ACTION_BYTES_MAX
) -> dict[str, Any]:
    """Read a request's JSON object. Raises Malformed, TooLarge or UnsupportedMedia."""
    if request.content_type != "application/json":
        raise UnsupportedMedia("Send the body as application/json.")
    if int(request.headers.get("Content-Length") or 0) > bytes_max:
        raise TooLarge(f"At most {bytes_max} bytes are read here.")
    return strict_json.parse_object(request.body, bytes_max=bytes_max)


def install_problem_handlers(api: NinjaAPI) -> None:
    """Make every failure of an API a Problem; nothing a client sends makes a 500."""
    for kind in _MEANINGS:
        api.add_exception_handler(kind, _answer)  # type: ignore[arg-type]


def _answer(request: HttpRequest, error: Exception) -> HttpResponse:
    for kind, meaning in _MEANINGS.items():
        if isinstance(error, kind):
            return problem_response(meaning(error))
    raise error


def _http_problem(error: HttpError) -> Problem:
    # ninja wraps what the parser raised; the cause knows better what is wrong.
    cause = error.__cause__
    if isinstance(cause, Problem):
        return cause
    if isinstance(cause, RequestDataTooBig):
        return TooLarge("The body is larger than is read here.")
    problem = Malformed(str(error))
    problem.status = error.status_code
    return problem


def _database_problem(error: Exception) -> Problem:
    log.warning("database.away", error=type(error).__name__)
    return Unavailable(1)


_MEANINGS: dict[type[Exception], Callable[[Any], Problem]] = {
    Problem: lambda problem: problem,
    ValidationError: lambda error: Invalid(_fields_of(error)),
    AuthenticationError: lambda _: Unauthenticated(
        "Send your key as: Authorization: Bearer cs_…"
    ),
    HttpError: _http_problem,
    Http404: lambda _: NotFound("There is nothing at this address."),
    RequestDataTooBig: lambda _: TooLarge("The body is larger than is read here."),
    OperationalError: _database_problem,
    InterfaceError: _database_problem,
}


def _fields_of(error: ValidationError) -> dict[str, str]:
    fields = {}
    for item in error.errors[:FIELDS_TOLD_MAX]:
        place = [str(part) for part in item.get("loc", ())]
        # ("body", "data", "action", "verb"): the first two name ninja's own parameter.
        name = ".".join(place[2:] or place[1:] or place)
        fields[name or "body"] = str(item.get("msg", "is wrong"))
    return fields
