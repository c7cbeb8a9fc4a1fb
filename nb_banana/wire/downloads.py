"""Fetch a picture that was made and charged: a GET, which may be tried again, without any key."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from urllib3.util import Retry

from nb_banana.credentials import is_loopback
from nb_banana.errors import (
    DownloadError,
    Interrupted,
    LinkGoneError,
    PictureError,
    PictureTooLargeError,
)
from nb_banana.imaging.decode import Kind, check_picture
from nb_banana.services.result import Answer, Item
from nb_banana.services.service import Service
from nb_banana.wire import transport
from nb_banana.wire.interrupts import breakable
from nb_banana.wire.transport import is_unconnected

LONGEST_PICTURE = 100 * 1024 * 1024
"""Bytes of a picture that we accept; a 4K PNG of this model has some 20 MB."""
READ_TIMEOUT = 60.0
LONGEST_DOWNLOAD = 300.0
"""Seconds for a whole picture."""
MOST_REDIRECTS = 5
ATTEMPTS = Retry(total=3, backoff_factor=0.3, backoff_jitter=0.3)
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


Fetched = tuple[bytes, Kind]


@dataclass(frozen=True)
class Arrival:
    """What could be had of an answer's pictures.

    Attributes:
        pictures: those that came whole.
        problem: the first problem with another one.
        is_whole: whether nothing more will come, so that these are all there are to keep.
    """

    pictures: list[Fetched]
    problem: PictureError | None
    is_whole: bool


def fetch_all(answer: Answer, service: Service) -> Arrival:
    """Fetch the pictures of an answer: one that fails does not take the others along."""
    receipt = answer.receipt
    facts: dict[str, Any] = {
        "client_request_id": receipt.client_request_id,
        "inference_id": receipt.inference_id,
        "receipt": receipt,
    }
    pictures: list[Fetched] = []
    problems: list[PictureError] = []
    for item in answer.items:
        try:
            pictures.append(fetch(item, service, facts))
        except PictureError as error:
            problems.append(error)
    # What came inside the answer can't be fetched again, so it is not kept waiting for the others.
    is_inside = any(item.data is not None and item.url is None for item in answer.items)
    is_over = is_inside or all(isinstance(error, LinkGoneError) for error in problems)
    return Arrival(pictures, problems[0] if problems else None, bool(pictures) and is_over)


def fetch(item: Item, service: Service, facts: dict[str, Any]) -> Fetched:
    """The picture's bytes as they were made, and what they are.

    Args:
        item: a link, or bytes that came in the answer.
        service: who answered; only a service on loopback may name a link on loopback.
        facts: ids for the error.

    Raises:
        DownloadError: the link failed.
        NotAPictureError, TruncatedPictureError, PictureTooLargeError: it is no whole picture.
        Interrupted: Ctrl-C; the picture stays at its link.

    """
    if item.data is not None:
        try:
            return item.data, check_picture(item.data)
        except PictureError as error:
            where = "what came is in the error's facts['data']"
            raise _kept(error, where, {**facts, "data": item.data}) from None
    url = _absolute(service.base_url + "/", item.url or "", facts)
    where, facts = f"its link is {url}", {**facts, "url": url}
    try:
        with breakable():
            return _until_it_is_there(url, service)
    except PictureError as error:
        raise _kept(error, where, facts) from None
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped. The picture was made and charged; nb_banana.recover() fetches it, {where}",
            **facts,
        ) from None


def _until_it_is_there(url: str, service: Service) -> Fetched:
    retry = ATTEMPTS
    while True:
        try:
            data = _download(url, service)
            return data, check_picture(data)
        except PictureError as error:
            if not retry.total or not error.facts.get("passing", True):
                raise
        time.sleep(retry.get_backoff_time())
        retry = retry.increment("GET", url, error=None)


def _kept(error: PictureError, where: str, facts: dict[str, Any]) -> PictureError:
    """The same error with what it means: the picture is paid, and here is where it is."""
    return type(error)(f"{error.args[0]} The picture was made and charged; {where}", **facts)


def _absolute(base: str, url: str, facts: dict[str, Any]) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        raise DownloadError(
            f"The picture's link is no address: {url[:200]!r}. The picture was made and charged.",
            **{**facts, "url": url, "passing": False},
        ) from None


def _download(url: str, service: Service) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        _check_address(url, service)
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
            if is_unconnected(error):  # it was tried several times, in `http`
                why = "No connection to the picture's link could be made."
                raise DownloadError(why, passing=False) from None
            raise DownloadError("The download of the picture broke off.") from None
    raise DownloadError("The picture's link leads in circles.", passing=False)


def _check_address(url: str, service: Service) -> None:
    """Pictures come over https; over http only from loopback, and only if the service is there."""
    try:
        safe = urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        raise DownloadError("The picture's link is no address.", passing=False) from None
    local = urlsplit(url).scheme == "http" and is_loopback(url) and is_loopback(service.base_url)
    if not safe and not local:
        raise DownloadError("The picture's link is not https, so it was not opened.", passing=False)
