"""Tools of agents: listed where pages map them, retired for everybody, and approved again."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from approvals.models import Grant
from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.audit.models import Entry
from portal.core.clock import wall_clock
from portal.core.errors import AlreadyDone, Forbidden, NotFound
from registry.models import LevelEpoch, System, ToolChange
from registry.operations.acceptable_use import publish_statement
from registry.operations.catalogue import set_model_approved
from registry.operations.decision_rights import Place, name_holder
from registry.operations.retiring import retire_system
from registry.operations.tools import approve_tool, retire_tool
from registry.operations.training import set_requirements
from registry.queries.authority import above_all, cells_in_force, reach_in_force
from registry.queries.boundaries import boundaries_for
from registry.queries.catalogue import catalogue_page
from registry.queries.parts import gaps_of
from registry.queries.people import people_of
from registry.queries.tools import tool_id_of, tool_seen, tools_page
from registry.rules.answers import Authority
from tests.approvals.asking import make_portal
from tests.approvals.test_notices import relay
from tests.people import NOW, REFUNDS

TOOL = tool_id_of("billing", "refund_order")
PAGE = f"/tools/{TOOL}/"


@pytest.fixture
def portal(db):
    return make_portal()


def retire(reason: str = "Its maker ends it.", tool_id=TOOL):
    return retire_tool(actor=SYSTEM, tool_id=tool_id, reason=reason, now=wall_clock())


def epoch() -> int:
    row = LevelEpoch.objects.filter(class_id=1, identity=0).first()
    return row.number if row else 0


def test_a_retired_tool_stops_a_real_request_and_an_issued_grant_until_it_is_back(
    portal,
):
    asked, ada = portal.ask("10.00"), portal.signed_in("ada")
    assert asked["status"] == "allowed"

    nothing = ada.post(PAGE, {"reason": " "})
    done = ada.post(PAGE, {"reason": "Its maker ends it."})
    again = ada.post(PAGE, {"reason": "Once more."})
    redeemed = portal.post(
        "/grants/redeem",
        {"token": asked["grant"]["token"], "action_digest": asked["action_digest"]},
    )
    refused = portal.ask("10.00", run="case-2")
    ada.post(PAGE, {"change": "approve"})

    assert [nothing.status_code, done.status_code, again.status_code] == [422, 302, 422]
    assert redeemed.json()["code"] == "grant.stale"
    assert refused["status"] == "refused"
    reason = refused["ruling"]["reasons"][0]
    assert reason["code"] == "tool.not_approved"
    assert reason["who_can_help"] == "An administrator"
    assert portal.ask("10.00", run="case-3")["status"] == "allowed"
    names = Entry.objects.filter(name__startswith="catalogue.tool").order_by("id")
    assert {each.name for each in names} == {
        "catalogue.tool_retired",
        "catalogue.tool_approved",
    }


def test_what_the_retired_tool_does_not_stand_for_goes_on(portal):
    retire()

    credit = portal.body("10.00")
    credit["action"]["verb"] = "credit"
    asked = portal.post("/actions", credit).json()

    assert asked["status"] != "refused"


def test_whoever_holds_no_right_reads_the_tools_and_retires_none(portal):
    maya, before = portal.signed_in("maya"), epoch()

    listed = maya.get(reverse("tools")).content.decode()
    denied = maya.post(PAGE, {"reason": "I say so."})

    assert "refund_order" in listed
    assert maya.get(PAGE).status_code == 200
    assert denied.status_code == 403
    assert (ToolChange.objects.count(), epoch()) == (0, before)


def test_who_is_named_for_tools_retires_them_instead_of_administrators(portal):
    maya = portal.people.people["maya"]
    name_holder(
        actor=portal.people.actor("ada"),
        kind="approve_tool",
        place=Place("enterprise"),
        person=maya,
        now=wall_clock(),
    )

    assert portal.signed_in("ada").post(PAGE, {"reason": "x"}).status_code == 403
    assert portal.signed_in("maya").post(PAGE, {"reason": "x"}).status_code == 302


def test_who_may_do_it_is_answered_as_rulings_answer_while_a_tool_is_retired(portal):
    def answers():
        above = above_all()
        rows = cells_in_force(above=above).select_related("workflow")
        for row in rows:
            reach = reach_in_force(row, above, row.workflow)
            assert row.answer == list(Authority).index(reach.authority)
        return {(row.system, row.verb): row.answer for row in rows}

    def told():
        agent = portal.people.agent_actor
        found = boundaries_for(actor=agent, slug=portal.workflow.slug)["tools"]
        return {each["name"]: each["is_retired"] for each in found}

    before = answers()
    retire()

    changed = {cell for cell, answer in answers().items() if answer != before[cell]}
    assert changed == {("billing", "refund")}
    assert told()["refund_order"] is True
    approve_tool(actor=SYSTEM, tool_id=TOOL, now=wall_clock())
    assert answers() == before
    assert not any(told().values())


def test_who_retires_is_told_how_many_use_it_and_names_only_of_what_they_may_see(
    portal,
):
    olga, billing = portal.people.people["olga"], System.objects.get(slug="billing")
    model = set_model_approved(
        actor=SYSTEM, slug=portal.people.agent.model_name, is_approved=True, now=NOW
    )
    for kind in ("approve_tool", "approve_system", "approve_model"):
        name_holder(
            actor=portal.people.actor("ada"),
            kind=kind,
            place=Place("enterprise"),
            person=olga,
            now=NOW,
        )
    pages = (
        PAGE,
        reverse("system_retire", args=[billing.id]),
        reverse("model_retire", args=[model.id]),
    )
    for who, is_named in (("olga", False), ("audrey", True)):
        if is_named:
            olga.groups.add(*portal.people.people[who].groups.all())
        for page in pages:
            shown = portal.signed_in("olga").get(page).content.decode()
            assert (portal.workflow.name in shown) is is_named, page
            assert ("not named here" in shown) is not is_named, page


def test_nobody_counts_workflows_of_a_catalogue_that_they_may_not_see(portal):
    for who, count in (("olga", 0), ("tom", 1)):
        actor = portal.people.actor(who)
        used = {each.slug: each.used_by for each in catalogue_page(actor=actor).systems}
        assert used["billing"] == count


@pytest.mark.parametrize("deed", ["tool", "system", "model", "training", "statement"])
def test_whoever_lost_the_right_while_waiting_for_the_lock_decides_nothing(
    portal, monkeypatch, deed
):
    ada, now = portal.people.actor("ada"), wall_clock()
    system = System.objects.get(slug="billing")
    deeds = {
        "tool": lambda: retire_tool(actor=ada, tool_id=TOOL, reason="x", now=now),
        "system": lambda: retire_system(
            actor=ada, system_id=system.id, reason="x", now=now
        ),
        "model": lambda: set_model_approved(
            actor=ada, slug="new", is_approved=True, now=now
        ),
        "training": lambda: set_requirements(
            actor=ada, duty="reviewer", tiers=(), course_ids=(), now=now
        ),
        "statement": lambda: publish_statement(
            actor=ada,
            text="Be kind. " * 9,
            change="The first.",
            asks_anew=True,
            after=0,
        ),
    }

    def others_first(scope):
        portal.people.people["ada"].groups.clear()

    monkeypatch.setattr("registry.operations.enterprise.lock_exclusive", others_first)
    with pytest.raises(Forbidden):
        deeds[deed]()


def test_owners_of_what_uses_a_retired_tool_are_told_and_its_page_says_why(portal):
    retire()
    relay()

    told = Notice.objects.filter(kind="use_refused")
    assert {each.person.name for each in told} == {
        "Maya Adler",
        "Ilan Torres",
        "Priya Nair",
    }
    maya = portal.signed_in("maya")
    line = maya.get("/notices/").content.decode()
    assert "The tool refund_order is approved no more" in line
    page = maya.get(reverse("workflow", args=[portal.workflow.slug])).content.decode()
    assert "The tool refund_order was retired (“Its maker ends it.”)" in page


def test_a_draft_that_maps_a_retired_tool_says_so_among_its_gaps(portal):
    people = people_of(workflow_id=portal.workflow.id)
    assert "tools.refund_order" not in {gap.key for gap in gaps_of(REFUNDS, people)}

    retire()
    gone = {gap.key: gap.text for gap in gaps_of(REFUNDS, people)}
    other = [{"name": "refund_order", "system": "orders", "verb": "read"}]
    elsewhere = gaps_of({**REFUNDS, "tools": other}, people)
    approve_tool(actor=SYSTEM, tool_id=TOOL, now=wall_clock())

    assert "Its maker ends it." in gone["tools.refund_order"]
    assert "tools.refund_order" not in {gap.key for gap in elsewhere}
    assert "tools.refund_order" not in {gap.key for gap in gaps_of(REFUNDS, people)}


def test_the_list_names_verb_tier_and_workflows_and_only_what_one_may_see(portal):
    line = tools_page(actor=portal.people.actor("ada")).tools[0]

    assert (line.name, line.system, line.verbs) == (
        "refund_order",
        "billing",
        (("refund", "change"),),
    )
    assert [each.slug for each in line.live] == [portal.workflow.slug]
    outsider = portal.people.actor("olga")
    assert tools_page(actor=outsider).tools == ()
    assert tool_seen(actor=outsider, tool_id=TOOL) is None
    retire()
    seen = tool_seen(actor=outsider, tool_id=TOOL)
    assert (seen.retired_reason, seen.uses) == ("Its maker ends it.", ())


def test_a_tool_that_nobody_maps_is_not_there_and_one_in_use_is_not_approved_again(
    portal,
):
    with pytest.raises(NotFound):
        retire(tool_id=tool_id_of("billing", "no_such_tool"))
    with pytest.raises(AlreadyDone):
        approve_tool(actor=SYSTEM, tool_id=TOOL, now=wall_clock())


def test_changes_of_tools_are_never_changed_or_removed(portal):
    retire()

    for change in (
        lambda: ToolChange.objects.update(is_approved=True, number=2),
        lambda: ToolChange.objects.all().delete(),
    ):
        with (
            pytest.raises(Exception, match="append-only|permission"),
            transaction.atomic(),
        ):
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        ToolChange.objects.create(
            tool_id=TOOL,
            system="billing",
            name="refund_order",
            number=2,
            is_approved=False,
            changed_at=wall_clock(),
        )


def test_a_waiting_proposal_of_a_retired_tool_cannot_be_approved_into_running(portal):
    asked = portal.ask("84.20")
    retire()

    portal.decide("dana", asked)

    assert asked["status"] == "in_review"
    assert not Grant.objects.exists()
