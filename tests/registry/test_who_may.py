"""Who may refund? The answer across workflows, as it holds in the end, and the heat map."""

import csv
import io
from decimal import Decimal

import pytest

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from registry.models import Reviewer
from registry.operations.catalogue import set_system_approved
from registry.operations.ceilings import set_ceiling
from registry.operations.pausing import pause_workflow
from registry.operations.phases import take_phase_back
from registry.queries.authority import above_all, cells_in_force, reach_in_force
from registry.queries.heat import heat_for
from registry.queries.who_may import question_of, who_may, who_may_sentence
from registry.rules.answers import Authority
from registry.rules.asking import WhoMay
from tests.people import NOW, live_workflow, make_company, refunds_document
from tests.registry.test_registry_list import client_of, content

pytestmark = pytest.mark.django_db

REFUND = WhoMay("refund")
FIXED = {"steps": "yes", "choice": "workflow"}


@pytest.fixture
def people():
    return make_company()


def ceiling(people, **said):
    base = {
        "level": "enterprise",
        "department": None,
        "name": "Limit",
        "systems": (),
        "verbs": (),
        "tiers": (),
        "authority": "never",
        "amount_max": None,
        "currency": "",
        "sentence": "The board says so.",
    }
    set_ceiling(actor=people.actor("ada"), now=NOW, **(base | said))


def refunding(people, slug, **changes):
    return live_workflow(people, slug=slug, document=refunds_document(**changes))


def test_the_answer_is_one_sentence_with_the_limit(people):
    refunding(people, "refund-management")
    refunding(people, "airline", phase=5)
    refunding(people, "returns", phase=3)

    page = who_may(actor=people.actor("dana"), asked=REFUND)

    assert page.sentence == (
        "2 workflows may refund: 1 without a person up to EUR 25 and 1 after review."
        " 1 says never."
    )
    assert [(line.slug, line.authority, line.level) for line in page.lines] == [
        ("refund-management", "allowed", "workflow"),
        ("airline", "review", "phase"),
        ("returns", "never", "phase"),
    ]
    assert page.lines[0].limit == "up to EUR 25"
    assert page.lines[0].decided_by == "beyond that a reviewer (1 of 3)"
    assert page.lines[0].agents == "Refund agent"
    assert page.lines[1].why == "In phase 5 nothing is executed without a person."


def test_an_answer_says_when_nobody_reviews_yet(people):
    refunding(people, "refund-management")
    Reviewer.objects.all().delete()

    page = who_may(actor=people.actor("dana"), asked=REFUND)

    assert page.lines[0].decided_by == "beyond that a reviewer (nobody yet)"


def test_a_ceiling_from_above_changes_the_answer_at_once(people):
    refunding(people, "refund-management")
    asked = {"actor": people.actor("dana"), "asked": REFUND}

    ceiling(people, verbs=("refund",), amount_max=Decimal(10), currency="EUR")
    assert "up to EUR 10." in who_may(**asked).sentence

    ceiling(people, tiers=("change",), authority="review")
    assert who_may(**asked).sentence == "1 workflow may refund: 1 after review."
    assert who_may(**asked).lines[0].level == "enterprise"

    set_system_approved(
        actor=people.actor("ada"),
        system_id=_system("billing").id,
        is_approved=False,
        now=NOW,
    )
    assert who_may(**asked).sentence == "No workflow may refund. 1 says never."


def test_what_sql_says_of_every_cell_is_what_the_rules_say(people):
    for number, changes in enumerate(
        (
            {},
            {"phase": 1, "technique": FIXED},
            {"phase": 3},
            {"currency": "USD"},
            {"risk": "high"},
            {"guardrail": {"amount_review": "7.00"}},
            {"guardrail": {"amount_review": "7.00", "currency": "USD"}},
        )
    ):
        refunding(people, f"refunds-{number}", **changes)
    for number, technique in enumerate(({}, FIXED)):
        workflow = refunding(people, f"refunds-back-{number}", technique=technique)
        take_phase_back(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            to_phase=1,
            reason="Back to fixed steps.",
            now=NOW,
        )
    assert answers_agree() == {0, 1, 2}
    care, sales = people.departments["care"], people.departments["sales"]
    ceiling(people, systems=("orders",), authority="review")
    ceiling(people, verbs=("credit",), amount_max=Decimal(5), currency="EUR")
    ceiling(people, amount_max=Decimal(20), currency="EUR", systems=("billing",))
    ceiling(people, amount_max=Decimal(9), currency="USD", tiers=("change",))
    ceiling(people, level="department", department=sales, verbs=("read",))
    ceiling(
        people, level="department", department=care, verbs=("read",), authority="review"
    )

    assert answers_agree() == {1, 2}


