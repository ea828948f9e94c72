"""Signing in: who gets in, where it leads, and what guessing comes to."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from portal.accounts.operations.people import deactivate_person
from portal.audit.models import Entry
from tests.people import PASSWORD


@pytest.fixture
def maya(company):
    company.maya.set_password(PASSWORD)
    company.maya.save()
    return company.maya


def sign_in(client: Client, *, password: str = PASSWORD, wanted: str = "", **more):
    fields = {"username": "maya@example.com", "password": password, "next": wanted}
    return client.post(reverse("login"), fields | more)


def test_person_is_led_to_what_they_asked_for_and_it_is_on_record(client, maya):
    asked = client.get(reverse("journal"))
    assert asked.status_code == 302
    assert asked.url.startswith(reverse("login"))

    answer = sign_in(client, wanted=reverse("journal"))

    assert answer.status_code == 302
    assert answer.url == reverse("journal")
    entry = Entry.objects.get(name="person.signed_in")
    assert entry.actor_id == maya.id
    assert entry.stream == "security"
    assert client.get(reverse("journal")).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
    ],
)
def test_nobody_is_led_to_another_site(client, maya, wanted):
    assert sign_in(client, wanted=wanted).url == "/"


def test_wrong_password_and_unknown_address_read_the_same(client, maya):
    wrong = sign_in(client, password="a wrong password")
    unknown = sign_in(client, username="nobody@example.com")

    sentence = b"do not belong together"
    assert wrong.status_code == unknown.status_code == 422
    assert sentence in wrong.content
    assert sentence in unknown.content


def test_address_is_not_case_sensitive(client, maya):
    assert sign_in(client, username="Maya@Example.com").status_code == 302


def test_guessing_is_locked_out_with_a_sentence(client, maya):
    for _ in range(4):
        assert sign_in(client, password="a wrong password").status_code == 422

    locked = sign_in(client, password="a wrong password")
    right_but_late = sign_in(client)

    assert locked.status_code == right_but_late.status_code == 429
    assert b"Too many wrong passwords" in locked.content
    assert locked["Retry-After"] == "900"
    assert client.get(reverse("journal")).status_code == 302


def test_session_gets_a_new_key_on_signing_in(client, maya):
    session = client.session
    session["began"] = "before"
    session.save()
    before = session.session_key

    sign_in(client)

    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_deactivation_ends_stored_sessions(client, company, maya):
    sign_in(client)
    other = Client()
    other.force_login(company.dana)

    deactivate_person(actor=company.actor("ada"), person=maya)

    assert client.get(reverse("journal")).status_code == 302
    assert sign_in(client).status_code == 422
    assert other.get(reverse("journal")).status_code == 200
    assert Session.objects.count() == 1


def test_signing_out_needs_a_post_and_ends_the_session(client, maya):
    sign_in(client)

    assert client.get(reverse("logout")).status_code == 405
    answer = client.post(reverse("logout"))

    assert answer.status_code == 302
    assert Entry.objects.filter(name="person.signed_out").count() == 1
    assert client.get(reverse("journal")).status_code == 302
    assert client.post(reverse("logout")).status_code == 302
    assert Entry.objects.filter(name="person.signed_out").count() == 1


def test_sign_in_form_demands_the_token(maya):
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict).status_code == 403


def test_agent_key_does_not_open_pages(client, company):
    key = company.key_for()
    answer = client.get(reverse("journal"), headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("login"))
