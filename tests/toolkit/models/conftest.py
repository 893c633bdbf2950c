"""A file server on the loopback that misbehaves as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class FileServer:
    """Answers the n-th request for a path with the n-th behaviour given for it, the last one for ever."""

    def __init__(self) -> None:
        self.behaviours: dict[str, list[Behaviour]] = {}
        self.requests: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append((self.path, self.headers.get("Range")))
                queue = outer.behaviours[self.path]
                (queue.pop(0) if len(queue) > 1 else queue[0])(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def at(self, path: str, *behaviours: Behaviour) -> str:
        """Sets what a path does; returns its address."""
        self.behaviours[path] = list(behaviours)
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def ranges(self, path: str) -> list[str | None]:
        """The Range headers of the requests for a path."""
        return [asked for where, asked in self.requests if where == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[FileServer]:
    made = FileServer()
    yield made
    made.close()