def answers_agree():
    """Hold every cell in force to the rules; return the answers that there are."""
    above = above_all()
    rows = list(cells_in_force(above=above).select_related("workflow"))
    assert len({(row.workflow.slug, row.system, row.verb) for row in rows}) == 9 * 5
    for row in rows:
        reach = reach_in_force(row, above, row.workflow)
        key = (row.workflow.slug, row.system, row.verb)
        assert row.answer == list(Authority).index(reach.authority), key
        if reach.authority == Authority.ALLOWED:
            assert row.limit == reach.amount_max, key
    return {row.answer for row in rows}


def test_who_is_paused_or_has_a_vacancy_is_said_to_be_stopped(people):
    workflow = refunding(people, "refund-management")
    refunding(people, "airline")
    pause_workflow(
        actor=people.actor("maya"), workflow_id=workflow.id, reason="Odd.", now=NOW
    )

    page = who_may(actor=people.actor("dana"), asked=REFUND)

    assert page.sentence.endswith("1 of them is stopped: paused, or a role is vacant.")
    assert [line.is_paused for line in page.lines] == [False, True]


def test_a_question_is_read_and_anything_else_is_a_search(people):
    understood = {
        "who may refund": WhoMay("refund"),
        "Who may refund?": WhoMay("refund"),
        "who can refund in billing": WhoMay("refund", "billing"),
        "WHO MAY  refund in the Billing ?": WhoMay("refund", "billing"),
        "which workflows may stage update": WhoMay("stage_update"),
        "who may revoke access in CRM": WhoMay("revoke_access", "crm"),
        "who may fly": None,
        "who may refund in the moon": None,
        "refund": None,
        "who": None,
        "who may": None,
        "": None,
    }

    assert {text: question_of(text) for text in understood} == understood


def test_a_question_in_the_search_box_leads_to_its_answer(people):
    refunding(people, "refund-management")
    dana = client_of(people.dana)

    asked = dana.get("/workflows/?q=who+may+refund+in+billing%3F")
    live = dana.get("/workflows/?q=who+may+refund", HTTP_HX_REQUEST="true")
    found = dana.get("/search/?q=who+may+refund+in+billing").content.decode()

    assert asked.status_code == 302
    assert asked["Location"] == "/workflows/who-may/?verb=refund&system=billing"
    assert "1 workflow may refund: 1 without a person" in live.content.decode()
    assert "the line above answers the question" in live.content.decode()
    assert "No workflow matches" not in live.content.decode()
    assert "1 workflow may refund in Billing" in found
    assert "/workflows/who-may/?verb=refund&amp;system=billing" in found


def test_the_answer_counts_only_what_may_be_seen(people):
    refunding(people, "refund-management")

    theirs = who_may_sentence(actor=people.actor("olga"), asked=REFUND)

    assert theirs == "No workflow may refund."
    for nobody in (SYSTEM, people.agent_actor):
        assert who_may(actor=nobody, asked=REFUND).lines == ()


def test_the_answer_is_taken_out_as_a_file_and_that_is_on_record(people):
    refunding(people, "refund-management")

    answer = client_of(people.dana).post(
        "/workflows/who-may/export/", {"verb": "refund", "system": "billing"}
    )
    (row,) = csv.DictReader(io.StringIO(content(answer)))

    assert (row["workflow"], row["authority"]) == ("refund-management", "allowed")
    assert (row["limit"], row["agents"]) == ("up to EUR 25", "Refund agent")
    assert Entry.objects.filter(name="registry.exported").count() == 1


def test_the_heat_map_counts_workflows_and_each_cell_leads_to_them(people):
    refunding(people, "refund-management")
    refunding(people, "airline", phase=5)
    dana = client_of(people.dana)

    tiers = heat_for(actor=people.actor("dana"))
    verbs = heat_for(actor=people.actor("dana"), tier="change")
    text = dana.get("/workflows/heat-map/?tier=change").content.decode()

    billing = next(row for row in tiers.rows if row.system == "billing")
    change = next(cell for cell in billing.cells if cell.key == "change")
    assert (change.allowed, change.review, change.never) == (1, 2, 2)
    refund = next(
        cell
        for row in verbs.rows
        for cell in row.cells
        if (row.system, cell.key) == ("billing", "refund")
    )
    assert (refund.allowed, refund.review, refund.never) == (1, 1, 0)
    address = "/workflows/?verb=refund&system=billing&authority=may"
    assert address.replace("&", "&amp;") in text
    assert b"2 workflows" in dana.get(address).content
    assert heat_for(actor=people.actor("olga")).rows == ()


def _system(slug):
    from registry.models import System

    return System.objects.get(slug=slug)
