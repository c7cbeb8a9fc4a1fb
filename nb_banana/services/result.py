"""What a generation gave: links or bytes of pictures, and the receipt for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nb_banana.errors import LinkGoneError, PictureError
from nb_banana.imaging.decode import check_picture
from nb_banana.services.receipt import Receipt
from nb_banana.wire.downloads import FetchedPicture, fetch_link, paid_error


@dataclass(frozen=True)
class ResultItem:
    """One picture of an answer: its link, or its bytes where they came in the answer; or both."""

    url: str | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class ServiceAnswer:
    """The pictures of one generation, usually one, and the receipt for all of them."""

    items: tuple[ResultItem, ...]
    receipt: Receipt


@dataclass(frozen=True)
class DownloadResult:
    """What could be had of an answer's pictures.

    Attributes:
        pictures: those that came whole.
        problem: the first problem with another one.
        is_whole: whether nothing more will come, so that these are all there are to keep.
        unread: the bytes that came inside the answer and are no picture that we know, by their
            place in it.
    """

    pictures: list[FetchedPicture]
    problem: PictureError | None
    is_whole: bool
    unread: Mapping[int, bytes] = field(default_factory=dict)


def fetch_pictures(answer: ServiceAnswer, base_url: str) -> DownloadResult:
    """Fetch the pictures of an answer of the service at this address.

    One that fails does not take the others along.
    """
    receipt = answer.receipt
    facts: dict[str, Any] = {
        "client_request_id": receipt.client_request_id,
        "inference_id": receipt.inference_id,
        "receipt": receipt,
    }
    pictures: list[FetchedPicture] = []
    problems: list[PictureError] = []
    unread: dict[int, bytes] = {}
    for position, item in enumerate(answer.items):
        try:
            pictures.append(fetch_picture(item, base_url, facts))
        except PictureError as error:
            problems.append(error)
            if item.data is not None:
                unread[position] = item.data
    # What came inside the answer can't be fetched again, so it is not kept waiting for the others.
    is_inside = any(item.data is not None and item.url is None for item in answer.items)
    is_over = is_inside or all(isinstance(error, LinkGoneError) for error in problems)
    problem = problems[0] if problems else None
    return DownloadResult(pictures, problem, bool(pictures) and is_over, unread)


def fetch_picture(item: ResultItem, base_url: str, facts: dict[str, Any]) -> FetchedPicture:
    """The picture's bytes as they were made, and what they are.

    Args:
        item: a link, or bytes that came in the answer.
        base_url: who answered.
        facts: ids for the error.

    Raises:
        PictureError, Interrupted: see `wire.downloads.fetch_link`.

    """
    if item.data is None:
        return fetch_link(item.url or "", base_url, facts)
    try:
        return item.data, check_picture(item.data)
    except PictureError as error:
        where = "what came is in the error's facts['data']"
        raise paid_error(error, where, {**facts, "data": item.data}) from None
