"""fal: a queue. What is posted has its id at once; its state and its result are asked for."""

import time
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

from nb_banana.models import SIZES
from nb_banana.sandbox.api import Api, Route
from nb_banana.sandbox.exchange import Ids, Refused, Request, Response, as_json
from nb_banana.sandbox.faults import Strike
from nb_banana.sandbox.services.orders import Checker
from nb_banana.sandbox.validation import GenerationOrder, read_object

MODELS = {"fal-ai/nano-banana-2": Decimal("0.08"), "google/nano-banana-2.1": Decimal("0.04")}
"""US dollars of a picture at 1K. Of 2.1 no page says a price: half of its predecessor's."""
SCALES = {"0.5K": ("512", "0.75"), "1K": ("1K", "1"), "2K": ("2K", "1.5"), "4K": ("4K", "2")}
SEARCH = Decimal("0.015")
THINKING = ("minimal", "low", "medium", "high")
AT_RESULT = {"500", "maintenance", "refusal", "refusal-null"}
"""Trouble that is found when the work is done. All other is met where it is posted."""


@dataclass
class QueuedWork:
    """One request in the queue."""

    model: str
    order: GenerationOrder
    strike: Strike
    done_at: float
    result: Response | None = None
    is_cancelled: bool = False


class FalApi(Api):
    """What https://queue.fal.run answers."""

    key_header = "authorization", "Key "
    no_credits = 403, "User is locked. Reason: Exhausted balance. Top up at fal.ai/dashboard."

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._jobs: dict[str, QueuedWork] = {}

    def is_generation(self, method: str, path: str) -> bool:  # noqa: ARG002 - as in others
        """See `Api.is_generation`."""
        return method == "POST"

    def _route(self, request: Request) -> Route:
        path = request.path.strip("/")
        if path.startswith("generations/"):
            return super()._route(request)
        model, found, rest = path.partition("/requests/")
        if found:
            wanted = {"status": ("GET", self._status), "cancel": ("PUT", self._cancel)}
            method, respond = wanted.get(rest.partition("/")[2], ("GET", self._result))
        else:
            method, respond = "POST", self._generate
        if model.removesuffix("/edit") not in MODELS:
            raise Refused(404, f"Application '{model}' not found")
        if request.method != method:
            raise Refused(405, "Method Not Allowed", Allow=method)
        if not self._keys.admits(request):
            raise Refused(401, "Authentication is required to access this application")
        return Route(method, respond)

    def _error(self, refused: Refused, *_: Any) -> Response:
        said: Any = refused.message
        if isinstance(said, list):
            said = [
                {"loc": ["body", place], "msg": hint, "type": "value_error"}
                for place, _, hint in (each.partition(": ") for each in said)
            ]
        kind = {422: "content_policy_violation", 500: "internal_error"}.get(refused.status, "")
        more = {"X-Fal-Error-Type": kind} if kind else {}
        return as_json({"detail": said}, refused.status, {**refused.headers, **more})

    def _order(self, request: Request) -> GenerationOrder:
        check = Checker(read_object(request.body))
        model, is_edit, _ = request.path.strip("/").partition("/edit")
        prompt, ratio = check.text("prompt"), check.choice("aspect_ratio", {**SIZES, "auto": ()})
        wanted = check.choice("resolution", SCALES) or "1K"
        check.choice("thinking_level", dict.fromkeys(THINKING))
        searches, count = check.switch("enable_web_search"), check.count("num_images")
        links = check.fields.get("image_urls") or []
        if is_edit and not links:
            check.wrong.append(("image_urls", "Field required"))
        if not is_edit and links:
            check.wrong.append(("image_urls", "Extra inputs are not permitted"))
        pictures = check.pictures("image_urls", links, self._fetch) if is_edit else ()
        if check.wrong:
            raise Refused(422, [f"{name}: {hint}" for name, hint in check.wrong])
        resolution, scale = SCALES[wanted]
        return check.order(
            model,
            prompt,
            ratio=None if ratio == "auto" else ratio,
            resolution=resolution,
            count=count,
            references=pictures,
            price=MODELS[model] * Decimal(scale) + (SEARCH if searches else 0),
        )

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        is_later = strike.trouble.name in AT_RESULT
        struck = None if is_later else self._struck(strike, ids)
        if struck is not None:
            return struck
        name = str(uuid4())
        slower = strike.number if strike.trouble.name == "slow" else 0.0
        until = time.monotonic() + self._delay + slower
        self._jobs[name] = QueuedWork(order.model, order, strike, until)
        response = as_json(self._told(name, "IN_QUEUE", base) | {"queue_position": 0})
        if strike.trouble.name == "cut-json":
            return replace(response, body=response.body[: len(response.body) // 2])
        return response

    def _generate(self, request: Request, ids: Ids) -> Response:
        # It is accepted at once: what takes its time is the work.
        return replace(super()._generate(request, ids), delay=0.0)

    def _told(self, name: str, state: str, base: str) -> dict[str, Any]:
        where = f"{base}/{self._jobs[name].model}/requests/{name}"
        return {
            "status": state,
            "request_id": name,
            "response_url": where,
            "status_url": f"{where}/status",
            "cancel_url": f"{where}/cancel",
        }

    def _job(self, request: Request) -> tuple[str, QueuedWork]:
        name = request.path.partition("/requests/")[2].partition("/")[0]
        if name not in self._jobs or self._jobs[name].is_cancelled:
            raise Refused(404, "Request not found")
        return name, self._jobs[name]

    def _status(self, request: Request, _ids: Ids) -> Response:
        name, job = self._job(request)
        is_done = time.monotonic() >= job.done_at
        told = self._told(name, "COMPLETED" if is_done else "IN_PROGRESS", self._base(request))
        return as_json(told | {"logs": None}, 200 if is_done else 202)

    def _cancel(self, request: Request, _ids: Ids) -> Response:
        _, job = self._job(request)
        if time.monotonic() >= job.done_at:
            return as_json({"status": "ALREADY_COMPLETED"}, 400)
        job.is_cancelled = True
        return as_json({"status": "CANCELLATION_REQUESTED"}, 202)

    def _result(self, request: Request, ids: Ids) -> Response:
        _, job = self._job(request)
        if time.monotonic() < job.done_at:
            raise Refused(400, "Request is still in progress")
        if job.strike.trouble.message and job.strike.trouble.name in AT_RESULT:
            raise Refused(500, job.strike.trouble.message.format(request_id=ids.request_id))
        if job.strike.trouble.name in AT_RESULT:
            raise Refused(422, ["prompt: The content was flagged by a content checker."])
        if job.result is None:
            found = self._data(job.order, job.strike, self._base(request)) or []
            job.result = as_json({"images": [_image(each) for each in found], "description": ""})
        return job.result

    def _base(self, request: Request) -> str:
        return request.base_url or self.url


def _image(item: dict[str, Any]) -> dict[str, Any]:
    """A picture as fal names it."""
    inside = f"data:image/png;base64,{item['b64_json']}" if item.get("b64_json") else None
    return {
        "url": item.get("url") or inside,
        "content_type": "image/png",
        "file_name": item.get("file_name"),
        "file_size": None,
        "width": item.get("width"),
        "height": item.get("height"),
    }
