"""Importing an inventory: from bytes to drafts, and back."""

import csv
import io
from datetime import timedelta

import pytest

from portal.accounts.actors import SYSTEM
from portal.audit.models import Entry
from portal.audit.verifying import verify_journal
from portal.core.errors import Conflict, Forbidden, NotFound
from registry.models import InventoryImport, InventoryRow, RoleHolding, Workflow
from registry.operations.drafts import set_basics
from registry.operations.importing import ask_to_apply, check_inventory, take_in
from registry.operations.importing_undo import undo_import
from registry.operations.registering import register_workflow
from registry.queries.importing import choices_of, import_for, report_of
from registry.queries.inventory_known import Choices
from registry.tasks import apply_imports
from tests.people import NOW, make_company

pytestmark = pytest.mark.django_db
HEADER = ("Use case ID", "Title", "Summary", "Department", "Contact", "Risk", "Vendor")


def as_csv(rows, header=HEADER, delimiter=",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def cases(count, department="Customer care"):
    return [
        (f"U-{number}", f"Case {number}", f"Does thing {number}.", department,
         "", "low", "Acme")
        for number in range(1, count + 1)
    ]  # fmt: skip


def checked(actor, data, **more):
    """Take a file in and check it with what was suggested."""
    import_id = take_in(actor=actor, file_name="list.csv", data=data, now=NOW)
    suggested = choices_of(import_for(actor=actor, import_id=import_id))
    choices = Choices(
        suggested.mapping,
        more.get("departments", {"Customer care": "customer-care"}),
        more.get("default", ""),
        more.get("template", ""),
    )
    counts = check_inventory(actor=actor, import_id=import_id, choices=choices, now=NOW)
    return import_id, counts


def applied(actor, data, **more):
    import_id, _ = checked(actor, data, **more)
    ask_to_apply(actor=actor, import_id=import_id, now=NOW)
    apply_imports()
    return import_id


def report(actor, import_id, **more):
    return {
        line.line: line
        for line in report_of(actor=actor, import_id=import_id, **more).lines
    }


def test_rows_become_drafts_that_look_as_if_registered_one_by_one():
    people = make_company()
    maya = people.actor("maya")
    data = as_csv([("U-1", "Late parcels", "Says where it is.", "Customer care",
                    "maya@example.com", "high", "Acme")])  # fmt: skip

    applied(maya, data)
    by_hand = register_workflow(
        actor=maya,
        name="Lost parcels",
        department=people.departments["care"],
        document={"purpose": "Says where it is.", "risk": "high"},
        roles={"business_owner": people.maya},
        now=NOW,
    )

    imported = Workflow.objects.get(name="Late parcels")
    assert left_by(imported) == left_by(by_hand)
    assert imported.versions.get().state == "DRAFT"
    assert imported.risk == "high"
    assert imported.inventory_row.notes == [
        ["Use case ID", "U-1"],
        ["Department", "Customer care"],
        ["Contact", "maya@example.com"],
        ["Risk", "high"],
        ["Vendor", "Acme"],
    ]


def left_by(workflow):
    """Give everything that a registration leaves, without names and ids."""
    from guardian.models import GroupObjectPermission, UserObjectPermission

    version = workflow.versions.get()
    told = {**version.document, "name": "", "workflow": ""}
    rights = [
        sorted(
            rows.objects.filter(object_pk=str(workflow.id)).values_list(
                "permission__codename", who
            )
        )
        for rows, who in (
            (UserObjectPermission, "user__email"),
            (GroupObjectPermission, "group__name"),
        )
    ]
    roles = sorted(
        RoleHolding.objects.filter(workflow=workflow).values_list(
            "role", "person__name"
        )
    )
    entries = list(
        Entry.objects.filter(workflow_id=workflow.id)
        .order_by("sequence")
        .values_list("name", "actor_id", "subject_kind")
    )
    return told, version.number, version.revision, rights, roles, entries


def test_the_report_says_of_every_row_what_becomes_of_it():
    people = make_company()
    maya = people.actor("maya")
    register_workflow(
        actor=maya, name="Known already", department=people.departments["care"], now=NOW
    )
    data = as_csv(
        [
            ("U-1", "Fresh", "Two\nlines.", "Customer care", "", "low", ""),
            ("U-1", "Other name", "", "Customer care", "", "low", ""),
            ("U-3", "FRESH ", "", "Customer care", "", "low", ""),
            ("U-4", "known  already", "", "Customer care", "", "low", ""),
            ("U-5", "", "", "Customer care", "", "low", ""),
            ("U-6", "Elsewhere", "", "Moon base", "", "low", ""),
            ("U-7", "Remarked", "", "Customer care", "nobody@x.example", "odd", ""),
        ]
    )

    import_id, counts = checked(maya, data)

    lines = report(maya, import_id)
    assert counts == {"READY": 2, "REPEATED": 2, "KNOWN": 1, "WRONG": 2}
    assert lines[2].status == "READY"
    assert lines[4].reason == "Line 2 has the same number, U-1."
    assert lines[5].reason == "Line 2 has the same name and department."
    assert lines[6].status == "KNOWN"
    assert lines[7].reason == "“Title” is empty."
    assert lines[8].reason.startswith("“Moon base” is no department here.")
    assert "stays vacant" in lines[9].reason
    assert "taken as medium" in lines[9].reason
    assert Workflow.objects.count() == 1


def test_a_second_import_of_the_same_file_registers_nothing():
    people = make_company()
    maya = people.actor("maya")
    applied(maya, as_csv(cases(3)))

    import_id, counts = checked(maya, as_csv(cases(3)))

    assert counts == {"KNOWN": 3}
    with pytest.raises(Conflict, match="No row is ready"):
        ask_to_apply(actor=maya, import_id=import_id, now=NOW)


def test_what_was_registered_since_the_check_is_left_and_said():
    people = make_company()
    maya = people.actor("maya")
    import_id, _ = checked(maya, as_csv(cases(2)))
    register_workflow(
        actor=maya, name="Case 2", department=people.departments["care"], now=NOW
    )

    ask_to_apply(actor=maya, import_id=import_id, now=NOW)
    apply_imports()

    assert Workflow.objects.filter(name="Case 2").count() == 1
    assert report(maya, import_id)[3].status == "KNOWN"
    assert import_for(actor=maya, import_id=import_id).counts["MADE"] == 1


def test_nobody_else_sees_an_import_but_an_administrator_does():
    people = make_company()
    import_id, _ = checked(people.actor("maya"), as_csv(cases(1)))

    with pytest.raises(NotFound):
        import_for(actor=people.actor("tom"), import_id=import_id)

    assert import_for(actor=people.actor("ada"), import_id=import_id)


def test_only_administrators_make_departments_of_values():
    people = make_company()
    data = as_csv(cases(2, department="Department of Energy"))
    chosen = {"Department of Energy": "new:Department of Energy"}

    with pytest.raises(Forbidden):
        checked(people.actor("maya"), data, departments=chosen)
    applied(people.actor("ada"), data, departments=chosen)

    assert {
        each.department.name for each in Workflow.objects.select_related("department")
    } == {"Department of Energy"}


def test_workflows_one_may_not_see_are_not_told_of():
    people = make_company()
    register_workflow(
        actor=people.actor("olga"),
        name="Case 1",
        department=people.departments["sales"],
        now=NOW,
    )
    data = as_csv(cases(1, department="Sales"))
    chosen = {"Sales": "sales"}

    _, seen_by_tom = checked(people.actor("tom"), data, departments=chosen)
    _, seen_by_olga = checked(people.actor("olga"), data, departments=chosen)

    assert seen_by_tom == {"READY": 1}
    assert seen_by_olga == {"KNOWN": 1}


def test_taking_back_leaves_what_somebody_has_touched():
    people = make_company()
    maya = people.actor("maya")
    import_id = applied(maya, as_csv(cases(3)))
    changed = Workflow.objects.get(name="Case 2")
    set_basics(
        actor=maya,
        workflow_id=changed.id,
        revision=1,
        changes={"purpose": "Now it matters."},
        now=NOW + timedelta(hours=1),
    )

    undone = undo_import(actor=maya, import_id=import_id, now=NOW + timedelta(hours=2))

    assert (undone.undone, undone.kept) == (2, 1)
    assert list(Workflow.objects.values_list("name", flat=True)) == ["Case 2"]
    kept = report(maya, import_id, status="KEPT")
    assert kept[3].reason == "Maya Adler changed the draft of Case 2: purpose."
    gone = Workflow.everything.get(name="Case 1")
    assert gone.versions.get().state == "WITHDRAWN"
    assert gone.slug.startswith("withdrawn-")
    assert list(
        Entry.objects.filter(workflow_id=gone.id)
        .order_by("sequence")
        .values_list("name", flat=True)
    ) == ["workflow.registered", "workflow.withdrawn"]
    with pytest.raises(Conflict):
        undo_import(actor=maya, import_id=import_id, now=NOW)


def test_what_was_taken_back_can_be_imported_again_under_the_same_addresses():
    people = make_company()
    maya = people.actor("maya")
    first = applied(maya, as_csv(cases(2)))
    undo_import(actor=maya, import_id=first, now=NOW)

    applied(maya, as_csv(cases(2)))

    assert set(Workflow.objects.values_list("slug", flat=True)) == {"case-1", "case-2"}


def test_an_import_by_somebody_who_left_registers_nothing():
    people = make_company()
    maya = people.actor("maya")
    import_id, _ = checked(maya, as_csv(cases(2)))
    ask_to_apply(actor=maya, import_id=import_id, now=NOW)
    people.maya.is_active = False
    people.maya.save()

    apply_imports()

    source = InventoryImport.objects.get(id=import_id)
    assert source.state == "FAILED"
    assert "can no longer sign in" in source.reason
    assert Workflow.objects.count() == 0


def test_five_thousand_rows_are_registered_at_once_and_the_journal_holds():
    people = make_company()
    maya = people.actor("maya")

    import_id = applied(maya, as_csv(cases(5_000)))

    assert Workflow.objects.count() == 5_000
    assert InventoryRow.objects.filter(status="MADE").count() == 5_000
    assert Entry.objects.filter(name="workflow.registered").count() == 5_000
    assert import_for(actor=SYSTEM, import_id=import_id).state == "APPLIED"
    assert verify_journal().is_whole
    undone = undo_import(actor=maya, import_id=import_id, now=NOW)
    assert undone.undone == 5_000
    assert Workflow.objects.count() == 0
