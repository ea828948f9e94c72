"""The best-fit technique: asked before AI is chosen, kept with the page, shown in the packet."""

import importlib
import json
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from portal.audit.models import Entry
from portal.core.errors import Conflict, Forbidden
from portal.home.queries.gates.providers import PROVIDERS, technique
from registry.models import Workflow
from registry.operations.drafts import set_basics
from registry.operations.ending import end_without_ai
from registry.operations.packets import new_version, submit_version
from registry.queries.across import looked_after_by
from registry.queries.templates import template_choices, template_document
from registry.rules.gaps import gaps_of
from registry.rules.techniques import (
    AGENT,
    QUESTIONS,
    TECHNIQUES,
    best_fit,
    is_fixed,
    next_question,
    technique_sentences,
)
from tests.people import (
    NOW,
    draft_workflow,
    live_workflow,
    make_company,
    refunds_document,
)

ALL_NO = {question.key: "no" for question in QUESTIONS}


@pytest.fixture
def people(db):
    return make_company()


def client_of(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def answer(client, slug, **given):
    address = reverse("draft_technique", args=[slug])
    revision = Workflow.objects.get(slug=slug).versions.latest("number").revision
    return client.post(address, {"revision": revision, **given})


def document_of(slug):
    return Workflow.objects.get(slug=slug).versions.latest("number").document


def test_only_a_technique_of_fixed_steps_reasons_about_nothing():
    assert {
        each.key
        for each in TECHNIQUES.values()
        if is_fixed({"steps": "yes", "choice": each.key})
    } == {"workflow", "rules", "optimiser"}
    assert is_fixed({"steps": "no", "written": "yes"})
    assert not is_fixed(ALL_NO)
    # A choice without its answers counts for nothing.
    assert not is_fixed({"choice": "workflow"})


def test_the_migration_says_of_every_technique_what_the_rules_say(db):
    migration = importlib.import_module("registry.migrations.0026_fixed_steps")
    ways = product(("yes", "no", ""), repeat=len(QUESTIONS))
    said = [
        dict(zip(ALL_NO, way, strict=True)) | {"choice": choice}
        for way in ways
        for choice in ("", *TECHNIQUES)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {migration.IS_FIXED} FROM jsonb_array_elements(%s::jsonb)"  # noqa: S608
            " WITH ORDINALITY AS said (t, number) ORDER BY number",
            [
                json.dumps(
                    [
                        {key: value for key, value in each.items() if value}
                        for each in said
                    ]
                )
            ],
        )
        found = [fixed for (fixed,) in cursor.fetchall()]

    assert found == [is_fixed(each) for each in said]


def test_a_page_of_phase_1_whose_technique_reasons_is_not_sent_for_signature():
    def missing(**changes):
        return {
            gap.key: gap.where
            for gap in gaps_of(refunds_document(phase=1, **changes), {})
        }

    unasked, agent = missing(technique={}), missing(technique=ALL_NO)
    fixed = missing(technique={"steps": "yes"})

    assert unasked["technique"] == "technique"
    assert agent["phase"] == "basics"
    assert not {"technique", "phase"} & set(fixed)
    reading = [{"system": "orders", "verb": "read", "authority": "allowed"}]
    assert "phase" not in missing(technique=ALL_NO, allowances=reading)


def test_every_way_through_the_tree_ends_in_a_technique():
    for answers in product(("yes", "no", ""), repeat=len(QUESTIONS)):
        said = dict(zip(ALL_NO, answers, strict=True))
        fit, following = best_fit(said), next_question(said)

        assert (fit is None) == (following is not None)
        assert bool(technique_sentences(said)) == (fit is not None)
    for at, question in enumerate(QUESTIONS):
        said = dict(list(ALL_NO.items())[:at]) | {question.key: "yes"}
        assert best_fit(said) == TECHNIQUES[question.technique]
    assert best_fit(ALL_NO) == TECHNIQUES[AGENT]
    assert best_fit({}) is None


def test_registering_asks_it_first_and_an_orchestration_problem_is_a_good_ending(
    people,
):
    maya = client_of(people.maya)
    registered = maya.post(
        "/workflows/new/",
        {
            "template": "refund-management",
            "name": "Parcel refunds",
            "department": people.departments["care"].id,
        },
    )
    asked = maya.get(registered.url).content.decode()
    answer(maya, "parcel-refunds", answer="yes")
    ending = maya.get(registered.url).content.decode()
    gone_on = answer(maya, "parcel-refunds", choice="workflow")

    assert registered.url == "/workflows/parcel-refunds/draft/technique/"
    assert QUESTIONS[0].text in asked
    assert "This is an orchestration problem" in ending
    assert "Register it as plain automation" in ending
    assert "Stop here" in ending
    assert gone_on.url == "/workflows/parcel-refunds/draft/people/business_owner/"
    page = document_of("parcel-refunds")
    assert page["phase"] == 1
    assert page["technique"] == {"steps": "yes", "choice": "workflow"}


def test_another_technique_needs_a_reason_and_the_answers_can_be_given_again(people):
    draft_workflow(people, document=refunds_document(technique=ALL_NO))
    maya = client_of(people.maya)

    silent = answer(maya, "refund-management", choice="rules")
    unknown = answer(maya, "refund-management", choice="magic")
    said = answer(
        maya, "refund-management", choice="rules", because="The rules are printed."
    )
    kept = document_of("refund-management")["technique"]
    again = answer(maya, "refund-management", again="yes")

    assert (silent.status_code, unknown.status_code) == (422, 422)
    assert "Say why another technique fits better" in silent.content.decode()
    assert said.status_code == 302
    assert kept == {**ALL_NO, "choice": "rules", "because": "The rules are printed."}
    assert again.status_code == 302
    assert document_of("refund-management")["technique"] == {}


def test_the_packet_shows_it_and_its_digest_binds_it(people):
    chosen = {**ALL_NO, "choice": AGENT}
    workflow = draft_workflow(people, document=refunds_document(technique=chosen))
    packet = submit_version(
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        reason="Groups bound it.",
        now=NOW,
    )
    page = client_of(people.rosa).get("/workflows/refund-management/packet/")

    assert json.loads(bytes(packet.content))["document"]["technique"] == chosen
    assert "The technique that fits is an agent" in page.content.decode()
    assert technique in PROVIDERS


def test_every_template_says_its_technique_and_the_plain_ones_begin_in_phase_1():
    for choice in template_choices():
        page = template_document(choice.key)
        fit = best_fit(page["technique"])
        assert page["technique"]["choice"] == fit.key, choice.key


def ended(people):
    """Register a draft, say that its steps are known, and stop there."""
    workflow = draft_workflow(people, slug="badges", name="Visitor badges")
    client = client_of(people.maya)
    answer(client, "badges", again="yes")
    answer(client, "badges", answer="yes")
    page = client.get(reverse("draft_technique", args=["badges"])).text
    assert "Stop here: no AI is needed" in page
    revision = workflow.versions.get().revision
    stopped = client.post(reverse("draft_end", args=["badges"]), {"revision": revision})
    assert stopped.status_code == 302
    workflow.refresh_from_db()
    return workflow, client


def test_stopping_ends_the_draft_with_its_answers_on_record_and_listed(people):
    workflow, client = ended(people)

    version = workflow.versions.get()
    assert (workflow.ended_as, version.state) == ("workflow", "WITHDRAWN")
    assert version.reason == "It needs no AI: it is an orchestration problem."
    assert json.loads(bytes(version.content))["technique"]["steps"] == "yes"
    with pytest.raises(IntegrityError), transaction.atomic():
        workflow.versions.update(document={})
    entry = Entry.objects.get(name="workflow.ended_without_ai")
    assert entry.workflow_id == workflow.id
    listed = client.get(reverse("workflows"), {"state": "ended"}).text
    assert "Visitor badges" in listed
    drafts = client.get(reverse("workflows"), {"state": "draft"}).text
    assert "Visitor badges" not in drafts
    overview = client.get(reverse("workflow", args=["badges"])).text
    assert "It ended well: no AI is needed" in overview
    assert "it is an orchestration problem" in overview
    for name in ("page", "draft", "versions", "packet", "people", "agents", "phase"):
        assert (
            client.get(reverse(f"workflow_{name}", args=["badges"])).status_code == 200
        )
    assert "badges" not in {
        each.slug for each in looked_after_by(actor=people.actor("maya"))
    }
    late = {"revision": version.revision, "answer": "no"}
    refused = client.post(reverse("draft_technique", args=["badges"]), late)
    assert refused.status_code in (404, 409)
    with pytest.raises(Conflict, match="Take it up again"):
        set_basics(
            actor=people.actor("maya"),
            workflow_id=workflow.id,
            revision=version.revision,
            changes={"name": "Other"},
            now=NOW,
        )


def test_what_ended_is_taken_up_again_from_where_it_was(people):
    workflow, client = ended(people)
    before = workflow.versions.get().document
    take_up = reverse("workflow_take_up", args=["badges"])
    assert client_of(people.audrey).post(take_up).status_code == 403

    client.post(take_up)

    workflow.refresh_from_db()
    draft = workflow.versions.latest("number")
    assert (workflow.ended_as, draft.state, draft.number) == ("", "DRAFT", 2)
    assert draft.document == before
    assert Entry.objects.filter(name="workflow.taken_up_again").count() == 1
    assert "taken up already" in client.post(take_up, follow=True).text
    assert workflow.versions.count() == 2


def test_only_what_needs_no_ai_and_was_never_live_ends_so(people):
    workflow = draft_workflow(people)
    draft = workflow.versions.get()
    ends = {"actor": people.actor("maya"), "workflow_id": workflow.id, "now": NOW}
    with pytest.raises(Conflict, match="do not say that it needs no AI"):
        end_without_ai(revision=draft.revision, **ends)
    live = live_workflow(people, slug="live-one", name="Live one")
    ends["workflow_id"] = live.id
    made = new_version(**ends)
    with pytest.raises(Conflict, match="is live"):
        end_without_ai(revision=made.revision, **ends)
    with pytest.raises(Forbidden):
        end_without_ai(
            revision=1,
            actor=people.actor("audrey"),
            workflow_id=workflow.id,
            now=NOW,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Workflow.objects.filter(id=live.id).update(ended_as="workflow")
