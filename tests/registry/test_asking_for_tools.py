"""A team asks to use a retired tool again; whoever approves tools decides, on record."""

from html import unescape

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from registry.models import CapabilityRequest
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.deciding_more import approve_request, reject_request
from registry.operations.decision_rights import Place, name_holder
from registry.operations.tools import approve_tool, retire_tool
from registry.queries.capability import waiting_requests
from registry.queries.tools import is_retired, tool_id_of
from tests.approvals.asking import make_portal

TOOL = tool_id_of("billing", "refund_order")


@pytest.fixture
def portal(db):
    found = make_portal()
    retire()
    return found


def retire():
    retire_tool(
        actor=SYSTEM, tool_id=TOOL, reason="Its maker ends it.", now=wall_clock()
    )


def ask(portal, **more):
    said = {
        "kind": "tool",
        "why": "No other tool refunds.",
        "system": "billing",
        "tool": "refund_order",
    }
    return ask_for_more(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        wanted=Wanted(**(said | more)),
        now=wall_clock(),
    )


def decide(portal, name, asked, decision=approve_request):
    decision(
        actor=portal.people.actor(name),
        request_id=asked.id,
        answer="For one more month.",
        now=wall_clock(),
    )


def name_for_tools(portal, name):
    name_holder(
        actor=portal.people.actor("ada"),
        kind="approve_tool",
        place=Place("enterprise"),
        person=portal.people.people[name],
        now=wall_clock(),
    )


def test_approved_it_works_again_and_both_histories_say_so(portal):
    refused = portal.ask("20.00")
    asked = ask(portal)
    assert refused["ruling"]["reasons"][0]["code"] == "tool.not_approved"
    assert [
        each.what for each in waiting_requests(actor=portal.people.actor("ada"))
    ] == ["Use the retired tool refund_order of Billing again."]

    decide(portal, "ada", asked)

    assert portal.ask("20.00", run="later")["status"] == "allowed"
    names = list(Entry.objects.order_by("id").values_list("name", flat=True))
    assert "request.made" in names
    assert {"catalogue.tool_approved", "request.approved"} <= set(names)
    assert CapabilityRequest.objects.get().level == "enterprise"


def test_only_who_approves_tools_decides_and_never_their_own(portal):
    asked = ask(portal)
    with pytest.raises(Forbidden):
        decide(portal, "rosa", asked)

    name_for_tools(portal, "maya")
    with pytest.raises(Forbidden, match="asked for themselves"):
        decide(portal, "maya", asked)
    name_for_tools(portal, "rosa")
    with pytest.raises(Forbidden):
        decide(portal, "ada", asked)
    decide(portal, "rosa", asked, reject_request)

    assert is_retired("billing", "refund_order")
    assert portal.ask("20.00")["status"] == "refused"


def test_what_is_not_retired_is_not_asked_for_and_nothing_twice(portal):
    for wrong in ({"tool": "other"}, {"tool": ""}, {"system": "orders"}):
        with pytest.raises(Invalid) as problem:
            ask(portal, **wrong)
        assert set(problem.value.fields) == {"tool"}
    ask(portal)
    with pytest.raises(AlreadyDone):
        ask(portal)


def test_what_was_approved_meanwhile_is_not_approved_twice(portal):
    asked = ask(portal)
    approve_tool(actor=SYSTEM, tool_id=TOOL, now=wall_clock())

    with pytest.raises(Conflict) as problem:
        decide(portal, "ada", asked)

    assert problem.value.code == "request.moot"


def test_the_database_keeps_no_request_for_a_tool_that_names_none(portal):
    asked = ask(portal)

    with pytest.raises(IntegrityError), transaction.atomic():
        CapabilityRequest.objects.bulk_create(
            [
                CapabilityRequest(
                    workflow=asked.workflow,
                    kind="tool",
                    system="billing",
                    why="x",
                    level="enterprise",
                    asked_by_id=asked.asked_by_id,
                    asked_at=asked.asked_at,
                    expires_at=asked.expires_at,
                )
            ]
        )


def test_the_form_is_led_to_from_the_refusal_and_the_tool_and_asks_by_hand(portal):
    portal.ask("20.00")
    maya = portal.signed_in("maya")
    slug = portal.workflow.slug
    here = f"{reverse('capability_ask', args=[slug])}?kind=tool&tool={TOOL}"

    from_workflow = unescape(
        maya.get(reverse("refused_above", args=[slug])).content.decode()
    )
    from_tool = unescape(maya.get(reverse("tool", args=[TOOL])).content.decode())
    form = maya.get(here).content.decode()
    sent = maya.post(here, {"kind": "tool", "tool": TOOL, "why": "No other refunds."})

    assert f'href="{here}"' in from_workflow
    assert f'href="{here}"' in from_tool
    assert f'<option value="{TOOL}" selected>' in form
    made = CapabilityRequest.objects.get()
    assert sent.status_code == 302
    assert (made.kind, made.system, made.tool) == ("tool", "billing", "refund_order")
    page = portal.signed_in("ada").get(f"/requests/{made.id}/").content.decode()
    assert "Use the retired tool refund_order of Billing again" in page
    assert "Approve request" in page


def test_a_tool_that_is_none_of_the_list_comes_back_with_what_was_wrong(portal):
    answer = portal.signed_in("maya").post(
        reverse("capability_ask", args=[portal.workflow.slug]),
        {"kind": "tool", "tool": tool_id_of("x", "y"), "why": "Please."},
    )

    assert answer.status_code == 422
    assert "Choose a tool that was retired." in answer.content.decode()
