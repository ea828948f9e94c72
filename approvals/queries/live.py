"""What changed in the inbox since a page was shown: cheap to ask, silent when nothing did.

A page carries a mark of its lines and the ids of the lines that it shows. Asked again with
both, the answer is nothing, or what is new, gone or changed; the page never moves by itself.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals.queries.access import proposals_seen_by
from approvals.queries.against import code_against
from approvals.queries.inbox import (
    PAGE_SIZE,
    InboxPage,
    InboxRow,
    inbox_for,
    row_of,
    rows_of,
    with_digest,
)
from approvals.queries.narrowing import InboxAsked
from portal.accounts.actors import Actor

_ID_BYTES = 16
_LINE_BYTES = 3
_MARK_LENGTH = 16


@dataclass(frozen=True)
class Changes:
    """What a shown list does not say yet. `gone` and `changed` are lines to show in place."""

    page: InboxPage
    shown: str
    new_count: int
    gone: tuple[InboxRow, ...]
    changed: tuple[InboxRow, ...]


@dataclass(frozen=True)
class CardNow:
    """What became of the card that a reader has open."""

    mark: str
    state: str
    is_open: bool
    version: int
    who: str | None
    at: datetime | None


def mark_of(page: InboxPage) -> str:
    """Give a short mark of what the lines of a page say."""
    said = b"".join(_packed(row) for row in page.rows)
    is_cut = bytes([page.next_cursor is not None])
    return hashlib.sha256(said + is_cut).hexdigest()[:_MARK_LENGTH]


def shown_in(rows: Iterable[InboxRow]) -> str:
    """Write which lines a page shows and what they say, short enough for an address."""
    packed = b"".join(_packed(row) for row in rows)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def changes_since(
    actor: Actor,
    asked: InboxAsked,
    *,
    cursor: str | None,
    mark: str,
    shown: str,
    now: datetime,
) -> Changes | None:
    """Give what changed on one page, or None. As many queries as the page; two more if so."""
    page = inbox_for(actor, asked, cursor=cursor, now=now)
    if mark_of(page) == mark:
        return None
    before = marks_in(shown)
    there = {row.id: row for row in page.rows}
    missing = [one for one in before if one not in there]
    still = rows_of(actor, asked, now=now).filter(id__in=missing)
    pushed_on = set(still.values_list("id", flat=True)) if missing else set()
    remains = [there[one] for one in before if one in there]
    return Changes(
        page=page,
        shown=shown_in(remains),
        new_count=sum(one not in before for one in there),
        gone=_rows(actor, [one for one in missing if one not in pushed_on], now),
        changed=tuple(row for row in remains if _line_mark(row) != before[row.id]),
    )


def card_now(actor: Actor, proposal_id: UUID) -> CardNow | None:
    """Say how an open card stands; None where it is not theirs to see.

    Two queries, and six more while it is open.
    """
    found = (
        proposals_seen_by(actor)
        .filter(id=proposal_id)
        .select_related("resolved_by", "action_request")
        .first()
    )
    if found is None:
        return None
    is_open = found.resolved_at is None
    state = found.state.lower()
    against = code_against(found) if is_open else ""
    return CardNow(
        mark=mark_of_card(None if is_open else state, found.version_number, against),
        state=state,
        is_open=is_open,
        version=found.version_number,
        who=found.resolved_by.name if found.resolved_by else None,
        at=found.resolved_at,
    )


def mark_of_card(resolution: str | None, version: int, against: str) -> str:
    """Sum up how a card stands: how it ended, its version, what stands against it."""
    return f"{resolution or 'open'}-{version}{'-' if against else ''}{against}"


def marks_in(shown: str) -> dict[UUID, bytes]:
    """Read what a page says it shows; what is not that is left out."""
    try:
        raw = base64.urlsafe_b64decode(shown + "=" * (-len(shown) % 4))
    except (ValueError, binascii.Error):
        return {}
    size = _ID_BYTES + _LINE_BYTES
    starts = range(0, min(len(raw), PAGE_SIZE * size) - size + 1, size)
    pieces = [raw[start : start + size] for start in starts]
    return {UUID(bytes=piece[:_ID_BYTES]): piece[_ID_BYTES:] for piece in pieces}


def _packed(row: InboxRow) -> bytes:
    return row.id.bytes + _line_mark(row)


def _line_mark(row: InboxRow) -> bytes:
    said = (row.digest, row.due_at, row.resolution, row.has_it, row.answer)
    text = repr((*said, row.is_waiting_for_agent, row.against))
    return hashlib.sha256(text.encode()).digest()[:_LINE_BYTES]


def _rows(actor: Actor, ids: Sequence[UUID], now: datetime) -> tuple[InboxRow, ...]:
    if not ids:
        return ()
    seen = with_digest(proposals_seen_by(actor).filter(id__in=ids))
    rows = seen.select_related("workflow", "claimed_by", "resolved_by", "assigned_to")
    return tuple(row_of(row, now) for row in rows.order_by("id"))
