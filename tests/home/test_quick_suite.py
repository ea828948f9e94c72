"""What keeps the suite quick, as far as it can be read in the tests themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SLEEP_SECONDS_MAX = 1
ROUNDS_MAX = 200
# Only these may copy the whole database: what one test committed is put back instead.
COPIERS = {
    "conftest.py",
    "databases.py",
    "pages/conftest.py",
    "approvals/test_invariants.py",
}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(TESTS.rglob("*.py")):
        yield file.relative_to(TESTS).as_posix(), ast.parse(file.read_text())


def test_no_test_sleeps_for_long():
    """A fixed sleep is waited out by everybody; wait in small steps until it holds."""
    long = [
        (name, node.lineno, node.args[0].value)
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(("sleep", "wait_for_timeout"))
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value > _longest(node)
    ]
    assert long == []


def _longest(node: ast.Call) -> int:
    in_milliseconds = ast.unparse(node.func).endswith("wait_for_timeout")
    return SLEEP_SECONDS_MAX * (1000 if in_milliseconds else 1)


def test_no_race_runs_more_rounds_than_promised():
    rounds = {
        f"{name}: {target.id}": node.value.value
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
        and "ROUNDS" in target.id
        and target.id != "ROUNDS_MAX"
    }
    assert rounds
    assert {name: n for name, n in rounds.items() if n > ROUNDS_MAX} == {}


def test_only_shared_fixtures_copy_the_database():
    copying = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".make_anew")
    }
    assert copying - COPIERS == set()
