"""What must not be stored is hidden behind the doors of telemetry too."""

import json

import pytest

from runs import tasks
from runs.models import RunEvent, UnplacedTrace
from tests.people import live_workflow, make_company
from tests.runs.telemetry import export, root, span, tool
from tests.runs.test_redaction import CARD, EMAIL, IBAN, KEY, SECRETS, everything_stored

TOLD = f"{EMAIL} paid with {CARD}, wants it at {IBAN}; our key is {KEY}"


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def workflow(company):
    return live_workflow(company)


def spans(**resource):
    failed = span(
        5,
        parent=1,
        name=f"POST {EMAIL}",
        status={"code": 2, "message": TOLD},
        attributes={"http.url": f"https://crm.example/{EMAIL}", f"of {EMAIL}": TOLD},
        events=[
            {
                "name": "exception",
                "timeUnixNano": "1763283600000000000",
                "attributes": [
                    {"key": "exception.message", "value": {"stringValue": TOLD}}
                ],
            }
        ],
    )
    return export(
        failed,
        tool(2, result=TOLD),
        tool(3, name="find", result=json.dumps({"iban": IBAN, EMAIL: [KEY]})),
        root(asked=TOLD, said=TOLD),
        resource={"service.name": f"agent of {EMAIL}", **resource},
    )


def event_of_the_cloud():
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "c-1",
            "source": "/agents/refunds",
            "type": "note",
            "time": "2026-11-16T09:00:00Z",
            "correlationid": "case-1",
            "data": {"workflow": "refund-management", "text": TOLD},
        }
    ).encode()


def of_openai():
    return json.dumps(
        {
            "data": [
                {
                    "object": "trace",
                    "id": "trace_1",
                    "workflow_name": "refund-management",
                    "group_id": "case-77",
                    "metadata": {"customer": TOLD},
                },
                {
                    "object": "trace.span",
                    "id": "span_1",
                    "trace_id": "trace_1",
                    "parent_id": None,
                    "started_at": "2026-11-16T09:00:00Z",
                    "ended_at": "2026-11-16T09:00:01Z",
                    "span_data": {
                        "type": "function",
                        "name": "refund",
                        "input": json.dumps({"to": EMAIL, "card": CARD}),
                        "output": TOLD,
                    },
                    "error": {"message": TOLD, "data": {"key": KEY}},
                },
            ]
        }
    ).encode()


def post(client, company, url, body, content_type="application/json"):
    return client.post(
        url,
        body,
        content_type=content_type,
        headers={"Authorization": f"Bearer {company.key_for()}"},
    )


def must_hold_no_secret():
    kept = everything_stored()
    assert [secret for secret in SECRETS if secret in kept] == []


@pytest.mark.parametrize(
    ("url", "body", "content_type"),
    [
        ("/v1/traces", spans(), "application/json"),
        ("/openai/v1/traces/ingest", of_openai(), "application/json"),
        ("/api/v1/events", event_of_the_cloud(), "application/cloudevents+json"),
    ],
    ids=["otlp", "openai", "cloudevents"],
)
def test_nothing_readable_rests_whichever_door_it_came_through(
    client, company, workflow, url, body, content_type
):
    answer = post(client, company, url, body, content_type)
    assert answer.status_code < 300, answer.content
    must_hold_no_secret()

    tasks.fold_inbox()

    assert RunEvent.objects.exists()
    must_hold_no_secret()


def test_a_trace_without_a_place_waits_without_a_readable_secret(
    client, company, workflow
):
    body = spans(**{"countersign.workflow": "nobody-knows-it"})
    assert post(client, company, "/v1/traces", body).status_code == 200

    tasks.fold_inbox()

    assert UnplacedTrace.objects.exists()
    must_hold_no_secret()
