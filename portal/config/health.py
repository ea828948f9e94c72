"""Is it alive, is it ready, how is it doing: answers for machines that watch."""

from __future__ import annotations

import ipaddress
import secrets

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from portal.config import metrics
from runs.queries.partitions import partition_health


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """This will answer as long as the process can answer at all; touches nothing."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """This will say whether requests can be served: three queries, one ping.

    The broker carries only hints, so its absence is told and not fatal.
    """
    database = _database_state()
    is_ready = database == "ok"
    parts = {"database": database, "broker": _broker_state()}
    if is_ready:
        parts["partitions"] = _partitions_state()
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", **parts},
        status=200 if is_ready else 503,
        headers={} if is_ready else {"Retry-After": "1"},
    )


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """This will show the counts to a scraper with the token, or to this machine."""
    if not _may_scrape(request):
        raise Http404
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _database_state() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT to_regclass('django_migrations') IS NOT NULL",
            )
            (is_prepared,) = cursor.fetchone()
    except DatabaseError:
        return "unavailable"
    return "ok" if is_prepared else "not prepared"


def _partitions_state() -> str:
    """This will say whether events lie where they belong; an alarm, never fatal."""
    try:
        return partition_health().sentence or "ok"
    except DatabaseError:
        return "unknown"


def _broker_state() -> str:
    client = redis.Redis.from_url(
        settings.BROKER_URL, socket_timeout=1, socket_connect_timeout=1
    )
    try:
        client.ping()
    except redis.RedisError:
        return "unavailable"
    finally:
        client.close()
    return "ok"


def _may_scrape(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(
            given.encode("utf-8", "replace"), f"Bearer {token}".encode()
        )
    if request.headers.get("X-Forwarded-For"):
        return False
    address = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    return ipaddress.ip_address(address).is_loopback
