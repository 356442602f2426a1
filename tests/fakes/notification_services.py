"""Services that people are told through, which do what a test says: one over HTTP, one over SMTP."""

from __future__ import annotations

import json
import socket
import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

Answer = Callable[[socketserver.StreamRequestHandler], None]

LONGER_THAN_APPRISE_S = 0.3
"""How late `late` answers; a test that uses it sets Apprise's own time-out lower."""


def says(status: int, headers: str = "", body: str = "{}") -> Answer:
    """Answers with this status."""
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    return lambda to: _write(to, f"{head}{body}")


def late(to: socketserver.StreamRequestHandler) -> None:
    """Accepts, but tells so late."""
    time.sleep(LONGER_THAN_APPRISE_S)
    says(200)(to)


def silent(to: socketserver.StreamRequestHandler) -> None:
    """Says nothing until the other side hangs up."""
    while to.rfile.read(4096):
        pass


def hangs_up(_: socketserver.StreamRequestHandler) -> None:
    """Closes the connection."""


def half(to: socketserver.StreamRequestHandler) -> None:
    """Accepts, and hangs up in the middle of saying so."""
    _write(to, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{")


def _write(to: socketserver.StreamRequestHandler, text: str) -> None:
    to.wfile.write(text.encode())
    to.wfile.flush()


class Service(socketserver.ThreadingTCPServer):
    """Reads messages whole, keeps them in `received` and answers them. `answers`: for the first ones; then `answer`."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True

    def __init__(self, handler: type[socketserver.StreamRequestHandler], answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.answer = answer
        self.answers: list[Answer] = []
        self.received: list[Any] = []
        self.connections = 0

    @property
    def port(self) -> int:
        port: int = self.server_address[1]
        return port

    def verify_request(self, *_: Any) -> bool:
        self.connections += 1
        return True

    def handle_error(self, *_: Any) -> None:
        """The other side may hang up whenever it likes."""

    def keep(self, message: Any, to: socketserver.StreamRequestHandler) -> None:
        self.received.append(message)
        (self.answers.pop(0) if self.answers else self.answer)(to)

    def settled(self) -> list[Any]:
        """What it received, once it is through with all connections."""
        self.shutdown()
        self.server_close()
        return self.received


class _Http(socketserver.StreamRequestHandler):
    server: Service

    def handle(self) -> None:
        if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":  # a TLS handshake, which nobody here understands
            self.server.answer(self)
            return
        path = self.rfile.readline().split()[1].decode()
        size = 0
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        body = self.rfile.read(size)
        self.server.keep((path, json.loads(body) if body else None), self)


class _Smtp(socketserver.StreamRequestHandler):
    server: Service

    def handle(self) -> None:
        _write(self, "220 here\r\n")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                _write(self, "354 go on\r\n")
                message: list[str] = []
                while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    message.append(text)
                self.server.keep("\n".join(message), self)
                if self.server.answer in (silent, hangs_up):
                    return
            elif verb == "RCPT" and "nobody" in line:
                _write(self, "550 nobody of that name\r\n")
            else:
                _write(self, "221 bye\r\n" if verb == "QUIT" else "250 fine\r\n")


def replies(code: int) -> Answer:
    """A mail server's answer to a mail."""
    return lambda to: _write(to, f"{code} so it is\r\n")


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Serves on a free port of this machine."""
    thread = Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


def chat(answer: Answer = says(200)) -> Service:  # noqa: B008
    """A chat service, for addresses such as `json://127.0.0.1:{port}`."""
    return Service(_Http, answer)


def mail(answer: Answer = replies(250)) -> Service:  # noqa: B008
    """A mail server, for addresses such as `mailto://127.0.0.1:{port}?...`."""
    return Service(_Smtp, answer)
