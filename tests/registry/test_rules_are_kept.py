"""Rules are kept while they are typed: the guardrail in the draft, a half-typed rule beside it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from registry.models import OperatingModelVersion, UnsavedWords, Workflow
from registry.operations.packets import submit_version
from tests.people import NOW, draft_workflow, make_company

pytestmark = pytest.mark.django_db

SLUG = "refund-management"
HTMX = {"HX-Request": "true"}
CAP = {"key": "seven-days", "kind": "count", "limit": "", "window_hours": "168"}


@pytest.fixture
def people():
    company = make_company()
    draft_workflow(company, slug=SLUG)
    return company


def client_of(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def hidden(answer) -> dict[str, str]:
    names = ("revision", "seen", "page", "their_revision", "their_seen")
    html = answer.content.decode()
    found = {name: re.search(f'name="{name}" value="([^"]*)"', html) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def document():
    return OperatingModelVersion.objects.get(workflow__slug=SLUG, number=1).document


def rails():
    return reverse("draft_guardrail", args=[SLUG])


def unsaved(form):
    return reverse("draft_unsaved", args=[SLUG, form])


def rule_page(kind="low_confidence"):
    return reverse("draft_stop_rule_new", args=[SLUG, kind])


def test_a_guardrail_is_saved_while_it_is_typed_and_only_its_line_comes_back(people):
    maya = client_of(people.maya)
    sent = hidden(maya.get(rails())) | {"amount_review": "75.00", "currency": "EUR"}

    answer = maya.post(rails(), sent, headers=HTMX)

    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "Saved" in answer.content.decode()
    assert document()["guardrail"] == {"amount_review": "75.00", "currency": "EUR"}


def test_a_page_saves_its_guardrail_again_and_again_without_quarrelling(people):
    maya = client_of(people.maya)
    sent = hidden(maya.get(rails()))
    for amount in ("7", "75", "75.50"):
        answer = maya.post(rails(), sent | {"amount_review": amount}, headers=HTMX)
        assert answer.status_code == 200
        sent = hidden(answer)

    assert document()["guardrail"] == {"amount_review": "75.50"}


def test_a_guardrail_that_cannot_be_read_is_not_saved_and_says_so(people):
    maya = client_of(people.maya)
    before = document()["guardrail"]
    sent = hidden(maya.get(rails())) | {"confidence_min": "1.7"}

    answer = maya.post(rails(), sent, headers=HTMX)

    assert answer.status_code == 422
    assert "Not saved yet" in answer.content.decode()
    assert document()["guardrail"] == before


def test_the_second_of_two_people_at_the_guardrail_chooses_which_one_stays(people):
    maya, ilan = client_of(people.maya), client_of(people.ilan)
    hers, his = hidden(maya.get(rails())), hidden(ilan.get(rails()))
    maya.post(rails(), hers | {"amount_review": "10"}, headers=HTMX)

    lost = ilan.post(rails(), his | {"amount_review": "90"}, headers=HTMX)
    assert lost.status_code == 409
    assert "Maya Adler changed the guardrails too" in lost.content.decode()
    assert document()["guardrail"] == {"amount_review": "10"}

    chosen = ilan.post(rails(), hidden(lost) | {"amount_review": "90", "keep": "mine"})
    assert chosen.status_code == 302
    assert document()["guardrail"] == {"amount_review": "90"}


def test_a_half_typed_cap_comes_back_on_another_device_and_is_no_cap(people):
    before = document()["caps"]
    kept = client_of(people.maya).post(unsaved("cap"), CAP, headers=HTMX)
    assert "It is no rule until you save it" in kept.content.decode()

    page = client_of(people.maya).get(reverse("draft_caps", args=[SLUG]))
    text = page.content.decode()
    assert 'value="seven-days"' in text
    assert 'value="168"' in text
    assert "did not save it" in text
    assert document()["caps"] == before


def test_what_one_person_began_is_not_shown_to_another(people):
    client_of(people.maya).post(unsaved("cap"), CAP, headers=HTMX)
    text = (
        client_of(people.ilan).get(reverse("draft_caps", args=[SLUG])).content.decode()
    )
    assert "seven-days" not in text
    assert "did not save it" not in text


def test_a_rule_that_is_saved_is_no_longer_kept_beside_the_draft(people):
    maya = client_of(people.maya)
    maya.post(unsaved("new-low_confidence"), {"below": "0.6"}, headers=HTMX)
    assert 'value="0.6"' in maya.get(rule_page()).content.decode()

    sent = hidden(maya.get(rule_page())) | {"below": "0.6", "effect": "review"}
    assert maya.post(rule_page(), sent).status_code == 302

    assert not UnsavedWords.objects.exists()
    assert 'value="0.6"' not in maya.get(rule_page()).content.decode()


def test_the_draft_says_what_was_begun_and_leads_there(people):
    maya = client_of(people.maya)
    maya.post(unsaved("tool"), {"name": "pay_back"}, headers=HTMX)
    text = maya.get(reverse("workflow_draft", args=[SLUG])).content.decode()
    assert "Go on with a tool" in text
    assert reverse("draft_checks", args=[SLUG]) in text


def test_chosen_verbs_come_back_chosen(people):
    maya = client_of(people.maya)
    maya.post(unsaved("check"), {"name": "order", "required_for": ["refund", "read"]})
    text = maya.get(reverse("draft_checks", args=[SLUG])).content.decode()
    assert re.search(r'value="refund"[^>]* checked', text)
    assert not re.search(r'value="credit"[^>]* checked', text)


def test_what_was_begun_can_be_thrown_away(people):
    maya = client_of(people.maya)
    maya.post(unsaved("cap"), CAP, headers=HTMX)
    answer = maya.post(unsaved("cap"), {"forget": "1"})
    assert answer.url == reverse("draft_caps", args=[SLUG])
    assert not UnsavedWords.objects.exists()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("no-such-form", {"name": "x"}),
        ("new-money", {"name": "x"}),
        ("cap", {"key": "x" * 16_001}),
        ("cap", {"Bad Name": "x"}),
        (
            "cap",
            {
                f"field_{letter}{other}": "x"
                for letter in "abcdefg"
                for other in "abcdefg"
            },
        ),
    ],
)
def test_a_form_that_is_not_ours_or_holds_too_much_is_not_kept(people, form, words):
    answer = client_of(people.maya).post(unsaved(form), words, headers=HTMX)
    assert answer.status_code == 422
    assert not UnsavedWords.objects.exists()


def test_words_of_a_rule_that_is_gone_lead_nowhere_and_cost_nothing(people):
    maya = client_of(people.maya)
    maya.post(unsaved("rule-long-gone"), {"sentence": "x"}, headers=HTMX)
    text = maya.get(reverse("workflow_draft", args=[SLUG])).content.decode()
    assert "long-gone" not in text


def test_a_frozen_version_keeps_no_more_words(people):
    workflow = Workflow.objects.get(slug=SLUG)
    submit_version(
        reason="It may begin here.",
        actor=people.actor("maya"),
        workflow_id=workflow.id,
        revision=1,
        now=NOW,
    )
    answer = client_of(people.maya).post(unsaved("cap"), CAP, headers=HTMX)
    assert answer.status_code == 409
