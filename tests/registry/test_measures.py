"""Targets and baselines: set on the one page, signed with it, read from what is live."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from registry.operations.loading import load_into
from registry.operations.measures import set_baseline
from registry.queries.comparisons import difference_of
from registry.queries.drafts import draft_of
from registry.queries.measures import frozen_baselines, live_targets
from registry.rules.document import DocumentError, from_toml, problems_of, to_toml
from registry.rules.measures import aims_in, baselines_in, targets_in
from tests.people import (
    NOW,
    draft_workflow,
    live_workflow,
    make_company,
    refunds_document,
)

BASELINE = {
    "key": "cycle-time",
    "value": "42.5",
    "n": 310,
    "first": "2026-03-01",
    "last": "2026-05-31",
    "how": "typed",
    "source": "The old ticket system, all refunds of the spring.",
    "cases": [
        {"kind": "damaged-item", "n": 200, "value": "30"},
        {"kind": "late", "n": 110, "value": "65"},
    ],
}
TARGETS = {
    "cycle-time": {"at_most": "10"},
    "override": {"at_least": 2, "at_most": 12},
    "series": {"satisfaction": {"at_least": "4.2"}},
    "polite_letters": "all of them",
}


def page(**changes):
    said = refunds_document(targets=TARGETS, baselines=[BASELINE]) | changes
    return {"workflow": "refund-management"} | said


def test_targets_and_baselines_are_said_in_sentences_with_their_unit():
    said = [each.sentence for each in targets_in(page())]

    assert said == [
        "Cycle time: at most 10 minutes",
        "Overridden by people: 2 % to 12 %",
        "Imported “satisfaction”: at least 4.2",
    ]
    assert aims_in(page()) == (("polite_letters", "all of them"),)
    line = baselines_in(page())[0]
    assert line.sentence.startswith("Cycle time: 42.5 minutes over 310 cases")
    assert "damaged-item 30 minutes (200)" in line.sentence


def test_a_page_with_targets_and_baselines_comes_back_from_its_file():
    assert problems_of(page()) == ()
    assert from_toml(to_toml(page())) == page()


@pytest.mark.parametrize(
    ("part", "value", "place"),
    [
        ("targets", {"cycle_tim": {"at_most": 3}}, "targets.cycle_tim"),
        ("targets", {"override": {}}, "targets.override"),
        ("targets", {"override": {"at_most": True}}, "targets.override.at_most"),
        (
            "targets",
            {"override": {"at_least": 9, "at_most": 1}},
            "targets.override.at_most",
        ),
        ("targets", {"override": {"exactly": 9}}, "targets.override.exactly"),
        ("targets", {"series": {"No!": {"at_most": 1}}}, "targets.series.No!"),
        ("baselines", [BASELINE | {"key": "override"}], "baselines[0].key"),
        ("baselines", [BASELINE | {"n": 0}], "baselines[0].n"),
        ("baselines", [BASELINE | {"value": "-1"}], "baselines[0].value"),
        ("baselines", [BASELINE | {"last": "2026-01-01"}], "baselines[0].last"),
        ("baselines", [BASELINE | {"first": "spring"}], "baselines[0].first"),
        ("baselines", [BASELINE, BASELINE], "baselines[1].key"),
        ("baselines", [BASELINE | {"source": ""}], "baselines[0].source"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(part, value, place):
    assert place in {each.where for each in problems_of(page(**{part: value}))}


def test_an_unknown_indicator_in_a_file_is_told_with_its_line():
    text = to_toml(page(targets={"cycle_tim": {"at_most": 3}}))

    with pytest.raises(DocumentError) as caught:
        from_toml(text)

    problem = caught.value.problems[0]
    assert "is no indicator" in problem.text
    assert text.split("\n")[problem.line - 1] == "[targets.cycle_tim]"


def test_a_changed_target_or_baseline_is_a_labelled_line():
    other = page(
        targets=TARGETS | {"cycle-time": {"at_most": "8"}},
        baselines=[BASELINE | {"n": 311}],
    )
    lines = difference_of(page(), other, compared_with=1).changes

    assert {each.where for each in lines} == {
        "targets.cycle-time",
        "baselines.cycle-time",
    }
    assert "at most 10 minutes" in lines[0].before


def test_what_is_live_is_read_in_base_units_by_those_who_may_see_it(
    db, django_assert_num_queries
):
    people = make_company()
    workflow = live_workflow(people, document=page())
    maya = people.actor("maya")

    with django_assert_num_queries(4):
        baseline = frozen_baselines(actor=maya)[workflow.id]["cycle-time"]
        targets = live_targets(actor=maya)[workflow.id]

    assert baseline.value == 42.5 * 60
    assert (baseline.n, baseline.version) == (310, 1)
    assert baseline.packet_digest == workflow.live_version.packet.digest
    assert [(each.kind, each.value) for each in baseline.cases] == [
        ("damaged-item", 1800.0),
        ("late", 3900.0),
    ]
    assert targets["override"].at_most == float(Decimal("0.12"))
    assert targets["satisfaction"].is_series
    assert frozen_baselines(actor=people.actor("olga")) == {}
    assert live_targets(actor=people.actor("olga")) == {}


def _signed_in(person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_owner_sets_a_target_and_a_baseline_in_the_draft_and_takes_them_out(db):
    people = make_company()
    workflow = draft_workflow(people)
    client = _signed_in(people.maya)
    address = reverse("draft_measures", args=[workflow.slug])

    def post(where, **form):
        revision = workflow.versions.get().revision
        return client.post(where, form | {"revision": revision})

    assert post(address, part="target", key="override", at_most="12").status_code == 302
    assert post(address, part="target", key="nps", at_least="30").status_code == 302
    assert post(address, part="target", key="override").status_code == 422
    typed = {"key": "cycle-time", "value": "42,5", "n": "310", "source": "Old tickets."}
    days = {"first": "2026-03-01", "last": "2026-05-31", "cases": "late; 110; 65"}
    assert post(address, part="baseline", **typed, **days).status_code == 302

    document = workflow.versions.get().document
    assert document["targets"] == {
        "override": {"at_most": "12"},
        "series": {"nps": {"at_least": "30"}},
    }
    assert document["baselines"][0]["cases"] == [
        {"kind": "late", "n": 110, "value": "65"}
    ]
    page = client.get(address).content.decode()
    assert "Overridden by people: at most 12 %" in page
    assert "42.5 minutes over 310 cases" in page

    for part, key in (
        ("target", "nps"),
        ("target", "override"),
        ("baseline", "cycle-time"),
    ):
        remove = reverse("draft_measure_remove", args=[workflow.slug, part])
        assert post(remove, key=key).status_code == 302
    document = workflow.versions.get().document
    assert (document["targets"], document["baselines"]) == ({}, [])


def test_the_packet_and_its_page_hold_the_baseline(db):
    people = make_company()
    workflow = live_workflow(people, document=page())
    packet = workflow.live_version.packet

    assert b'"baselines"' in bytes(packet.content)
    shown = _signed_in(people.maya).get(
        reverse("workflow_version", args=[workflow.slug, 1])
    )
    assert "Before launch. Cycle time: 42.5 minutes" in shown.content.decode()


@pytest.mark.django_db
def test_a_file_says_of_no_baseline_that_it_was_measured_here():
    people = make_company()
    workflow = draft_workflow(people)
    actor = people.actor("maya")
    forged = BASELINE | {"how": "measured"}

    def load(**changes):
        load_into(
            actor=actor, workflow_id=workflow.id, document=page(**changes), now=NOW
        )
        return draft_of(workflow_id=workflow.id)

    draft = load(baselines=[forged])
    assert not baselines_in(draft.document)[0].is_measured

    set_baseline(
        actor=actor,
        workflow_id=workflow.id,
        revision=draft.revision,
        row=forged,
        now=NOW,
    )
    kept = load(baselines=[forged])
    assert baselines_in(kept.document)[0].is_measured
    changed = load(baselines=[forged | {"value": "400"}])
    assert not baselines_in(changed.document)[0].is_measured
