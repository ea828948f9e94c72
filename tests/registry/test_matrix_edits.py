"""Edits of the matrix: many cells at once, tools, taking back, and two editors."""

import pytest

from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from registry.operations.cells import (
    CELLS_MAX,
    CellChange,
    map_tool,
    set_cells,
    unmap_tool,
)
from registry.operations.drafts import discard_draft, set_basics
from registry.operations.packets import new_version
from registry.operations.undoing import redo_matrix_edit, undo_matrix_edit
from registry.queries.drafts import draft_of
from registry.queries.trail import cells_changed_since, trail_of
from registry.rules.document import rulebook_of
from tests.people import NOW, draft_workflow, live_workflow, make_company

pytestmark = pytest.mark.django_db

REVIEW = {"authority": "review"}
NEVER = {"authority": "never"}


@pytest.fixture
def people():
    return make_company()


@pytest.fixture
def workflow(people):
    return draft_workflow(people)


@pytest.fixture
def maya(people, workflow):
    return {"actor": people.actor("maya"), "workflow_id": workflow.id, "now": NOW}


@pytest.fixture
def ada(people, workflow):
    """Somebody else who may edit: an administrator."""
    return {"actor": people.actor("ada"), "workflow_id": workflow.id, "now": NOW}


def cell(workflow, system="billing", verb="refund"):
    rows = draft_of(workflow_id=workflow.id).document["allowances"]
    return next((r for r in rows if (r["system"], r["verb"]) == (system, verb)), None)


def seen(workflow, system="billing", verb="refund"):
    return draft_of(workflow_id=workflow.id).seen(f"allowances.{system}.{verb}")


def quick(row, system="billing", verb="refund", seen=""):
    return CellChange(system, verb, row, seen, keeps_limits=True)


def test_many_cells_are_one_edit_and_one_step_of_undo(workflow, maya):
    before = rulebook_of(draft_of(workflow_id=workflow.id).document)
    verbs = ("refund", "credit", "delete", "charge")

    set_cells(changes=[quick(NEVER, verb=verb) for verb in verbs], **maya)
    assert {cell(workflow, verb=verb)["authority"] for verb in verbs} == {"never"}
    assert cell(workflow)["amount_max"] == "25.00"
    undo_matrix_edit(**maya)
    assert rulebook_of(draft_of(workflow_id=workflow.id).document) == before
    redo_matrix_edit(**maya)

    assert {cell(workflow, verb=verb)["authority"] for verb in verbs} == {"never"}
    with pytest.raises(NotFound):
        redo_matrix_edit(**maya)


def test_every_edit_can_be_taken_back_one_by_one_and_a_new_one_ends_redoing(
    workflow, maya
):
    set_cells(changes=[quick(REVIEW)], **maya)
    set_cells(changes=[quick(NEVER)], **maya)

    undo_matrix_edit(**maya)
    assert cell(workflow)["authority"] == "review"
    undo_matrix_edit(**maya)
    assert cell(workflow)["authority"] == "allowed"
    with pytest.raises(NotFound):
        undo_matrix_edit(**maya)
    redo_matrix_edit(**maya)
    assert cell(workflow)["authority"] == "review"
    set_cells(changes=[CellChange("billing", "refund", None)], **maya)
    assert cell(workflow) is None

    with pytest.raises(NotFound):
        redo_matrix_edit(**maya)


def test_an_edit_stays_when_somebody_changed_the_same_cell_since(workflow, maya, ada):
    set_cells(changes=[quick(REVIEW), quick(NEVER, verb="credit")], **maya)
    set_cells(changes=[quick(REVIEW, "orders", "read")], **ada)
    other_cell = cells_changed_since(
        version_id=draft_of(workflow_id=workflow.id).version_id, revision=2
    )
    set_cells(changes=[quick(NEVER)], **ada)

    with pytest.raises(Conflict) as refused:
        undo_matrix_edit(**maya)

    assert other_cell == {("orders", "read")}
    assert "Ada Berg changed refund in Billing since" in refused.value.detail
    assert cell(workflow)["authority"] == "never"
    assert cell(workflow, verb="credit")["authority"] == "never"
    undo_matrix_edit(**ada)
    undo_matrix_edit(**maya)
    assert cell(workflow)["authority"] == "allowed"
    assert cell(workflow, "orders", "read")["authority"] == "review"


