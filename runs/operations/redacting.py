"""What must not be stored readable is replaced by tokens, and its original sealed.

One step for every door, just before rows are written: what comes after it, the fold, the
title, search and the pages, never sees the original. Without a key in the settings
nothing is stored at all.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from portal.audit.operation import step
from portal.core.ids import new_id
from portal.core.sealing import hashing_keys, seal
from runs.queries.redactions import policies_of
from runs.rules.events import Event
from runs.rules.redacting.paths import FIELDS
from runs.rules.redacting.tokens import TOKEN, kind_of, token_of
from runs.rules.redacting.walking import Hider, Original, Policy
from runs.rules.shapes import ToldEvent

PURPOSE = "original"
_HASHING = "token"
# A row for a token that its workflow has not met. Two at once may both insert it: the
# same value sealed twice, rather than one that waits for the other.
_INSERT = (
    "INSERT INTO runs_sealedtext (id, workflow_id, token, sealed, rule, sealed_at)"
    " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bytea[], %s::text[],"
    " %s::timestamptz[]) AS new (id, workflow_id, token, sealed, rule, sealed_at)"
    " WHERE NOT EXISTS (SELECT FROM runs_sealedtext old WHERE old.token = new.token"
    " AND old.workflow_id = new.workflow_id)"
)
_KNOWN = "SELECT DISTINCT token FROM runs_sealedtext WHERE token = ANY(%s)"


@dataclass(frozen=True, slots=True)
class _Hidden:
    """An original and the workflow that it is sealed for."""

    workflow_id: UUID
    original: Original


def bound_to(workflow_id: UUID, token: str) -> bytes:
    """Say what a sealed original belongs to."""
    return workflow_id.bytes + token.encode()


@step
def hide_told(
    told: Sequence[tuple[int, ToldEvent]],
    *,
    workflow_ids: Mapping[str, UUID],
    now: datetime,
    is_ours: bool = False,
) -> list[tuple[int, ToldEvent]]:
    """Hide what must be hidden in told events, each by its workflow's policy.

    One query, one more where something was hidden, and one more while keys change.
    `is_ours` says that the texts were hidden before, so that their tokens stand.
    """
    slugs = {event.workflow for _, event in told}
    policies = policies_of({workflow_ids[slug] for slug in slugs})
    hiders = {
        slug: Hider(policies[workflow_ids[slug]], _newest(), is_ours) for slug in slugs
    }
    hidden = [
        (
            index,
            replace(
                event,
                facts=hiders[event.workflow].facts(event.facts, kind=event.kind),
            ),
        )
        for index, event in told
    ]
    renamed = _keep(
        [
            _Hidden(workflow_ids[slug], original)
            for slug, hider in hiders.items()
            for original in hider.hidden.values()
        ],
        now,
    )
    if not renamed:
        return hidden
    return [
        (index, replace(event, facts=_with_older(event.facts, renamed)))
        for index, event in hidden
    ]


@step
def hide_moments(
    events: Sequence[Event], *, workflow_id: UUID, now: datetime
) -> list[Event]:
    """Hide what the detectors find in our own records as they join a run.

    No query unless something is found, which is rare: then two, or three while keys change.
    What holds a request's arguments costs one query: its owner's fields are hidden too.
    """
    with_args = any("args" in each.facts for each in events)
    policy = policies_of({workflow_id})[workflow_id] if with_args else Policy()
    hider = Hider(policy, _newest())
    hidden = [replace(each, facts=hider.facts(each.facts)) for each in events]
    if not hider.hidden:
        return hidden
    left = policy.left if with_args else policies_of({workflow_id})[workflow_id].left
    if left and not with_args:
        hider = Hider(Policy(left=left), _newest())
        hidden = [replace(each, facts=hider.facts(each.facts)) for each in events]
    originals = [_Hidden(workflow_id, each) for each in hider.hidden.values()]
    renamed = _keep(originals, now)
    if not renamed:
        return hidden
    return [replace(each, facts=_with_older(each.facts, renamed)) for each in hidden]


def hidden_words(text: str) -> str:
    """Hide what the detectors find in a text whose originals nobody needs. No query."""
    return Hider(Policy(), _newest(), is_ours=True).text(text)


def hidden_value(value: Any, *, workflow_id: UUID, field: str = "args") -> Any:
    """Give a value as it would stand in an event, to be compared with one. Few queries.

    Nothing is sealed. `field` is where the value would stand, for the owner's paths.
    """
    policy = policies_of({workflow_id})[workflow_id]
    return facts_as({field: value}, policy)[field]


def facts_as(facts: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Give facts of ours as they would stand in an event, to be compared with one.

    Nothing is sealed. While keys change, older tokens are found as in events: one query.
    """
    hider = Hider(policy, _newest())
    shown = hider.facts(facts)
    nowhere = UUID(int=0)
    older = _older([_Hidden(nowhere, each) for each in hider.hidden.values()])
    return _with_older(shown, older) if older else shown


