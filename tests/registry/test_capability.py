"""A team asks for more: the right level decides, never the one who asks, and it ends."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from portal.accounts.models import Notice
from portal.accounts.operations.telling import spread
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.models import OutboxMessage
from registry.models import AiModel, CapabilityRequest, CeilingWaiver, System
from registry.operations import deciding_more
from registry.operations.asking_more import Wanted, ask_for_more, withdraw_request
from registry.operations.catalogue import add_system, set_model_approved
from registry.operations.ceilings import lift_ceiling, set_ceiling
from registry.operations.deciding_more import (
    approve_request,
    end_waiver,
    expire_request,
    reject_request,
)
from registry.operations.decision_rights import Place, name_holder
from registry.queries.authority import above_all, cells_in_force, reach_in_force
from registry.queries.capability import request_page, waiting_requests
from registry.queries.ceilings import ceiling_page, ceilings_page
from registry.queries.rulebooks import ceilings_over
from registry.rules.answers import Authority
from registry.tasks import settle_duties
from tests.people import NOW, live_workflow, make_company

pytestmark = pytest.mark.django_db
REASON = {"answer": "It is Christmas.", "now": NOW}


@pytest.fixture
def people():
    return make_company()


@pytest.fixture
def workflow(people):
    return live_workflow(people)


@pytest.fixture
def ceiling(people):
    return set_ceiling(
        actor=people.actor("rosa"),
        level="enterprise",
        name="No refunds",
        sentence="Nobody refunds this week.",
        authority="never",
        verbs=("refund",),
        now=NOW,
    )


def wanted(ceiling, **more):
    said = {
        "kind": "waiver",
        "why": "Customers wait.",
        "ceiling_id": ceiling.id,
        "system": "billing",
        "verb": "refund",
        "amount_max": Decimal(20),
        "currency": "EUR",
        "days": 30,
    }
    return Wanted(**(said | more))


@pytest.fixture
def asked(people, workflow, ceiling):
    return ask_for_more(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        wanted=wanted(ceiling),
        now=NOW,
    )


def test_start_page_names_what_a_team_asks_to_whoever_decides_it(people, asked, client):
    client.force_login(people.rosa)
    hers = client.get("/").content.decode()
    client.force_login(people.maya)

    assert "1\N{NO-BREAK SPACE}request for more" in hers
    assert f'href="/requests/{asked.id}/"' in hers
    assert f'href="/requests/{asked.id}/"' not in client.get("/").content.decode()


def test_what_is_asked_waits_for_whoever_holds_the_right_and_for_nobody_else(
    people, asked
):
    assert [each.id for each in waiting_requests(actor=people.actor("rosa"))] == [
        asked.id
    ]
    assert waiting_requests(actor=people.actor("maya")) == ()

    name_holder(
        actor=people.actor("ada"),
        kind="decide_request",
        place=Place("enterprise"),
        person=people.maya,
        now=NOW,
    )
    # Maya holds the right now, and asked for it herself.
    assert waiting_requests(actor=people.actor("maya")) == ()
    for key, code in (("maya", "request.own"), ("rosa", "right.not_held")):
        with pytest.raises(Forbidden) as refused:
            approve_request(actor=people.actor(key), request_id=asked.id, **REASON)
        assert refused.value.code == code
    assert CapabilityRequest.objects.get().state == "OPEN"


def test_a_waiver_gives_at_most_what_was_asked_and_only_in_its_cell(
    people, workflow, asked
):
    rosa = people.actor("rosa")
    for more in ({"amount_max": Decimal(21)}, {"days": 31}, {"days": 0}):
        with pytest.raises(Invalid):
            approve_request(actor=rosa, request_id=asked.id, **REASON, **more)
    with pytest.raises(Invalid):
        approve_request(actor=rosa, request_id=asked.id, answer=" ", now=NOW)

    approve_request(
        actor=rosa, request_id=asked.id, amount_max=Decimal(10), days=7, **REASON
    )

    given = CeilingWaiver.objects.get()
    assert (given.amount_max, given.under_review) == (Decimal(10), True)
    assert given.until_at == NOW + timedelta(days=7)
    with pytest.raises(AlreadyDone):
        reject_request(actor=rosa, request_id=asked.id, **REASON)
    assert Entry.objects.filter(name="request.approved").count() == 1
    with pytest.raises(IntegrityError):
        CeilingWaiver.objects.update(amount_max=Decimal(9999))


def test_two_who_ask_the_same_in_one_moment_are_one_request(
    people, workflow, ceiling, monkeypatch
):
    create = CapabilityRequest.objects.create

    def after_another(**row):
        create(**row)
        return create(**row)

    monkeypatch.setattr(CapabilityRequest.objects, "create", after_another)
    with pytest.raises(AlreadyDone):
        ask_for_more(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            wanted=wanted(ceiling),
            now=NOW,
        )


def test_a_waiver_is_counted_only_to_who_may_see_its_workflow(people, asked):
    approve_request(actor=people.actor("rosa"), request_id=asked.id, **REASON)

    for who, count in (("olga", 0), ("tom", 1)):
        page = ceilings_page(actor=people.actor(who))
        assert page.levels[0].ceilings[0].waivers == count


def test_the_pages_of_a_ceiling_and_of_a_request_say_the_same_of_a_waiver(
    people, asked, ceiling
):
    rosa = people.actor("rosa")
    approve_request(actor=rosa, request_id=asked.id, **REASON)

    (line,) = ceiling_page(actor=rosa, ceiling_id=ceiling.id).waivers
    shown = request_page(actor=rosa, request_id=asked.id, now=NOW)

    assert line.words == shown.waiver.words
    assert line.words.endswith(" up to EUR 20.00.")


def test_pages_and_rules_agree_on_what_a_waiver_leaves(people, workflow, ceiling):

    now = datetime.now(tz=UTC)
    asked = ask_for_more(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        wanted=wanted(ceiling, amount_max=None, currency=""),
        now=now,
    )
    approve_request(
        actor=people.actor("rosa"), request_id=asked.id, answer="Yes.", now=now
    )

    (over,) = ceilings_over(workflow_id=workflow.id)
    assert over.waivers[0].under_review
    above = above_all()
    rows = list(cells_in_force(above=above).select_related("workflow"))
    for row in rows:
        reach = reach_in_force(row, above, row.workflow)
        assert row.answer == list(Authority).index(reach.authority), row.verb
    answers = {(row.system, row.verb): row.answer for row in rows}
    assert answers["billing", "refund"] == 1


def test_a_system_and_a_model_are_approved_by_who_approves_them(people, workflow):
    ada, maya = people.actor("ada"), people.actor("maya")
    add_system(actor=ada, slug="archive", name="Archive", now=NOW)
    set_model_approved(actor=ada, slug="large-2", is_approved=False, now=NOW)
    said = {"actor": maya, "workflow_id": workflow.id, "now": NOW}

    known = Wanted(kind="system", why="So.", system="billing")
    with pytest.raises(Invalid):
        ask_for_more(wanted=known, **said)
    one = Wanted(kind="system", why="Old orders.", system="archive")
    first = ask_for_more(wanted=one, **said)
    other = Wanted(kind="model", why="It is better.", ai_model="large-2")
    second = ask_for_more(wanted=other, **said)
    with pytest.raises(AlreadyDone):
        ask_for_more(wanted=one, **said)

    with pytest.raises(Forbidden):
        approve_request(actor=people.actor("rosa"), request_id=first.id, **REASON)
    approve_request(actor=ada, request_id=first.id, **REASON)
    approve_request(actor=ada, request_id=second.id, **REASON)
    assert System.objects.get(slug="archive").is_approved
    assert AiModel.objects.get(slug="large-2").is_approved


def test_what_a_request_approves_stands_in_the_history_of_the_catalogue(
    people, workflow
):
    add_system(actor=people.actor("ada"), slug="archive", name="Archive", now=NOW)
    set_model_approved(
        actor=people.actor("ada"), slug="swift-1", is_approved=False, now=NOW
    )
    for more in (
        {"kind": "system", "system": "archive"},
        {"kind": "model", "ai_model": "swift-1"},
    ):
        asked = ask_for_more(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            wanted=Wanted(why="Old orders are there.", **more),
            now=NOW,
        )
        approve_request(actor=people.actor("ada"), request_id=asked.id, **REASON)

    for kind, row in (
        ("system", System.objects.get(slug="archive")),
        ("ai_model", AiModel.objects.get(slug="swift-1")),
    ):
        last = Entry.objects.filter(subject_kind=kind, subject_id=str(row.id)).last()
        assert b"approved, because" in bytes(last.body)
        assert row.is_approved


def test_whoever_does_not_work_with_it_asks_for_nothing(people, workflow, ceiling):
    said = {"workflow_id": workflow.id, "wanted": wanted(ceiling), "now": NOW}

    with pytest.raises(Forbidden):
        ask_for_more(actor=people.actor("audrey"), **said)
    ask_for_more(actor=people.actor("dana"), **said)
    bad = wanted(ceiling, why=" ", days=400, verb="teleport", system="moon")
    with pytest.raises(Invalid) as wrong:
        ask_for_more(
            actor=people.actor("maya"), workflow_id=workflow.id, wanted=bad, now=NOW
        )
    assert set(wrong.value.fields) == {"why", "days", "verb", "system"}


def test_it_is_withdrawn_expires_or_is_moot_when_the_ceiling_goes(
    people, workflow, ceiling, asked
):
    maya, rosa = people.actor("maya"), people.actor("rosa")
    again = {"actor": maya, "workflow_id": workflow.id, "wanted": wanted(ceiling)}

    with pytest.raises(Forbidden):
        withdraw_request(actor=people.actor("dana"), request_id=asked.id, now=NOW)
    withdraw_request(actor=maya, request_id=asked.id, now=NOW)
    late = ask_for_more(**again, now=NOW)
    with pytest.raises(AlreadyDone):
        expire_request(request_id=late.id, now=NOW)
    with pytest.raises(Conflict):
        approve_request(
            actor=rosa, request_id=late.id, answer="Yes.", now=late.expires_at
        )
    expire_request(request_id=late.id, now=late.expires_at)
    third = ask_for_more(**again, now=NOW)
    lift_ceiling(actor=rosa, ceiling_id=ceiling.id, because="Over.", now=NOW)
    with pytest.raises(Conflict):
        approve_request(actor=rosa, request_id=third.id, **REASON)

    states = CapabilityRequest.objects.order_by("asked_at", "id")
    assert [each.state for each in states] == ["WITHDRAWN", "EXPIRED", "OPEN"]


def test_the_sweep_ends_what_has_run_out_and_is_safe_to_run_twice(
    people, workflow, asked
):
    approve_request(actor=people.actor("rosa"), request_id=asked.id, days=1, **REASON)

    assert settle_duties() == 1
    assert settle_duties() == 0
    given = CeilingWaiver.objects.get()
    assert given.ended_because == "Its time was over."
    with pytest.raises(AlreadyDone):
        end_waiver(
            actor=people.actor("rosa"),
            waiver_id=given.id,
            because="Enough.",
            now=NOW,
        )


def test_those_who_decide_are_told_and_then_whoever_asked(people, workflow, ceiling):

    now = datetime.now(tz=UTC)
    asked = ask_for_more(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        wanted=wanted(ceiling),
        now=now,
    )
    _spread()
    reject_request(
        actor=people.actor("rosa"), request_id=asked.id, answer="No.", now=now
    )
    _spread()

    told = {(each.person.name, each.kind) for each in Notice.objects.all()}
    assert ("Rosa Lindqvist", "more_asked") in told
    assert ("Maya Adler", "more_answered") in told
    assert not {each for each in told if each[0] == "Dana Reyes"}


def _spread():
    for message in OutboxMessage.objects.filter(topic="news.told"):
        spread(message.payload)


def test_a_ceiling_that_is_lifted_while_somebody_approves_is_waived_for_nobody(
    people, asked, monkeypatch
):
    read = deciding_more.locked_request

    def lifted_meanwhile(request_id):
        found = read(request_id)
        lift_ceiling.__wrapped__(  # inside the same transaction
            actor=people.actor("rosa"),
            ceiling_id=found.ceiling_id,
            because="Christmas is over.",
            now=NOW,
        )
        return found

    monkeypatch.setattr(deciding_more, "locked_request", lifted_meanwhile)
    with pytest.raises(Conflict, match="no longer in force"):
        approve_request(actor=people.actor("rosa"), request_id=asked.id, **REASON)

    assert not CeilingWaiver.objects.exists()
