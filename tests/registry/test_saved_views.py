"""Views of the registry list: kept by a person, shared with a department, taken back."""

import pytest

from portal.accounts.operations.kept_views import VIEWS_MAX
from portal.audit.models import Entry
from portal.core.errors import Invalid, NotFound
from registry.models import SavedView
from registry.operations.saved_views import (
    remove_view,
    rename_view,
    save_view,
    set_default_view,
    share_view,
)
from tests.people import NOW, draft_workflow, live_workflow, make_company
from tests.registry.test_registry_list import client_of, names

pytestmark = pytest.mark.django_db
LIVE = {"state": "live"}


@pytest.fixture
def people():
    return make_company()


def keep(people, who="dana", name="Live", filters=None):
    return save_view(
        actor=people.actor(who), name=name, filters=filters or LIVE, now=NOW
    )


def test_a_view_is_kept_in_the_browser_and_opens_the_list_narrowed(people):
    live_workflow(people)
    draft_workflow(people, slug="late-parcels")
    dana = client_of(people.dana)

    saved = dana.post(
        "/workflows/views/new/", {"name": " Live  ones ", "state": "live"}
    )
    text = dana.get("/workflows/?view=all").content.decode()

    assert saved["Location"].startswith("/workflows/?state=live&view=")
    assert "Live ones" in text
    assert names(dana, "state=live") == ["Refund management"]
    view = SavedView.objects.get()
    assert (view.name, view.filters) == ("Live ones", LIVE)
    assert Entry.objects.filter(name="view.saved").count() == 1


def test_a_view_that_cannot_be_kept_says_why_and_keeps_what_was_written(people):
    keep(people)
    dana = client_of(people.dana)

    for name, why in (
        ("", "Give the view a name"),
        ("x" * 61, "at most 60"),
        ("Live", "You have a view called Live already."),
    ):
        answer = dana.post("/workflows/views/new/", {"name": name, "phase": "2"})
        assert answer.status_code == 422
        assert why in answer.content.decode()
        assert 'name="phase" value="2"' in answer.content.decode()
    assert SavedView.objects.count() == 1


def test_at_most_fifty_views_are_kept(people):
    for number in range(VIEWS_MAX):
        keep(people, name=f"View {number}")

    full = client_of(people.dana).post("/workflows/views/new/", {"name": "More"})

    assert full.status_code == 422
    assert "Remove one first" in full.content.decode()


def test_what_is_kept_is_read_as_an_address_is_and_nonsense_is_left_out(people):
    view_id = keep(people, filters={"state": "live", "phase": "99", "evil": "x"})

    assert SavedView.objects.get(id=view_id).filters == LIVE


def test_a_shared_view_is_seen_by_the_department_and_by_nobody_else(people):
    live_workflow(people)
    view_id = keep(people, name="Our live ones")
    share_view(actor=people.actor("dana"), view_id=view_id, is_shared=True, now=NOW)
    tom, olga = client_of(people.tom), client_of(people.olga)

    assert "Our live ones" in tom.get("/workflows/?view=all").content.decode()
    assert "Our live ones" in tom.get("/workflows/views/").content.decode()
    assert "Our live ones" not in olga.get("/workflows/?view=all").content.decode()
    assert "Our live ones" not in olga.get("/workflows/views/").content.decode()
    for client in (tom, olga):
        assert client.get(f"/workflows/views/{view_id}/").status_code == 404
        assert client.post(f"/workflows/views/{view_id}/remove/").status_code == 404

    share_view(actor=people.actor("dana"), view_id=view_id, is_shared=False, now=NOW)

    assert "Our live ones" not in tom.get("/workflows/?view=all").content.decode()


def test_somebody_elses_view_is_changed_by_nobody(people):
    view_id = keep(people)
    theirs = {"actor": people.actor("tom"), "view_id": view_id, "now": NOW}

    with pytest.raises(NotFound):
        rename_view(name="Mine", **theirs)
    with pytest.raises(NotFound):
        share_view(is_shared=True, **theirs)
    with pytest.raises(NotFound):
        set_default_view(is_default=True, **theirs)
    with pytest.raises(NotFound):
        remove_view(**theirs)


def test_a_view_is_renamed_and_never_to_the_name_of_another(people):
    view_id, _ = keep(people), keep(people, name="Drafts")
    own = {"actor": people.actor("dana"), "view_id": view_id, "now": NOW}

    assert rename_view(name="Running", **own) == "Running"
    with pytest.raises(Invalid):
        rename_view(name="Drafts", **own)
    answer = client_of(people.dana).post(
        f"/workflows/views/{view_id}/", {"change": "rename", "name": "Drafts"}
    )

    assert answer.status_code == 422
    assert SavedView.objects.get(id=view_id).name == "Running"


def test_the_list_begins_with_the_default_view_and_all_is_one_step_away(people):
    live_workflow(people)
    draft_workflow(people, slug="late-parcels")
    first, second = (
        keep(people),
        keep(people, name="Drafts", filters={"state": "draft"}),
    )
    dana = client_of(people.dana)

    for view_id in (first, second):
        dana.post(f"/workflows/views/{view_id}/", {"change": "default", "is": "on"})
    begun = dana.get("/workflows/")

    assert begun["Location"] == f"/workflows/?state=draft&view={second}"
    assert len(names(dana)) == 2
    assert SavedView.objects.filter(is_default=True).count() == 1
    dana.post(f"/workflows/views/{second}/", {"change": "default", "is": "off"})
    assert dana.get("/workflows/").status_code == 200


def test_removing_a_view_is_taken_back_in_one_step(people):
    view_id = keep(people)
    dana = client_of(people.dana)

    removed = dana.post(f"/workflows/views/{view_id}/remove/", follow=True)
    assert f"/workflows/views/{view_id}/restore/" in removed.content.decode()
    assert "Live" not in dana.get("/workflows/views/").content.decode().split("<h1")[0]
    assert SavedView.objects.get(id=view_id).removed_at is not None

    back = dana.post(f"/workflows/views/{view_id}/restore/", follow=True)

    assert "The view Live is back." in back.content.decode()
    assert SavedView.objects.get(id=view_id).removed_at is None
    again = dana.post(f"/workflows/views/{view_id}/restore/", follow=True)
    assert again.status_code == 200


def test_a_form_that_is_not_ours_is_told_so(people):
    view_id = keep(people)
    dana = client_of(people.dana)

    assert dana.post(f"/workflows/views/{view_id}/", {}).status_code == 400
    assert dana.get("/workflows/views/not-an-id/").status_code == 404
