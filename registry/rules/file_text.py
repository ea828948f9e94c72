"""The text of an uploaded or named file: bounded, UTF-8, and refused in plain words."""

from typing import Protocol

from registry.rules.fields import DocumentError, Problem

FILE_BYTES_MAX = 2 * 1024 * 1024
_OTHERS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\x00\x00\xfe\xff": "UTF-32",
}


class Readable(Protocol):
    """Anything that gives bytes, at most as many as are asked for."""

    def read(self, size: int, /) -> bytes: ...


def text_of_file(file: Readable) -> str:
    """Read a small text file; never more than its largest size is read.

    Raises DocumentError for a file that is too large or not UTF-8, with the line.
    """
    raw = file.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        _refuse(
            f"The file is larger than {FILE_BYTES_MAX // 1024 // 1024} MiB, and no page"
            " is. Nothing of it was read."
        )
    for mark, name in _OTHERS.items():
        if raw.startswith(mark):
            _refuse(f"The file is {name}. Save it as UTF-8 and load it again.", 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        letter = raw[error.start : error.start + 1].decode("cp1252", "replace")
        _refuse(
            "Here is a letter that is not UTF-8"
            f" (in Windows or Latin-1 it would be “{letter}”). Save the file as UTF-8 and"
            " load it again.",
            line,
        )
    raise AssertionError("unreachable")


def _refuse(text: str, line: int | None = None) -> None:
    raise DocumentError((Problem("", text, line),))
