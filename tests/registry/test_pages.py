"""Every page of the registry: who may open it, what it costs, what it does."""

import pytest
from django.test import Client
from django.urls import reverse

from registry.models import System, Workflow
from registry.operations.packets import new_version, submit_version
from registry.operations.pausing import pause_workflow
from tests.people import NOW, draft_workflow, live_workflow, make_company

pytestmark = pytest.mark.django_db

QUERY_BUDGET = 36
QUERY_BUDGET_OF_LIST = 18
PAGES = (
    ("workflow", ()),
    ("workflow_page", ()),
    ("workflow_draft", ()),
    ("workflow_packet", ()),
    ("workflow_versions", ()),
    ("workflow_version", (1,)),
    ("workflow_people", ()),
    ("workflow_pause", ()),
    ("workflow_resume", ()),
    ("workflow_page_toml", ()),
)
DRAFT_PAGES = (
    ("draft_basics", ()),
    ("draft_answer", ("reads",)),
    ("draft_matrix", ()),
    ("draft_cell", ("billing", "refund")),
    ("draft_cell", ("crm", "update")),
    ("draft_guardrail", ()),
    ("draft_caps", ()),
    ("draft_stop_rules", ()),
    ("draft_stop_rule", ("legal-words",)),
    ("draft_stop_rule_new", ("missing_data",)),
    ("draft_stop_rule_new", ("conflicting_records",)),
    ("draft_stop_rule_new", ("sensitive_topic",)),
    ("draft_stop_rule_new", ("low_confidence",)),
    ("draft_stop_rule_new", ("outside_category",)),
    ("draft_stop_rule_new", ("tool_failure",)),
    ("draft_stop_rule_new", ("expression",)),
    ("draft_checks", ()),
    ("draft_load", ()),
    ("draft_discard", ()),
)


@pytest.fixture
def people():
    return make_company()


