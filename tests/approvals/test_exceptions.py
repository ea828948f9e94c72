"""Exceptions: one queue of holds and escalations, settled by a person, with a reason."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals.models import ExceptionDisposition
from approvals.operations.exceptions import settle_hold
from approvals.queries.exception_case import case_for, consistency_of, custom_of_hold
from approvals.queries.exceptions import ExceptionsAsked, exceptions_waiting, queue_for
from approvals.rules.consistency import Custom, differs, sentence_of
from portal.accounts.models import Agent
from portal.audit.models import Entry
from portal.audit.operation import operation
from portal.core.clock import wall_clock
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound
from runs.models import Hold, Run
from runs.operations.holding import let_run_go_on

LAWYER = {"description": "The customer will call a lawyer"}


def held(portal, run="case-1", amount="20.00"):
    """Ask for something that a stop rule holds; give the hold."""
    portal.ask(amount, run=run, **LAWYER)
    return Hold.objects.get(run__agent_run_id=run)


def settle(portal, hold, who="erik", disposition="RESUMED", code="", text="Read it."):
    return settle_hold(
        actor=portal.people.actor(who),
        hold_id=hold.id,
        disposition=disposition,
        reason_code=code,
        text=text,
        now=wall_clock(),
    )


def queue(portal, who="erik", **asked):
    return queue_for(
        portal.people.actor(who),
        ExceptionsAsked(**asked),
        cursor=None,
        now=wall_clock(),
    )


def test_a_run_goes_on_by_a_decision_on_record(portal):
    hold = held(portal)

    settle(portal, hold, code="nothing_wrong", text="It was a joke.")

    run = Run.objects.get(id=hold.run_id)
    kept = ExceptionDisposition.objects.get()
    assert not run.is_held
    assert (kept.hold_id, kept.disposition) == (hold.id, "RESUMED")
    assert kept.disposed_by.name == "Erik Sandberg"
    names = list(Entry.objects.filter(subject_id=str(run.id)).values_list("name"))
    assert ("exception.settled",) in names
    assert ("run.resumed",) in names


def test_a_run_that_is_stopped_for_good_stays_refused_and_never_goes_on(portal):
    hold = held(portal)

    settle(portal, hold, disposition="STOPPED", code="by_hand")

    again = portal.ask("10.00", run="case-1")
    assert again["status"] == "refused"
    assert again["ruling"]["reasons"][0]["code"] == "run.on_hold"
    with pytest.raises(Conflict) as lost:
        settle(portal, hold)
    assert lost.value.extra["who"] == "Erik Sandberg"
    assert lost.value.extra["at"] is not None
    assert queue(portal, tab="all").rows == ()
    portal.ask("9.00", run="case-1", **LAWYER)
    assert Hold.objects.count() == 1


@pytest.mark.parametrize("who", ["dana", "maya", "rosa", "audrey"])
def test_only_the_escalation_owner_settles(portal, who):
    hold = held(portal)

    with pytest.raises(Forbidden):
        settle(portal, hold, who=who)
    with pytest.raises(Forbidden):
        settle(portal, hold, who=who, disposition="STOPPED")

    assert Hold.objects.get().resumed_at is None


def test_who_may_not_see_the_workflow_finds_no_exception(portal):
    hold = held(portal)

    with pytest.raises(NotFound):
        settle(portal, hold, who="olga")
    with pytest.raises(NotFound):
        case_for(portal.people.actor("olga"), hold.id)
    found = queue(portal, who="olga", tab="all")
    assert (found.rows, found.groups, found.workflows, found.owners) == ((), (), (), ())


def test_whoever_runs_the_agent_stops_its_run_and_never_lets_it_go_on(portal):
    hold = held(portal)
    Agent.objects.update(operator=portal.people.people["erik"])

    with pytest.raises(Forbidden, match="stand behind this agent"):
        settle(portal, hold)
    settle(portal, hold, disposition="STOPPED")

    assert Hold.objects.get().stopped_at is not None


def test_a_reason_is_needed_and_belongs_to_what_is_chosen(portal):
    hold = held(portal)

    for wrong in (
        {"text": " "},
        {"code": "by_hand"},
        {"disposition": "FORGOTTEN"},
        {"text": "x" * 501},
    ):
        with pytest.raises(Invalid):
            settle(portal, hold, **wrong)

    assert not ExceptionDisposition.objects.exists()


def test_what_differs_from_the_precedents_needs_a_reason_code(portal):
    for number in range(5):
        settle(portal, held(portal, f"before-{number}"))
    hold = held(portal)
    case = case_for(portal.people.actor("erik"), hold.id)

    with pytest.raises(Invalid, match="The last 5 like this were all let go on"):
        settle(portal, hold, disposition="STOPPED")
    settle(portal, hold, disposition="STOPPED", code="went_wrong")

    assert case.consistency == "The last 5 like this were all let go on."
    assert case.differs == {"RESUMED": False, "STOPPED": True}
    assert len(case.before) == 5
    kept = ExceptionDisposition.objects.get(hold_id=hold.id)
    assert kept.differs_from_precedents
    assert kept.precedents == 5
    moment = wall_clock()
    since = kept.disposed_at.replace(hour=0, minute=0)
    found = consistency_of(workflow_id=portal.workflow.id, since=since, until=moment)
    assert found == (0, 1)


def test_custom_is_said_in_words():
    assert sentence_of(Custom(0, 0)) == "This is the first like this."
    assert sentence_of(Custom(18, 2)) == (
        "Of the last 20 like this, 18 were let go on and 2 were stopped for good."
    )
    assert sentence_of(Custom(1, 0)) == "The only one like this was let go on."
    assert differs(Custom(16, 4), passes=False)
    assert not differs(Custom(15, 5), passes=False)
    assert not differs(Custom(4, 0), passes=False)


def test_the_queue_shows_holds_and_escalations_alike_together(portal):
    first = held(portal, "case-1")
    held(portal, "case-2")
    portal.ask("84.20", run="case-3")
    asked = portal.ask("84.20", run="case-4")
    portal.decide("dana", asked, "escalate", message="Above my head.")

    found = queue(portal)

    kinds = [(row.kind, row.alike, row.owner) for row in found.rows]
    assert kinds == [
        ("hold", 2, "Erik Sandberg"),
        ("hold", 2, "Erik Sandberg"),
        ("escalation", 1, "Erik Sandberg"),
    ]
    assert found.rows[0].id == first.id
    assert [group.count for group in found.groups] == [2, 1]
    assert found.total == 3
    only = queue(portal, like=found.groups[0].signature)
    assert len(only.rows) == 2
    assert len(queue(portal, like=found.groups[1].signature).rows) == 1
    assert queue(portal, like="hold:nonsense:x").rows == ()
    assert exceptions_waiting(portal.people.actor("erik")) == 3
    assert exceptions_waiting(portal.people.actor("maya")) == 0
    assert len(queue(portal, who="maya", tab="all").rows) == 3


def test_an_escalation_shows_how_the_last_ones_were_decided(portal, no_undo_time):
    for number, verb in enumerate(("reject", "reject")):
        asked = portal.ask("84.20", run=f"before-{number}")
        portal.decide("dana", asked, "escalate", message="Above my head.")
        portal.decide("erik", asked, verb, reason_code="wrong_amount", message="No.")
    asked = portal.ask("84.20", run="case-9")
    portal.decide("dana", asked, "escalate", message="Above my head.")

    page = portal.signed_in("erik").get(
        reverse("exception", args=[asked["proposal"]["id"]])
    )

    text = page.content.decode()
    assert "The last 2 like this were all not approved." in text
    assert "Decide it on its card" in text


def test_a_proposal_that_is_not_escalated_is_no_exception(portal):
    asked = portal.ask("84.20")

    page = portal.signed_in("erik").get(
        reverse("exception", args=[asked["proposal"]["id"]])
    )

    assert page.status_code == 404


def test_the_pages_settle_take_on_and_comment(portal):
    hold = held(portal)
    erik, dana = portal.signed_in("erik"), portal.signed_in("dana")
    here = reverse("exception", args=[hold.id])

    assert "Let the run go on" in erik.get(here).content.decode()
    assert "Let the run go on" not in dana.get(here).content.decode()
    assert dana.post(f"{here}take/").status_code == 403
    assert erik.post(f"{here}take/").status_code == 302
    assert dana.post(f"{here}comment/", {"text": "Seen before."}).status_code == 302
    assert dana.post(f"{here}comment/", {"text": " "}).status_code == 422
    shown = erik.get(here).content.decode()
    assert "Seen before." in shown
    assert "took it on" in shown
    empty = erik.post(f"{here}settle/", {"disposition": "RESUMED"})
    assert empty.status_code == 422
    assert "Say why" in empty.content.decode()
    done = erik.post(
        f"{here}settle/",
        {"disposition": "RESUMED", "reason_resumed": "false_alarm", "text": "Fine."},
    )
    assert done.status_code == 302
    lost = erik.post(f"{here}settle/", {"disposition": "STOPPED", "text": "Late."})
    assert lost.status_code == 409
    assert "Erik Sandberg settled this first" in lost.content.decode()


def test_a_run_is_settled_at_its_exception_and_nowhere_else(portal):
    hold = held(portal)

    page = portal.signed_in("erik").get(reverse("run", args=[hold.run_id]))

    assert reverse("exception", args=[hold.id]) in page.content.decode()
    assert "resume/" not in page.content.decode()


def test_the_queue_takes_as_many_queries_for_many_as_for_one(portal):
    held(portal, "case-0")
    actor, now = portal.people.actor("erik"), wall_clock()
    with CaptureQueriesContext(
        connection,
    ) as few:
        queue_for(actor, ExceptionsAsked(), cursor=None, now=now)
    for number in range(1, 8):
        held(portal, f"case-{number}")
    with CaptureQueriesContext(connection) as many:
        queue_for(actor, ExceptionsAsked(), cursor=None, now=now)

    assert len(many) == len(few) <= 16


def test_pages_of_the_queue_go_on_where_the_last_ended(portal):
    client = portal.signed_in("erik")
    hold = held(portal)
    Hold.objects.bulk_create(
        Hold(
            run_id=hold.run_id,
            workflow_id=hold.workflow_id,
            rule_key=f"rule-{number % 3}-{number}",
            sentence="A rule fired.",
            placed_at=hold.placed_at,
            placed_by_kind="system",
            placed_by_id=hold.placed_by_id,
            placed_by_name="Countersign",
        )
        for number in range(60)
    )
    seen, address = [], reverse("exceptions")
    while address:
        page = client.get(address)
        seen += [row.id for row in page.context["queue"].rows] if page.context else []
        text = page.content.decode()
        found = text.split('rel="next" href="')
        address = found[1].split('"')[0].replace("&amp;", "&") if found[1:] else ""
        seen += [part.split("/")[0] for part in text.split('href="/exceptions/')[1:]]

    ids = [one for one in map(str, seen) if len(one) == 36]
    assert len(set(ids)) == 61
    assert len(ids) == 61


def test_a_hold_cannot_end_without_a_disposition(committed_portal):
    hold = held(committed_portal)

    @operation(leaves="run.resumed")
    def go_round() -> None:
        let_run_go_on(
            run_id=hold.run_id,
            reason="No one saw.",
            actor=committed_portal.people.actor("erik"),
            now=wall_clock(),
        )

    with pytest.raises(IntegrityError, match="disposition on record"):
        go_round()

    assert Hold.objects.get().resumed_at is None
    assert custom_of_hold(f"hold:{hold.workflow_id}:{hold.rule_key}").total == 0


def test_a_disposition_once_written_cannot_be_changed(portal):
    settle(portal, held(portal))

    with pytest.raises(DatabaseError), transaction.atomic():
        ExceptionDisposition.objects.update(text="Other words.")
