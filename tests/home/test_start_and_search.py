"""The start page says what needs me; search finds what I may see, and nothing else."""

import re

from django.contrib.auth import get_user_model
from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.people import add_person
from registry.models import OperatingModelVersion, System
from registry.operations.catalogue import set_system_approved
from registry.operations.packets import submit_version
from registry.operations.pausing import pause_workflow
from registry.operations.rollout import name_sponsor
from registry.operations.tools import retire_tool
from registry.operations.training import add_course, set_requirements
from registry.queries.pages import one_page
from registry.queries.tools import tool_id_of
from tests.approvals.asking import Portal, make_portal
from tests.people import NOW, draft_workflow

Person = get_user_model()


def start_of(portal: Portal, name: str) -> str:
    return portal.signed_in(name).get(reverse("start")).content.decode()


def found_by(portal: Portal, name: str, text: str) -> str:
    page = portal.signed_in(name).get(reverse("search"), {"q": text}).content.decode()
    return page[page.index('id="search-results"') :]


def test_reviewer_is_shown_what_to_decide_and_owner_what_to_look_after(db):
    portal = make_portal()
    portal.ask()

    reviewer, owner, outsider = (
        start_of(portal, name) for name in ("dana", "maya", "olga")
    )

    assert "1 to decide." in reviewer
    assert "Refund EUR 84.20" in reviewer
    assert "You own no workflow." in reviewer
    assert "1 waiting for a person" in owner
    assert "No agent waits for your decision." in owner
    assert "Refund" not in outsider


def test_paused_workflow_tells_its_owner_why(db):
    portal = make_portal()
    pause_workflow(
        actor=portal.people.actor("erik"),
        workflow_id=portal.workflow.id,
        reason="It smells of smoke.",
        now=NOW,
    )
    assert "Paused: It smells of smoke." in start_of(portal, "maya")


def test_vacant_role_is_told_to_who_looks_after_the_workflow(db):
    portal = make_portal()
    Person.objects.filter(email="erik@example.com").update(is_active=False)
    assert "Vacant: Escalation owner." in start_of(portal, "maya")


def test_whose_training_stops_a_workflow_is_told_to_who_looks_after_it(db):
    portal = make_portal()
    pages = (
        reverse("workflow", args=["refund-management"]),
        reverse("workflow_people", args=["refund-management"]),
    )

    def said():
        maya = portal.signed_in("maya")
        return [
            start_of(portal, "maya"),
            *(maya.get(page).content.decode() for page in pages),
        ]

    assert not any("not current" in page for page in said())
    course = add_course(
        actor=SYSTEM, name="Judging AI", tier="role_specific", months_valid=12, now=NOW
    )
    set_requirements(
        actor=SYSTEM, duty="risk_owner", tiers=(), course_ids=(course.id,), now=NOW
    )
    start, workflow, people = said()

    assert "The training of Rosa" in start
    assert "Nothing is executed: the training of Rosa" in workflow
    assert "training not current" in workflow
    assert "Training not current" in people


def test_what_a_workflow_may_use_no_more_is_told_and_its_matrix_says_never(db):
    portal = make_portal()
    retire_tool(
        actor=SYSTEM,
        tool_id=tool_id_of("billing", "refund_order"),
        reason="It paid twice.",
        now=NOW,
    )
    set_system_approved(
        actor=SYSTEM,
        system_id=System.objects.get(slug="orders").id,
        is_approved=False,
        now=NOW,
    )

    start = start_of(portal, "maya")
    version = OperatingModelVersion.objects.get()
    grid = one_page(version=version, live_version_id=version.id).grid
    agent = portal.signed_in("priya").get("/agents/refund-agent/").content.decode()

    assert "The tool refund_order was retired (“It paid twice.”)" in start
    assert "The system Orders is not approved" in start
    for system, verb in (("billing", "refund"), ("orders", "read")):
        cell = grid.cell(system, verb)
        assert (cell.answer, cell.above, cell.limit) == ("never", "catalogue", "")
    assert grid.cell("billing", "credit").answer == "review"
    assert "catalogue" in agent


