"""The API itself: a request in, an answer out. No sockets here; those are in `server`."""

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event
from typing import Any
from uuid import uuid4

from nb_banana.sandbox.catalogue import list_models, usd
from nb_banana.sandbox.faults import BAD_KEY, NO_CREDITS, Strike, Troubles
from nb_banana.sandbox.http_response import DROPPED, HttpResponse, Refused, as_json, error, page
from nb_banana.sandbox.ledger import Ids, Ledger
from nb_banana.sandbox.logs import Limit, read_logs
from nb_banana.sandbox.picture_store import Picture, Pictures, serve
from nb_banana.sandbox.recorder import Incoming, Record
from nb_banana.sandbox.validation import GenerationOrder, read_order

GENERATIONS = "/v1/images/generations"
PICTURES = "/generations/"
CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True)
class Route:
    """What is behind a path."""

    method: str
    answer: Callable[[Incoming, Ids], HttpResponse]
    needs_key: bool = True


class Api:
    """Everything that the vendor's server knows and does.

    Args:
        key: the only key that is accepted; None accepts every request.
        ledger: where charges are written.
        troubles: what should go wrong.
        delay: seconds that each generation takes.
    """

    def __init__(self, key: str | None, ledger: Ledger, troubles: Troubles, delay: float) -> None:
        self.url = ""
        self.record = Record()
        self.ledger = ledger
        self.stopping = Event()
        self._key = key
        self._troubles = troubles
        self._delay = delay
        self._pictures = Pictures()
        self._limit = Limit()
        self._routes = {
            GENERATIONS: Route("POST", self._generate),
            "/v2/logs": Route("GET", self._logs),
            "/v2/billing": Route("GET", self._billing),
            "/v1/models": Route("GET", self._models, needs_key=False),
        }

    def handle(self, incoming: Incoming) -> HttpResponse:
        """The answer to a request."""
        ids = _new_ids(incoming)
        self.record.add(incoming, self._key)
        try:
            answer = self._route(incoming, ids)
        except Refused as refused:
            answer = error(refused, incoming.path, ids.request_id)
        extra = {"x-nb-banana-sandbox": "1"}
        if answer.from_service:
            extra["x-inference-id"] = ids.inference_id
            if ids.client_request_id:
                extra["x-client-request-id"] = ids.client_request_id
        return replace(answer, headers={**answer.headers, **extra})

    def _route(self, incoming: Incoming, ids: Ids) -> HttpResponse:
        if incoming.path.startswith(PICTURES):
            route = Route("GET", self._picture, needs_key=False)
        elif incoming.path in self._routes:
            route = self._routes[incoming.path]
        else:
            raise Refused(404, f"Cannot {incoming.method} {incoming.path}")
        method = "GET" if incoming.method == "HEAD" else incoming.method
        if method != route.method:
            raise Refused(405, f"Cannot {incoming.method} {incoming.path}", Allow=route.method)
        if route.needs_key and self._key is not None and not incoming.bears(self._key):
            raise Refused(401, BAD_KEY)
        return route.answer(incoming, ids)

    def _models(self, incoming: Incoming, _ids: Ids) -> HttpResponse:
        return list_models(incoming.query, incoming.headers.get("if-none-match", ""))

    def _logs(self, incoming: Incoming, _ids: Ids) -> HttpResponse:
        self._limit.count()
        return as_json(read_logs(self.ledger.shown, incoming.query))

    def _billing(self, _incoming: Incoming, _ids: Ids) -> HttpResponse:
        return as_json({"current_balance": self.ledger.balance, "currency": "USD"})

    def _picture(self, incoming: Incoming, _ids: Ids) -> HttpResponse:
        picture = self._pictures.find(incoming.path.removeprefix(PICTURES))
        strike = picture.strike
        struck = (
            strike.trouble.at_link
            and incoming.method == "GET"
            and self._troubles.strikes(strike, picture.order.prompt)
        )
        return serve(self._pictures.file(picture), strike.trouble.name if struck else "")

    def _generate(self, incoming: Incoming, ids: Ids) -> HttpResponse:
        order = read_order(incoming.body)
        strike = self._strike(order.prompt)
        if not self.ledger.can_pay(order.credits):
            raise Refused(403, NO_CREDITS)
        if strike.trouble.logged is not None:  # else it is turned away at the door
            slower = strike.number if strike.trouble.name == "slow" else 0.0
            self.stopping.wait(self._delay + slower)
            if self.stopping.is_set():
                return DROPPED
            self.ledger.record(order.model, strike.trouble.logged, order.credits, ids)
        return self._answer(order, strike, ids)

    def _strike(self, prompt: str) -> Strike:
        try:
            strike = self._troubles.asked(prompt)
        except ValueError as problem:
            raise Refused(400, str(problem)) from problem
        # Trouble at the link is counted when the link is fetched.
        if strike.trouble.at_link or self._troubles.strikes(strike, prompt):
            return strike
        return Strike()

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids) -> HttpResponse:
        trouble = strike.trouble
        if trouble.message:
            message = trouble.message.format(request_id=ids.request_id)
            wait = {"Retry_After": f"{strike.number:g}"} if trouble.number else {}
            raise Refused(trouble.status, message, **wait)
        if trouble.drops:
            return DROPPED
        if trouble.title:
            return page(trouble.status, trouble.title)
        charged = order.credits if trouble.logged == "succeeded" else 0
        usage = {"credits_used": charged, "usd_spent": usd(charged)}
        meta = None if trouble.name == "refusal-null" else {"usage": usage}
        headers = {
            "x-aimlapi-credits-used": str(charged),
            "x-aimlapi-usd-spent": f"{usd(charged):.9f}",
        }
        answer = as_json({"data": self._data(order, strike), "meta": meta}, headers=headers)
        if trouble.name == "cut-json":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        return answer

    def _data(self, order: GenerationOrder, strike: Strike) -> list[dict[str, Any]] | None:
        match strike.trouble.name:
            case "refusal":
                return []
            case "refusal-null":
                return None
            case "empty-item":
                return [{"b64_json": None, "url": None}]
            case name:
                count = 2 if name == "two-pictures" else order.count
                return [self._item(self._pictures.add(order, strike)) for _ in range(count)]

    def _item(self, picture: Picture) -> dict[str, Any]:
        inline = picture.strike.trouble.name == "base64"
        encoded = base64.b64encode(self._pictures.file(picture)).decode() if inline else None
        width, height = picture.order.size
        return {
            "mime_type": "image/png",
            "b64_json": encoded,
            "url": None if inline else f"{self.url}{PICTURES}{picture.name}",
            "width": width,
            "height": height,
            "file_name": picture.name,
        }


def _new_ids(incoming: Incoming) -> Ids:
    own = incoming.headers.get("x-client-request-id", "")
    # A malformed id is dropped without a word, as the vendor does.
    return Ids(str(uuid4()), secrets.token_urlsafe(16), own if CLIENT_ID.fullmatch(own) else None)
