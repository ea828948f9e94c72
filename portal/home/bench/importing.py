"""Rows a second of a bulk import, against registering the same workflows one by one."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from portal.home.bench.measuring import ratio
from registry.operations.importing import ask_to_apply, check_inventory, take_in
from registry.operations.importing_apply import run_import
from registry.operations.importing_undo import undo_import
from registry.operations.registering import register_workflow
from registry.queries.inventory_known import Choices

ROWS = 5_000
ONE_BY_ONE = 200


def import_rows(bench: Any) -> dict[str, Any]:
    """Measure each step of importing five thousand rows, and the whole against one by one."""
    actor = bench.company.actor("maya")
    department = next(iter(bench.company.departments.values()))
    lines = [f"Bench case {number},Does {number},n-{number}" for number in range(ROWS)]
    data = "\n".join(["Name,Purpose,ID", *lines]).encode()
    choices = Choices(
        {0: "name", 1: "purpose", 2: "identifier"}, default_department=department.slug
    )
    seconds: dict[str, float] = {}

    began = time.perf_counter()
    import_id: UUID = take_in(actor=actor, file_name="bench.csv", data=data, now=_now())
    seconds["take_in"] = time.perf_counter() - began
    began = time.perf_counter()
    check_inventory(actor=actor, import_id=import_id, choices=choices, now=_now())
    seconds["check"] = time.perf_counter() - began
    began = time.perf_counter()
    ask_to_apply(actor=actor, import_id=import_id, is_claimed=True, now=_now())
    made = run_import(import_id=import_id, now=_now())
    seconds["register"] = time.perf_counter() - began
    began = time.perf_counter()
    undone = undo_import(actor=actor, import_id=import_id, now=_now())
    seconds["take_back"] = time.perf_counter() - began
    if (made, undone.undone) != (ROWS, ROWS):
        raise RuntimeError(f"{made} rows were registered, {undone.undone} taken back")

    began = time.perf_counter()
    for number in range(ONE_BY_ONE):
        register_workflow(
            actor=actor,
            name=f"Single case {number}",
            department=department,
            document={"purpose": f"Does {number}"},
            now=_now(),
        )
    one_by_one = ONE_BY_ONE / (time.perf_counter() - began)
    rows_a_second = ROWS / seconds["register"]
    return {
        "rows": ROWS,
        "seconds": {step: round(taken, 2) for step, taken in seconds.items()},
        "rows_a_second": round(rows_a_second),
        "one_by_one_a_second": round(one_by_one, 1),
        "import_over_one_by_one": ratio(rows_a_second, one_by_one),
    }


def _now() -> datetime:
    return datetime.now(tz=UTC)
