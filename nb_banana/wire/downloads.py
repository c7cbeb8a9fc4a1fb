"""Fetch a picture that was made and charged: a GET, which may be tried again, without any key."""

import time
from typing import Any
from urllib.parse import urljoin, urlsplit

from urllib3.util import Retry

from nb_banana._text import clean
from nb_banana.credentials import HIDDEN, SHORTEST_IN_LINK, has_key, is_loopback
from nb_banana.errors import (
    DownloadError,
    Interrupted,
    LinkGoneError,
    PictureError,
    PictureTooLargeError,
)
from nb_banana.imaging.decode import PictureKind, check_picture
from nb_banana.wire import transport
from nb_banana.wire.interrupts import allow_interrupts
from nb_banana.wire.transport import is_unconnected

LONGEST_PICTURE = 100 * 1024 * 1024
"""Bytes of a picture that we accept; a 4K PNG of this model has some 20 MB."""
READ_TIMEOUT = 60.0
LONGEST_DOWNLOAD = 300.0
"""Seconds for a whole picture."""
MOST_REDIRECTS = 5
LONGEST_LINK = 1500
"""Characters of a link in a message and in facts; signed ones have some 900."""
ATTEMPTS = Retry(total=3, backoff_factor=0.3, backoff_jitter=0.3)
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


FetchedPicture = tuple[bytes, PictureKind]


def fetch_link(link: str, base_url: str, facts: dict[str, Any]) -> FetchedPicture:
    """The bytes behind a link as they were made, and what they are.

    Args:
        link: an address, or a path at the service.
        base_url: who named it; only a service on loopback may name a link on loopback.
        facts: ids for the error.

    Raises:
        DownloadError: the link failed.
        NotAPictureError, TruncatedPictureError, PictureTooLargeError: it is no whole picture.
        Interrupted: Ctrl-C; the picture stays at its link.

    """
    url = _absolute(base_url + "/", link, facts)
    shown = HIDDEN if has_key(url, SHORTEST_IN_LINK) else clean(url, LONGEST_LINK)
    where, facts = f"its link is {shown}", {**facts, "url": shown}
    try:
        with allow_interrupts():
            return _until_it_is_there(url, is_loopback(base_url))
    except PictureError as error:
        raise paid_error(error, where, facts) from None
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped. The picture was made and charged; nb_banana.recover() fetches it, {where}",
            **facts,
        ) from None


def paid_error(error: PictureError, where: str, facts: dict[str, Any]) -> PictureError:
    """The same error with what it means: the picture is paid, and here is where it is."""
    return type(error)(f"{error.args[0]} The picture was made and charged; {where}", **facts)


def _until_it_is_there(url: str, local: bool) -> FetchedPicture:
    retry = ATTEMPTS
    while True:
        try:
            data = _download(url, local)
            return data, check_picture(data)
        except PictureError as error:
            if not retry.total or not error.facts.get("passing", True):
                raise
        time.sleep(retry.get_backoff_time())
        retry = retry.increment("GET", url, error=None)


def _absolute(base: str, url: str, facts: dict[str, Any]) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        raise DownloadError(
            f"The picture's link is no address: {clean(url, 200)!r}. The picture was made and "
            "charged.",
            **{**facts, "url": clean(url, LONGEST_LINK), "passing": False},
        ) from None


def _download(url: str, local: bool) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        _check_address(url, local)
        try:
            response = transport.send("GET", url, read_timeout=READ_TIMEOUT)
            if response.is_redirect:
                response.close()
                url = _absolute(url, response.headers["location"], {})
                continue
            if response.status_code in {404, 410}:
                response.close()
                raise LinkGoneError(
                    f"The picture's link answers {response.status_code}: it is not there.",
                    passing=False,
                )
            if response.status_code != 200:
                response.close()
                raise DownloadError(
                    f"The picture's link answered {response.status_code}.",
                    passing=response.status_code in PASSING,
                )
            return transport.read_body(response, LONGEST_PICTURE, seconds=LONGEST_DOWNLOAD)
        except transport.TooLongError:
            raise PictureTooLargeError(
                f"What is at the picture's link has more than {LONGEST_PICTURE // 1024**2} MB.",
                passing=False,
            ) from None
        except OSError as error:  # all of requests' errors, and missing certificates
            if is_unconnected(error):  # it was tried several times, in `wire.transport`
                why = "No connection to the picture's link could be made."
                raise DownloadError(why, passing=False) from None
            raise DownloadError("The download of the picture broke off.") from None
    raise DownloadError("The picture's link leads in circles.", passing=False)


def _check_address(url: str, local: bool) -> None:
    """Pictures come over https; over http only from loopback, if the service is there too."""
    if has_key(url, SHORTEST_IN_LINK):
        why = "The picture's link has your key in it, so it was not opened."
        raise DownloadError(why, passing=False)
    try:
        safe = urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        raise DownloadError("The picture's link is no address.", passing=False) from None
    near = urlsplit(url).scheme == "http" and is_loopback(url) and local
    if not safe and not near:
        raise DownloadError("The picture's link is not https, so it was not opened.", passing=False)
