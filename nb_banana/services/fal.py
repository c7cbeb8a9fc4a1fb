"""fal.ai: a queue. A request has its id before the work, so nothing that was accepted is lost.

Source: https://docs.fal.ai/model-apis/model-endpoints/queue
"""

import re
from decimal import Decimal
from typing import Any

from nb_banana._text import clean_id
from nb_banana.credentials import PLACES
from nb_banana.models import SIZES, Model
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import (
    Call,
    Failed,
    KeyHeader,
    Refusal,
    Reply,
    ServiceAnswer,
    Ticket,
    Unreadable,
    at,
    list_of,
)
from nb_banana.services.reading import (
    LONGEST_LINK,
    UNKNOWN_SHAPE,
    answer_in,
    items_in,
    may_hold_more,
    words_in,
)
from nb_banana.services.service import Service

PLACE = PLACES["fal"]
RESOLUTIONS = ("512", "1K", "2K", "4K")
MODELS = (
    Model(
        ("fal-ai/nano-banana-2",),
        ("nano-banana-2", "2"),
        tuple(SIZES),
        RESOLUTIONS,
        max_images=14,
        web_search=True,
        max_count=4,
    ),
    Model(
        ("google/nano-banana-2.1",),
        ("nano-banana-2.1", "2.1"),
        tuple(SIZES),
        RESOLUTIONS[1:],
        max_images=14,
        web_search=True,
        max_count=4,
    ),
)
PRICE, SEARCH = Decimal("0.08"), Decimal("0.015")
"""US dollars of a picture of `nano-banana-2` at 1K, and what a search costs besides."""
SCALES = {"512": Decimal("0.75"), "1K": Decimal(1), "2K": Decimal("1.5"), "4K": Decimal(2)}
NAMES = {"512": "0.5K"}
"""What fal calls a resolution, where that is another name than ours."""
NAMED = {theirs: ours for ours, theirs in NAMES.items()}
LINKS = ("status_url", "response_url", "cancel_url")
TOLD = re.compile(rf'"(?P<name>request_id|{"|".join(LINKS)})"\s*:\s*"(?P<text>[^"\\]+)"')
OPEN = {"IN_QUEUE", "IN_PROGRESS", "QUEUED", "PENDING", "RUNNING", "PROCESSING"}
"""States of what is not done: its own two, and what others call them."""
FLAGGED = "content_policy_violation"


