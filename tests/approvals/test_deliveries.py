"""Telling an agent's receiver: in the same commit, signed, at least once, and no arguments."""

import json
from datetime import timedelta

import pytest

from approvals.models import CallbackEndpoint, Delivery, DeliveryAttempt, Grant
from approvals.operations import delivering, endpoints
from approvals.queries.endpoints import endpoints_for
from approvals.rules import callbacks
from approvals.tasks import send_deliveries, sweep_due
from portal.audit import chaining
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound
from portal.core.models import OutboxMessage
from portal.core.webhooks import secrets_of
from tests.core.receiver import receiving
from tests.people import live_workflow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.WEBHOOK_PRIVATE_HOSTS = ("127.0.0.1",)
    settings.APPROVALS_UNDO_SECONDS = 0


def register(portal, url, *, name="crm-hook", who="maya", place=""):
    return endpoints.register_endpoint(
        actor=portal.people.actor(who),
        place=place or f"workflow:{portal.workflow.slug}",
        name=name,
        url=url,
        now=wall_clock(),
    )


def make_due() -> None:
    Delivery.objects.filter(state="WAITING").update(due_at=wall_clock())
    CallbackEndpoint.objects.update(waits_until=None)


def test_an_approval_is_told_to_the_receiver_that_the_action_named(portal):
    with receiving(204) as receiver:
        made = register(portal, receiver.url)
        asked = portal.ask("84.20", callback="crm-hook", tool_call_id="call_9")
        assert asked["callback"] == {"name": "crm-hook", "state": "on"}
        portal.decide("dana", asked)

        assert send_deliveries() == 2

        told = [receiver.verified(made.secret, n) for n in (0, 1)]
    assert [each["type"] for each in told] == ["action.resolved", "grant.usable"]
    assert told[0]["data"]["action"] == asked["id"]
    assert told[0]["data"]["status"] == "approved"
    assert told[0]["data"]["tool_call_id"] == "call_9"
    grant = Grant.objects.get()
    assert told[1]["data"]["grant"]["id"] == str(grant.id)
    assert {d.state for d in Delivery.objects.all()} == {"DELIVERED"}
    assert DeliveryAttempt.objects.filter(status=204, error="").count() == 2


def test_a_message_holds_no_argument_no_words_and_no_token(portal):
    register(portal, "https://hooks.example.com/in")
    asked = portal.ask("84.20", callback="crm-hook", rationale="Because of Ana Lopes")
    portal.decide("dana", asked, message="For Ana Lopes")
    token = portal.action(asked)["grant"]["token"]

    said = " ".join(Delivery.objects.values_list("payload", flat=True))

    for secret in ("84.20", "1182", "Ana", "refund", "EUR", token, token[:20]):
        assert secret not in said


@pytest.mark.parametrize(
    ("verb", "form", "event", "status"),
    [
        ("reject", {"reason_code": "duplicate"}, "action.resolved", "rejected"),
        ("respond", {"message": "Call them."}, "action.resolved", "responded"),
        ("ask", {"message": "Why?"}, "action.question_asked", "in_review"),
        ("escalate", {"message": "Too much."}, "action.escalated", "escalated"),
    ],
)
def test_each_change_that_an_agent_waits_for_is_told(portal, verb, form, event, status):
    register(portal, "https://hooks.example.com/in")
    asked = portal.ask("84.20", callback="crm-hook")

    response = portal.decide("dana", asked, verb, **form)

    assert response.status_code in (200, 302), response.content[:300]
    told = json.loads(Delivery.objects.get().payload)
    assert (told["type"], told["data"]["status"]) == (event, status)


def test_what_the_agent_did_by_its_own_hand_is_told_once_and_votes_are_not(portal):
    register(portal, "https://hooks.example.com/in")
    asked = portal.ask("20.00", callback="crm-hook")

    assert not Delivery.objects.exists()
    portal.post(f"/actions/{asked['id']}/withdraw")

    assert Delivery.objects.get().event == "action.resolved"


