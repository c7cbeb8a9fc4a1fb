"""The sessions of `requests`: who shares a connection, and what the environment says of the way."""

import os
import ssl
import threading
from contextlib import nullcontext
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3.util import Retry
from urllib3.util.ssl_ import create_urllib3_context

from nb_banana import __version__
from nb_banana.keys import is_loopback

SURROUNDINGS = (
    *("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    *("no_proxy", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
"""What requests heeds of the environment. A session is for one state of it."""

MOST_KEPT = 256
"""Connections to one host that are kept: as many as `Banana.concurrency` may be."""

# Only a connection that was never made is tried again down here, where nothing was sent yet.
# Everything later is the money contract's matter, in client.py.
CONNECT_RETRY = Retry(
    total=None,
    connect=3,
    read=False,
    redirect=False,
    status=False,
    other=0,
    backoff_factor=0.3,
    backoff_jitter=0.2,
    allowed_methods=None,
    respect_retry_after_header=False,
)


class Sessions:
    """One session for each host: connections are kept and used again, each by one at a time.

    The main thread has its own. Only there a Ctrl-C is raised, and a pool of connections that was
    interrupted may hold its lock for ever: https://bugs.python.org/issue29988
    """

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._main: dict[tuple[str | None, ...], requests.Session] = {}
        self._shared: dict[tuple[str | None, ...], requests.Session] = {}

    def forget(self) -> None:
        """Begin anew after a Ctrl-C."""
        self._main.clear()

    def for_url(self, url: str) -> requests.Session:
        """The session for an address, as the environment is now. On loopback no proxy is between.

        Raises:
            OSError: the environment names certificates that are not there.
        """
        is_main = threading.current_thread() is threading.main_thread()
        known = self._main if is_main else self._shared
        place = urlsplit(url)
        key = (place.scheme, place.netloc, *map(os.environ.get, SURROUNDINGS))
        if key not in known:
            # Of those that begin at the same moment one reads the certificates. The main thread is
            # not among them: a Ctrl-C could leave the lock as it could a pool's.
            with nullcontext() if is_main else self._making:
                known[key] = known.get(key) or _new_session(url)
        return known[key]


class _SecureAdapter(HTTPAdapter):
    """Gives all its connections one TLS context; requests reads the certificates for each anew."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=CONNECT_RETRY, pool_maxsize=MOST_KEPT)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Called by requests, which documents this as the place to set a context."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context}

    def cert_verify(self, *_: Any) -> None:
        """Called by requests for each connection. The context knows the certificates already."""

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Called by requests: a proxy that itself is asked over TLS gets the same context."""
        if proxy.lower().startswith("https:"):
            options["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **options)


def _new_session(url: str) -> requests.Session:
    session = requests.Session()
    # What requests looks up in the environment with each call is looked up here, once.
    session.trust_env = False
    if not is_loopback(url):
        session.proxies.update(get_environ_proxies(url))
    # A jar that takes no cookies: it is not made for threads that read and write it at once.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = f"nb_banana/{__version__}"
    if url.startswith("https:"):
        named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        session.mount("https://", _SecureAdapter(_context(named or DEFAULT_CA_BUNDLE_PATH)))
    session.mount("http://", HTTPAdapter(max_retries=CONNECT_RETRY, pool_maxsize=MOST_KEPT))
    return session


@cache
def _context(certificates: str) -> ssl.SSLContext:
    """What connections are verified with; one for the process, for to read it takes 40 ms."""
    context = create_urllib3_context()
    try:
        is_folder = Path(certificates).is_dir()
        context.load_verify_locations(**{"capath" if is_folder else "cafile": certificates})
    except OSError as error:  # an SSLError is one too: a file without certificates
        raise OSError(f"There are no certificates in {certificates}") from error
    return context


SESSIONS = Sessions()


def _forget_connections() -> None:
    """A forked child that used its parent's connections would get its parent's answers."""
    global SESSIONS
    SESSIONS = Sessions()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)
