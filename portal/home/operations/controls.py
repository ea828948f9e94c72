"""Taking the evidence for a law or standard out of the portal, as one file that proves itself."""

from dataclasses import dataclass
from datetime import datetime

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit import queries as audit
from portal.audit.operation import operation, record
from portal.core.errors import Forbidden, Invalid
from portal.home.queries.controls.evidence import BY_KEY
from portal.home.queries.controls.mapping import (
    Days,
    FrameworkPage,
    journal_filter,
)
from portal.home.queries.controls.pack import Pack, file_digest, pack_of

ENTRIES_MAX = 50_000


@dataclass(frozen=True)
class Taken:
    """An evidence pack, and the digest of its manifest that the journal keeps."""

    data: bytes
    digest: str


@operation(leaves="controls.exported")
def export_evidence(*, actor: Actor, page: FrameworkPage, now: datetime) -> Taken:
    """Gather every entry that is evidence for a framework, and record that it was taken.

    Only whoever sees everything may, because a part of the entries is no evidence for the
    whole. Raises Forbidden, Invalid for days that cannot be read or hold too much.
    """
    if not access.holds_everywhere(actor, access.VIEW):
        raise Forbidden(
            "Only who may see every workflow can take out evidence for the company: "
            "the risk team and the auditors can help.",
            code="controls.export",
        )
    if page.problems:
        raise Invalid(dict(page.problems))
    keys = dict.fromkeys(
        each.evidence.key for line in page.lines for each in line.counted
    )
    entries = {key: _entries(key, page.days, now) for key in keys}
    count = sum(map(len, entries.values()))
    if count > ENTRIES_MAX:
        raise _too_much()
    pack: Pack = pack_of(page, entries, now=now)
    digest = file_digest(pack.manifest)
    record(
        "controls.exported",
        actor=actor,
        subject=("controls", page.framework.key),
        framework=page.framework.name,
        first=page.days.first.isoformat(),
        last=page.days.last.isoformat(),
        count=count,
        digest=digest,
    )
    return Taken(pack.data, digest)


def _entries(key: str, days: Days, now: datetime) -> tuple[audit.Exported, ...]:
    found = audit.exported_entries(
        within=None,
        wanted=journal_filter(days, BY_KEY[key].names),
        now=now,
        at_most=ENTRIES_MAX + 1,
    )
    if len(found) > ENTRIES_MAX:
        raise _too_much()
    return found


def _too_much() -> Invalid:
    return Invalid(
        {"from": f"This is more than {ENTRIES_MAX:,} entries: narrow the days."}
    )