def test_undo_is_of_ones_own_edits_and_any_edit_can_be_named(
    people, workflow, maya, ada
):
    set_cells(changes=[quick(REVIEW)], **maya)
    with pytest.raises(NotFound):
        undo_matrix_edit(**ada)
    version_id = draft_of(workflow_id=workflow.id).version_id
    shown = trail_of(version_id=version_id, person_id=people.ada.id)

    assert shown.undo is None
    assert shown.edits[0].who == "Maya Adler"
    undo_matrix_edit(edit_id=shown.edits[0].id, **ada)

    assert cell(workflow)["authority"] == "allowed"
    with pytest.raises(AlreadyDone):
        undo_matrix_edit(edit_id=shown.edits[0].id, **maya)


def test_of_two_editors_of_one_cell_the_second_is_told_and_nothing_is_half_written(
    workflow, maya, ada
):
    refund, credit = seen(workflow), seen(workflow, verb="credit")
    set_cells(changes=[quick(NEVER, seen=refund)], **ada)

    with pytest.raises(Conflict) as late:
        set_cells(
            changes=[quick(REVIEW, verb="delete"), quick(REVIEW, seen=refund)], **maya
        )
    set_cells(changes=[quick(NEVER, verb="credit", seen=credit)], **maya)

    assert late.value.detail.startswith("Ada Berg set refund in Billing meanwhile")
    assert "it is never now" in late.value.detail
    assert cell(workflow, verb="delete")["authority"] == "never"
    assert cell(workflow, verb="credit")["authority"] == "never"


def test_a_tool_stands_for_exactly_one_verb(workflow, maya):
    with pytest.raises(Invalid) as twice:
        map_tool(name="refund_order", system="billing", verb="credit", **maya)
    with pytest.raises(Invalid):
        map_tool(name="refund_order", system="billing", verb="refund", **maya)
    with pytest.raises(Invalid):
        map_tool(name=" ", system="billing", verb="refund", **maya)

    assert "already stands for refund in Billing" in twice.value.fields["tool"]
    moved = {"name": "refund_order", "system": "billing", "verb": "credit"}
    map_tool(**(moved | maya), may_move=True)
    assert draft_of(workflow_id=workflow.id).document["tools"] == [moved]
    undo_matrix_edit(**maya)
    assert draft_of(workflow_id=workflow.id).document["tools"][0]["verb"] == "refund"
    unmap_tool(name="refund_order", **maya)
    with pytest.raises(Conflict):
        unmap_tool(name="refund_order", **maya)
    assert draft_of(workflow_id=workflow.id).document["tools"] == []


def test_nothing_and_too_much_are_refused_at_the_limit(workflow, maya):
    change = quick(NEVER, verb="delete")
    with pytest.raises(Invalid):
        set_cells(changes=[], **maya)
    with pytest.raises(Invalid):
        set_cells(changes=[change] * (CELLS_MAX + 1), **maya)

    assert set_cells(changes=[change] * CELLS_MAX, **maya).revision == 2


def test_other_saves_leave_no_edit_and_a_discarded_draft_takes_its_edits_along(
    people, maya
):
    workflow = live_workflow(people, slug="live-one")
    maya = maya | {"workflow_id": workflow.id}
    new_version(actor=maya["actor"], workflow_id=workflow.id, now=NOW)
    set_basics(revision=1, changes={"units": "euros"}, **maya)
    draft = draft_of(workflow_id=workflow.id)
    assert trail_of(version_id=draft.version_id, person_id=people.maya.id).edits == ()
    set_cells(changes=[quick(NEVER)], **maya)

    discard_draft(revision=3, **maya)

    assert trail_of(version_id=draft.version_id, person_id=people.maya.id).edits == ()
