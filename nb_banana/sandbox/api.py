"""The API itself, pure: a request in, a response out. No sockets and no sleep; see `server`."""

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from nb_banana.sandbox.addresses import is_near
from nb_banana.sandbox.catalogue import list_models, one_model, usd
from nb_banana.sandbox.class_keys import KEYS, OWN_KEY, IssuedKeys
from nb_banana.sandbox.exchange import (
    Ids,
    Inference,
    Recorder,
    Refused,
    Request,
    Response,
    as_json,
    error,
    page,
)
from nb_banana.sandbox.faults import BAD_KEY, NO_CREDITS, Outcome, Strike, Troubles
from nb_banana.sandbox.ledger import Ledger
from nb_banana.sandbox.lifecycle import Lifecycle, Retired, metrics
from nb_banana.sandbox.picture_store import Picture, Pictures, serve
from nb_banana.sandbox.validation import Fetch, GenerationOrder, read_order

GENERATIONS = "/v1/images/generations"
PICTURES = "/generations/"
MODEL = "/model/"
CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
OTHER_ALPHABET = str.maketrans("+/", "-_")

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "x-inference-id, x-client-request-id, "
    "x-aimlapi-credits-used, x-aimlapi-usd-spent, x-nb-banana-sandbox, retry-after, etag, date",
}
"""A notebook in a browser may call it too, and read what a call did cost."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, if-none-match, "
    "x-client-request-id",
    "Access-Control-Max-Age": "600",
}
"""What a browser asks for before it sends a key: https://fetch.spec.whatwg.org/#cors-protocol"""


class Route(NamedTuple):
    """What is behind a path."""

    method: str
    respond: Callable[[Request, Ids], Response]
    needs_key: bool = True


