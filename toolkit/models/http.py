"""One GET over requests, with bounded redirections and failures in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from toolkit.version import __version__

if TYPE_CHECKING:
    import requests


class Waits(Protocol):
    """The part of `toolkit.models.download.Patience` that a single request needs."""

    @property
    def connect_s(self) -> float:
        """Seconds for a connection."""
        ...

    @property
    def read_s(self) -> float:
        """Seconds without a byte."""
        ...

    @property
    def redirects(self) -> int:
        """Most redirections followed."""
        ...


class Refused(Exception):
    """A response that is not the file, or no response.

    Attributes:
        code: Error code that fits.
        reason: A sentence for the user.
        again: Whether another try at the same address may help.
    """

    def __init__(self, code: str, reason: str, again: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.again = again


@contextmanager
def open_stream(address: str, headers: Mapping[str, str], waits: Waits) -> Iterator[requests.Response]:
    """The response to a GET after all redirections, its body unread.

    Raises:
        Refused: A redirection leads nowhere, elsewhere than http, or there are too many of them.
        requests.RequestException: No response.
    """
    import requests

    class Session(requests.Session):
        def get_redirect_target(self, _resp: requests.Response) -> str | None:
            # requests would read the whole body of a redirection, however large: they are followed below.
            return None

    # identity: a length or a range that is told must be that of the file itself.
    asked = {"User-Agent": f"ctk/{__version__}", "Accept-Encoding": "identity", **headers}
    with Session() as session:
        for _ in range(waits.redirects + 1):
            _refuse_other_schemes(address)
            timeout = (waits.connect_s, waits.read_s)
            with session.get(address, headers=asked, stream=True, timeout=timeout) as response:
                if response.status_code not in {301, 302, 303, 307, 308}:
                    yield response
                    return
                address = _next_address(address, response)
    raise Refused("CTK403", f"more than {waits.redirects} redirections")


def transport_errors() -> tuple[type[Exception], ...]:
    """What requests and urllib3 raise when a transfer fails."""
    import requests
    import urllib3

    return (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError)


def plain_reason(error: Exception, connect_s: float, read_s: float) -> Refused:
    """The same failure in a sentence without class names and memory addresses."""
    import requests

    names = {type(cause).__name__ for cause in _causes(error)}
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Refused("CTK403", f"no connection within {connect_s:g} s", again=True)
    if isinstance(error, requests.exceptions.Timeout) or "ReadTimeoutError" in names:
        return Refused("CTK403", f"no data for {read_s:g} s", again=True)
    if isinstance(error, requests.exceptions.SSLError):
        return Refused("CTK403", "the TLS connection failed (certificate or protocol)")
    if isinstance(error, requests.exceptions.ProxyError):
        return Refused("CTK403", "the proxy refused or cannot be reached", again=True)
    if "NameResolutionError" in names:
        return Refused("CTK403", "the host name cannot be resolved", again=True)
    if "NewConnectionError" in names:
        system = next((c.strerror for c in _causes(error) if isinstance(c, OSError) and c.strerror), None)
        return Refused("CTK403", f"no connection: {system or 'the host does not answer'}", again=True)
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return Refused("CTK403", "the connection was cut", again=True)
    if isinstance(error, ValueError):  # requests' errors about addresses are ValueErrors
        return Refused("CTK403", "this is not a usable address")
    return Refused("CTK403", f"the transfer failed ({type(error).__name__})", again=True)


def _refuse_other_schemes(address: str) -> None:
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Refused("CTK403", f"{address[:200]!r} is not an http or https address")


def _next_address(address: str, response: requests.Response) -> str:
    location = response.headers.get("Location", "")
    try:
        if location:
            return urljoin(address, location)
    except ValueError:
        pass
    where = f"to {location[:200]!r}" if location else "without a Location"
    raise Refused("CTK403", f"HTTP {response.status_code} {where}, which leads nowhere")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it wraps, in any of the three ways in which urllib3 and requests do it."""
    pending, seen = [error], set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        pending += [cause for cause in inner if isinstance(cause, BaseException)]
