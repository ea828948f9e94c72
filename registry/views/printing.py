"""The one page and the launch packet as PDF, set in type by Typst.

What people wrote goes in as data and is never markup; the sources in `registry/typeset`
may read their own folder and nothing else.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import typst

from registry.queries.packets import PacketPage, SignaturePlace
from registry.queries.pages import OnePage
from registry.views.prose import facts_line, kind_line, moment_text

TYPESET = Path(__file__).parent.parent / "typeset"
# Made for screen readers too; a letter that no font has is refused by that standard.
ACCESSIBLE: Literal["ua-1"] = "ua-1"


def page_pdf(page: OnePage, *, slug: str, now: datetime) -> bytes:
    """Set the one page on one A4 sheet; only what cannot fit goes on to a second."""
    return _set("one_page.typ", {"page": page_data(page, slug=slug, now=now)}, now)


def packet_pdf(packet: PacketPage, *, slug: str, now: datetime) -> bytes:
    """Set the launch packet: what is signed and known of it, then the one page."""
    data = {
        "page": page_data(packet.page, slug=slug, now=now),
        "packet": packet_data(packet),
    }
    return _set("packet.typ", data, now)


def packet_data(packet: PacketPage) -> dict[str, Any]:
    """Give what the packet's own sheet prints, as plain values."""
    difference = packet.difference
    submitted = (
        f"Submitted by {packet.submitted_by}, {moment_text(packet.submitted_at)}"
    )
    return {
        "state": f"{submitted}. {packet.page.state_word}; {difference.label}.",
        "reason": packet.reason,
        "causes": [f"{each.change} ({each.words})" for each in packet.causes],
        "digest": packet.digest,
        "places": [
            {
                "label": place.label,
                "person": place.signed_by or "",
                "at": moment_text(place.signed_at),
                "note": _place_note(place),
            }
            for place in packet.places
        ],
        "changes_title": "What changes"
        if difference.compared_with
        else "What it opens",
        "compared": (
            f"Compared with version {difference.compared_with}, live when it was frozen."
            if difference.compared_with
            else "Before this version nothing was allowed."
        ),
        "changes": [
            {"label": change.label, "text": change.text}
            for change in difference.changes
        ],
        "gaps": [f"{gap.question}: {gap.text}" for gap in packet.gaps],
        "backtest": packet.backtest.summary if packet.backtest else "",
        "people": [
            {
                "label": person.label,
                "name": person.name or "",
                "state": person.state,
                "training": f"training: {person.training}" if person.training else "",
            }
            for person in packet.people
        ],
    }


def _place_note(place: SignaturePlace) -> str:
    if place.signed_by is None:
        return f"for {place.holder} to sign" if place.holder else "the role is vacant"
    return "" if place.still_counts else "no longer holds the role"


def page_data(page: OnePage, *, slug: str, now: datetime) -> dict[str, Any]:
    """Give what the sheet prints, as plain values."""
    return {
        "title": f"{page.name}, version {page.number}",
        "kind": kind_line(page),
        "name": page.name,
        "purpose": page.purpose,
        "facts": facts_line(page),
        "answers": [
            {"question": answer.question, "text": answer.text}
            for answer in page.answers
        ],
        "matrix": _matrix(page),
        "stop_rules": [
            {"sentence": rule.sentence, "exactly": rule.exactly}
            for rule in page.stop_rules
        ],
        "limits": [
            {"sentence": sentence, "exactly": ""}
            for sentence in (
                *page.guardrail,
                *page.caps,
                *page.checks,
                *page.groups,
                *page.technique[:1],
            )
        ],
        "measures": [
            {"sentence": sentence, "exactly": exactly}
            for sentence, exactly in page.measures
        ],
        "roles": [
            {"label": held.label, "person": held.person.name if held.person else ""}
            for held in page.roles
        ],
        "signatures": [
            {
                "label": line.label,
                "person": line.person or "",
                "at": moment_text(line.signed_at),
                "note": "",
            }
            for line in page.signatures
        ],
        "digest": page.packet_digest,
        "foot": f"Countersign · {slug} · version {page.number}"
        f" · printed {moment_text(now)}",
    }


def _matrix(page: OnePage) -> dict[str, Any]:
    tiers = [tier for tier in page.grid.tiers if tier.verbs]
    verbs = [verb for tier in tiers for verb in tier.verbs]
    return {
        "tiers": [
            {"name": tier.name, "verbs": [verb.label for verb in tier.verbs]}
            for tier in tiers
        ],
        "rows": [
            {
                "system": row.label,
                "cells": [_cell(row.cells.get(verb.key)) for verb in verbs],
            }
            for row in page.grid.rows
        ],
    }


def _cell(cell: Any) -> dict[str, str] | None:
    if cell is None or cell.answer is None:
        return None
    return {"answer": cell.answer, "limit": cell.limit, "above": cell.above}


def _set(source: str, data: Mapping[str, Any], now: datetime) -> bytes:
    try:
        return _compiled(source, data, now, standard=ACCESSIBLE)
    except typst.TypstError:
        # A letter is missing from the fonts: rather a blank than no page.
        return _compiled(source, data, now, standard=None)


def _compiled(
    source: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    standard: Literal["ua-1"] | None,
) -> bytes:
    return typst.compile(
        str(TYPESET / source),
        root=str(TYPESET),
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=standard,
        timestamp=int(now.astimezone(UTC).timestamp()),
    )
