"""`import_workflows`: what operators type; and real files."""

import datetime
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from portal.core.errors import Invalid
from registry.models import InventoryImport, Workflow
from registry.queries.inventory_files import Reading, read_inventory
from tests.people import make_company
from tests.registry.test_importing import as_csv, cases

pytestmark = pytest.mark.django_db
CHECKOUT = Path(__file__).resolve().parents[2]
REAL = CHECKOUT.parent / "shared" / "data" / "federal-inventory" / "2023.csv"


def run(path, *arguments):
    out = StringIO()
    code = 0
    try:
        call_command("import_workflows", str(path), *arguments, stdout=out)
    except SystemExit as left:
        code = left.code
    return code, out.getvalue()


def test_without_apply_nothing_is_written_and_every_row_has_a_line(tmp_path):
    make_company()
    path = tmp_path / "list.csv"
    path.write_bytes(as_csv([*cases(2), ("U-3", "", "", "Customer care", "", "", "")]))

    code, said = run(path)

    assert code == 3
    assert "line 2: would be registered: Case 1" in said
    assert "line 4: wrong:  (“Title” is empty.)" in said
    assert "Nothing was written." in said
    assert not Workflow.objects.exists()
    assert not InventoryImport.objects.exists()


def test_apply_registers_as_the_person_named_and_a_second_time_nothing(tmp_path):
    people = make_company()
    path = tmp_path / "list.csv"
    path.write_bytes(as_csv(cases(2)))

    first = run(path, "--apply", "--as", "maya@example.com")
    second = run(path, "--apply", "--as", "maya@example.com")

    assert first[0] == 0
    assert "line 3: registered: Case 2" in first[1]
    assert second[0] == 3
    assert "nothing was written" in second[1]
    assert {each.created_by for each in Workflow.objects.all()} == {people.maya}
    assert InventoryImport.objects.get().state == "APPLIED"


def test_columns_and_departments_are_said_on_the_command_line(tmp_path):
    make_company()
    path = tmp_path / "list.csv"
    path.write_bytes(as_csv(cases(1, department="Energy")))

    run(path, "--apply", "--map", "Vendor=name", "--department", "risk")

    workflow = Workflow.objects.select_related("department").get()
    assert (workflow.name, workflow.department.slug) == ("Acme", "risk")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--map", "Nothing=name"], "no column “Nothing”"),
        (["--map", "Vendor=colour"], "is no meaning"),
        (["--department", "moon"], "no department moon"),
        (["--as", "nobody@example.com"], "Nobody is registered"),
    ],
)
def test_a_wrong_argument_is_told_and_writes_nothing(tmp_path, arguments, said):
    make_company()
    path = tmp_path / "list.csv"
    path.write_bytes(as_csv(cases(1)))

    with pytest.raises(CommandError, match=said):
        run(path, "--apply", *arguments)

    assert not InventoryImport.objects.exists()


def test_a_file_of_a_hundred_megabytes_is_refused_without_being_read(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)

    with pytest.raises(CommandError, match="100 MiB; at most 20"):
        run(path)


def as_xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active["A1"] = "Instructions"
    sheet = book.create_sheet("Inventory")
    sheet["A1"] = "AI inventory 2024"
    sheet.merge_cells("A1:D1")
    sheet.append(["Title", "Department", "Started", "Uses"])
    sheet.append(["Late parcels", "Customer care", datetime.date(2024, 5, 1), 12.0])
    sheet.append(["Näive “checks”", "Customer care", None, 0.5])
    hidden = book.create_sheet("Hidden")
    hidden.sheet_state = "hidden"
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_spreadsheet_is_read_from_its_fullest_sheet(tmp_path):
    make_company()
    path = tmp_path / "list.xlsx"
    path.write_bytes(as_xlsx())

    code, said = run(path, "--apply")

    assert code == 0, said
    assert "Sheet “Inventory”" in said
    late = Workflow.objects.get(name="Late parcels").inventory_row
    assert late.line == 3
    assert late.notes[1:] == [["Started", "2024-05-01"], ["Uses", "12"]]
    read = read_inventory(as_xlsx(), Reading())
    assert read.sheets == ("Read me", "Inventory")


def test_a_spreadsheet_that_claims_its_last_cell_is_refused():
    book = openpyxl.Workbook()
    book.active["A1"] = "Name"
    book.active["XFD1048576"] = "far"
    file = BytesIO()
    book.save(file)

    with pytest.raises(Invalid, match="more than is read here"):
        read_inventory(file.getvalue(), Reading())


@pytest.mark.skipif(not REAL.exists(), reason="the federal inventory is not here")
def test_the_federal_inventory_of_2023_becomes_707_drafts():
    make_company()

    code, said = run(REAL, "--apply", "--new-departments")

    assert code == 3
    assert "707 registered as drafts, 3 not" in said
    assert Workflow.objects.count() == 707
    long = Workflow.objects.filter(name__endswith="…").first()
    assert len(long.name) <= 120
    assert any(len(text) > 120 for _, text in long.inventory_row.notes)
