"""A refusal from above leads whoever works with the workflow to the form that asks for more."""

import re
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from approvals.rules.against import more_given
from portal.accounts.actors import SYSTEM
from portal.core.clock import wall_clock
from registry.models import CeilingWaiver
from registry.operations.asking_more import Wanted, ask_for_more
from registry.operations.catalogue import set_model_approved
from registry.operations.ceilings import lift_ceiling
from registry.operations.deciding_more import approve_request
from tests.approvals.test_ceilings import limit, place

SLUG = "refund-management"
pytestmark = pytest.mark.django_db
LINK = r'<a href="(/workflows/[^"]+/ask/\?[^"]+)">Ask for more'


def part_of(client, name, *args):
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return unescape(" ".join(response.content.decode().split()))


def links_in(page):
    return [parse_qs(urlsplit(href).query) for href in re.findall(LINK, page)]


@pytest.mark.parametrize("level", ["enterprise", "department", "team"])
def test_who_answers_for_it_finds_where_to_ask_on_the_pages_of_workflow_and_run(
    portal, level
):
    ceiling = limit(portal, **place(portal, level))
    refused = portal.ask("84.20")
    wanted = {
        "kind": ["waiver"],
        "ceiling": ["No refunds"],
        "system": ["billing"],
        "verb": ["refund"],
        "amount_max": ["84.20"],
        "currency": ["EUR"],
    }

    for name in ("maya", "dana"):
        client = portal.signed_in(name)
        of_workflow = part_of(client, "refused_above", SLUG)
        of_run = part_of(client, "refused_above_of_run", refused["run"]["id"])
        assert links_in(of_workflow) == links_in(of_run) == [wanted]
        assert "Nobody refunds this week." in of_workflow
        assert f'<code class="reasons-code">ceiling.{level}</code>' in of_run
    form = unescape(client.get(re.search(LINK, of_run).group(1)).content.decode())
    assert f'<option value="{ceiling.id}" selected>' in form

    (first, *_) = refused["ruling"]["reasons"]
    assert first["code"] == f"ceiling.{level}"
    assert first["who_can_help"]


def test_both_pages_load_it_and_name_it_without_scripts(portal):
    limit(portal)
    run = portal.ask()["run"]["id"]
    maya = portal.signed_in("maya")

    for page, part in (
        (reverse("workflow", args=[SLUG]), reverse("refused_above", args=[SLUG])),
        (reverse("run", args=[run]), reverse("refused_above_of_run", args=[run])),
    ):
        said = maya.get(page).content.decode()
        assert f'hx-get="{part}"' in said
        assert f'href="{part}"' in said


def test_who_only_reads_it_is_told_who_can_help_and_offered_no_form(portal):
    limit(portal)
    run = portal.ask()["run"]["id"]

    page = part_of(portal.signed_in("audrey"), "refused_above_of_run", run)

    assert "Refused from above" in page
    assert links_in(page) == []
    assert "Who can help: The workflow's risk owner." in page


def test_what_was_lifted_or_waived_since_is_nothing_to_ask_about(portal):
    maya, rosa = portal.signed_in("maya"), portal.people.actor("rosa")
    ceiling = limit(portal)
    portal.ask("84.20")
    asked = ask_for_more(
        actor=portal.people.actor("maya"),
        workflow_id=portal.workflow.id,
        wanted=Wanted(
            kind="waiver",
            why="It is Christmas.",
            ceiling_id=ceiling.id,
            system="billing",
            verb="refund",
            amount_max=Decimal(50),
            currency="EUR",
            days=3,
        ),
        now=wall_clock(),
    )
    approve_request(actor=rosa, request_id=asked.id, answer="Yes.", now=wall_clock())
    assert CeilingWaiver.objects.count() == 1
    above_the_waiver = links_in(part_of(maya, "refused_above", SLUG))
    portal.ask("40.00", run="small")

    lift_ceiling(actor=rosa, ceiling_id=ceiling.id, because="Over.", now=wall_clock())

    assert len(above_the_waiver) == 1
    assert part_of(maya, "refused_above", SLUG) == ""


def test_what_the_page_itself_never_allows_is_no_matter_of_a_level_above(portal):
    refused = portal.ask(action={"verb": "delete", "system": "billing", "args": {}})
    assert refused["status"] == "refused"

    assert part_of(portal.signed_in("maya"), "refused_above", SLUG) == ""


def test_a_model_that_is_not_approved_is_asked_for_by_its_name(portal):
    set_model_approved(
        actor=SYSTEM, slug="acme/other-1", is_approved=True, now=wall_clock()
    )
    portal.ask(model="acme/large-4")

    (given,) = links_in(part_of(portal.signed_in("maya"), "refused_above", SLUG))

    assert given == {"kind": ["model"], "ai_model": ["acme/large-4"]}


@pytest.mark.parametrize(
    ("amount", "said"),
    [("84.201", "84.21"), ("1e30", None), ("NaN", None), ("0", "0.00")],
)
def test_what_is_filled_in_covers_the_amount_or_says_none(amount, said):
    given = more_given(
        "ceiling.team",
        rule="x",
        system="billing",
        verb="refund",
        ai_model="",
        tool="",
        amount=Decimal(amount),
        currency="EUR",
    )

    assert given.get("amount_max") == said