def test_an_undone_approval_is_never_told_as_usable(portal, settings):
    settings.APPROVALS_UNDO_SECONDS = 60
    register(portal, "https://hooks.example.com/in")
    asked = portal.ask("84.20", callback="crm-hook")
    portal.decide("dana", asked)
    portal.decide("dana", asked, "undo")

    states = dict(Delivery.objects.values_list("event", "state"))

    assert states["grant.usable"] == "CANCELLED"
    assert states["action.reopened"] == "WAITING"


def test_a_grant_that_waits_is_told_when_it_is_usable_and_not_before(portal, settings):
    settings.APPROVALS_UNDO_SECONDS = 60
    register(portal, "https://hooks.example.com/in")
    portal.decide("dana", portal.ask("84.20", callback="crm-hook"))

    usable = Delivery.objects.get(event="grant.usable")

    assert usable.due_at == Grant.objects.get().not_before
    hint = OutboxMessage.objects.filter(payload__task__endswith="send_deliveries")
    assert hint.filter(available_at=usable.due_at).exists()


def test_nothing_is_told_of_what_was_rolled_back(portal, monkeypatch):
    register(portal, "https://hooks.example.com/in")
    asked = portal.ask("84.20", callback="crm-hook")
    was_written = []

    def fail(_drafts: object) -> None:
        was_written.append(Delivery.objects.exists())
        raise RuntimeError("the journal cannot be written")

    monkeypatch.setattr(chaining, "append", fail)
    with pytest.raises(RuntimeError):
        portal.decide("dana", asked)

    assert was_written == [True]
    assert not Delivery.objects.exists()


def test_an_unknown_callback_is_no_refusal_and_is_said(portal):
    asked = portal.ask("84.20", callback="nobody-knows")

    assert asked["callback"] == {"name": "nobody-knows", "state": "unknown"}
    portal.decide("dana", asked)

    assert not Delivery.objects.exists()


def test_a_receiver_of_the_department_serves_and_the_workflows_own_comes_first(portal):
    department = portal.workflow.department
    register(
        portal,
        "https://of-department.example.com/",
        who="ada",
        place=f"department:{department.id}",
    )
    first = portal.ask("84.20", callback="crm-hook", run="one")
    portal.decide("dana", first, "reject", reason_code="duplicate")
    register(portal, "https://of-workflow.example.com/")
    second = portal.ask("84.20", callback="crm-hook", run="two")
    portal.decide("dana", second, "reject", reason_code="duplicate")

    hosts = Delivery.objects.order_by("occurred_at").values_list(
        "endpoint__url", flat=True
    )
    assert ["department" in host for host in hosts] == [True, False]


def test_a_departments_receiver_counts_what_its_reader_may_see(portal):
    place = f"department:{portal.workflow.department_id}"
    register(portal, "https://of-department.example.com/", who="ada", place=place)
    live_workflow(portal.people, slug="order-checks", reviewers=("olga",))
    asked = portal.ask("84.20", callback="crm-hook")
    portal.decide("dana", asked, "reject", reason_code="duplicate")
    Delivery.objects.update(state="WAITING")

    def waiting(name):
        (line,) = endpoints_for(portal.people.actor(name)).lines
        return line.waiting

    assert {name: waiting(name) for name in ("ada", "dana", "olga")} == {
        "ada": 1,
        "dana": 1,
        "olga": 0,
    }


@pytest.mark.parametrize("word", [500, "redirect", 404])
def test_what_is_no_success_is_tried_again_with_the_same_id(portal, word):
    with receiving(word, 204) as receiver:
        register(portal, receiver.url)
        portal.decide(
            "dana",
            portal.ask("84.20", callback="crm-hook"),
            "reject",
            reason_code="duplicate",
        )
        send_deliveries()
        waiting = Delivery.objects.get()
        assert (waiting.state, waiting.tries) == ("WAITING", 1)
        assert waiting.due_at > wall_clock()
        assert CallbackEndpoint.objects.get().failing_since is not None
        make_due()

        send_deliveries()

        assert len(set(receiver.ids())) == 1
        assert len(receiver.calls) == 2
    assert Delivery.objects.get().state == "DELIVERED"
    assert CallbackEndpoint.objects.get().failing_since is None
    statuses = DeliveryAttempt.objects.order_by("number").values_list(
        "status", flat=True
    )
    assert statuses[1] == 204


