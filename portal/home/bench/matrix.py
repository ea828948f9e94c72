"""One key press in the matrix editor: a matrix of thirty by thirty against a small one."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx

from portal.accounts.actors import SYSTEM
from portal.accounts.operations.sessions import change_password
from portal.home.bench.measuring import milliseconds, ratio, timed
from portal.home.demo.company import PASSWORD
from registry.operations.loading import load_into
from registry.operations.registering import register_workflow
from registry.queries.drafts import draft_of
from registry.rules.verbs import VERBS

SMALL = (4, 10)
LARGE = (30, 30)
PRESSES = 60
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def matrix_save(bench: Any) -> dict[str, Any]:
    """Measure setting one cell, and loading the editor, in a small and in a large matrix."""
    maya = bench.company.people["maya"]
    change_password(actor=bench.company.actor("maya"), person=maya, password=PASSWORD)
    with httpx.Client(base_url=bench.stage.url, timeout=60, trust_env=False) as person:
        _sign_in(person, maya.email)
        small = _measured(bench, person, *SMALL)
        large = _measured(bench, person, *LARGE)
    return {
        "small": small,
        "large": large,
        "large_over_small": {
            "save": ratio(large["save"]["p50_ms"], small["save"]["p50_ms"]),
            "load": ratio(large["load"]["p50_ms"], small["load"]["p50_ms"]),
        },
    }


def _measured(bench: Any, person: httpx.Client, rows: int, columns: int) -> dict:
    slug = _draft(bench, rows, columns)
    address = f"/workflows/{slug}/draft/matrix/"
    page = person.get(address)
    token = _CSRF.search(page.text)
    if page.status_code != 200 or token is None:
        raise RuntimeError(f"GET {address} gave {page.status_code}")
    headers = {
        "HX-Request": "true",
        "Referer": bench.stage.url,
        "X-CSRFToken": token[1],
    }
    answers = ["never", "review"]
    sizes = []

    def press() -> None:
        answers.reverse()
        form = {"authority": answers[0], "cell": f"bench-0.{next(iter(VERBS))}"}
        told = person.post(f"{address}cells/", data=form, headers=headers)
        if told.status_code != 200:
            raise RuntimeError(f"a key press gave {told.status_code}")
        sizes.append(len(told.content))

    return {
        "cells": rows * columns,
        "save": milliseconds(timed(press, times=PRESSES)),
        "save_bytes": max(sizes),
        "load": milliseconds(timed(lambda: person.get(address), times=PRESSES // 3)),
        "load_bytes": len(page.content),
    }


def _draft(bench: Any, rows: int, columns: int) -> str:
    """Register a workflow whose draft has a matrix of so many cells."""
    now = datetime.now(tz=UTC)
    company = bench.company
    slug = f"matrix-{rows}-{columns}"
    workflow = register_workflow(
        actor=company.actor("maya"),
        name=slug,
        slug=slug,
        department=company.departments["customer-care"],
        roles={"business_owner": company.people["maya"]},
        now=now,
    )
    draft = draft_of(workflow_id=workflow.id)
    cells = [
        {"system": f"bench-{row}", "verb": verb, "authority": "review"}
        for row in range(rows)
        for verb in list(VERBS)[:columns]
    ]
    load_into(
        actor=SYSTEM,
        workflow_id=workflow.id,
        document={**draft.document, "allowances": cells},
        revision=draft.revision,
        now=now,
    )
    return slug


def _sign_in(person: httpx.Client, email: str) -> None:
    token = _CSRF.search(person.get("/login/").text)
    form = {
        "csrfmiddlewaretoken": token[1] if token else "",
        "username": email,
        "password": PASSWORD,
    }
    address = f"{person.base_url}/login/"
    answer = person.post("/login/", data=form, headers={"Referer": address})
    if answer.status_code != 302:
        raise RuntimeError(f"signing in gave {answer.status_code}")