@dataclass(frozen=True)
class Tried:
    """What a text would be stored as, and what was hidden in it and by what."""

    text: str
    hidden: tuple[tuple[str, str], ...]


def tried(text: str, policy: Policy) -> Tried:
    """Give a text, or an event's facts as JSON, as it would be stored; nothing is kept.

    The tokens are of a key that is thrown away: with the real ones, whoever guesses a
    value could find it in runs without being allowed to look.
    """
    key = secrets.token_bytes(32)
    hider = Hider(policy, lambda kind, value: token_of(kind, value, key=key))
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = None
    if isinstance(facts, dict):
        if not set(facts) & set(FIELDS):
            facts = {"args": facts}
        shown = json.dumps(hider.facts(facts), indent=2, ensure_ascii=False)
    else:
        shown = hider.text(text)
    return Tried(
        shown,
        tuple((each.token, each.rule) for each in hider.hidden.values()),
    )


def _newest() -> Callable[[str, str], str]:
    key = hashing_keys(_HASHING)[0]
    return lambda kind, value: token_of(kind, value, key=key)


@step
def _keep(hidden: Sequence[_Hidden], now: datetime) -> dict[str, str]:
    """Seal what is not sealed yet; give the tokens that are older than the newest key."""
    if not hidden:
        return {}
    older = _older(hidden)
    tokens = [older.get(each.original.token, each.original.token) for each in hidden]
    rows: list[tuple] = [
        (
            new_id(),
            each.workflow_id,
            token,
            seal(
                each.original.text.encode("utf-8", "surrogatepass"),
                purpose=PURPOSE,
                bound_to=bound_to(each.workflow_id, token),
            ),
            each.original.rule[:200],
            now,
        )
        for each, token in zip(hidden, tokens, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
    return older


def _older(hidden: Iterable[_Hidden]) -> dict[str, str]:
    """Find the tokens that values already have under an older key. One query, or none.

    So a value keeps its token over a change of keys, and goes on comparing, for as long
    as the older key stands in the settings.
    """
    keys = hashing_keys(_HASHING)[1:]
    if not keys:
        return {}
    candidates: dict[str, str] = {}
    for each in hidden:
        token, value = each.original.token, each.original.value
        # The oldest is looked at last, so that it wins.
        for key in keys:
            candidates[token_of(kind_of(token), value, key=key)] = token
    if not candidates:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [list(candidates)])
        known = {row[0] for row in cursor.fetchall()}
    return {new: old for old, new in candidates.items() if old in known}


def _with_older(facts: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Put older tokens in the place of newer ones; a token is plain text in any JSON."""

    def older(match: re.Match[str]) -> str:
        token = match[0][1:-1]
        return f"[{renamed.get(token, token)}]"

    written = json.dumps(dict(facts), ensure_ascii=False)
    return dict(json.loads(TOKEN.sub(older, written)))
