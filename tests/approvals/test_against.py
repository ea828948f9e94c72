"""A card and its line say what stands against an approval before anybody presses."""

import re
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from approvals.models import Proposal
from approvals.queries import again, blocking
from approvals.queries.against import against_in_short
from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from registry.models import System
from registry.operations.catalogue import set_model_approved
from registry.operations.ceilings import lift_ceiling
from registry.operations.pausing import pause_workflow
from registry.operations.people import assign_agent, vacate_role
from registry.operations.phases import take_phase_back
from registry.operations.retiring import retire_system
from registry.operations.tools import retire_tool
from registry.operations.training import add_course, set_requirements
from registry.queries.rulebooks import standing_facts, standing_facts_of
from registry.queries.tools import tool_id_of
from tests.approvals.test_ceilings import limit, place
from tests.approvals.test_inbox import SLACK, ask_many, queries_of
from tests.approvals.test_inbox_live import HTMX, open_card
from tests.people import NOW, live_workflow

pytestmark = pytest.mark.django_db
MORE_QUERIES_MAX = 12


def take_back(portal):
    take_phase_back(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        to_phase=3,
        reason="It paid twice.",
        now=NOW,
    )


def retire_billing(portal):
    retire_system(
        actor=SYSTEM,
        system_id=System.objects.get(slug="billing").id,
        reason="It is replaced.",
        now=wall_clock(),
    )


def retire_refunds(portal):
    retire_tool(
        actor=SYSTEM,
        tool_id=tool_id_of("billing", "refund_order"),
        reason="Its maker ends it.",
        now=wall_clock(),
    )


def approve_another_model(portal):
    set_model_approved(
        actor=SYSTEM, slug="acme/other-1", is_approved=True, now=wall_clock()
    )


def let_lapse(portal):
    course = add_course(
        actor=SYSTEM, name="Owning", tier="leadership", months_valid=12, now=NOW
    )
    set_requirements(
        actor=SYSTEM, duty="risk_owner", tiers=(), course_ids=(course.id,), now=NOW
    )


def leave_vacant(portal):
    vacate_role(
        actor=SYSTEM, workflow_id=portal.workflow.id, role="risk_owner", now=NOW
    )


def pause(portal):
    pause_workflow(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        reason="Too many.",
        now=wall_clock(),
    )


def limit_department(portal):
    limit(portal, **place(portal, "department"))


STOPS = [
    (take_back, "Phase", "ceiling.phase", "the phase of its workflow"),
    (limit, "Enterprise", "ceiling.enterprise", "a limit of the company"),
    (limit_department, "Department", "ceiling.department", "a limit of the department"),
    (retire_billing, "Portal", "system.not_approved", "its system is not approved"),
    (retire_refunds, "Portal", "tool.not_approved", "its tool was retired"),
    (approve_another_model, "Portal", "model.not_approved", "AI model is not approved"),
    (let_lapse, "Workflow", "training.lapsed", "training lapsed"),
    (leave_vacant, "Workflow", "owner.vacant", "a role is vacant"),
]


def seen(page):
    return unescape(" ".join(page.content.decode().split()))


@pytest.mark.parametrize(("stop", "level", "code", "short"), STOPS)
def test_what_would_be_refused_is_said_before_pressing_and_approve_is_not_offered(
    portal, stop, level, code, short
):
    asked = portal.ask(model="acme/large-4")
    dana, address = portal.signed_in("dana"), f"/inbox/{asked['proposal']['id']}/"
    before = seen(dana.get(address))

    stop(portal)
    card, refused = seen(dana.get(address)), portal.decide("dana", asked)

    assert 'id="approve-form"' in before
    assert 'id="against"' not in before
    assert 'id="approve-form"' not in card
    assert "This cannot be approved now." in card
    assert f"{level} · <code" in card
    assert f'<code class="reasons-code">{code}</code>' in card
    assert "cannot be approved now: " in card
    assert short in card
    assert "Reject…" in card
    assert refused.status_code == 409
    sentence = re.search(r'<ul class="flags"> <li class="flag">(.*?) <span', card)
    assert sentence.group(1) in seen(refused)


