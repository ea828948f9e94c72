"""The best-fit technique: asked before AI is chosen, kept with the page, shown in the packet."""

import importlib
import json
from itertools import product

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.home.queries.gates.providers import PROVIDERS, technique
from registry.models import Workflow
from registry.operations.packets import submit_version
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
from tests.people import NOW, draft_workflow, make_company, refunds_document

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
