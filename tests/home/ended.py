"""Histories of proposals for tests of numbers: many that ended, in one go, and as told."""

import random
from datetime import datetime, timedelta
from typing import Any

from approvals.models import ActionRequest, Move, Proposal, ProposalVersion
from approvals.operations.ending import recount_ends
from portal.accounts.actors import SYSTEM
from portal.core.ids import new_id
from tests.approvals.asking import Portal

STATES = ("APPROVED", "EDITED", "REJECTED", "RESPONDED", "EXPIRED", "WITHDRAWN")


def copies_of(model: Any, row: Any, many: list[dict[str, Any]]) -> list[Any]:
    """Write copies of a row with some of its columns changed."""
    said = {field.attname: getattr(row, field.attname) for field in model._meta.fields}
    return model.objects.bulk_create(
        [model(**(said | {"id": new_id()} | each)) for each in many]
    )


def ended(portal: Portal, *many: dict[str, Any]) -> list[Proposal]:
    """Let proposals have ended as told: state, at, seconds, and what else is odd about them.

    Known: `material`, `late`, `asked`, `superseded`, `escalated`, and columns of Proposal.
    """
    first = Proposal.objects.first()
    if first is None:
        portal.ask(run="the-first")
        first = Proposal.objects.get()
    version = ProposalVersion.objects.get(proposal=first, number=1)
    requests = copies_of(ActionRequest, first.action_request, [{} for _ in many])
    rows = copies_of(
        Proposal,
        first,
        [
            {
                "action_request_id": request.id,
                "created_at": each["at"] - timedelta(seconds=each.get("seconds", 60)),
                "escalated_at": each.get("escalated"),
                **each.get("columns", {}),
            }
            for each, request in zip(many, requests, strict=True)
        ],
    )
    copies_of(
        ProposalVersion,
        version,
        [
            {"proposal_id": row.id, "is_material": each.get("material", False)}
            for each, row in zip(many, rows, strict=True)
        ],
    )
    Move.objects.bulk_create(
        [
            Move(
                proposal=row,
                kind=kind,
                actor_kind=SYSTEM.kind,
                actor_id=SYSTEM.id,
                actor_name=SYSTEM.name,
                moved_at=each["at"],
            )
            for each, row in zip(many, rows, strict=True)
            for word, kind in (("late", "ESCALATED"), ("asked", "ASKED"))
            if each.get(word)
        ]
    )
    again = [
        row for each, row in zip(many, rows, strict=True) if each.get("superseded")
    ]
    for row in again:
        (request,) = copies_of(ActionRequest, first.action_request, [{}])
        (opened,) = copies_of(
            Proposal, first, [{"action_request_id": request.id, "reopens_id": row.id}]
        )
        copies_of(ProposalVersion, version, [{"proposal_id": opened.id}])
    person = portal.people.people["dana"].id
    for each, row in zip(many, rows, strict=True):
        Proposal.objects.filter(id=row.id).update(
            state=each["state"],
            resolved_at=each["at"],
            resolved_by=None if each["state"] in ("EXPIRED", "WITHDRAWN") else person,
        )
    recount_ends(actor=SYSTEM)
    return rows


def any_history(seed: int, count: int, *, until: datetime) -> list[dict[str, Any]]:
    """Make up how proposals ended in the forty days before a moment; the same for a seed."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    return [
        {
            "state": (state := dice.choice(STATES)),
            "at": until - timedelta(minutes=dice.randrange(40 * 24 * 60)),
            "seconds": dice.randrange(1, 200_000),
            "material": state == "EDITED" and dice.random() < 0.5,
            "late": dice.random() < 0.2,
            "asked": dice.random() < 0.2,
            "superseded": state == "APPROVED" and dice.random() < 0.3,
        }
        for _ in range(count)
    ]
