"""What happens around every request: a name for the log, and an end for sessions."""

from __future__ import annotations

import contextlib
import ipaddress
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse

from portal.config import metrics
from portal.core.ids import new_id

BEGAN_KEY = "began_at"
SEEN_KEY = "seen_at"
# Writing "seen" at every click would cost a write a click.
SEEN_EVERY_SECONDS = 60

type Responder = Callable[[HttpRequest], HttpResponse]


def bind_request_to_log(get_response: Responder) -> Responder:
    """This will give each request an id that its log lines and its answer carry."""

    def respond(request: HttpRequest) -> HttpResponse:
        request_id = str(new_id())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)
        started = time.perf_counter()
        response = get_response(request)
        metrics.count_request(
            request=request,
            status=response.status_code,
            seconds=time.perf_counter() - started,
        )
        response["X-Request-Id"] = request_id
        return response

    return respond


def believe_proxy(get_response: Responder) -> Responder:
    """This will take the caller's address from our own proxy's word.

    Only the last address counts: our proxy wrote it, and whatever stands before
    it was written by the caller.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        with contextlib.suppress(ValueError):
            request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(told))
        return get_response(request)

    return respond


def end_old_sessions(get_response: Responder) -> Responder:
    """This will sign people out after thirty idle minutes, or after twelve hours."""

    def respond(request: HttpRequest) -> HttpResponse:
        session = request.session
        if auth.SESSION_KEY in session:
            now = int(time.time())
            began = session.setdefault(BEGAN_KEY, now)
            seen = session.setdefault(SEEN_KEY, now)
            is_idle = now - seen > settings.SESSION_IDLE_SECONDS
            if is_idle or now - began > settings.SESSION_AGE_SECONDS_MAX:
                auth.logout(request)
            elif now - seen >= SEEN_EVERY_SECONDS:
                session[SEEN_KEY] = now
        return get_response(request)

    return respond