def test_a_worker_killed_between_the_call_and_the_mark_sends_again_by_the_same_id(
    portal, monkeypatch
):
    with receiving(204) as receiver:
        register(portal, receiver.url)
        portal.decide(
            "dana",
            portal.ask("84.20", callback="crm-hook"),
            "reject",
            reason_code="duplicate",
        )

        def killed(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(delivering, "mark", killed)
            with pytest.raises(KeyboardInterrupt):
                send_deliveries()
        assert send_deliveries() == 0, "its lease still runs"
        make_due()

        send_deliveries()

        assert len(receiver.calls) == 2
        assert len(set(receiver.ids())) == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("DELIVERED", 2)


def test_after_the_last_try_it_is_given_up_and_a_person_sends_it_again(portal):
    with receiving(*[500] * callbacks.TRIES_MAX, 204) as receiver:
        register(portal, receiver.url)
        portal.decide(
            "dana",
            portal.ask("84.20", callback="crm-hook"),
            "reject",
            reason_code="duplicate",
        )
        for _ in range(callbacks.TRIES_MAX):
            make_due()
            send_deliveries()
        dead = Delivery.objects.get()
        assert dead.state == "DEAD"
        assert Entry.objects.filter(name="delivery.given_up").count() == 1

        endpoints.resend_delivery(
            actor=portal.people.actor("maya"), delivery_id=dead.id, now=wall_clock()
        )
        send_deliveries()

        assert len(set(receiver.ids())) == 1
    again = Delivery.objects.get()
    assert again.state == "DELIVERED"
    assert (
        DeliveryAttempt.objects.order_by("-number").first().asked_by.name
        == "Maya Adler"
    )


def test_a_private_address_is_given_up_at_once_and_never_called(portal, settings):
    with receiving(204) as receiver:
        register(portal, receiver.url)
        settings.WEBHOOK_PRIVATE_HOSTS = ()
        portal.decide(
            "dana",
            portal.ask("84.20", callback="crm-hook"),
            "reject",
            reason_code="duplicate",
        )
        send_deliveries()
        assert receiver.calls == []
    assert Delivery.objects.get().state == "DEAD"
    with pytest.raises(Invalid) as refused:
        register(portal, "https://169.254.169.254/latest", name="metadata")
    assert "private network" in refused.value.fields["url"]


def test_a_receiver_that_fails_for_days_is_turned_off_and_that_is_on_record(portal):
    register(portal, "https://hooks.example.com/in")
    CallbackEndpoint.objects.update(
        failing_since=wall_clock() - callbacks.OFF_AFTER,
        failures=callbacks.OFF_FAILURES_MIN,
    )
    portal.decide(
        "dana",
        portal.ask("84.20", callback="crm-hook"),
        "reject",
        reason_code="duplicate",
    )

    claimed = delivering.claim_delivery()
    delivering.mark(
        claimed, delivering.Posted(False, 500, 0.1, "The receiver answered 500.")
    )

    endpoint = CallbackEndpoint.objects.get()
    assert not endpoint.is_on
    assert Entry.objects.get(name="endpoint.turned_off").actor_kind == "system"
    assert Delivery.objects.get().state == "DEAD"


def test_one_receiver_that_fails_holds_up_its_own_messages_and_no_others(portal):
    with receiving(204) as good, receiving(500) as bad:
        register(portal, bad.url, name="bad")
        register(portal, good.url, name="good")
        for n, name in enumerate(("bad", "bad", "bad", "good")):
            asked = portal.ask("84.20", callback=name, run=f"r{n}")
            portal.decide("dana", asked, "reject", reason_code="duplicate")

        send_deliveries()

        assert len(bad.calls) == 1
        assert len(good.calls) == 1


def test_a_new_secret_and_the_old_one_verify_for_a_day(portal):
    with receiving(204) as receiver:
        first = register(portal, receiver.url)
        maya = portal.people.actor("maya")
        second = endpoints.rotate_secret(
            actor=maya, endpoint_id=first.endpoint_id, now=wall_clock()
        )
        endpoints.send_ping(actor=maya, endpoint_id=first.endpoint_id, now=wall_clock())
        send_deliveries()
        receiver.verified(first.secret)
        receiver.verified(second.secret)

        CallbackEndpoint.objects.update(previous_until=wall_clock() - timedelta(1))
        endpoints.send_ping(actor=maya, endpoint_id=first.endpoint_id, now=wall_clock())
        send_deliveries()

        receiver.verified(second.secret)
        with pytest.raises(Exception, match="signature"):
            receiver.verified(first.secret)


def test_the_secret_stands_in_no_row_and_in_no_entry(portal):
    made = register(portal, "https://hooks.example.com/in")

    row = CallbackEndpoint.objects.values_list().get()
    entries = " ".join(
        str(bytes(b) if not isinstance(b, str) else b)
        for b in Entry.objects.values_list("body", flat=True)
    )

    assert made.secret == secrets_of(made.endpoint_id, 1)[0]
    assert made.secret not in " ".join(map(str, row)) + entries
    assert made.secret.removeprefix("whsec_") not in entries


def test_only_those_who_keep_the_workflow_change_its_receivers(portal):
    made = register(portal, "https://hooks.example.com/in")
    calls = (
        lambda actor: endpoints.rotate_secret(
            actor=actor, endpoint_id=made.endpoint_id, now=wall_clock()
        ),
        lambda actor: endpoints.send_ping(
            actor=actor, endpoint_id=made.endpoint_id, now=wall_clock()
        ),
        lambda actor: endpoints.turn_off(
            actor=actor, endpoint_id=made.endpoint_id, reason="x", now=wall_clock()
        ),
        lambda actor: endpoints.move_endpoint(
            actor=actor,
            endpoint_id=made.endpoint_id,
            url="https://evil.example.com/",
            now=wall_clock(),
        ),
    )
    for call in calls:
        with pytest.raises(Forbidden):
            call(portal.people.actor("dana"))
        with pytest.raises(NotFound):
            call(portal.people.actor("olga"))
    with pytest.raises(Forbidden):
        register(portal, "https://a.example.com/", name="mine", who="dana")
    with pytest.raises(NotFound):
        register(portal, "https://a.example.com/", name="mine", who="olga")
    assert CallbackEndpoint.objects.get().url == "https://hooks.example.com/in"


def test_what_waits_is_given_up_when_a_receiver_is_turned_off_and_not_resent_alone(
    portal,
):
    made = register(portal, "https://hooks.example.com/in")
    maya = portal.people.actor("maya")
    asked = portal.ask("84.20", callback="crm-hook")
    portal.decide("dana", asked, "reject", reason_code="duplicate")

    endpoints.turn_off(
        actor=maya, endpoint_id=made.endpoint_id, reason="Moved", now=wall_clock()
    )

    dead = Delivery.objects.get()
    assert dead.state == "DEAD"
    with pytest.raises(Conflict):
        endpoints.resend_delivery(actor=maya, delivery_id=dead.id, now=wall_clock())
    portal.decide(
        "dana",
        portal.ask("84.20", callback="crm-hook", run="2"),
        "reject",
        reason_code="duplicate",
    )
    assert Delivery.objects.count() == 1


def test_time_running_out_is_told_too(portal):
    register(portal, "https://hooks.example.com/in")
    asked = portal.ask(
        "84.20",
        callback="crm-hook",
        expires_at=(wall_clock() + timedelta(milliseconds=300)).isoformat(),
    )
    from approvals.models import ActionRequest

    ActionRequest.objects.filter(id=asked["id"]).update(
        expires_at=wall_clock() - timedelta(seconds=1)
    )
    from approvals.models import Proposal

    Proposal.objects.update(due_at=wall_clock() - timedelta(seconds=1))

    sweep_due()

    told = json.loads(Delivery.objects.get(event="action.resolved").payload)
    assert told["data"]["resolution"] == "expired"