class Fal(Service):
    """https://fal.ai: how it is asked, and what its answers mean."""

    name = "fal"
    title = "fal"
    base_url = PLACE.base_url
    models = MODELS
    key_names = PLACE.names
    key_header = KeyHeader("Authorization", "Key ")
    key_page = PLACE.page
    billing_page = "https://fal.ai/dashboard/billing"
    computes_bill = True

    def encode(self, request: ImageRequest) -> Call:
        """See `Service.encode`."""
        body: dict[str, Any] = {"prompt": request.prompt}
        if request.aspect_ratio:
            body["aspect_ratio"] = request.aspect_ratio
        if request.resolution:
            body["resolution"] = NAMES.get(request.resolution, request.resolution)
        if request.web_search:
            body["enable_web_search"] = True
        path = f"/{request.model}"
        if request.references:
            path += "/edit"
            body["image_urls"] = [image.url for image in request.references]
        # Without the header the queue runs a request that failed again, by itself.
        return Call("POST", path, body | dict(request.params), {"x-fal-no-retry": "1"})

    def decode(self, reply: Reply) -> ServiceAnswer | Refusal | Failed | Ticket | Unreadable:
        """See `Service.decode`: of what was posted, of its state, or of its result."""
        body = reply.json
        told: dict[str, Any] = {
            "inference_id": clean_id(reply.headers.get("x-fal-request-id"))
            or clean_id(_told(reply, "request_id").get("request_id"))
        }
        if reply.status == 202 or _is_early(reply):  # whatever stands in it
            return Ticket(_links(reply) | {"is_done": False}, **told)
        if not reply.is_fine:
            if reply.status == 422 and FLAGGED in _kinds(reply):
                return Refusal(words_in(reply), **told)
            return Failed(words_in(reply), may_cost=reply.status == 422, **told)
        if (entries := _entries(body)) is not None:
            return _drawn(entries, reply, told)
        links, state = _links(reply), at(body, "status")
        if links or isinstance(state, str):
            is_failed = at(body, "error") and not links
            is_done = isinstance(state, str) and state.upper() not in OPEN
            if not (is_done and is_failed):
                return Ticket(links | {"is_done": is_done}, **told)
        if isinstance(body, dict) and (body.get("detail") or body.get("error")):
            return Failed(words_in(reply), **told)
        return answer_in(reply, **told)

    def poll(self, ticket: Ticket) -> Call:
        """See `Service.poll`: the state first, and the result when that says that it is done."""
        state, result = (str(ticket.handle.get(name, "")) for name in LINKS[:2])
        if ticket.handle.get("is_done"):
            return Call("GET", result or state.removesuffix("/status"))
        return Call("GET", state or (f"{result}/status" if result else ""))

    def cancel(self, ticket: Ticket) -> Call | None:
        """See `Service.cancel`."""
        link = ticket.handle.get("cancel_url")
        return Call("PUT", str(link)) if link else None

    def charged(self, reply: Reply) -> bool | None:
        """See `Service.charged`. A 5xx is never billed, a 422 sometimes."""
        is_own = at(reply.json, "detail") is not None or "x-fal-error-type" in reply.headers
        if reply.is_fine or not is_own:
            return None
        return None if reply.status == 422 else False

    def price(self, request: ImageRequest) -> Decimal | None:
        """See `Service.price`. The further fields of the request win, as when it is sent."""
        resolution = request.params.get("resolution") or request.resolution or "1K"
        scale = SCALES.get(NAMED.get(str(resolution), str(resolution)))
        if request.model != MODELS[0].ids[0] or scale is None:
            return None
        is_searched = request.params.get("enable_web_search", request.web_search)
        return PRICE * scale + (SEARCH if is_searched else 0)


def _is_early(reply: Reply) -> bool:
    """Whether the result was asked for before it was there."""
    return reply.status == 400 and "in progress" in words_in(reply).lower()


def _links(reply: Reply) -> dict[str, str]:
    """Where the work is asked for."""
    return {
        name: link
        for name, link in _told(reply, *LINKS).items()
        if isinstance(link, str) and len(link) <= LONGEST_LINK
    }


def _told(reply: Reply, *names: str) -> dict[str, Any]:
    """What stands under these names; also of an answer that was cut off."""
    if (body := reply.json) is not None:
        return {name: at(body, name) for name in names}
    text = reply.body[: 4 * LONGEST_LINK].decode(errors="replace")  # a ticket is short
    return {each["name"]: each["text"] for each in TOLD.finditer(text) if each["name"] in names}


def _kinds(reply: Reply) -> set[Any]:
    """What kind of error it is, by its header and by its body."""
    details = list_of(at(reply.json, "detail"))
    return {reply.headers.get("x-fal-error-type"), *(str(at(each, "type")) for each in details)}


def _entries(body: Any) -> list[Any] | None:
    """The list of pictures of a result; None where it is none."""
    for holder in (body, *(at(body, name) for name in ("response", "payload", "output", "data"))):
        for name in ("images", "image"):
            found = at(holder, name)
            if isinstance(holder, dict) and name in holder:
                return found if isinstance(found, list) else [] if found is None else [found]
    return None


def _drawn(
    entries: list[Any], reply: Reply, told: dict[str, Any]
) -> ServiceAnswer | Refusal | Unreadable:
    """The pictures of a result, or why there is none."""
    try:
        items = items_in(entries)
    except ValueError as error:
        return Unreadable(str(error), **told)
    if items:
        return ServiceAnswer(items, **told)
    if may_hold_more(entries):
        return Unreadable(UNKNOWN_SHAPE, **told)
    words = at(reply.json, "description")
    return Refusal(words if isinstance(words, str) else "", is_announced=bool(entries), **told)
