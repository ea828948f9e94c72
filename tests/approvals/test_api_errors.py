"""Every answer of the API of asking that is not the happy one, as the contract names it."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from approvals.models import ActionRequest, AuthorityRecord, Grant
from portal.accounts import agent_auth
from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKey
from portal.accounts.operations.agents import revoke_key
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.models import IdempotencyRecord
from portal.core.rate_limit import RateLimit

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch):
    """Wrong keys of one test must not slow the next."""
    monkeypatch.setattr(agent_auth, "_WRONG_KEYS", RateLimit(per_second=1, burst=10))


def told(response) -> tuple[int, str]:
    """Give status and code of a problem, which has always the one shape."""
    assert response["Content-Type"].startswith(PROBLEM), response.content[:300]
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"]
    return response.status_code, problem["code"]


def key_in_state(portal, state: str) -> str:
    text = portal.people.key_for()
    key = AgentKey.objects.order_by("-created_at", "-id").first()
    if state == "expired":
        AgentKey.objects.filter(id=key.id).update(
            created_at=timezone.now() - timedelta(days=2),
            expires_at=timezone.now() - timedelta(seconds=1),
        )
    if state == "revoked":
        revoke_key(actor=SYSTEM, key=key, now=wall_clock())
    return text


@pytest.mark.parametrize("state", ["good", "expired", "revoked"])
def test_the_next_request_of_a_key_that_ended_is_401(portal, state):
    token = key_in_state(portal, state)

    answers = [
        portal.post("/actions", portal.body(), token=token),
        portal.get(f"/actions/{portal.people.agent.id}", token=token),
    ]

    if state == "good":
        assert [answer.status_code for answer in answers] == [201, 404]
        return
    assert [told(answer)[0] for answer in answers] == [401, 401]
    assert not ActionRequest.objects.exists()


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Basic YTpi", "Bearer cs_a_b"]
)
def test_what_is_no_key_is_401(portal, header):
    headers = {} if header is None else {"Authorization": header}

    answer = Client().get("/api/v1/workflows/refund-management", headers=headers)

    assert told(answer)[0] == 401


def test_what_is_not_the_agents_does_not_exist_for_it(portal):
    asked, granted = portal.ask(), portal.ask("20.00")
    stranger = portal.people.key_for(portal.people.other_agent)
    place = f"/actions/{asked['id']}"

    answers = [
        portal.post("/actions", portal.body(workflow="no-such-workflow")),
        portal.post("/actions", portal.body(), token=stranger),
        portal.get(place, token=stranger),
        portal.get(f"{place}?wait=1", token=stranger),
        portal.post(f"{place}/withdraw", token=stranger),
        portal.post(f"{place}/answer", {"message": "Hello"}, token=stranger),
        portal.post(
            f"/actions/{granted['id']}/outcome", {"status": "succeeded"}, token=stranger
        ),
        portal.get("/workflows/refund-management", token=stranger),
    ]

    assert [told(answer)[0] for answer in answers] == [404] * len(answers)
    assert portal.action(asked)["status"] == "in_review"
    # What does not exist and what is another's read the same.
    assert answers[0].json() | {"detail": ""} == answers[1].json() | {"detail": ""}


def without_amount(portal, verb: str, system: str) -> dict:
    body = portal.body(action={"verb": verb, "system": system, "args": {}}, run=verb)
    del body["amount"]
    return body


def test_what_the_rulebook_says_no_to_is_an_answer_with_reasons_on_record(portal):
    never = portal.post("/actions", without_amount(portal, "delete", "billing"))
    unknown = portal.post("/actions", without_amount(portal, "fly", "moon"))

    for answer, code in ((never, "never"), (unknown, "no_allowance")):
        document = answer.json()
        assert (answer.status_code, document["status"]) == (201, "refused")
        assert document["ruling"]["outcome"] == "refuse"
        assert code in [reason["code"] for reason in document["ruling"]["reasons"]]
        assert all(reason["text"] for reason in document["ruling"]["reasons"])
        assert document["grant"] is None
        assert document["proposal"] is None
        assert portal.action(document)["status"] == "refused"
    assert AuthorityRecord.objects.filter(answer="refuse").count() == 2
    assert Entry.objects.filter(name="action.ruled").count() == 2


HOSTILE = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "bad UTF-8": b'{"workflow": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b'{"workflow": "a\\u0000b"}',
    "half a surrogate pair": b'{"workflow": "\\ud800"}',
    "a key twice": b'{"workflow": "a", "workflow": "b"}',
    "a key twice, deeper": b'{"action": {"args": {"a": 1, "a": 2}}}',
    "NaN": b'{"confidence": NaN}',
    "Infinity": b'{"confidence": -Infinity}',
    "an integer too large": b'{"action": {"args": {"n": 9007199254740992}}}',
    "a number without end": b'{"confidence": 1' + b"0" * 5000 + b"}",
    "an exponent": b'{"confidence": 1e999999999}',
    "deep": b'{"a":' * 33 + b"1" + b"}" * 33,
    "very deep": b"[" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_told_so_and_changes_nothing(portal, name):
    paths = ("/actions", "/grants/redeem", f"/actions/{portal.workflow.id}/outcome")

    answers = [portal.post(path, raw=HOSTILE[name]) for path in paths]

    for answer in answers:
        assert told(answer)[0] in (400, 422), name
    assert not ActionRequest.objects.exists()


def test_size_and_kind_of_a_body_are_checked(portal):
    body = portal.body(description="")
    fits = json.dumps(body).ljust(256 * 1024)
    headers = {"Authorization": f"Bearer {portal.key}", "Idempotency-Key": "kind"}

    large = portal.post("/actions", raw=f"{fits} ")
    largest = portal.post("/actions", raw=fits)
    other = Client().post(
        "/api/v1/actions", data="a=b", content_type="text/plain", headers=headers
    )

    assert told(large)[0] == 413
    assert largest.status_code == 201
    assert told(other)[0] == 415


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"approved_by": "me"}, "approved_by"),
        ({"status": "approved"}, "status"),
        ({"title": ""}, "title"),
        ({"run": "r" * 129}, "run"),
        ({"risk": "none"}, "risk"),
        ({"confidence": "0.9"}, "confidence"),
        ({"confidence": 1.01}, "confidence"),
        ({"amount": {"value": 84.2, "currency": "EUR"}}, "amount.value"),
        ({"amount": {"value": "-1", "currency": "EUR"}}, "amount.value"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": 5}, "expires_at"),
        ({"action": {"verb": "refund", "system": "billing"}}, "action.args"),
        ({"evidence": [{"label": "x"}] * 51}, "evidence"),
    ],
)
def test_a_wrong_field_is_named(portal, change, field):
    answer = portal.post("/actions", portal.body(**change))

    assert told(answer)[0] == 422
    assert any(name.startswith(field) for name in answer.json()["fields"]), (
        answer.json()
    )
    assert not ActionRequest.objects.exists()


def test_every_post_needs_an_idempotency_key_of_its_own(portal):
    asked = portal.ask("20.00")
    headers = {"Authorization": f"Bearer {portal.key}"}

    def post(path: str, document: dict):
        return Client().post(
            f"/api/v1{path}",
            data=document,
            content_type="application/json",
            headers=headers,
        )

    missing = [
        post("/actions", portal.body()),
        post(f"/actions/{asked['id']}/withdraw", {}),
        post(f"/actions/{asked['id']}/answer", {"message": "x"}),
        post(f"/actions/{asked['id']}/outcome", {"status": "unknown"}),
        post(
            "/grants/redeem",
            {"token": asked["grant"]["token"], "action_digest": asked["action_digest"]},
        ),
    ]
    first = portal.post("/actions", portal.body(), key="mine")
    other_body = portal.post("/actions", portal.body("85.00"), key="mine")
    too_long = portal.post("/actions", portal.body(), key="k" * 256)

    assert {told(answer) for answer in missing} == {(422, "idempotency.key_missing")}
    assert first.status_code == 201
    assert told(other_body) == (422, "idempotency.key_reused")
    assert told(too_long) == (422, "idempotency.key_invalid")
    assert portal.action(asked)["status"] == "allowed"
    assert ActionRequest.objects.count() == 2


def test_a_replayed_answer_is_the_first_to_the_byte_and_holds_no_token(portal):
    body = portal.body("20.00")
    first = portal.post("/actions", body, key="again")
    token = first.json()["grant"]["token"]

    second = portal.post("/actions", body, key="again")

    assert second.status_code == 201
    assert second.content == first.content
    assert ActionRequest.objects.count() == Grant.objects.count() == 1
    kept = IdempotencyRecord.objects.get(key="again").document
    assert "token" not in json.loads(kept)["grant"]
    assert token not in kept
    assert token.rpartition("_")[2] not in kept


def test_one_agents_idempotency_key_is_no_other_agents(portal):
    from registry.operations.people import assign_agent

    other = portal.people.other_agent
    assign_agent(
        actor=portal.people.actor("priya"),
        workflow_id=portal.workflow.id,
        agent=other,
        now=wall_clock(),
    )
    token = portal.people.key_for(other)

    mine = portal.post("/actions", portal.body("20.00"), key="same")
    theirs = portal.post("/actions", portal.body("21.00"), key="same", token=token)

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


def test_too_many_calls_are_429_and_say_when_to_come_again(portal, monkeypatch):
    monkeypatch.setattr(agent_auth, "_CALLS", RateLimit(per_second=0.5, burst=2))

    answers = [portal.post("/actions", portal.body(run=f"r{n}")) for n in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert told(answers[2])[0] == 429
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert ActionRequest.objects.count() == 2


def test_guessing_keys_becomes_slow(portal):
    answers = [
        Client().get(
            "/api/v1/workflows/x", headers={"Authorization": f"Bearer cs_{n}_x"}
        )
        for n in range(12)
    ]

    statuses = [answer.status_code for answer in answers]
    assert statuses[:10] == [401] * 10
    assert 429 in statuses[10:]
    assert portal.get("/workflows/refund-management").status_code == 200


def test_an_address_that_is_none_and_a_verb_that_is_none_are_problems(portal):
    asked = portal.ask()

    nowhere = portal.get("/nothing")
    no_id = portal.get("/actions/not-an-id")
    wrong_verb = Client().delete(
        f"/api/v1/actions/{asked['id']}",
        headers={"Authorization": f"Bearer {portal.key}"},
    )

    assert told(nowhere)[0] == told(no_id)[0] == 404
    assert wrong_verb.status_code == 405
