"""Requests made from our own OpenAPI document, right and wrong: none of them makes a 500."""

from collections import Counter

import pytest
import schemathesis
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from portal.accounts import agent_auth
from portal.config.wsgi import application
from portal.core.rate_limit import RateLimit

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
EXAMPLES_MAX = 6
OPERATIONS_MIN = 8


def test_no_request_made_from_the_document_is_a_500(portal, monkeypatch):
    # A request's end would close the test's one connection, and its transaction with it.
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)
    monkeypatch.setattr(agent_auth, "_CALLS", RateLimit(per_second=10**6, burst=10**6))
    portal.ask()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    operations = [found.ok() for found in schema.get_all_operations()]
    answers: Counter[int] = Counter()
    broken: list[str] = []

    for operation in operations:
        for mode in modes_of(operation):
            for case, response in made(operation, mode, portal.key):
                answers[response.status_code] += 1
                if response.status_code >= 500:
                    broken.append(f"{case.method} {case.path}: {response.text:.300}")

    assert broken == []
    assert len(operations) >= OPERATIONS_MIN
    # Not everything was turned away at the door.
    assert answers[401] < answers.total() / 2
    assert answers[422]


def modes_of(operation) -> tuple[GenerationMode, ...]:
    """What takes nothing cannot be asked wrongly."""
    takes = [*operation.iter_parameters(), *operation.body]
    if takes:
        return (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return (GenerationMode.POSITIVE,)


def made(operation, mode: GenerationMode, key: str) -> list[tuple]:
    """Send a few requests of one kind, the same ones every time."""
    seen: list[tuple] = []

    @settings(
        max_examples=EXAMPLES_MAX,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case) -> None:
        # Its own headers too, so that wrong idempotency keys are tried.
        headers = {"Authorization": f"Bearer {key}"}
        seen.append((case, case.call(headers=headers)))

    send()
    return seen
