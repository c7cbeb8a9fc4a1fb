"""fal.ai: a queue. A request has its id before the work, so nothing that was accepted is lost.

Source: https://docs.fal.ai/model-apis/model-endpoints/queue
"""

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
from nb_banana.services.reading import answer_in, item_in, words_in
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
LINKS = ("status_url", "response_url", "cancel_url")
DONE = {"COMPLETED", "FAILED", "ERROR", "CANCELED", "CANCELLED"}
"""States after which nothing more comes; the result says which it is."""
ACCEPTED = 202  # of a state: it is not done, whatever else is said


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
            or clean_id(at(body, "request_id"))
        }
        if not reply.is_fine:
            return Failed(words_in(reply), may_cost=reply.status == 422, **told)
        state = at(body, "status")
        if reply.status == ACCEPTED or (isinstance(state, str) and "images" not in body):
            handle = {name: link for name in LINKS if isinstance(link := at(body, name), str)}
            return Ticket(handle | {"is_done": state in DONE}, **told)
        if entries := list_of(at(body, "images")):
            items = tuple(item for entry in entries if (item := item_in(entry)))
            if items:
                return ServiceAnswer(items, **told)
        if isinstance(body, dict) and "images" in body:
            words = body.get("description")
            said = words if isinstance(words, str) else ""
            return Refusal(said, is_announced=bool(entries), **told)
        return answer_in(reply, **told)

    def poll(self, ticket: Ticket) -> Call:
        """See `Service.poll`: the state first, and the result when that says that it is done."""
        link = "response_url" if ticket.handle.get("is_done") else "status_url"
        return Call("GET", str(ticket.handle.get(link, "")))

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
        """See `Service.price`."""
        scale = SCALES.get(request.resolution or "1K")
        if request.model != MODELS[0].ids[0] or scale is None:
            return None
        return PRICE * scale + (SEARCH if request.web_search else 0)
