"""The character NUL fits in no column: it is refused at the door, as 400."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.approvals.asking import make_portal

ADDRESSES = (
    "/workflows/refunds%00/",
    "/workflows/?q=a%00b",
    "/search/?q=%00",
    "/runs/?state=%00",
    "/inbox/?view=mine&q=x%00",
    "/journal/?who=%00",
    "/agents/?at=%00",
    "/nowhere%00",
)
FORMS = (
    ("workflow_new", {"name": "Refunds\x00", "template": "blank"}),
    ("login", {"username": "maya@x.example\x00", "password": "x"}),
    ("set_theme", {"theme": "dark\x00"}),
    ("systems", {"change": "add", "name": "Billing", "slug": "b\x00"}),
    ("systems", {"change": "add", "a\x00b": "1"}),
)


@pytest.fixture
def portal(db):
    return make_portal()


@pytest.mark.parametrize("address", ADDRESSES)
def test_nul_in_an_address_is_400_for_a_person(portal, address):
    answer = portal.signed_in("ada").get(address)

    assert answer.status_code == 400
    assert b"could not be read" in answer.content


def test_nul_in_an_address_is_400_before_signing_in(client, db):
    assert client.get("/workflows/?q=%00").status_code == 400


@pytest.mark.parametrize(
    "address",
    ["/api/v1/workflows/re%00", "/api/v1/actions?wait=%00", "/api/v1/no%00where"],
)
def test_nul_in_an_address_is_problem_json_for_an_agent(portal, client, address):
    answer = client.get(address, headers={"Authorization": f"Bearer {portal.key}"})

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "malformed"


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_nul_in_a_form_is_400_and_changes_nothing(portal, name, form):
    answer = portal.signed_in("ada").post(reverse(name), form)

    assert answer.status_code == 400
    assert b"could not be read" in answer.content


def test_nul_in_the_name_of_a_file_is_400(portal):
    sent = SimpleUploadedFile("page.toml", b"x")
    sent.name = "page\x00.toml"
    address = reverse("draft_load", args=[portal.workflow.slug])

    answer = portal.signed_in("maya").post(address, {"text": "a\x00", "file": sent})

    assert answer.status_code == 400


def test_nul_in_a_body_or_key_of_an_agent_is_400_or_422(portal):
    body = portal.body("10.00") if hasattr(portal, "body") else {}
    answer = portal.post("/actions", {**body, "workflow": "refunds\x00"})

    assert answer.status_code in (400, 422)
