"""The bytes of a batch, read as a stream and bounded before and after inflating.

`request.body` would refuse a batch above the limit for pages, so it is never asked.
"""

import zlib

from django.http import HttpRequest

from portal.core.errors import Malformed, TooLarge, UnsupportedMedia
from runs.operations.batch_bytes import BATCH_BYTES_MAX

CHUNK_BYTES = 64 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def batch_bytes(request: HttpRequest) -> bytes:
    """Read the request's bytes, inflated. Raises TooLarge, Malformed, UnsupportedMedia."""
    encoding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise UnsupportedMedia("Send events as they are, or with gzip.")
    length = request.headers.get("Content-Length") or ""
    if not length.isdecimal():
        raise Malformed("Send the length of the body as Content-Length.")
    if int(length) > BATCH_BYTES_MAX:
        raise TooLarge(f"At most {BATCH_BYTES_MAX:,} bytes are taken at once.")
    return _inflated(request) if encoding == "gzip" else _read(request)


def _read(request: HttpRequest) -> bytes:
    read = bytearray()
    while chunk := request.read(CHUNK_BYTES):
        read += chunk
        _check(len(read))
    return bytes(read)


def _inflated(request: HttpRequest) -> bytes:
    """Inflate chunk by chunk and stop at the limit, so that a bomb costs 8 MiB at most."""
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    read = bytearray()
    try:
        while chunk := request.read(CHUNK_BYTES):
            while chunk and not inflater.eof:
                read += inflater.decompress(chunk, BATCH_BYTES_MAX + 1 - len(read))
                _check(len(read))
                chunk = inflater.unconsumed_tail
    except zlib.error as error:
        raise Malformed("The body is not gzip.") from error
    if not inflater.eof:
        raise Malformed("The gzip body ends too early.")
    return bytes(read)


def _check(length: int) -> None:
    if length > BATCH_BYTES_MAX:
        raise TooLarge(
            f"At most {BATCH_BYTES_MAX:,} bytes are taken, also after inflating."
        )
