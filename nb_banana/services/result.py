"""What a generation gave: links or bytes of pictures, and the receipt for all of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from nb_banana.errors import LinkGoneError, PictureError
from nb_banana.imaging.decode import check_picture
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import ResultItem
from nb_banana.services.receipt import Receipt
from nb_banana.wire.downloads import FetchedPicture, fetch_link, paid_error


class BilledAnswer(NamedTuple):
    """The pictures of one generation, usually one, and the receipt for all of them."""

    items: tuple[ResultItem, ...]
    receipt: Receipt


class DownloadResult(NamedTuple):
    """What could be had of an answer's pictures."""

    pictures: list[FetchedPicture]  # those that came whole
    problem: PictureError | None  # the first problem with another one
    is_whole: bool  # whether nothing more will come, so that these are all there are to keep
    # bytes that came inside the answer, by their place in it, which can't be fetched again: those
    # that are no picture that we know, and where more is to come all.
    inside: Mapping[int, bytes]
    is_unread: bool  # whether something among them is no picture that we know


def fetch_pictures(answer: BilledAnswer, service: Endpoint) -> DownloadResult:
    """Fetch the pictures of an answer of a service."""
    # One that fails does not take the others along.
    receipt = answer.receipt
    facts: dict[str, Any] = {
        "client_request_id": receipt.client_request_id,
        "inference_id": receipt.inference_id,
        "receipt": receipt,
    }
    pictures: list[FetchedPicture] = []
    problems: list[PictureError] = []
    inside: dict[int, bytes] = {}
    unread: dict[int, bytes] = {}
    may_come = False
    for position, item in enumerate(answer.items):
        if item.data is not None:
            inside[position] = item.data
        try:
            pictures.append(fetch_picture(item, service, facts))
        except PictureError as error:
            # It is told, not raised: its frames hold the picture that is none.
            error.__traceback__ = error.__context__ = None
            problems.append(error)
            if item.data is not None:
                unread[position] = item.data
            else:
                may_come = may_come or not isinstance(error, LinkGoneError)
    is_whole = bool(pictures) and not may_come
    problem = problems[0] if problems else None
    return DownloadResult(pictures, problem, is_whole, unread if is_whole else inside, bool(unread))


def fetch_picture(item: ResultItem, service: Endpoint, facts: dict[str, Any]) -> FetchedPicture:
    """The picture's bytes as they were made, and what they are."""
    if item.data is None:
        own = service.base_url, facts, service.transport, service.allow_http
        return fetch_link(item.url or "", *own)
    try:
        return item.data, check_picture(item.data)
    except PictureError as error:
        where = "what came is in the error's facts['data']"
        raise paid_error(error, where, {**facts, "data": item.data}) from None