def test_what_still_may_be_approved_says_nothing_though_much_has_changed(portal):
    asked = portal.ask()
    limit(portal, name="No deletions", verbs=("delete",))

    page = seen(portal.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/"))

    assert 'id="approve-form"' in page
    assert "cannot be approved" not in page


def test_once_the_ceiling_is_lifted_approve_is_back_and_counts(portal):
    asked = portal.ask()
    ceiling, dana = limit(portal), portal.signed_in("dana")
    address = f"/inbox/{asked['proposal']['id']}/"
    assert 'id="approve-form"' not in seen(dana.get(address))

    lift_ceiling(
        actor=portal.people.actor("rosa"),
        ceiling_id=ceiling.id,
        because="The week is over.",
        now=wall_clock(),
    )

    assert 'id="approve-form"' in seen(dana.get(address))
    assert portal.decide("dana", asked).status_code == 302


def test_every_level_that_stands_against_it_is_said(portal):
    asked = portal.ask()
    limit(portal)
    limit(portal, **place(portal, "team"))
    take_back(portal)

    page = seen(portal.signed_in("dana").get(f"/inbox/{asked['proposal']['id']}/"))
    notice = page[page.index('id="against"') :].partition("</div>")[0]

    assert re.findall(r'why-from">(\w+) ·', notice) == ["Enterprise", "Team", "Phase"]


def test_who_works_with_it_is_led_to_the_form_that_asks_for_more_filled_in(portal):
    asked = portal.ask("84.20")
    ceiling = limit(portal, **place(portal, "department"))
    dana, card = portal.signed_in("dana"), f"/inbox/{asked['proposal']['id']}/"

    href = re.search(
        r'<a href="(/workflows/[^"]+/ask/\?[^"]+)">Ask for more…', seen(dana.get(card))
    ).group(1)
    form = seen(dana.get(href))

    assert parse_qs(urlsplit(href).query) == {
        "kind": ["waiver"],
        "system": ["billing"],
        "verb": ["refund"],
        "ceiling": ["No refunds"],
        "amount_max": ["84.20"],
        "currency": ["EUR"],
    }
    assert f'<option value="{ceiling.id}" selected>' in form
    assert '<option value="refund" selected>' in form
    assert 'value="84.20"' in form


def test_an_edit_is_offered_only_where_other_values_may_help(portal):
    asked, dana = portal.ask(), portal.signed_in("dana")
    card = f"/inbox/{asked['proposal']['id']}/"
    limit(portal, amount_max=Decimal("50.00"), currency="EUR")
    with_limit = seen(dana.get(card))

    take_back(portal)

    assert f'href="{card}edit/"' in with_limit
    assert f'href="{card}edit/"' not in seen(dana.get(card))


def test_an_open_list_and_an_open_card_are_told_while_somebody_looks(portal):
    asked, dana = portal.ask(), portal.signed_in("dana")
    address = open_card(dana, asked["proposal"]["id"])
    assert dana.get(address, headers=HTMX).status_code == 204

    limit(portal)
    told = dana.get(address, headers=HTMX)

    assert told.status_code == 200
    assert "cannot be approved now: a limit of the company" in seen(told)
    assert "This proposal has changed since you opened it." in seen(told)
    again_shown = open_card(dana, asked["proposal"]["id"])
    assert dana.get(again_shown, headers=HTMX).status_code == 204


def test_fifty_lines_that_something_stands_against_cost_no_more_than_one(portal):
    dana = portal.signed_in("dana")
    portal.ask()
    still = queries_of(dana, "/inbox/?tab=mine")
    limit(portal, name="No deletions", verbs=("delete",))
    one = queries_of(dana, "/inbox/?tab=mine")
    ask_many(portal, 49)
    limit(portal)

    assert queries_of(dana, "/inbox/?tab=mine") <= one + SLACK
    assert one <= still + MORE_QUERIES_MAX
    assert len(against_in_short(list(Proposal.objects.all()))) == 50


def test_the_card_asks_what_deciding_asks(portal, monkeypatch):
    asked, dana = portal.ask(), portal.signed_in("dana")
    limit(portal)
    card = f"/inbox/{asked['proposal']['id']}/"
    real = blocking.blocked_by
    # Where the one reading is left out, both let it pass: there is no second copy of it.
    monkeypatch.setattr(again, "blocked_by", lambda *args, **more: None)
    assert 'id="approve-form"' in seen(dana.get(card))

    monkeypatch.setattr(again, "blocked_by", real)
    assert 'id="approve-form"' not in seen(dana.get(card))


def test_what_many_rulings_stand_on_is_read_as_what_one_stands_on(portal):
    people = portal.people
    other = live_workflow(people, slug="other")
    assign_agent(
        actor=SYSTEM,
        workflow_id=other.id,
        agent=people.other_agent,
        now=NOW,
    )
    limit(portal, **place(portal, "department"))
    leave_vacant(portal)
    pairs = {
        (portal.workflow.id, people.agent.id),
        (portal.workflow.id, people.other_agent.id),
        (other.id, people.other_agent.id),
    }

    found = standing_facts_of(pairs)

    assert set(found) == pairs
    for workflow_id, agent_id in pairs:
        assert found[workflow_id, agent_id] == standing_facts(
            workflow_id, agent_id=agent_id
        )
    assert standing_facts_of(()) == {}


def test_like_proposals_that_none_may_be_approved_of_are_rejected_together(portal):
    first = portal.ask("31.00", run="a")["proposal"]["id"]
    portal.ask("32.00", run="b")
    dana, address = portal.signed_in("dana"), f"/inbox/batch/?like={first}"
    before = seen(dana.get(address))

    limit(portal)
    none_left = seen(dana.get(address))

    assert 'value="APPROVE"' in before
    assert 'id="cannot-approve"' not in before
    assert 'value="APPROVE"' not in none_left
    assert 'value="REJECT"' in none_left
    assert none_left.count("cannot be approved now: a limit of the company") == 2
