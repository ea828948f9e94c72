"""Registering one question at a time: what is kept, who is picked, what is still missing."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Person
from registry.models import DraftPart, OperatingModelVersion, RoleHolding, Workflow
from registry.operations.drafts import set_basics
from registry.operations.positions import add_position
from tests.people import NOW, draft_workflow, make_company

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
KEYS = ("what_changes", "who_owns", "reads", "writes", "allowed_without_approval",
        "always_reviewed", "stop_rules", "what_is_logged", "how_evaluated",
        "who_can_pause")  # fmt: skip


@pytest.fixture
def people():
    return make_company()


def client_of(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def register(client, people, template="refund-management", name="Parcel refunds"):
    return client.post(
        "/workflows/new/",
        {
            "template": template,
            "name": name,
            "department": people.departments["care"].id,
        },
    )


FIRST_PERSON = "/workflows/parcel-refunds/draft/people/business_owner/"


def hidden(answer) -> dict[str, str]:
    """Give what the form would send along: revision, seen, page and the other's."""
    names = ("revision", "seen", "page", "their_revision", "their_seen")
    html = answer.content.decode()
    found = {name: re.search(f'name="{name}" value="([^"]*)"', html) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def address(slug, question="reads"):
    return reverse("draft_answer", args=[slug, question])


def document_of(slug):
    return OperatingModelVersion.objects.get(workflow__slug=slug, number=1).document


def test_every_template_is_told_in_full_before_somebody_chooses_it(people):
    client = client_of(people.maya)
    start = client.get("/workflows/new/").content.decode()
    keys = re.findall(r"\?template=([a-z-]+)", start)

    assert len(keys) == 11
    for key in keys:
        page = client.get(f"/workflows/new/?template={key}")
        assert page.status_code == 200
        text = page.content.decode()
        assert ("What the template holds" in text) == (key != "blank")
    assert client.get("/workflows/new/?template=nothing").status_code == 404


def test_a_missing_name_is_told_and_registers_nothing(people):
    answer = register(client_of(people.maya), people, name=" ")

    assert answer.status_code == 422
    assert "Give the workflow a name." in answer.content.decode()
    assert "What the template holds" in answer.content.decode()
    assert not Workflow.objects.exists()


def test_what_was_begun_is_offered_again_on_another_device(people):
    register(client_of(people.maya), people)
    client_of(people.maya).post(
        address("parcel-refunds"), {"revision": 1, "text": "Orders and billing."}
    )

    mine = client_of(people.maya).get("/workflows/new/").content.decode()
    theirs = client_of(people.olga).get("/workflows/new/").content.decode()

    assert "Continue Parcel refunds" in mine
    assert "1 of 10 questions answered" in mine
    assert "Parcel refunds" not in theirs


def test_people_are_found_by_name_job_and_department_and_picked(people):
    client = client_of(people.maya)
    register(client, people)
    page = FIRST_PERSON

    first = client.get(page).content.decode()
    found = client.get(f"{page}?q=torr", headers=HTMX).content.decode()
    by_job = client.get(f"{page}?q=risk+manager").content.decode()
    nobody = client.get(f"{page}?q=zzz").content.decode()
    picked = client.post(page, {"person": people.maya.id})

    assert "<strong>Me</strong>, Maya Adler" in first
    assert "Ilan Torres" in found
    assert "<html" not in found
    assert "Rosa Lindqvist" in by_job
    assert "Nobody is called “zzz” here." in nobody
    assert picked.url == "/workflows/parcel-refunds/draft/people/it_owner/"


def test_a_position_is_found_too_and_whoever_fills_it_has_the_role(people):
    client = client_of(people.maya)
    register(client, people)
    page = FIRST_PERSON
    post = add_position(
        actor=people.actor("ada"),
        name="Head of care",
        department=people.departments["care"],
        holder=people.maya,
        now=NOW,
    )

    found = client.get(f"{page}?q=head+care").content.decode()
    unlike = client.get(f"{page}?q=ead").content.decode()
    client.post(page, {"position": post.id})

    assert "Position, filled by Maya Adler" in found
    assert "Head of care" not in unlike
    held = RoleHolding.objects.get(role="business_owner")
    assert held.person == people.maya
    assert held.position_id == post.id


def test_who_signs_already_is_shown_and_cannot_sign_for_another_role(people):
    client = client_of(people.maya)
    register(client, people)
    client.post(FIRST_PERSON, {"person": people.maya.id})
    page = reverse("draft_person", args=["parcel-refunds", "it_owner"])

    shown = client.get(f"{page}?q=maya").content.decode()
    refused = client.post(page, {"person": people.maya.id})
    nobody = client.post(page, {"person": "not-an-id"})

    assert "signs as Business owner already" in shown
    assert f'value="{people.maya.id}"' not in shown
    assert refused.status_code == 422
    assert "three different people sign" in refused.content.decode()
    assert nobody.status_code == 422


def test_after_the_last_person_come_the_basics_and_then_the_questions(people):
    client = client_of(people.maya)
    register(client, people)
    last = reverse("draft_person", args=["parcel-refunds", "escalation_owner"])

    after = client.post(last, {"person": people.erik.id})
    basics = client.get(after.url)
    form = {"name": "Parcel refunds", "purpose": "Pay back.", "units": "refunds",
            "phase": 4, "risk": "medium", "currency": "EUR"}  # fmt: skip
    onward = client.post(after.url, hidden(basics) | form)

    assert after.url == "/workflows/parcel-refunds/draft/basics/"
    assert onward.url == address("parcel-refunds", "what_changes")


def test_the_templates_words_count_only_when_somebody_went_over_them(people):
    client = client_of(people.maya)
    register(client, people)
    before = client.get("/workflows/parcel-refunds/draft/").content.decode()
    first = client.get(address("parcel-refunds", "what_changes"))
    words = document_of("parcel-refunds")["answers"]["what_changes"]

    kept = client.post(
        address("parcel-refunds", "what_changes"), hidden(first) | {"text": words}
    )
    after = client.get(kept.url).content.decode()

    assert "are still the template&#39;s words" in before
    assert "0 of 10 answered" in before
    assert "These are the template&#39;s words." in first.content.decode()
    assert kept.url == address("parcel-refunds", "who_owns")
    assert "1 of 10 answered" in after


def test_a_blank_page_has_examples_and_one_click_starts_from_one(people):
    client = client_of(people.maya)
    register(client, people, template="blank", name="Lost luggage")

    page = client.get(address("lost-luggage", "reads")).content.decode()
    begun = client.get(f"{address('lost-luggage', 'reads')}?start=1").content.decode()

    assert "0 of 10 answered" in page
    assert "An example, about refunds" in page
    assert "are a start and are not saved yet" in begun
    assert not any(document_of("lost-luggage")["answers"].values())
    assert re.search(r"<textarea[^>]*>\s*Orders and shipping", begun)


def test_typing_saves_and_the_same_page_never_quarrels_with_itself(people):
    workflow = draft_workflow(people)
    client = client_of(people.maya)
    page = hidden(client.get(address(workflow.slug)))

    first = client.post(address(workflow.slug), page | {"text": "Ord"}, headers=HTMX)
    # The answer to the first save was lost on the way: the page still names the old state.
    again = client.post(address(workflow.slug), page | {"text": "Orders"}, headers=HTMX)

    assert first.status_code == again.status_code == 200
    assert "Saved " in again.content.decode()
    assert "<html" not in again.content.decode()
    assert document_of(workflow.slug)["answers"]["reads"] == "Orders"


def test_autosave_never_writes_over_what_somebody_else_saved(people):
    workflow = draft_workflow(people)
    maya, priya = client_of(people.maya), client_of(people.priya)
    mine = hidden(maya.get(address(workflow.slug)))
    theirs = hidden(priya.get(address(workflow.slug)))

    priya.post(address(workflow.slug), theirs | {"text": "Theirs."}, headers=HTMX)
    # Somebody changes another part: that is not the person the answer was lost to.
    set_basics(actor=people.actor("ilan"), workflow_id=workflow.id, revision=2,
               changes={"purpose": "Pay back sooner."}, now=NOW)  # fmt: skip
    for text in ("Mine.", "Mine, longer."):
        lost = maya.post(address(workflow.slug), mine | {"text": text}, headers=HTMX)
        mine |= {key: hidden(lost)[key] for key in ("revision", "seen", "page")}

    said = lost.content.decode()
    assert lost.status_code == 409
    assert "Priya Nair changed this answer too" in said
    assert "Theirs." in said
    assert document_of(workflow.slug)["answers"]["reads"] == "Theirs."


@pytest.mark.parametrize(
    ("keep", "text"),
    [("mine", "Mine."), ("both", "Mine.\n\nTheirs."), ("theirs", "Theirs.")],
)
def test_the_second_editor_says_which_text_stays(people, keep, text):
    workflow = draft_workflow(people)
    maya, priya = client_of(people.maya), client_of(people.priya)
    mine = hidden(maya.get(address(workflow.slug)))
    priya.post(address(workflow.slug), {"revision": 1, "text": "Theirs."})

    lost = maya.post(address(workflow.slug), mine | {"text": "Mine."})
    kept = maya.post(
        address(workflow.slug), hidden(lost) | {"text": "Mine.", "keep": keep}
    )

    assert lost.status_code == 409
    assert kept.status_code == 302
    assert document_of(workflow.slug)["answers"]["reads"] == text


def test_a_choice_over_a_text_that_changed_again_is_lost_again(people):
    workflow = draft_workflow(people)
    maya, priya = client_of(people.maya), client_of(people.priya)
    mine = hidden(maya.get(address(workflow.slug)))
    priya.post(address(workflow.slug), {"revision": 1, "text": "Theirs."})
    lost = maya.post(address(workflow.slug), mine | {"text": "Mine."})
    priya.post(address(workflow.slug), {"revision": 2, "text": "Theirs, later."})

    kept = maya.post(
        address(workflow.slug), hidden(lost) | {"text": "Mine.", "keep": "mine"}
    )

    assert kept.status_code == 409
    assert "Theirs, later." in kept.content.decode()
    assert document_of(workflow.slug)["answers"]["reads"] == "Theirs, later."


def test_the_basics_save_as_typed_say_what_is_wrong_and_show_both_pages(people):
    workflow = draft_workflow(people)
    maya, priya = client_of(people.maya), client_of(people.priya)
    basics = reverse("draft_basics", args=[workflow.slug])
    form = {"name": "Refunds", "purpose": "Pay.", "units": "refunds", "phase": 4,
            "risk": "medium", "currency": "EUR"}  # fmt: skip
    mine, theirs = hidden(maya.get(basics)), hidden(priya.get(basics))

    wrong = maya.post(basics, mine | form | {"name": ""}, headers=HTMX)
    saved = priya.post(basics, theirs | form | {"name": "Theirs"}, headers=HTMX)
    lost = maya.post(basics, mine | form, headers=HTMX)

    assert wrong.status_code == 422
    assert "Not saved yet" in wrong.content.decode()
    assert saved.status_code == 200
    assert lost.status_code == 409
    assert "Priya Nair changed this page too" in lost.content.decode()
    assert document_of(workflow.slug)["name"] == "Theirs"
    kept = maya.post(basics, hidden(lost) | form | {"keep": "mine"})
    assert kept.status_code == 302
    assert document_of(workflow.slug)["name"] == "Refunds"


def test_nothing_is_written_for_words_that_did_not_change(people):
    workflow = draft_workflow(people)
    client = client_of(people.maya)
    client.post(address(workflow.slug), {"revision": 1, "text": "Orders."})
    page = hidden(client.get(address(workflow.slug)))

    for headers in (HTMX, {}):
        client.post(
            address(workflow.slug), page | {"text": "Orders. "}, headers=headers
        )

    assert workflow.versions.get().revision == 2
    assert DraftPart.objects.filter(version__workflow=workflow).count() == 1


def test_somebody_who_left_is_named_among_what_is_missing(people):
    workflow = draft_workflow(people)
    Person.objects.filter(id=people.erik.id).update(is_active=False)
    client = client_of(people.maya)

    draft = client.get(reverse("workflow_draft", args=[workflow.slug])).content.decode()
    asked = reverse("draft_person", args=[workflow.slug, "escalation_owner"])
    members = client.get(reverse("workflow_people", args=[workflow.slug]))

    assert "Erik Sandberg was the escalation owner and can no longer sign in" in draft
    assert asked in draft
    assert "Erik Sandberg held this role" in client.get(asked).content.decode()
    assert "Erik Sandberg held it" in members.content.decode()


def test_a_reader_of_a_draft_reads_its_answers_and_changes_none(people):
    workflow = draft_workflow(people)
    client = client_of(people.dana)

    page = client.get(address(workflow.slug)).content.decode()
    answer = client.post(address(workflow.slug), {"revision": 1, "text": "Other."})

    assert "readonly" in page
    assert "data-autosave" not in page
    assert answer.status_code == 403


def test_ten_answers_five_people_and_it_is_submitted(people):
    client = client_of(people.maya)
    register(client, people)
    for role, who in zip(
        ("business_owner", "it_owner", "risk_owner", "ai_product_owner", "escalation_owner"),
        ("maya", "ilan", "rosa", "priya", "erik"),
        strict=True,
    ):  # fmt: skip
        client.post(
            reverse("draft_person", args=["parcel-refunds", role]),
            {"person": people.people[who].id},
        )
    for key in KEYS:
        page = client.get(address("parcel-refunds", key))
        words = document_of("parcel-refunds")["answers"][key]
        client.post(address("parcel-refunds", key), hidden(page) | {"text": words})

    draft = client.get("/workflows/parcel-refunds/draft/")
    sent = client.post(
        reverse("draft_submit", args=["parcel-refunds"]),
        {"revision": hidden(draft)["revision"], "reason": "Small sums only."},
    )

    assert "10 of 10 answered" in draft.content.decode()
    assert "Nothing is missing." in draft.content.decode()
    assert sent.url == "/workflows/parcel-refunds/packet/"
