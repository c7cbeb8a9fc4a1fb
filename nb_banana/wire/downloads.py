"""Fetch a picture that was made and charged: a GET, which may be tried again, without any key."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from urllib3.util import Retry

from nb_banana._text import clean
from nb_banana.credentials import HIDDEN, SHORTEST_IN_LINK, has_key, is_in_room, is_loopback
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

LONGEST_PICTURE = 100 * 1024 * 1024
"""Bytes of a picture that we accept; a 4K PNG of this model has some 20 MB."""
READ_TIMEOUT = 60.0
LONGEST_DOWNLOAD = 300.0  # seconds for a whole picture
MOST_REDIRECTS = 5
LONGEST_LINK = 1500  # characters of a link in a message and in facts; signed ones have some 900
ATTEMPTS = Retry(total=3, backoff_factor=0.3, backoff_jitter=0.3)
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


FetchedPicture = tuple[bytes, PictureKind]
Near = Callable[[str], bool]  # whether an address may be fetched over http


def fetch_link(
    link: str,
    base_url: str,
    facts: dict[str, Any],
    over: transport.Transport,
    allow_http: Collection[str] = (),
) -> FetchedPicture:
    """The bytes behind a link as they were made, and what they are."""
    url = _absolute(base_url + "/", link, facts)
    near = _beside(base_url, allow_http)
    try:
        with allow_interrupts():
            return _until_it_is_there(url, near, over)
    except (PictureError, KeyboardInterrupt) as error:
        shown = HIDDEN if has_key(url, SHORTEST_IN_LINK) else clean(url, LONGEST_LINK)
        facts = {**facts, "url": shown}
        if isinstance(error, PictureError):
            raise paid_error(error, f"its link is {shown}", facts) from None
        said = "Stopped. The picture was made and charged; nb_banana.recover() fetches it, its link"
        raise Interrupted(f"{said} is {shown}", **facts) from None


def _beside(base_url: str, allow_http: Collection[str]) -> Near:
    """Which hosts' pictures may come over http: of this machine its own, of a room the room's."""
    if is_loopback(base_url):
        return is_loopback
    if is_in_room(base_url, allow_http):
        return partial(is_in_room, allow_http=allow_http)
    return lambda _: False


def paid_error(error: PictureError, where: str, facts: dict[str, Any]) -> PictureError:
    """The same error with what it means: the picture is paid, and here is where it is."""
    return type(error)(f"{error.args[0]} The picture was made and charged; {where}", **facts)


def _until_it_is_there(url: str, near: Near, over: transport.Transport) -> FetchedPicture:
    retry, deadline = ATTEMPTS, time.monotonic() + LONGEST_DOWNLOAD
    while True:
        try:
            data = _download(url, near, deadline, over)
            return data, check_picture(data)
        except (PictureError, transport.NoAnswerError) as error:
            pause = retry.get_backoff_time()
            is_over = not retry.total or time.monotonic() + pause >= deadline
            if isinstance(error, transport.NoAnswerError):
                if is_over:
                    return _whole(error.came)
            elif is_over or not error.facts.get("passing", True):
                raise
        time.sleep(pause)
        retry = retry.increment("GET", url, error=None)


def _whole(data: bytes) -> FetchedPicture:
    """What came of a download that broke off each time, where it is a whole picture."""
    with suppress(PictureError):
        return data, check_picture(data)
    raise DownloadError("The download of the picture broke off.")


def _absolute(base: str, url: str, facts: dict[str, Any]) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        raise DownloadError(
            f"The picture's link is no address: {clean(url, 200)!r}. The picture was made and "
            "charged.",
            **{**facts, "url": clean(url, LONGEST_LINK), "passing": False},
        ) from None


class RedirectsError(Exception):
    """An address leads to another one again and again."""


BROKEN: dict[type[Exception], tuple[type[PictureError], str]] = {
    transport.TooLongError: (
        PictureTooLargeError,
        f"What is at the picture's link has more than {LONGEST_PICTURE // 1024**2} MB.",
    ),
    transport.NoAddressError: (DownloadError, "The picture's link is no address."),
    # it was tried several times, in `wire.connection`
    transport.UnsentError: (DownloadError, "No connection to the picture's link could be made."),
    RedirectsError: (DownloadError, "The picture's link leads in circles."),
}


def _download(url: str, near: Near, deadline: float, over: transport.Transport) -> bytes:
    check = partial(_check_address, near=near)
    try:
        status, data = follow(
            over, url, check=check, most=LONGEST_PICTURE, silence=READ_TIMEOUT, deadline=deadline
        )
    except tuple(BROKEN) as error:
        kind, why = next(told for each, told in BROKEN.items() if isinstance(error, each))
        raise kind(why, passing=False) from None
    if status in {404, 410}:
        raise LinkGoneError(f"The picture's link answers {status}: it is not there.", passing=False)
    if status != 200:
        raise DownloadError(f"The picture's link answered {status}.", passing=status in PASSING)
    return data


def follow(
    over: transport.Transport,
    url: str,
    *,
    check: Callable[[str], None],
    most: int,
    silence: float,
    deadline: float,
) -> tuple[int, bytes]:
    """The status of what is at an address, without any key, and its bytes where that is 200."""
    for _ in range(MOST_REDIRECTS + 1):
        check(url)
        left = deadline - time.monotonic()
        answer = over.send("GET", url, seconds=left, silence=silence)
        if answer.redirect is not None:
            answer.close()
            try:
                url = urljoin(url, answer.redirect)
            except ValueError:
                raise transport.NoAddressError from None
            continue
        if answer.status == 200:
            return 200, answer.read(most)
        answer.close()
        return answer.status, b""
    raise RedirectsError


def _check_address(url: str, near: Near) -> None:
    """Pictures come over https; over http only from hosts `_beside` the service."""
    if has_key(url, SHORTEST_IN_LINK):
        why = "The picture's link has your key in it, so it was not opened."
        raise DownloadError(why, passing=False)
    try:
        safe = urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        raise DownloadError("The picture's link is no address.", passing=False) from None
    if not safe and not (urlsplit(url).scheme == "http" and near(url)):
        raise DownloadError("The picture's link is not https, so it was not opened.", passing=False)
