"""What the code's shape promises: operations, the closed list of names, the arrows."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from portal.audit.names import SENTENCES

CHECKOUT = Path(__file__).resolve().parents[2]
# From the floor to the roof: a room may point at itself and below, never up.
ROOMS = ("core", "audit", "accounts", "registry", "runs", "approvals", "home", "config")
OPERATIONS = (
    "portal.accounts.operations",
    "portal.home.operations",
    "registry.operations",
    "runs.operations",
    "approvals.operations",
)
CHANGES = re.compile(
    r"\.(bulk_create|bulk_update|get_or_create|update_or_create|save)$"
    r"|(objects|filter\(|exclude\().*\.(create|update|delete)$"
)
FOLDERS = ("portal", "registry", "runs", "approvals")


def modules_of(package: str) -> Iterator:
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        yield importlib.import_module(found.name)


def writes_of(package: str) -> Iterator[tuple[str, object]]:
    """Give every public function that a module of operations defines itself."""
    for module in modules_of(package):
        for name, found in vars(module).items():
            is_own = getattr(found, "__module__", "") == module.__name__
            if inspect.isfunction(found) and is_own and not name.startswith("_"):
                yield f"{module.__name__}.{name}", found


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for folder in FOLDERS:
        for file in sorted((CHECKOUT / folder).rglob("*.py")):
            if "migrations" not in file.parts:
                yield file, ast.parse(file.read_text())


def names_recorded() -> set[str]:
    """Give every text that is passed to `record(...)` as its first argument."""
    found = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            is_record = isinstance(node, ast.Call) and (
                getattr(node.func, "id", "") == "record"
                or getattr(node.func, "attr", "") == "record"
            )
            if is_record and node.args:
                found |= {
                    part.value
                    for part in ast.walk(node.args[0])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    return found


def names_mentioned() -> set[str]:
    """Give every name of the closed list that code mentions outside the list itself."""
    found = set()
    for file, tree in sources():
        if file.name == "names.py" and file.parent.name == "audit":
            continue
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value in SENTENCES
        }
    return found


def changes_rows(function) -> bool:
    """Say whether a function itself calls what changes rows."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return any(CHANGES.search(call) for call in calls)


@pytest.mark.parametrize("package", OPERATIONS)
def test_every_public_write_is_an_operation_or_a_step(package):
    writes = list(writes_of(package))
    unmarked = [
        name
        for name, write in writes
        if not getattr(write, "leaves", None)
        and not getattr(write, "is_step", False)
        and changes_rows(write)
    ]
    assert unmarked == []
    assert [name for name, write in writes if getattr(write, "leaves", None)]


@pytest.mark.parametrize("package", OPERATIONS)
def test_every_operation_takes_keywords_only(package):
    loose = [
        name
        for name, write in writes_of(package)
        if getattr(write, "leaves", None)
        for parameter in inspect.signature(write).parameters.values()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    assert loose == []


def test_every_name_that_is_recorded_is_in_the_closed_list():
    assert names_recorded() - set(SENTENCES) == set()


def test_every_name_in_the_closed_list_is_used():
    assert set(SENTENCES) - names_mentioned() == set()


def test_promised_names_are_in_the_closed_list():
    promised = {
        name
        for package in OPERATIONS
        for _, write in writes_of(package)
        for name in getattr(write, "leaves", ())
    }
    assert promised - set(SENTENCES) == set()
    assert promised


def test_no_foreign_key_points_up():
    rank = {room: place for place, room in enumerate(ROOMS)}
    up = []
    for model in apps.get_models(include_auto_created=True):
        here = rank.get(model._meta.app_label)
        if here is None:
            continue
        for field in model._meta.get_fields():
            if not (field.concrete and field.is_relation and field.related_model):
                continue
            there = rank.get(field.related_model._meta.app_label, -1)
            if there > here:
                up.append(f"{model._meta.label}.{field.name}")
    assert up == []


def test_no_foreign_key_of_the_journal_cascades():
    for model in apps.get_app_config("audit").get_models():
        assert not [field for field in model._meta.get_fields() if field.is_relation]


@pytest.mark.parametrize(
    ("folder", "ending", "most"),
    [("static", "js", 400), ("static", "css", 400), ("templates", "html", 400)]
    # A test reads from top to bottom, so it may be longer before it is cut in two.
    + [("tests", "py", 600)],
)
def test_pages_their_looks_and_tests_are_short(folder, ending, most):
    long = {
        str(file.relative_to(CHECKOUT)): count
        for file in (CHECKOUT / folder).rglob(f"*.{ending}")
        if (count := len(file.read_text().splitlines())) >= most
    }
    assert long == {}


def test_every_file_of_ours_is_short():
    long = {
        str(file.relative_to(CHECKOUT)): count
        for folder in FOLDERS
        for file in (CHECKOUT / folder).rglob("*.py")
        if "migrations" not in file.parts
        if (count := len(file.read_text().splitlines())) >= 400
    }
    assert long == {}
