"""Whether a person can read what would be done. What cannot be read needs a higher approver.

A review that nobody can carry out is no review: such a request goes to the escalation
owner, whoever the matrix names. What the rulebook allows or refuses by itself stays so.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from approvals.rules.paths import LEAVES_MAX, Leaf, leaves
from registry.rules.answers import Answer, Reason, Ruling
from registry.rules.codes import CODES

CODE = "inspection.impossible"
TEXT_READ_MAX = 20_000
ALL_TEXT_READ_MAX = 60_000
NESTING_MAX = 12
NAME_READ_MAX = 200
UNREADABLE_MAX = 8
_ENCODED = re.compile(
    r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{200}|(?:%[0-9A-Fa-f]{2}){60}"
)
_INLINE_DATA = re.compile(r"\s{0,9}data:[^,]{0,100};base64,", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\s{0,9}(?:file|s3|gs|az|blob|cid|attachment|ftp|sftp|smb)://?\S", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"\s{0,9}(?:\{\{[^{}]{1,100}\}\}|\$\{[^{}]{1,100}\}|<%[^<>]{1,100}%>)\s{0,9}"
)


def why_uninspectable(action: Mapping[str, object]) -> str:
    """Say what in an action no person can read here, or nothing."""
    read = 0
    for position, leaf in enumerate(leaves(action.get("args") or {})):
        if position >= LEAVES_MAX:
            return f"There are more than {LEAVES_MAX} values, too many to read."
        why = _why_unreadable(leaf)
        if why:
            return why
        read += len(leaf.value) if isinstance(leaf.value, str) else 0
        if read > ALL_TEXT_READ_MAX:
            return f"There are more than {ALL_TEXT_READ_MAX:,} characters, too many to read."
    return ""


def with_inspection(ruling: Ruling, args: Mapping[str, object]) -> Ruling:
    """Give the ruling, escalated where people would review what they cannot read."""
    if ruling.answer != Answer.REVIEW:
        return ruling
    why = why_uninspectable({"args": args})
    if not why:
        return ruling
    reason = Reason(
        code=CODE,
        text=f"This cannot be inspected, so a higher approver decides. {why}",
        answer=Answer.ESCALATE,
        who_can_help=CODES[CODE].who_can_help,
    )
    return replace(ruling, answer=Answer.ESCALATE, reasons=(reason, *ruling.reasons))


def _why_unreadable(leaf: Leaf) -> str:
    name = f"“{leaf.path[:80]}”"
    if len(leaf.steps) > NESTING_MAX:
        return f"{name} is nested too deeply to follow."
    if any(isinstance(step, str) and len(step) > NAME_READ_MAX for step in leaf.steps):
        return f"The name {name}… is too long to read."
    if "$ref" in leaf.steps:
        return f"{name} points elsewhere; what it stands for is not here."
    if not isinstance(leaf.value, str):
        return ""
    return _why_unreadable_text(name, leaf.value)


def _why_unreadable_text(name: str, text: str) -> str:
    if len(text) > TEXT_READ_MAX:
        return f"{name} holds {len(text):,} characters, too many to read."
    if _INLINE_DATA.match(text) or _ENCODED.search(text):
        return f"{name} holds encoded data that cannot be read here."
    if _ELSEWHERE.match(text):
        return f"{name} points to a file that is not here."
    if _PLACEHOLDER.fullmatch(text):
        return f"{name} is a placeholder that is filled in later."
    if sum(map(_is_binary, text)) > UNREADABLE_MAX:
        return f"{name} holds binary data."
    return ""


def _is_binary(character: str) -> bool:
    if character in "\n\r\t":
        return False
    is_lost = character == "\ufffd"
    return is_lost or unicodedata.category(character) in ("Cc", "Co", "Cn")
