"""A real receiver of webhooks on the loopback, for tests: it keeps what it was sent."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

HUGE = 4 * 1024 * 1024


@dataclass
class Receiver:
    """What a receiver was sent, and how it answers: one answer a call, the last for ever."""

    port: int = 0
    answers: list[object] = field(default_factory=lambda: [204])
    calls: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    written: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def verified(self, secret: str, position: int = -1) -> dict:
        """Read one call as a receiver should: raises when the signature is not right."""
        _, headers, body = self.calls[position]
        return Webhook(secret).verify(body, headers)

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.calls]


@contextlib.contextmanager
def receiving(*answers: object) -> Iterator[Receiver]:
    """Run a receiver while the block runs. An answer is a status, or a word below."""
    receiver = Receiver(answers=list(answers) or [204])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            said = {name.lower(): value for name, value in self.headers.items()}
            receiver.calls.append((self.path, said, body.decode()))
            turn = min(len(receiver.calls), len(receiver.answers)) - 1
            _answer(self, receiver, receiver.answers[turn])

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, receiver: Receiver, word: object) -> None:
    with contextlib.suppress(OSError):
        if word == "redirect":
            handler.send_response(302)
            handler.send_header("Location", f"http://127.0.0.1:{receiver.port}/moved")
            handler.end_headers()
        elif word == "hang":
            time.sleep(1)
        elif word == "drip":
            for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100:
                handler.wfile.write(bytes([letter]))
                time.sleep(0.05)
        elif word == "noise":
            handler.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
        elif word == "huge":
            handler.send_response(200)
            handler.end_headers()
            while receiver.written < HUGE:
                handler.wfile.write(b"x" * 65536)
                receiver.written += 65536
        else:
            handler.send_response(int(str(word)))
            handler.send_header("content-length", "0")
            handler.end_headers()
