"""The evidence pack: one archive with a manifest that names each file by its digest."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.audit import queries as audit
from portal.core.http import wire_time
from portal.core.spreadsheets import csv_lines
from portal.home.exporting import as_csv, as_json
from portal.home.queries.controls.mapping import ControlLine, FrameworkPage

HOW = (
    "Each file is named here with the SHA-256 of its bytes. The SHA-256 of this manifest is"
    " kept in the journal's entry about the export. In the JSON files each entry has the"
    " exact bytes that its hash is over, and the hash of the entry before it in its stream;"
    " the checkpoint states the head of every stream."
)
CONTROLS_HEAD = (
    *("control", "title", "asks", "what the portal does", "kept elsewhere"),
    *("evidence", "file", "entries"),
)
_FIXED = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Pack:
    """The archive, and the bytes of its manifest."""

    data: bytes
    manifest: bytes


def file_digest(data: bytes) -> str:
    """Give the SHA-256 of a file as any tool prints it, so that anybody can compare it."""
    return hashlib.sha256(data).hexdigest()


def pack_of(
    page: FrameworkPage,
    entries: Mapping[str, Sequence[audit.Exported]],
    *,
    now: datetime,
) -> Pack:
    """Write the archive: manifest, controls, numbers, and each evidence as CSV and JSON."""
    files: dict[str, bytes] = {
        "controls.csv": _csv(CONTROLS_HEAD, _controls(page, entries)),
        "numbers.json": _json(_numbers(page)),
    }
    for key, rows in entries.items():
        files[f"evidence/{key}.csv"] = ("\ufeff" + as_csv(rows)).encode()
        files[f"evidence/{key}.json"] = as_json(rows).encode()
    manifest = _json(_manifest(page, files, entries, now))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"manifest.json": manifest, **files}.items():
            info = zipfile.ZipInfo(name, _FIXED)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return Pack(file.getvalue(), manifest)


def _manifest(
    page: FrameworkPage,
    files: Mapping[str, bytes],
    entries: Mapping[str, Sequence[audit.Exported]],
    now: datetime,
) -> dict[str, object]:
    seal = page.seal
    return {
        "what": f"Evidence for {page.framework.name}",
        "edition": page.framework.edition,
        "first_day": page.days.first.isoformat(),
        "last_day": page.days.last.isoformat(),
        "days_are": "UTC",
        "as_of": wire_time(now),
        "how_to_check": HOW,
        "checkpoint": {
            "number": seal.number,
            "root": seal.root,
            "at": wire_time(seal.at),
            "note": seal.note,
        }
        if seal and seal.number
        else None,
        "controls": [_control(line) for line in page.lines],
        "entries": {key: len(rows) for key, rows in entries.items()},
        "files": {name: file_digest(data) for name, data in files.items()},
    }


def _control(line: ControlLine) -> dict[str, object]:
    return {
        "control": line.control.ref,
        "title": line.control.title,
        "evidence": list(line.control.evidence),
        "numbers": list(line.control.numbers),
        "kept_elsewhere": line.control.elsewhere or None,
    }


def _controls(
    page: FrameworkPage, entries: Mapping[str, Sequence[audit.Exported]]
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for line in page.lines:
        one = line.control
        said = (one.ref, one.title, one.asks, one.ours, one.elsewhere)
        for each in line.counted:
            key = each.evidence.key
            place = (each.evidence.label, f"evidence/{key}.csv", str(len(entries[key])))
            rows.append((*said, *place))
        if not line.counted:
            rows.append((*said, "", "", ""))
    return rows


def _numbers(page: FrameworkPage) -> list[dict[str, object]]:
    found = {each.kpi.key: each for line in page.lines for each in line.numbers}
    return [
        {
            "key": each.kpi.key,
            "label": each.kpi.label,
            "formula": each.kpi.formula,
            "formula_version": each.kpi.version,
            "answer": each.now.answer.value,
            "value": each.now.value,
            "low": each.now.low,
            "high": each.now.high,
            "numerator": f"{each.now.over:f}",
            "denominator": None if each.now.under is None else f"{each.now.under:f}",
            "as_of": wire_time(each.now.as_of),
            "why": each.now.why or None,
        }
        for each in found.values()
    ]


def _csv(head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> bytes:
    return ("\ufeff" + "".join(csv_lines(head, rows))).encode()


def _json(document: object) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
