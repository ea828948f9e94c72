"""People, departments and one's own account."""

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Department
from portal.audit.models import Entry
from tests.people import PASSWORD

Person = get_user_model()
NEW = {
    "name": "Nina Park",
    "email": "Nina@example.com",
    "job_title": "Analyst",
    "teams": ["Risk team"],
    "password": "a long and plain sentence",
}


def test_only_administrators_look_after_people(signed_in, company):
    for address in ("people", "person_add", "departments"):
        denied = signed_in("maya").get(reverse(address))
        assert denied.status_code == 403
        assert b"Ada Berg can help" in denied.content
        assert signed_in("ada").get(reverse(address)).status_code == 200
    denied = signed_in("maya").post(reverse("person_add"), NEW)
    assert denied.status_code == 403
    assert not Person.objects.filter(email="nina@example.com").exists()


def test_only_administrators_are_offered_the_pages_of_administration(
    signed_in, company
):
    for name, is_offered in (("maya", False), ("ada", True)):
        page = signed_in(name).get(reverse("me")).content.decode()
        assert (f'href="{reverse("people")}"' in page) == is_offered
        assert reverse("my_notices") in page or reverse("teams") in page


def test_added_person_signs_in_with_the_first_password(signed_in, company):
    department = Department.objects.get(slug="risk")

    answer = signed_in("ada").post(
        reverse("person_add"), NEW | {"department": str(department.id)}
    )

    assert answer.status_code == 302
    nina = Person.objects.get(email="nina@example.com")
    groups = set(nina.groups.values_list("name", flat=True))
    assert groups == {"Risk team", "department:risk"}
    fields = {"username": "nina@example.com", "password": NEW["password"]}
    assert Client().post(reverse("login"), fields).status_code == 302


def test_weak_password_and_known_address_are_told_at_the_field(signed_in, company):
    weak = signed_in("ada").post(reverse("person_add"), NEW | {"password": "short"})
    known = signed_in("ada").post(
        reverse("person_add"), NEW | {"email": "maya@example.com"}
    )

    assert weak.status_code == known.status_code == 422
    assert b"too short" in weak.content
    assert b"registered already" in known.content


def test_administrator_cannot_deactivate_themselves_but_another(signed_in, company):
    client = signed_in("ada")

    own = client.post(reverse("person_deactivate", args=[company.ada.id]))
    other = client.post(reverse("person_deactivate", args=[company.tom.id]))
    again = client.post(reverse("person_deactivate", args=[company.tom.id]))

    assert own.status_code == 422
    assert other.status_code == 302
    assert again.status_code == 409
    company.ada.refresh_from_db()
    company.tom.refresh_from_db()
    assert company.ada.is_active
    assert not company.tom.is_active
    assert Entry.objects.filter(name="person.deactivated").count() == 1


def test_people_are_found_by_name_and_listed_in_pages(signed_in, company):
    page = signed_in("ada").get(reverse("people"), {"q": "adl"})
    assert b"Maya Adler" in page.content
    assert b"Dana Reyes" not in page.content


def test_department_with_a_known_name_is_refused(signed_in, company):
    client = signed_in("ada")
    assert client.post(reverse("departments"), {"name": "Legal"}).status_code == 302
    again = client.post(reverse("departments"), {"name": "Legal"})
    assert again.status_code == 422
    assert b"already" in again.content


def test_new_password_ends_other_sessions_and_keeps_this_one(signed_in, company):
    company.dana.set_password(PASSWORD)
    company.dana.save()
    here, elsewhere = signed_in("dana"), signed_in("dana")
    fields = {"present": PASSWORD, "password": "another long and plain sentence"}

    wrong = here.post(reverse("me_password"), fields | {"present": "not it"})
    answer = here.post(reverse("me_password"), fields)

    assert wrong.status_code == 422
    assert answer.status_code == 302
    assert here.get(reverse("me")).status_code == 200
    assert elsewhere.get(reverse("me")).status_code == 302


def test_single_keys_are_remembered_with_the_person(signed_in, company):
    client = signed_in("dana")
    answer = client.post(reverse("me_keys"), {"keys": "off"})

    assert answer.cookies["keys"].value == "off"
    company.dana.refresh_from_db()
    assert not company.dana.single_keys_on
    assert b"Switch single keys on" in client.get(reverse("me")).content