class Api:
    """All that the vendor's server knows. Who carries it waits `Response.delay`, then `settle`s.

    Other services are classes below this one, in `services`: their words, with the same books.
    """

    key_header = "authorization", "Bearer "  # where the key comes, and what stands before it
    no_credits = 403, NO_CREDITS
    words: ClassVar[Mapping[str, tuple[int, str]]] = {}  # of a trouble, where they are others

    def __init__(
        self,
        key: str | None,
        ledger: Ledger,
        troubles: Troubles,
        delay: float,
        fetch: Fetch | None,
        management_key: str | None = None,
        retired: Retired | None = None,
    ) -> None:
        # Without ``fetch``, in a room, it reaches no address for anybody but of its own pictures.
        self.url = ""  # what its links begin with: set by who carries it
        self.recorder = Recorder()
        self.ledger = ledger
        self._keys = IssuedKeys(ledger, key, management_key)
        self._troubles = troubles
        self._delay = delay
        self._fetch = fetch or self._own_picture
        self._pictures = Pictures()
        self._lifecycle = Lifecycle(retired or {}, ledger.now)
        self._routes = {
            GENERATIONS: Route("POST", self._generate),
            "/v2/logs": Route("GET", self._logs),
            "/v2/billing": Route("GET", self._billing),
            "/v2/billing/transactions": Route("GET", self._transactions),
            "/v1/models": Route("GET", self._models, needs_key=False),
            "/v1/models/deprecations": Route("GET", self._deprecations, needs_key=False),
            "/models/metrics": Route("GET", self._metrics, needs_key=False),
            OWN_KEY: Route("GET", lambda request, _: self._keys.own(request)),
        }

    def handle(self, request: Request) -> Response:
        """The response to a request."""
        own = request.headers.get("x-client-request-id", "")
        # A malformed id is dropped without a word, as the vendor does.
        own_id = own if CLIENT_ID.fullmatch(own) else None
        ids = Ids(str(uuid4()), secrets.token_urlsafe(16), own_id)
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return Response(204, headers=CORS | PREFLIGHT, from_service=False)
        request = self._with_bearer(request)
        self.recorder.add(request, authorized=self._keys.admits(request))
        try:
            response = self._route(request).respond(request, ids)
        except Refused as refused:
            response = self._error(refused, request, ids)
        extra = {**CORS, "x-nb-banana-sandbox": "1"}
        if response.from_service:
            extra |= self._id_headers(ids)
        return replace(response, headers={**response.headers, **extra})

    def _id_headers(self, ids: Ids) -> dict[str, str]:
        """What an answer of the service calls the request."""
        own = {"x-client-request-id": ids.client_request_id} if ids.client_request_id else {}
        return {"x-inference-id": ids.inference_id, **own}

    def _with_bearer(self, request: Request) -> Request:
        """The request with its key where all else looks for it."""
        name, before = self.key_header
        headers = {each: text for each, text in request.headers.items() if each != name}
        if (given := request.headers.get(name)) is None:
            return request
        if given.startswith(before):
            headers["authorization"] = "Bearer " + given.removeprefix(before)
        return replace(request, headers=headers)

    def is_generation(self, method: str, path: str) -> bool:
        """Whether a request asks for a picture."""
        return (method, path) == ("POST", GENERATIONS)

    def _error(self, refused: Refused, request: Request, ids: Ids) -> Response:
        """A refusal in the service's words."""
        return error(refused, request.path, ids.request_id)

    def settle(self, response: Response) -> None:
        """Book what a response costs: its delay is over, whether anybody still waits or not."""
        if response.charge:
            self._keys.book(response.charge)

    def catch_up(self) -> None:
        """Book what was done since anybody asked: where the work goes on after the answer."""

    def _route(self, request: Request) -> Route:
        if request.path == KEYS or request.path.startswith(f"{KEYS}/"):
            return Route(request.method, lambda asked, _: self._keys.manage(asked), needs_key=False)
        if request.path.startswith(PICTURES):
            route = Route("GET", self._picture, needs_key=False)
        elif request.path.startswith(MODEL):
            route = Route("GET", self._model, needs_key=False)
        elif request.path in self._routes:
            route = self._routes[request.path]
        else:
            raise Refused(404, f"Cannot {request.method} {request.path}")
        method = "GET" if request.method == "HEAD" else request.method
        if method != route.method:
            raise Refused(405, f"Cannot {request.method} {request.path}", Allow=route.method)
        if route.needs_key and not self._keys.admits(request):
            raise Refused(401, BAD_KEY)
        return route

    def _models(self, request: Request, _ids: Ids) -> Response:
        seen = request.headers.get("if-none-match", "")
        return list_models(request.query, seen, self._lifecycle.unlisted)

    def _model(self, request: Request, _ids: Ids) -> Response:
        name = unquote(request.path.removeprefix(MODEL))
        return one_model(name, request.query, self._lifecycle.withdrawn)

    def _deprecations(self, request: Request, _ids: Ids) -> Response:
        return self._lifecycle.feed(request.query, request.headers.get("if-none-match", ""))

    def _metrics(self, request: Request, _ids: Ids) -> Response:
        return metrics(self.ledger.rows, request.query, self.ledger.now(), GENERATIONS)

    def _logs(self, request: Request, _ids: Ids) -> Response:
        issued = self._keys.bearer(request)
        return as_json(self.ledger.log(request.query, issued.prefix if issued else ""))

    def _transactions(self, request: Request, _ids: Ids) -> Response:
        issued = self._keys.bearer(request)
        return as_json(self.ledger.transactions(request.query, issued.prefix if issued else ""))

    def _billing(self, _request: Request, _ids: Ids) -> Response:
        return as_json({"current_balance": self.ledger.balance, "currency": "USD"})

    def _picture(self, request: Request, _ids: Ids) -> Response:
        picture = self._pictures.find(request.path.removeprefix(PICTURES))
        strike = picture.strike
        struck = (
            strike.trouble.at_link
            and request.method == "GET"
            and self._troubles.strikes(strike, picture.order.prompt)
        )
        return serve(self._pictures.file(picture), strike.trouble.name if struck else "")

    def _own_picture(self, uri: str) -> bytes | None:
        """A picture of its own by its link, which needs no network; nothing else is fetched."""
        name = urlsplit(uri).path.removeprefix(PICTURES)
        if self._pictures.has(name):
            return self._pictures.file(self._pictures.find(name))
        if is_near(uri):
            raise ValueError(
                "it is in the network of the sandbox, which fetches nothing there for others. Send "
                "the picture itself"
            )
        return None

    def _generate(self, request: Request, ids: Ids) -> Response:
        order = self._order(request)
        strike = self._troubles.meet(order.prompt)
        if not self.ledger.can_pay(order.credits):
            raise Refused(*self.no_credits)
        (outcome, price), key = self._outcome(order, strike), ""
        if outcome is not None:
            key = self._keys.hold(self._keys.bearer(request), order.credits, price)
        try:
            response = self._answer(order, strike, ids, request.base_url or self.url)
        except Refused as refused:
            response = self._error(refused, request, ids)
        if outcome is None:  # turned away at the door
            return response
        slower = strike.number if strike.trouble.name == "slow" else 0.0
        delay = self._delay + slower
        charge = Inference(order.model, outcome, price, ids, key, delay)
        return replace(response, delay=delay, charge=charge)

    def _outcome(self, order: GenerationOrder, strike: Strike) -> tuple[Outcome | None, int]:
        """How it ends in the log, None for no row; and what is charged for it."""
        outcome = strike.trouble.logged
        return outcome, order.credits if outcome == "succeeded" else 0

    def _order(self, request: Request) -> GenerationOrder:
        """What is asked for, where it is right."""
        return read_order(request.body, self._fetch, self._lifecycle.withdrawn)

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        trouble = strike.trouble
        if (struck := self._struck(strike, ids)) is not None:
            return struck
        charged = order.credits if trouble.logged == "succeeded" else 0
        usage = {"credits_used": charged, "usd_spent": usd(charged)}
        meta = None if trouble.name == "refusal-null" else {"usage": usage}
        headers = {
            "x-aimlapi-credits-used": str(charged),
            "x-aimlapi-usd-spent": f"{usd(charged):.9f}",
        }
        body = {"data": self._data(order, strike, base), "meta": meta}
        return cut(as_json(body, headers=headers), strike)

    def _struck(self, strike: Strike, ids: Ids) -> Response | None:
        """What comes in place of an answer; None where one comes."""
        trouble = strike.trouble
        if trouble.message:
            status, message = self.words.get(trouble.name, (trouble.status, trouble.message))
            wait = {"Retry_After": f"{strike.number:g}"} if trouble.number else {}
            raise Refused(status, message.format(request_id=ids.request_id), **wait)
        if trouble.drops:
            return Response(0, dropped=True)
        return page(trouble.status, trouble.title) if trouble.title else None

    def _data(
        self, order: GenerationOrder, strike: Strike, base: str
    ) -> list[dict[str, Any]] | None:
        match strike.trouble.name:
            case "refusal":
                return []
            case "refusal-null":
                return None
            case "empty-item":
                return [{"b64_json": None, "url": None}]
            case name:
                count = 2 if name == "two-pictures" else order.count
                return [self._item(self._pictures.add(order, strike), base) for _ in range(count)]

    def _item(self, picture: Picture, base: str) -> dict[str, Any]:
        inline = picture.strike.trouble.name == "base64"
        encoded = self._encoded(picture) if inline else None
        width, height = picture.order.size
        return {
            "mime_type": "image/png",
            "b64_json": encoded,
            "url": None if inline else f"{base}{PICTURES}{picture.name}",
            "width": width,
            "height": height,
            "file_name": picture.name,
        }

    def _encoded(self, picture: Picture) -> str:
        """The picture itself, as base64."""
        return base64.b64encode(self._pictures.file(picture)).decode()

    def _inside(self, picture: Picture) -> str:
        """The same in an answer without links, with what would be wrong with a link."""
        strike = picture.strike
        name = strike.trouble.name
        if strike.trouble.at_link and not self._troubles.strikes(strike, picture.order.prompt):
            name = ""
        if name == "cut-picture":
            encoded = self._encoded(picture)
            return encoded[: len(encoded) // 8 * 4 + 1]  # which is no base64
        data = serve(self._pictures.file(picture), name).body
        encoded = base64.b64encode(data).decode()
        return encoded.translate(OTHER_ALPHABET).rstrip("=") if name == "base64" else encoded


def cut(response: Response, strike: Strike) -> Response:
    """The response, or half of it as if it were whole."""
    if strike.trouble.name != "cut-json":
        return response
    return replace(response, body=response.body[: len(response.body) // 2])
