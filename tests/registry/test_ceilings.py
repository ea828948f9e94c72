"""Ceilings of three levels: who sets them, whom they bind, what they would leave."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Notice
from portal.accounts.operations.people import deactivate_person
from portal.accounts.operations.telling import NEWS, spread
from portal.audit.models import Entry
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid
from portal.core.models import OutboxMessage
from registry.models import (
    AllowanceRow,
    CapabilityRequest,
    Ceiling,
    DecisionRight,
    System,
)
from registry.operations.catalogue import set_model_approved, set_system_data
from registry.operations.ceilings import change_ceiling, lift_ceiling, set_ceiling
from registry.operations.decision_rights import Place, end_right, name_holder
from registry.operations.placing import place_workflow
from registry.operations.positions import add_position, fill_position
from registry.operations.teams import add_team, join_team
from registry.queries.authority import above_all, cells_in_force, reach_in_force
from registry.queries.capability import names_in, request_words
from registry.queries.ceiling_reach import CeilingSaid, ceiling_reach, said_in
from registry.queries.ceilings import ceilings_page
from registry.queries.rights import holds
from registry.queries.rulebooks import ceilings_over, standing_facts
from registry.rules.answers import Authority
from tests.people import NOW, live_workflow, make_company

pytestmark = pytest.mark.django_db
REVIEW = {
    "level": "enterprise",
    "name": "Money",
    "sentence": "A person decides on money.",
    "authority": "review",
    "verbs": ("refund",),
    "now": NOW,
}


@pytest.fixture
def people():
    return make_company()


@pytest.fixture
def workflow(people):
    return live_workflow(people)


def team_of(people, name="Refunds"):
    return add_team(
        actor=people.actor("ada"),
        name=name,
        department=people.departments["care"],
        now=NOW,
    )


def wanted(said):
    return CeilingSaid(**{key: said[key] for key in said if key != "now"})


def names(workflow):
    return [each.name for each in ceilings_over(workflow_id=workflow.id)]


def test_a_ceiling_and_a_request_say_names_and_keep_what_agents_send_beside(people):
    System.objects.filter(slug="billing").update(name="Money desk")
    set_model_approved(
        actor=SYSTEM, name="Big Model", slug="big-1", is_approved=True, now=NOW
    )
    made = set_ceiling(
        actor=people.actor("ada"),
        **REVIEW | {"systems": ("billing",), "ai_models": ("big-1",)},
    )

    line = ceilings_page(actor=people.actor("dana")).levels[0].ceilings[0]

    assert line.about == "refund in Money desk by Big Model"
    client = Client()
    client.force_login(people.dana)
    listed = client.get("/ceilings/").text
    assert "Money desk" in listed
    assert "big-1" not in listed
    assert "<code>billing</code>" in client.get(f"/ceilings/{made.id}/").text
    for kind, asked_of, name in (
        ("model", {"ai_model": "big-1"}, "Big Model"),
        ("system", {"system": "billing"}, "Money desk"),
    ):
        asked = CapabilityRequest(kind=kind, **asked_of)
        assert name in request_words(asked, names_in((asked,)))


def test_a_ceiling_of_a_team_binds_the_workflows_of_that_team_alone(people, workflow):
    team, other = team_of(people), team_of(people, "Airlines")
    place = {"department": team.department, "team": team, "level": "team"}
    set_ceiling(actor=people.actor("rosa"), **(REVIEW | place))
    before = standing_facts(workflow.slug, agent_id=None).department_epoch
    assert names(workflow) == []

    place_workflow(
        actor=people.actor("ada"), workflow_id=workflow.id, team=team, now=NOW
    )
    assert names(workflow) == ["Money"]
    facts = standing_facts(workflow.slug, agent_id=None)
    assert facts.ceilings[0].level == "team"
    assert facts.department_epoch == before + 1

    place_workflow(
        actor=people.actor("ada"), workflow_id=workflow.id, team=other, now=NOW
    )
    assert names(workflow) == []
    assert Entry.objects.filter(name="workflow.team_set").count() == 2


def test_only_a_team_of_its_department_and_only_whoever_places_it(people, workflow):
    team = team_of(people)
    elsewhere = add_team(
        actor=people.actor("ada"),
        name="Sellers",
        department=people.departments["sales"],
        now=NOW,
    )
    said = {"workflow_id": workflow.id, "now": NOW}

    with pytest.raises(Forbidden):
        place_workflow(actor=people.actor("maya"), team=team, **said)
    with pytest.raises(Invalid):
        place_workflow(actor=people.actor("ada"), team=elsewhere, **said)
    with pytest.raises(AlreadyDone):
        place_workflow(actor=people.actor("ada"), team=None, **said)
    with pytest.raises(Invalid):
        set_ceiling(actor=people.actor("rosa"), **(REVIEW | {"level": "team"}))


def test_where_somebody_is_named_nobody_else_decides_administrators_included(people):
    care = people.departments["care"]
    place = {"level": "department", "department": care}
    name_holder(
        actor=people.actor("ada"),
        kind="set_ceiling",
        place=Place("department", care),
        person=people.erik,
        now=NOW,
    )

    for key in ("ada", "rosa"):
        with pytest.raises(Forbidden) as refused:
            set_ceiling(actor=people.actor(key), **(REVIEW | place))
        assert refused.value.code == "right.not_held"
        assert "Erik Sandberg" in refused.value.detail
    set_ceiling(actor=people.actor("erik"), **(REVIEW | place))
    # Of the other levels nobody is named, and the team takes its department's.
    set_ceiling(actor=people.actor("rosa"), **REVIEW)
    team = team_of(people)
    at_team = {"department_id": care.id, "team_id": team.id}
    assert holds(people.actor("erik"), "set_ceiling", "team", **at_team)
    assert not holds(people.actor("ada"), "set_ceiling", "team", **at_team)

    right = DecisionRight.objects.get()
    end_right(actor=people.actor("ada"), right_id=right.id, now=NOW)
    set_ceiling(actor=people.actor("rosa"), **(REVIEW | place))
    with pytest.raises(AlreadyDone):
        end_right(actor=people.actor("ada"), right_id=right.id, now=NOW)


def test_a_position_holds_a_right_for_whoever_fills_it_and_nobody_names_themselves(
    people,
):
    post = add_position(
        actor=people.actor("ada"),
        name="Head of risk",
        department=people.departments["risk"],
        holder=people.audrey,
        now=NOW,
    )
    said = {"kind": "set_ceiling", "place": Place("enterprise"), "now": NOW}

    with pytest.raises(Forbidden):
        name_holder(actor=people.actor("ada"), person=people.ada, **said)
    with pytest.raises(Forbidden):
        name_holder(actor=people.actor("rosa"), person=people.erik, **said)
    wrong = said | {"kind": "place_workflow"}
    with pytest.raises(Invalid):
        name_holder(actor=people.actor("ada"), person=people.erik, **wrong)
    name_holder(actor=people.actor("ada"), position_id=post.id, **said)

    assert holds(people.actor("audrey"), "set_ceiling", "enterprise")
    assert not holds(people.actor("rosa"), "set_ceiling", "enterprise")
    with pytest.raises(Forbidden) as refused:
        fill_position(
            actor=people.actor("ada"),
            position_id=post.id,
            person=people.ada,
            note="Audrey is away.",
            now=NOW,
        )
    assert refused.value.code == "right.yourself"
    # Whoever is gone decides nothing, and the right goes back to the default.
    deactivate_person(actor=people.actor("ada"), person=people.audrey)
    assert holds(people.actor("rosa"), "set_ceiling", "enterprise")


def test_whoever_names_the_members_of_a_team_is_named_too(people):
    team = team_of(people)
    name_holder(
        actor=people.actor("ada"),
        kind="name_team_members",
        place=Place("team", team.department, team),
        person=people.erik,
        now=NOW,
    )
    said = {"team_id": team.id, "person": people.tom, "now": NOW}

    with pytest.raises(Forbidden):
        join_team(actor=people.actor("ada"), **said)
    join_team(actor=people.actor("erik"), **said)


def test_what_refuses_everything_asks_why_and_says_whom_it_empties(people, workflow):
    everything = REVIEW | {"authority": "never", "verbs": ()}
    its_systems = tuple(
        AllowanceRow.objects.filter(version=workflow.live_version_id)
        .values_list("system", flat=True)
        .distinct()
    )
    rosa = people.actor("rosa")

    for wrong in (everything, everything | {"systems": its_systems}):
        with pytest.raises(Conflict) as refused:
            set_ceiling(actor=rosa, **wrong)
        assert refused.value.code == "ceiling.refuses_everything"
    assert workflow.name in refused.value.detail
    assert not Ceiling.objects.exists()

    set_ceiling(actor=rosa, **everything, accepted_because="We were broken into.")
    assert Ceiling.objects.get().accepted_because == "We were broken into."


def test_the_owners_of_what_a_ceiling_narrows_are_told_and_nobody_else(
    people, workflow
):
    set_ceiling(actor=people.actor("rosa"), **REVIEW)
    set_ceiling(actor=people.actor("rosa"), **REVIEW | {"verbs": ("grant_access",)})
    for news in OutboxMessage.objects.filter(topic=NEWS):
        spread(news.payload)

    told = Notice.objects.filter(kind="ceiling_set")
    assert sorted(told.values_list("person__name", flat=True)) == [
        "Ilan Torres",
        "Maya Adler",
    ]


def test_a_changed_ceiling_keeps_its_place_and_the_old_one_stays_on_record(people):
    rosa = people.actor("rosa")
    old = set_ceiling(actor=rosa, **REVIEW)
    said = {"actor": rosa, "ceiling_id": old.id, "now": NOW}

    with pytest.raises(Invalid):
        change_ceiling(**said, because=" ", wanted=wanted(REVIEW))
    care = people.departments["care"]
    moved = REVIEW | {"level": "department", "department": care}
    with pytest.raises(Invalid):
        change_ceiling(**said, because="Why not.", wanted=wanted(moved))
    stricter = wanted(REVIEW | {"authority": "never"})
    new = change_ceiling(**said, because="The auditors ask.", wanted=stricter)

    old.refresh_from_db()
    assert (new.replaces_id, old.is_active) == (old.id, False)
    assert old.lifted_because == "changed: The auditors ask."
    with pytest.raises(AlreadyDone):
        lift_ceiling(actor=rosa, ceiling_id=old.id, because="Again.", now=NOW)


@pytest.mark.parametrize("change", [{"name": "Else"}, {"is_active": True}])
def test_what_a_ceiling_said_never_changes_and_it_never_comes_back(people, change):
    ceiling = set_ceiling(actor=people.actor("rosa"), **REVIEW)
    lift_ceiling(
        actor=people.actor("rosa"), ceiling_id=ceiling.id, because="Over.", now=NOW
    )

    with pytest.raises(IntegrityError):
        Ceiling.objects.filter(id=ceiling.id).update(**change)


def test_no_ceiling_and_no_right_changes_without_an_entry(people):
    ceiling = set_ceiling(actor=people.actor("rosa"), **REVIEW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname IN"
            " ('registry_ceiling_recorded', 'registry_decisionright_recorded')"
        )
        assert cursor.fetchone() == (2,)
    with pytest.raises(IntegrityError):
        Ceiling.objects.filter(id=ceiling.id).delete()


def test_sql_and_rules_agree_on_teams_and_data_and_the_preview_counts_the_same(
    people, workflow
):
    ada, rosa = people.actor("ada"), people.actor("rosa")
    team = team_of(people)
    place_workflow(actor=ada, workflow_id=workflow.id, team=team, now=NOW)
    billing = System.objects.get(slug="billing")
    set_system_data(actor=ada, system_id=billing.id, data_classes=["payment"], now=NOW)
    set_system_data(
        actor=ada,
        system_id=System.objects.get(slug="orders").id,
        data_classes=["internal"],
        now=NOW,
    )
    set_model_approved(actor=ada, slug="gpt-5", is_approved=True, now=NOW)
    on_data = REVIEW | {"verbs": (), "data_classes": ("payment",), "authority": "never"}
    at_team = {"level": "team", "department": team.department, "team": team}
    told = ceiling_reach(actor=rosa, said=wanted(on_data))
    set_ceiling(actor=rosa, **on_data)
    set_ceiling(
        actor=rosa,
        **(REVIEW | at_team | {"amount_max": Decimal(7), "currency": "EUR"}),
    )
    set_ceiling(actor=rosa, **(REVIEW | {"verbs": (), "ai_models": ("gpt-5",)}))

    above = above_all()
    rows = list(cells_in_force(above=above).select_related("workflow"))

    for row in rows:
        reach = reach_in_force(row, above, row.workflow)
        assert row.answer == list(Authority).index(reach.authority), row.verb
    by_system = {(row.system, row.verb): row.answer for row in rows}
    assert all(by_system[cell] == 2 for cell in by_system if cell[0] == "billing")
    # Nobody has told what the third system holds, so a person decides there.
    assert all(by_system[cell] >= 1 for cell in by_system if cell[0] == "crm")
    (touched,) = told.workflows
    open_before = [row for row in rows if row.reach != "never"]
    assert touched.refused == sum(row.system == "billing" for row in open_before)
    assert DecisionRight.objects.count() == 0


@pytest.mark.parametrize("amount", ["1E+999999999", "1E-999999999", "NaN", "-1"])
def test_an_address_previews_no_amount_that_a_form_would_refuse(amount):
    said = {"where": ["enterprise"], "authority": ["never"], "verbs": ["refund"]}

    assert said_in(said | {"amount_max": [amount]}) is None
    assert said_in(said | {"amount_max": ["9999999999999999.99"]}) is not None


def test_a_preview_names_no_workflow_that_one_may_not_see(people, workflow):
    never = REVIEW | {
        "authority": "never",
        "verbs": (),
        "systems": tuple(System.objects.values_list("slug", flat=True)),
    }

    told = ceiling_reach(actor=people.actor("rosa"), said=wanted(never))
    untold = ceiling_reach(actor=people.actor("olga"), said=wanted(never))

    assert told.emptied == workflow.name
    assert (untold.emptied, untold.count) == ("1 workflow of others", told.count)


def test_a_ceiling_set_while_another_is_previewed_breaks_nothing(people, monkeypatch):
    rosa = people.actor("rosa")
    old = set_ceiling(actor=rosa, **REVIEW)

    def then_another(**more):
        above = above_all(**more)
        monkeypatch.undo()
        set_ceiling(actor=rosa, **(REVIEW | {"name": "Another"}))
        return above

    monkeypatch.setattr("registry.queries.ceiling_reach.above_all", then_another)

    reach = ceiling_reach(actor=rosa, said=wanted(REVIEW), replaces=old.id)

    assert reach.count == 0


def test_the_pages_walk_from_the_preview_to_the_record(people, workflow):
    care = people.departments["care"]
    said = {
        "where": f"department:{care.id}",
        "name": "Small refunds",
        "sentence": "Above EUR 5 a person decides.",
        "authority": "review",
        "verbs": ["refund"],
        "amount_max": "5.00",
        "currency": "EUR",
    }
    rosa, maya = Client(), Client()
    rosa.force_login(people.rosa, backend="django.contrib.auth.backends.ModelBackend")
    maya.force_login(people.maya, backend="django.contrib.auth.backends.ModelBackend")

    preview = rosa.get("/ceilings/new/", said).content.decode()
    assert workflow.name in preview
    assert "Set “Small refunds”" in preview
    assert not Ceiling.objects.exists()
    assert maya.post("/ceilings/new/", said).status_code == 403
    assert rosa.post("/ceilings/new/", said | {"currency": ""}).status_code == 422
    comma = rosa.get("/ceilings/new/", said | {"amount_max": "10,00"}).content.decode()
    assert "Write digits and a point, such as 1000.00." in comma
    assert rosa.post("/ceilings/new/", said).status_code == 302

    ceiling = Ceiling.objects.get()
    shown = maya.get("/ceilings/").content.decode()
    assert "Above EUR 5 a person decides." in shown
    here = f"/ceilings/{ceiling.id}/"
    assert maya.post(here, {"because": "I want to."}).status_code == 403
    assert rosa.post(here, {"because": ""}).status_code == 422
    assert rosa.post(here, {"because": "The trial is over."}).status_code == 302
    assert "The trial is over." in maya.get("/ceilings/").content.decode()
