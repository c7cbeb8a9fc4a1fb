"""One HTTP request and its body with a bound, the key for one host alone, `requests`' sessions."""

import os
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import cache, partial
from http.cookiejar import DefaultCookiePolicy
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
from requests import utils
from requests.auth import AuthBase
from requests.models import REDIRECT_STATI
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from nb_banana._version import __version__
from nb_banana.credentials import Secret, is_loopback, room_host
from nb_banana.wire import connection
from nb_banana.wire.connection import Adapter, Attempt

SURROUNDINGS = (
    *("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    *("no_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
"""What requests heeds of the environment. A session is for one state of it."""

MOST_SESSIONS = 8  # hosts to which connections are kept: a sandbox has a new port each time
Result = TypeVar("Result")

CODINGS = ("gzip", "deflate")
"""What a body may be compressed with, which is taken off here: a few bytes may become gigabytes,
and urllib3 bounds that only in its later versions."""
PACKED, GZIP, MOST_LAYERS = {*CODINGS, "x-gzip"}, b"\x1f\x8b", 4
NETWORK_CURE = "Look at the network (and base_url), then run it again."
PROXY_CURE = "The proxy did not let it through: look at HTTPS_PROXY and its password."
BROWSER_CURE = (
    "In a browser the service must let this page call it (CORS). Look at the network and base_url, "
    "or run the notebook in a kernel of your own."
)
CERTIFICATE_CURE = "Its certificate was refused: look at the clock, and at REQUESTS_CA_BUNDLE."

BEARER = ("Authorization", "Bearer ")  # where most services want the key, and what stands before


class NoAnswerError(Exception):
    """A request was sent, at least in part, and no whole answer came: ``came`` of its body."""

    def __init__(self, *, is_late: bool, came: bytes = b"") -> None:
        super().__init__("it took too long" if is_late else "the connection ended too early")
        self.is_late, self.came = is_late, came


class UnsentError(Exception):
    """Nothing of a request was sent."""

    def __init__(self, cure: str, reason: str = "no connection could be made") -> None:
        super().__init__(reason)
        self.cure = cure


class NoAddressError(UnsentError):
    """Nothing of a request was sent, for where it was to go can't be an address."""

    def __init__(self) -> None:
        super().__init__(NETWORK_CURE, "it is no address")


class TooLongError(Exception):
    """A body is longer than its bound."""


class Answer(Protocol):
    """What came back: status and headers; its body when it is read."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by names in any case."""

    @property
    def redirect(self) -> str | None:
        """Where to look instead, as it is said; None where this is the answer."""

    def read(self, most: int) -> bytes:
        """The whole body, where it has no more bytes than that; nothing of a redirect's."""

    def close(self) -> None:
        """Read no more of it."""


class Transport(Protocol):
    """How one client reaches a service: `HttpTransport`, or what stands in for it."""

    def send(
        self,
        method: str,
        url: str,
        *,
        secret: Secret | None = None,
        key_header: tuple[str, str] = BEARER,
        seconds: float,
        silence: float | None = None,
        **options: Any,
    ) -> Answer:
        """Send one request; see `HttpTransport.send`."""

    def close(self) -> None:
        """Close all connections. Others are made when they are needed."""


class HttpTransport:
    """One session for each host: connections are kept and used again, each by one at a time."""

    # The main thread has its own. Only there a Ctrl-C is raised, and a pool of connections that was
    # interrupted may hold its lock for ever: https://bugs.python.org/issue29988

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._making = threading.Lock()
        self._main: dict[tuple[str | None, ...], requests.Session] = {}
        self._shared: dict[tuple[str | None, ...], requests.Session] = {}

    def send(
        self,
        method: str,
        url: str,
        *,
        secret: Secret | None = None,
        key_header: tuple[str, str] = BEARER,
        seconds: float,
        silence: float | None = None,
        **options: Any,
    ) -> "HttpAnswer":
        """Send one request. Redirects are not followed; the body is not read yet."""
        attempt = Attempt(seconds, silence)
        work = partial(self._respond, attempt, method, url, KeyAuth(secret, key_header), options)
        return HttpAnswer(self.guarded(attempt, work), attempt, self)

    def _respond(
        self, attempt: Attempt, method: str, url: str, auth: "KeyAuth", options: dict[str, Any]
    ) -> requests.Response:
        session = self.for_url(url)
        request = requests.PreparedRequest()
        # What a session would add, less what it would merge of cookies, hooks and netrc.
        headers = {**session.headers, **(options.pop("headers", None) or {})}
        request.prepare(method, url, auth=auth, headers=headers, **options)
        # By the adapter: the session's own `send` reads the body of a redirect, however long.
        return session.get_adapter(request.url or url).send(
            request, stream=True, timeout=attempt, verify=True, proxies=session.proxies
        )

    def guarded(self, attempt: Attempt, work: Callable[[], Result]) -> Result:
        """What the work gives. What goes wrong is one of our few errors, or a bare interrupt."""
        try:
            return work()
        except TooLongError:
            raise
        except KeyboardInterrupt:
            self._main.clear()
            trouble: BaseException = KeyboardInterrupt()
        except Exception as error:  # noqa: BLE001 - a stranger's answer makes many libraries raise
            trouble = _trouble(error, attempt)
        # Not inside of `except`: the frames of the first error, which would come along as the
        # context of this one, hold the header with the key.
        raise trouble

    def close(self) -> None:
        """Close all connections. Others are made when they are needed."""
        for known in (self._main, self._shared):
            while known:
                known.popitem()[1].close()

    def for_url(self, url: str) -> requests.Session:
        """The session for an address, as the environment is now; on loopback without a proxy."""
        if self._process != os.getpid():  # a forked child would get its parent's answers
            self._begin()
        is_main = threading.current_thread() is threading.main_thread()
        known = self._main if is_main else self._shared
        place = urlsplit(url)
        key = (place.scheme, place.netloc, *map(os.environ.get, SURROUNDINGS))
        if key not in known:
            # Of those that begin at the same moment one reads the certificates. The main thread is
            # not among them: a Ctrl-C could leave the lock as it could a pool's.
            with nullcontext() if is_main else self._making:
                session = known[key] = known.get(key) or _new_session(url)
                if len(known) > MOST_SESSIONS:  # its connections in use are closed after that
                    known.pop(next(iter(known)))
            return session
        return known[key]


def _new_session(url: str) -> requests.Session:
    session = requests.Session()
    # What requests looks up in the environment with each call is looked up here, once.
    session.trust_env = False
    # A host of the own network is asked directly: a proxy would read a key that goes over http.
    if not (is_loopback(url) or room_host(url) or connection.IN_BROWSER):
        session.proxies.update(_proxies(url))
    # A jar that takes no cookies: it is not made for threads that read and write it at once.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if connection.IN_BROWSER:  # which sets these headers itself, and allows no others
        session.headers.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, connection.BrowserAdapter())
        return session
    session.headers["User-Agent"] = f"nb_banana/{__version__}"
    session.headers["Accept-Encoding"] = ", ".join(CODINGS)
    if url.startswith("https:"):
        named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        session.mount("https://", Adapter(_context(named or utils.DEFAULT_CA_BUNDLE_PATH)))
    session.mount("http://", Adapter())
    return session


def _proxies(url: str) -> dict[str, str]:
    """The proxies that the environment names. The one for this address can be used."""
    proxies: dict[str, str] = utils.get_environ_proxies(url)
    proxy = utils.select_proxy(url, proxies)
    if not proxy:
        return proxies
    if proxy.lower().startswith("socks") and find_spec("socks") is None:
        name = next((each for each in SURROUNDINGS if os.environ.get(each) == proxy), "ALL_PROXY")
        raise UnsentError(
            f"{name} names a SOCKS proxy, which takes one more package: "
            "pip install 'requests[socks]'."
        )
    try:
        whole = utils.prepend_scheme_if_needed(proxy, "http")  # type: ignore[no-untyped-call]
        is_address = bool((parse_url(whole).host or "").encode("idna"))
    except ValueError:  # urllib3's errors and Unicode's are of this kind
        is_address = False
    if not is_address:
        raise UnsentError(PROXY_CURE)
    return proxies


@cache
def _context(certificates: str) -> ssl.SSLContext:
    """What connections are verified with; one for the process, for to read it takes 40 ms."""
    context = create_urllib3_context()
    try:
        is_folder = Path(certificates).is_dir()
        context.load_verify_locations(**{"capath" if is_folder else "cafile": certificates})
    except OSError as error:  # an SSLError is one too: a file without certificates
        raise UnsentError(
            f"There are no certificates in {certificates}. Look at REQUESTS_CA_BUNDLE."
        ) from error
    return context


CHUNK = 64 * 1024  # bytes read at once of a body that is small, or names no length
LONGEST_NUMBER = 18  # digits of a length; Python refuses to read a number of thousands


class KeyAuth(AuthBase):
    """Puts the key into one request's header; nothing else of ours does."""

    def __init__(self, secret: Secret | None, header: tuple[str, str] = BEARER) -> None:
        self.secret, self.header = secret, header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called by requests. Without a key this also keeps netrc's out."""
        if self.secret is not None:
            request.headers[self.header[0]] = self.header[1] + self.secret.reveal()
        return request


class HttpAnswer:
    """An `Answer` over a connection. It holds no request: no key."""

    def __init__(
        self, response: requests.Response, attempt: Attempt, transport: HttpTransport
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._raw = response.raw
        self._attempt = attempt
        self._transport = transport

    @property
    def redirect(self) -> str | None:
        """Where to look instead, as it is said; None where this is the answer."""
        return self.headers.get("location") if self.status in REDIRECT_STATI else None

    def read(self, most: int) -> bytes:
        """The whole body; nothing of a redirect's, which is for nobody."""
        pieces: list[bytes] = []
        try:
            if 300 <= self.status < 400:
                return b""
            self._transport.guarded(self._attempt, partial(self._collect, pieces, most))
            return self._unpacked(pieces, most)
        except NoAnswerError as error:
            error.came = self._unpacked(pieces, most)
            raise
        finally:
            # A body that was read to its end gives its connection back; another closes it.
            self.close()

    def close(self) -> None:
        """Read no more of it."""
        self._raw.close()

    def _collect(self, pieces: list[bytes], most: int) -> None:
        """Read the body, as far as it comes."""
        length, count = self._known_length(), 0
        if length > most:
            raise TooLongError
        raw: Any = self._raw
        read = partial(raw.read1, CHUNK)
        if length > CHUNK:  # its pieces and their whole would be twice the memory
            read = partial(raw.read, length)
        if connection.IN_BROWSER:  # which has unpacked it already
            read = raw.read
        self._attempt.in_body = True
        while piece := read():
            pieces.append(piece)
            count += len(piece)
            if count > most:
                raise TooLongError
        if self._attempt.is_broken:
            raise ConnectionError

    def _known_length(self) -> int:
        """Bytes that are to come; 0 where nobody says how many."""
        said = self.headers.get("Content-Length", "")
        is_number = said.isdecimal() and "Transfer-Encoding" not in self.headers
        return int(said) if is_number and len(said) <= LONGEST_NUMBER else 0

    def _unpacked(self, pieces: list[bytes], most: int) -> bytes:
        coding = "" if connection.IN_BROWSER else self.headers.get("Content-Encoding", "")
        work = partial(_unpacked, b"".join(pieces), coding, most)
        return self._transport.guarded(self._attempt, work)


def _unpacked(body: bytes, coding: str, most: int) -> bytes:
    """The body without its compression; as it came where it has none, whatever is said of it."""
    names = [name for each in coding.lower().split(",") if (name := each.strip()) in PACKED]
    try:
        for name in reversed(names if len(names) <= MOST_LAYERS else []):
            body = _without_layer(body, name, most)
    except zlib.error:
        return body
    return body


def _without_layer(body: bytes, name: str, most: int) -> bytes:
    parts: list[bytes] = []
    left, count = body, 0
    while not parts or left.startswith(GZIP):  # a body of gzip may have several parts
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib
        try:
            parts.append(unpacker.decompress(left, most + 1 - count))
        except zlib.error:
            unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS)  # some write deflate without head
            parts.append(unpacker.decompress(left, most + 1 - count))
            if name != "deflate" or unpacker.unused_data or not (unpacker.eof or parts[-1][most:]):
                raise
        count += len(parts[-1])
        if count > most:
            raise TooLongError
        left = unpacker.unused_data
    return b"".join(parts)


def _trouble(error: Exception, attempt: Attempt) -> Exception:
    """What an error means, by how far the attempt had come."""
    if attempt.is_sent:
        return NoAnswerError(is_late=attempt.is_late)
    if isinstance(error, UnsentError):
        return UnsentError(error.cure)
    # requests' InvalidURL and InvalidSchema, urllib3's LocationParseError, UnicodeError
    if isinstance(error, ValueError):
        return NoAddressError()
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error)):
        return UnsentError(CERTIFICATE_CURE)
    if connection.IN_BROWSER:
        return UnsentError(BROWSER_CURE)
    return UnsentError(PROXY_CURE if attempt.has_proxy else NETWORK_CURE)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it was made of."""
    while error is not None:
        yield error
        inner = (each for each in error.args if isinstance(each, BaseException))
        error = error.__cause__ or next(inner, None)
