"""Refuses a form that is larger than any file read here, before a byte of it is kept.

Django spools uploaded files to disk before a view sees them; the length is known from
the first line on. What is refused is read and thrown away up to a bound, because a
browser shows no answer to a form that it could not finish sending.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.config.problems import answer
from portal.core.errors import TooLarge

FORM_BYTES_MAX = 21 * 1024 * 1024
THROWN_AWAY_BYTES_MAX = 256 * 1024 * 1024
THROWN_AWAY_SECONDS_MAX = 30
_CHUNK_BYTES = 1024 * 1024

type Responder = Callable[[HttpRequest], HttpResponse]


def refuse_large_bodies(get_response: Responder) -> Responder:
    """This will answer 413 to a form with files that is too large to be read."""

    def respond(request: HttpRequest) -> HttpResponse:
        told = request.META.get("CONTENT_LENGTH") or "0"
        length = int(told) if told.isdecimal() else 0
        is_form = request.content_type == "multipart/form-data"
        if not is_form or length <= FORM_BYTES_MAX:
            return get_response(request)
        _throw_away(request, length)
        return answer(
            request,
            TooLarge(
                f"What you sent has {length // 1024 // 1024:,} MiB; at most"
                f" {FORM_BYTES_MAX // 1024 // 1024 - 1} are read, and nothing of it was"
                " kept. Leave columns out, or split the file."
            ),
        )

    return respond


def _throw_away(request: HttpRequest, length: int) -> None:
    if length > THROWN_AWAY_BYTES_MAX:
        return
    ends = time.monotonic() + THROWN_AWAY_SECONDS_MAX
    try:
        while time.monotonic() < ends and request.read(_CHUNK_BYTES):
            pass
    except OSError:
        return
