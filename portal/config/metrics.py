"""What /metrics shows: how many requests, how long, how they ended.

Labels are route names, never paths, ids or people: few values, no secrets.
"""

from __future__ import annotations

import os
from http import HTTPStatus

from django.db import DatabaseError
from django.http import HttpRequest
from prometheus_client import REGISTRY as OWN_REGISTRY
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

from runs.queries.partitions import partition_health

REQUESTS = Counter(
    "countersign_requests", "Requests answered.", ["route", "method", "status"]
)
SECONDS = Histogram(
    "countersign_request_seconds",
    "Seconds from request to answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(*, request: HttpRequest, status: int, seconds: float) -> None:
    """This will add one request to the counts."""
    match = request.resolver_match
    route = match.route if match else "unknown"
    method = request.method if request.method in METHODS else "OTHER"
    REQUESTS.labels(route, method, f"{status // 100}xx").inc()
    # A long wait is slow because someone asked it to be.
    if "wait" not in request.GET and status != HTTPStatus.SWITCHING_PROTOCOLS:
        SECONDS.labels(route).observe(seconds)


def exposition() -> bytes:
    """This will return the counts of all web processes as Prometheus text."""
    return _counted() + _partitions()


def _partitions() -> bytes:
    """This will tell how many events lie in the default partition; nothing if unknown."""
    try:
        rows = partition_health().rows_in_default
    except DatabaseError:
        return b""
    name = "countersign_events_in_default_partition"
    return f"# HELP {name} Run events without a partition.\n# TYPE {name} gauge\n{name} {rows}\n".encode()


def _counted() -> bytes:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(OWN_REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
