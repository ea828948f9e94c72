"""The bytes of a batch, read as a stream and bounded before and after inflating.

`request.body` would refuse a batch above the limit for pages, so it is never asked.
"""

import zlib
from collections.abc import Callable

from django.http import HttpRequest

from portal.core.errors import Malformed, TooLarge, UnsupportedMedia
from runs.operations.batch_bytes import BATCH_BYTES_MAX

CHUNK_BYTES = 64 * 1024
GZIP_ONLY = ("gzip",)
# 32 + window: zlib tells gzip and zlib's own form apart; minus: deflate without a head.
_EITHER_WINDOW, _BARE_WINDOW = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS

type Reader = Callable[[int], bytes]


def batch_bytes(
    request: HttpRequest,
    *,
    bytes_max: int = BATCH_BYTES_MAX,
    encodings: tuple[str, ...] = GZIP_ONLY,
) -> bytes:
    """Read the request's bytes, inflated. Raises TooLarge, Malformed, UnsupportedMedia."""
    encoding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", *encodings):
        raise UnsupportedMedia(f"Send it as it is, or with {' or '.join(encodings)}.")
    read = _reader(request, bytes_max)
    if encoding == "identity":
        return _read(read, bytes_max)
    return _inflated(read, bytes_max, encoding)


def _reader(request: HttpRequest, bytes_max: int) -> Reader:
    length = request.headers.get("Content-Length") or ""
    # A server that takes bodies in chunks ends the stream itself, and gives no length.
    if not length and request.META.get("wsgi.input_terminated"):
        stream: Reader = request.META["wsgi.input"].read
        return stream
    if not length.isdecimal():
        raise Malformed("Send the length of the body as Content-Length.")
    if int(length) > bytes_max:
        raise TooLarge(f"At most {bytes_max:,} bytes are taken at once.")
    return request.read


def _read(read: Reader, bytes_max: int) -> bytes:
    found = bytearray()
    while chunk := read(CHUNK_BYTES):
        found += chunk
        _check(len(found), bytes_max)
    return bytes(found)


def _inflated(read: Reader, bytes_max: int, encoding: str) -> bytes:
    """Inflate chunk by chunk and stop at the limit, so that a bomb costs no more."""
    inflater = zlib.decompressobj(_EITHER_WINDOW)
    found = bytearray()
    is_first = True
    try:
        while chunk := read(CHUNK_BYTES):
            if is_first and encoding == "deflate" and not _has_head(chunk):
                inflater = zlib.decompressobj(_BARE_WINDOW)
            is_first = False
            while chunk and not inflater.eof:
                found += inflater.decompress(chunk, bytes_max + 1 - len(found))
                _check(len(found), bytes_max)
                chunk = inflater.unconsumed_tail
    except zlib.error as error:
        raise Malformed(f"The body is not {encoding}.") from error
    if not inflater.eof:
        raise Malformed(f"The {encoding} body ends too early.")
    return bytes(found)


def _has_head(chunk: bytes) -> bool:
    """Say whether this is gzip or zlib; some senders of deflate leave the head out."""
    if chunk[:2] == b"\x1f\x8b":
        return True
    return (
        len(chunk) > 1 and chunk[0] & 15 == 8 and chunk[0] * 256 % 31 == -chunk[1] % 31
    )


def _check(length: int, bytes_max: int) -> None:
    if length > bytes_max:
        raise TooLarge(f"At most {bytes_max:,} bytes are taken, also after inflating.")