def test_the_sponsor_is_led_from_the_start_page_to_the_programme(db):
    portal = make_portal()
    assert "The AI programme" not in start_of(portal, "olga")

    name_sponsor(
        actor=SYSTEM,
        person=portal.people.people["olga"],
        reason="She asked for it.",
        now=NOW,
    )

    assert "You are its executive sponsor" in start_of(portal, "olga")


def test_signature_is_asked_of_who_has_not_signed(db):
    portal = make_portal()
    waiting = draft_workflow(portal.people, slug="returns")
    submit_version(
        reason="It may begin here.",
        actor=portal.people.actor("maya"),
        workflow_id=waiting.id,
        revision=1,
        now=NOW,
    )

    assert "Read and sign Returns, v1" in start_of(portal, "rosa")
    assert "Waiting for signatures" in start_of(portal, "maya")
    assert "Read and sign" not in start_of(portal, "dana")


def test_empty_portal_leads_to_the_first_workflow(client, db):
    add_person(
        actor=SYSTEM,
        email="first@example.com",
        name="First Person",
        department=None,
        password=None,
        is_administrator=True,
    )
    client.force_login(
        Person.objects.get(), backend="django.contrib.auth.backends.ModelBackend"
    )

    page = client.get(reverse("start"))

    assert b"Welcome, First" in page.content
    assert reverse("workflow_new").encode() in page.content


def test_search_finds_by_right_in_every_group(db):
    portal = make_portal()
    portal.ask()

    inside, outside = (
        found_by(portal, "dana", "refund"),
        found_by(portal, "olga", "refund"),
    )

    for group in ("Workflows", "Proposals", "Runs", "Agents", "Journal"):
        assert f">{group}" in inside, group
    assert "Refund" not in outside
    assert "Nothing found" in outside


def test_search_answers_htmx_with_the_results_alone(db):
    portal = make_portal()
    client = portal.signed_in("dana")
    part = client.get(
        reverse("search"), {"q": "refund"}, headers={"HX-Request": "true"}
    )

    assert b"Refund management" in part.content
    assert b"<html" not in part.content


def test_search_takes_any_text(db):
    portal = make_portal()
    for text in ("a", "%_\\", "'; DROP TABLE", "é" * 500, "<script>"):
        page = portal.signed_in("dana").get(reverse("search"), {"q": text})
        assert page.status_code == 200
        assert b"<script>" not in page.content.split(b"</head>")[1]


def test_start_and_search_cost_a_bounded_number_of_queries(
    db, django_assert_max_num_queries
):
    portal = make_portal()
    for number in range(4):
        portal.ask(run=f"case-{number}")
    client = portal.signed_in("maya")
    with django_assert_max_num_queries(38):
        client.get(reverse("start"))
    with django_assert_max_num_queries(34):
        client.get(reverse("search"), {"q": "refund"})


def test_person_found_leads_administrators_to_their_page_and_others_to_the_journal(db):
    portal = make_portal()
    tom = portal.people.tom.id
    assert f'href="/people/{tom}/"' in found_by(portal, "ada", "Okafor")
    assert f'href="/journal/?actor={tom}"' in found_by(portal, "dana", "Okafor")


def test_findings_and_the_portfolio_are_one_line_of_the_rail_and_of_the_palette(db):
    portal = make_portal()

    rail = start_of(portal, "maya").partition("shell-rail")[2].partition("</nav>")[0]
    under = portal.signed_in("maya").get(reverse("findings")).content.decode()
    found = {name: found_by(portal, "maya", name) for name in ("findi", "Portf")}

    for name in ("findings", "portfolio"):
        # Once in the rail, once in the menu that a phone shows instead.
        assert rail.count(f'href="{reverse(name)}"') == 2
    current = re.findall(r'class="nav-link" href="([^"]+)" aria-current', under)
    assert current == [reverse("findings")]
    assert f'href="{reverse("findings")}"' in found["findi"]
    assert f'href="{reverse("portfolio")}"' in found["Portf"]
