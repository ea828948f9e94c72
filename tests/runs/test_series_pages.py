"""Imported series in the browser, over the API and from the command line."""

import json
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from runs.models import Series, SeriesImport, SeriesPoint
from tests.approvals.asking import make_portal

FILE = b"week;score;answers;workflow\n2026-11-02;4,1;40;refund-management\nsoon;4;1;\n"
ADDRESS = "/api/v1/series/satisfaction/points"


@pytest.fixture
def portal(db):
    made = make_portal()
    client = made.signed_in("ada")
    added = client.post(
        reverse("series"),
        {
            "name": "Satisfaction",
            "source": "the survey",
            "unit": "of 5",
            "better": "up",
            "sums": "mean",
            "keeper": str(made.people.dana.id),
            "agent": str(made.people.agent.id),
        },
    )
    assert added.status_code == 302
    assert Series.objects.get().slug == "satisfaction"
    return made


def uploaded(client):
    sent = client.post(
        reverse("series_one", args=["satisfaction"]),
        {"file": SimpleUploadedFile("scores.csv", FILE)},
    )
    assert sent.status_code == 302
    return sent["Location"]


def test_a_file_is_looked_at_taken_in_and_undone_by_its_keeper(portal):
    client = portal.signed_in("dana")
    address = uploaded(client)

    looked = client.get(address).content.decode()
    assert "Take in 1" in looked
    assert "no day that can be read" in looked
    columns = {
        f"column_{at}": said for at, said in enumerate(("on", "value", "n", "workflow"))
    }
    wrong = client.post(address, columns | {"act": "take", "column_1": "on"})
    assert wrong.status_code == 422
    assert not SeriesPoint.objects.exists()

    assert client.post(address, columns | {"act": "take"}).status_code == 302
    assert SeriesPoint.objects.count() == 1
    shown = client.get(reverse("series_one", args=["satisfaction"])).content.decode()
    assert "4.1" in shown
    assert "counts" in shown

    assert client.post(f"{address}undo/").status_code == 302
    shown = client.get(reverse("series_one", args=["satisfaction"])).content.decode()
    assert "undone" in shown
    assert "1 point no longer counts" in shown
    # Series are numbers that were counted elsewhere, so that is where one is.
    assert 'href="/numbers/" aria-current="page"' in shown
    after = client.get(address).content.decode()
    assert "taken in" not in after
    assert portal.signed_in("tom").get(address).status_code == 404


def put(portal, points, key=None):
    return portal.signed_in("maya").put(
        ADDRESS,
        data=json.dumps({"points": points}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key or portal.key}"},
    )


def test_the_same_points_over_the_api_are_one_and_another_value_corrects(portal):
    point = {
        "on": "2026-11-02",
        "value": "4.1",
        "n": 40,
        "workflow": "refund-management",
    }

    first, again = put(portal, [point]), put(portal, [point])
    corrected = put(portal, [point | {"value": "4.4"}])

    assert first.status_code == 200, first.content
    assert first.json()["added"] == 1
    assert (again.json()["added"], again.json()["same"]) == (0, 1)
    assert corrected.json()["corrected"] == 1
    assert SeriesPoint.objects.count() == 2
    assert SeriesImport.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"on": "soon"}, "points.0.on"),
        ({"on": "2099-01-01"}, "points.0.on"),
        ({"value": "NaN"}, "points.0.value"),
        ({"value": "4,1"}, "points.0.value"),
        ({"workflow": "luck"}, "points.0"),
    ],
)
def test_a_wrong_point_is_told_with_its_place_and_nothing_is_kept(
    portal, change, field
):
    answer = put(portal, [{"on": "2026-11-02", "value": "4.1"} | change])

    assert answer.status_code == 422
    assert field in json.dumps(answer.json())
    assert not SeriesPoint.objects.exists()


def test_another_agent_does_not_find_the_series(portal):
    other = portal.people.key_for(portal.people.other_agent)
    answer = put(portal, [{"on": "2026-11-02", "value": "4.1"}], key=other)
    assert answer.status_code == 404


def test_the_command_shows_first_and_takes_in_when_told(portal, tmp_path):
    path = tmp_path / "scores.csv"
    path.write_bytes(b"day,score\n2026-11-02,4.1\n")
    said = StringIO()
    call_command("import_series", path, "--series", "satisfaction", stdout=said)
    assert "would be taken in" in said.getvalue()
    assert not SeriesPoint.objects.exists()

    call_command(
        "import_series", path, "--series", "satisfaction", "--apply", stdout=said
    )
    assert "1 added" in said.getvalue()
    assert SeriesPoint.objects.count() == 1