def _client(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_insiders_read_each_page_within_its_budget_and_outsiders_find_nothing(
    people, django_assert_max_num_queries
):
    workflow = live_workflow(people)
    new_version(actor=people.actor("maya"), workflow_id=workflow.id, now=NOW)
    maya, dana, olga = (
        _client(person) for person in (people.maya, people.dana, people.olga)
    )
    maya.get("/workflows/")

    for name, more in PAGES + DRAFT_PAGES:
        address = reverse(name, args=[workflow.slug, *more])
        with django_assert_max_num_queries(QUERY_BUDGET):
            assert maya.get(address).status_code == 200, address
        assert dana.get(address).status_code == 200, address
        assert olga.get(address).status_code == 404, address
        assert Client().get(address).status_code == 302, address


def test_pages_of_a_draft_a_packet_and_a_paused_workflow_can_be_read(people):
    maya = people.actor("maya")
    draft = draft_workflow(people, slug="first-draft")
    waiting = draft_workflow(people, slug="waiting")
    submit_version(
        reason="It may begin here.",
        actor=maya,
        workflow_id=waiting.id,
        revision=1,
        now=NOW,
    )
    paused = live_workflow(people, slug="paused")
    pause_workflow(actor=maya, workflow_id=paused.id, reason="Odd refunds.", now=NOW)
    client = _client(people.maya)

    for workflow in (draft, waiting, paused):
        for name, more in PAGES:
            address = reverse(name, args=[workflow.slug, *more])
            assert client.get(address).status_code == 200, address


def test_the_list_costs_the_same_with_more_workflows(
    people, django_assert_max_num_queries
):
    for number in range(12):
        draft_workflow(people, slug=f"workflow-{number}", reviewers=())
    client = _client(people.maya)
    client.get("/workflows/")

    with django_assert_max_num_queries(QUERY_BUDGET_OF_LIST):
        assert client.get("/workflows/").content.count(b"row-link") == 12


def test_the_list_shows_what_a_person_may_see_and_nothing_else(people):
    live_workflow(people)
    draft_workflow(people, slug="late-parcels")

    mine = _client(people.dana).get("/workflows/").content.decode()
    theirs = _client(people.olga).get("/workflows/").content.decode()
    filtered = _client(people.dana).get("/workflows/?verb=refund").content.decode()
    searched = _client(people.dana).get("/workflows/?q=Maya+Adler&state=draft")

    assert "Refund management" in mine
    assert "Late parcels" in mine
    assert "No workflow yet" in theirs
    assert "Refund management" in filtered
    assert "Late parcels" not in filtered
    assert "Late parcels" in searched.content.decode()


def test_a_workflow_is_registered_from_a_template_in_the_browser(people):
    client = _client(people.maya)

    page = client.get("/workflows/new/")
    answer = client.post(
        "/workflows/new/",
        {
            "template": "refund-management",
            "name": "Refunds of parcels",
            "department": people.departments["care"].id,
        },
    )

    assert page.status_code == 200
    assert answer.url == "/workflows/refunds-of-parcels/draft/technique/"
    workflow = Workflow.objects.get(slug="refunds-of-parcels")
    assert workflow.phase == 4
    assert workflow.versions.get().document["answers"]["reads"]
    draft = client.get("/workflows/refunds-of-parcels/draft/").content.decode()
    assert "Nobody is the risk owner yet." in draft


def test_the_second_editor_keeps_what_was_typed_and_sees_who_was_faster(people):
    workflow = draft_workflow(people)
    address = reverse("draft_answer", args=[workflow.slug, "reads"])
    first = {"revision": 1, "text": "Orders and customers."}
    _client(people.maya).post(address, first)

    lost = _client(people.priya).post(address, {"revision": 1, "text": "Mine to keep."})

    text = lost.content.decode()
    assert lost.status_code == 409
    assert "Maya Adler changed this answer too" in text
    assert "Mine to keep." in text
    assert "Orders and customers." in text


def test_a_cell_is_set_by_form_and_by_key(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    address = reverse("draft_cell", args=[workflow.slug, "billing", "credit"])

    by_form = client.post(
        address, {"revision": 1, "authority": "allowed", "amount_max": "10,50", "currency": "EUR",
                  "amount_field": "amount"},
    )  # fmt: skip
    by_key = client.post(
        address,
        {"revision": 2, "authority": "review", "quick": "1"},
        headers={"HX-Request": "true"},
    )
    emptied = client.post(address, {"revision": 3, "authority": ""})

    assert by_form.status_code == 302
    assert by_key.status_code == 200
    assert "<html" not in by_key.content.decode()
    assert emptied.status_code == 302
    document = workflow.versions.get().document
    assert not [row for row in document["allowances"] if row["verb"] == "credit"]


def test_the_whole_way_to_live_works_by_forms_alone(people):
    workflow = draft_workflow(people)
    slug = workflow.slug
    maya = _client(people.maya)

    silent = maya.post(reverse("draft_submit", args=[slug]), {"revision": 1})
    assert "why it may begin in phase 4" in silent.content.decode()
    submission = {"revision": 1, "reason": "Its groups bound it."}
    maya.post(reverse("draft_submit", args=[slug]), submission)
    digest = workflow.versions.get().packet.digest
    stale = maya.post(
        reverse("packet_sign", args=[slug]),
        {"role": "business_owner", "digest": "sha256:0"},
    )
    for person, role in (
        (people.maya, "business_owner"),
        (people.ilan, "it_owner"),
        (people.rosa, "risk_owner"),
    ):
        signed = _client(person).post(
            reverse("packet_sign", args=[slug]), {"role": role, "digest": digest}
        )
        assert signed.status_code == 302
    refused = _client(people.dana).post(reverse("version_launch", args=[slug]), {})
    launched = maya.post(reverse("version_launch", args=[slug]), {"digest": digest})

    assert stale.status_code == 409
    assert refused.status_code == 403
    assert "Maya Adler" in refused.content.decode()
    assert launched.url == f"/workflows/{slug}/"
    assert Workflow.objects.get(slug=slug).live_version.number == 1


def test_a_submission_with_gaps_says_them_and_keeps_the_draft(people):
    client = _client(people.maya)
    client.post(
        "/workflows/new/",
        {
            "template": "blank",
            "name": "Blank one",
            "department": people.departments["care"].id,
        },
    )

    answer = client.post(reverse("draft_submit", args=["blank-one"]), {"revision": 1})

    assert answer.status_code == 422
    assert "This question has no answer yet." in answer.content.decode()
    assert Workflow.objects.get(slug="blank-one").versions.get().state == "DRAFT"


def test_a_reader_without_the_right_is_told_who_can_help(people):
    workflow = live_workflow(people)

    answer = _client(people.dana).post(
        reverse("workflow_pause", args=[workflow.slug]), {"reason": "Odd."}
    )

    assert answer.status_code == 403
    assert "Maya Adler" in answer.content.decode()
    assert Workflow.objects.get(id=workflow.id).paused_at is None


def test_the_page_downloads_as_toml_and_loads_back_the_same(people):
    workflow = draft_workflow(people)
    client = _client(people.maya)
    before = workflow.versions.get().document

    text = client.get(
        reverse("workflow_page_toml", args=[workflow.slug])
    ).content.decode()
    loaded = client.post(
        reverse("draft_load", args=[workflow.slug]), {"text": text, "revision": 1}
    )
    stale = client.post(
        reverse("draft_load", args=[workflow.slug]), {"text": text, "revision": 1}
    )
    bad = client.post(
        reverse("draft_load", args=[workflow.slug]),
        {"text": text + "\nwrong = 1\n", "revision": 2},
    )

    assert loaded.status_code == 302
    assert workflow.versions.get().document == before
    assert bad.status_code == 422
    assert "Maya Adler saved this while you were writing." in stale.content.decode()


def test_an_administrator_adds_a_system_and_says_what_data_it_holds(people):
    live_workflow(people)
    system = {
        "change": "add",
        "name": "Warehouse",
        "slug": "warehouse",
        "is_approved": "on",
    }
    ada = _client(people.ada)

    assert _client(people.dana).get("/systems/").status_code == 200
    assert _client(people.dana).post("/systems/", system).status_code == 403
    assert ada.post("/systems/", system).status_code == 302
    assert ada.post("/systems/", system).status_code == 422
    data = {
        "change": "data",
        "system": System.objects.get(slug="warehouse").id,
        "data_classes": ["payment", "personal"],
    }
    assert _client(people.rosa).post("/systems/", data).status_code == 403
    assert ada.post("/systems/", data).status_code == 302
    shown = _client(people.dana).get("/systems/").content.decode()
    assert "Warehouse" in shown
    assert "personal and payment" in shown
