"""CloudEvents in three modes: written by the real SDK, read as our own events."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKind
from portal.accounts.operations.agents import register_agent
from runs import tasks
from runs.models import InboxBatch, Run, RunEvent
from runs.rules.cloudevents import header_value, key_of, read
from runs.rules.shapes import Rejected
from tests.people import NOW, live_workflow, make_company

URL = "/api/v1/events"
AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@pytest.fixture
def company(db):
    return make_company()


@pytest.fixture
def key(company):
    live_workflow(company)
    return company.key_for()


def cloud_event(number=1, name="com.example.data.read.v1", data=None, **attributes):
    """Write one with the SDK."""
    return CloudEvent(
        attributes={
            "id": f"e-{number}",
            "source": "/agents/refund-agent",
            "type": name,
            "specversion": "1.0",
            "time": AT + timedelta(seconds=number),
            "datacontenttype": "application/json",
            "workflow": "refund-management",
            "correlationid": "case-1",
            **attributes,
        },
        data=data
        if data is not None
        else {"system": "orders", "resource": f"order {number}"},
    )


def post(client, key, message):
    headers = {name.lower(): value for name, value in message.headers.items()}
    content_type = headers.pop("content-type", "")
    return client.post(
        URL,
        message.body,
        content_type=content_type,
        headers=headers | {"Authorization": f"Bearer {key}"},
    )


def binary(event):
    return http.to_binary(event, JSONFormat())


def structured(event):
    return http.to_structured(event, JSONFormat())


def batch(*events):
    texts = [structured(event).body.decode() for event in events]
    return http.HTTPMessage(
        headers={"content-type": "application/cloudevents-batch+json; charset=utf-8"},
        body=f"[{','.join(texts)}]".encode(),
    )


def test_three_modes_of_the_sdk_make_one_run(client, key):
    one = post(client, key, structured(cloud_event(1, "run.started", {"trigger": "é"})))
    two = post(client, key, binary(cloud_event(2, subject="run/case-1")))
    more = post(client, key, batch(cloud_event(3), cloud_event(4)))

    tasks.fold_inbox()

    assert [answer.status_code for answer in (one, two, more)] == [202] * 3
    assert [answer.json()["accepted"] for answer in (one, two, more)] == [1, 1, 2]
    run = Run.objects.get()
    assert (run.agent_run_id, run.event_count) == ("case-1", 4)
    assert set(InboxBatch.objects.values_list("form", flat=True)) == {"CLOUDEVENTS"}
    read_of_binary = RunEvent.objects.get(facts__resource="order 2")
    assert read_of_binary.at == AT + timedelta(seconds=2)
    assert read_of_binary.facts["cloudevent"]["source"] == "/agents/refund-agent"
    assert read_of_binary.source_event_id == key_of("/agents/refund-agent", "e-2")


def test_source_and_id_make_an_event_one_whatever_the_mode(client, key):
    post(client, key, structured(cloud_event(1)))
    post(client, key, binary(cloud_event(1)))
    answer = post(client, key, batch(cloud_event(1), cloud_event(1)))
    post(client, key, structured(cloud_event(1, source="/agents/other")))
    tasks.fold_inbox()

    assert answer.json()["duplicate"] == 1
    assert RunEvent.objects.count() == 2


def test_one_bad_event_of_a_batch_costs_no_other_and_each_has_its_reason(client, key):
    good = json.loads(structured(cloud_event(1)).body)
    bad = {
        "specversion": good | {"id": "2", "specversion": "0.3"},
        "no id": {name: good[name] for name in good if name != "id"},
        "name": good | {"id": "3", "Upper": "x"},
        "nested": good | {"id": "4", "extension": {"a": 1}},
        "type": good | {"id": "5", "type": "com.example.exploded"},
        "disagree": good | {"id": "6", "data": good["data"] | {"run": "case-2"}},
        "two runs": good | {"id": "7", "subject": "run/case-2"},
        "step": good | {"id": "8", "type": "com.example.step.recorded.v1"},
        "both": good | {"id": "9", "data_base64": "e30="},
        "base64": {**good, "id": "10", "data": None, "data_base64": "%"},
        "xml": good | {"id": "11", "datacontenttype": "application/xml"},
        "claim check": {**good, "id": "12", "data": None, "dataref": "https://x"},
        "space": good | {"id": "13", "source": "my agent"},
        "field": good | {"id": "14", "data": good["data"] | {"approver": "me"}},
    }
    text = json.dumps([*bad.values(), good])
    raw = text.replace('"id": "4"', '"id": "4", "id": "44"')

    answer = post(
        client,
        key,
        http.HTTPMessage({"content-type": "Application/CloudEvents-Batch+JSON"}, raw),
    )

    told = answer.json()
    assert (answer.status_code, told["accepted"]) == (202, 1), told
    assert [each["index"] for each in told["rejected"]] == list(range(len(bad)))
    codes = dict(zip(bad, (each["code"] for each in told["rejected"]), strict=True))
    assert codes["specversion"] == "specversion.unknown"
    assert codes["type"] == "kind.unknown"
    assert codes["xml"] == "unsupported_media"
    assert codes["nested"] == "malformed"
    rest = set(codes) - {"specversion", "type", "xml", "nested"}
    assert {codes[name] for name in rest} == {"invalid"}
    tasks.fold_inbox()
    assert InboxBatch.objects.get().accepted == 1


def test_headers_are_decoded_once_and_quotes_are_taken_off():
    assert header_value("Euro%20%E2%82%AC%20%F0%9F%98%80") == "Euro € 😀"
    assert header_value('"a \\"quoted\\" %2541"') == 'a "quoted" %41'
    assert header_value("plain") == "plain"
    assert header_value("%FF") == ["not UTF-8"]
    assert header_value("\u20ac") == ["not UTF-8"]


def test_binary_mode_reads_what_a_proxy_may_have_changed(client, key):
    message = binary(cloud_event(1, source="/agents/é", subject='100 % "sure"'))
    quoted = {**message.headers, "ce-correlationid": '"case-1"'}
    wrong = {**message.headers, "ce-id": "%FF%FE"}
    doubled = {**message.headers, "ce-datacontenttype": "application/json"}

    answers = [
        post(client, key, http.HTTPMessage(headers, message.body)).json()
        for headers in (quoted, wrong, doubled)
    ]
    tasks.fold_inbox()

    assert [told["accepted"] for told in answers] == [1, 0, 0]
    assert "Content-Type" in answers[2]["rejected"][0]["detail"]
    origin = RunEvent.objects.get().facts["cloudevent"]
    assert (origin["source"], origin["subject"]) == ("/agents/é", '100 % "sure"')


def test_events_of_one_time_stand_in_the_order_of_their_sequence(client, key):
    names = ["000010", "000009", "000011"]
    events = [
        cloud_event(number, time=AT, sequence=name, data={"text": name}, type="note")
        for number, name in enumerate(names)
    ]

    post(client, key, batch(*events))
    tasks.fold_inbox()

    told = RunEvent.objects.order_by("at", "id").values_list("facts__text", flat=True)
    assert list(told) == sorted(names)


def test_a_whole_event_may_be_the_data_and_a_step_says_its_kind():
    def parse(raw):
        return json.loads(raw)

    value = {
        "specversion": "1.0",
        "id": "x" * 300,
        "source": "https://example.com/agents/refund?a=1",
        "type": "com.example.portal.step.recorded.v1",
        "subject": "run/case-9",
        "sequence": 12,
        "time": "2026-11-16T10:00:00Z",
        "data": {
            "kind": "tool.called",
            "workflow": "refund-management",
            "run": "case-9",
            "at": "2026-11-16T09:00:00Z",
            "tool": "refund_order",
            "status": "ok",
        },
    }
    now = AT + timedelta(days=1)

    told = read(value, parse=parse, now=now)
    empty = read(
        {key: value[key] for key in value if key != "data"}
        | {"type": "run.started", "workflow": "refund-management"},
        parse=parse,
        now=now,
    )
    system = read(value | {"type": "a.change.observed"}, parse=parse, now=now)

    assert (told.kind, told.run, told.at) == ("tool.called", "case-9", AT)
    assert len(told.id) <= 128
    assert told.facts["cloudevent"]["sequence"] == "12"
    assert (empty.kind, empty.run) == ("run.started", "case-9")
    assert isinstance(system, Rejected), "the data says another kind"


def test_other_formats_are_refused_and_an_empty_batch_is_not(client, key):
    def send(content_type, body):
        return post(client, key, http.HTTPMessage({"content-type": content_type}, body))

    assert send("application/cloudevents+avro", b"x").status_code == 415
    utf16 = "application/cloudevents+json; charset=utf-16"
    assert send(utf16, b"{}").status_code == 415
    assert send("application/cloudevents-batch+json", b"{}").status_code == 400
    empty = send("application/cloudevents-batch+json", b"[]")
    assert (empty.status_code, empty.json()["accepted"]) == (202, 0)
    large = binary(cloud_event(1, data={"text": "x" * 300_000}, type="note"))
    assert post(client, key, large).status_code == 413
    tasks.fold_inbox()
    assert InboxBatch.objects.get().state == "DONE"


def test_a_system_of_record_tells_changes_and_nothing_else(client, company, key):
    billing = register_agent(
        actor=SYSTEM,
        name="Billing",
        kind=AgentKind.SYSTEM_OF_RECORD,
        department=company.departments["it"],
        operator=company.priya,
        now=NOW,
    )
    its_key = company.key_for(billing, scopes=("changes",))
    change = {"system": "billing", "resource": "order 1", "field": "refunded"}

    told = post(
        client,
        its_key,
        structured(cloud_event(1, "io.billing.change.observed", change)),
    )
    other = post(client, its_key, structured(cloud_event(2)))

    assert told.json()["accepted"] == 1
    assert other.json()["rejected"][0]["code"] == "kind.not_yours"


def test_a_sender_may_ask_first_and_only_a_name_comes_back(client, db):
    def ask(origin):
        return client.options(URL, headers={"WebHook-Request-Origin": origin})

    told = ask("eventemitter.example.com")

    assert told.status_code == 204
    assert told["WebHook-Allowed-Origin"] == "eventemitter.example.com"
    assert int(told["WebHook-Allowed-Rate"]) > 0
    assert told["Allow"] == "POST"
    assert "WebHook-Allowed-Origin" not in ask("a b; x=<y>")
    assert client.get(URL).status_code == 405
