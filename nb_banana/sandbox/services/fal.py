"""fal: a queue. What is posted has its id at once; its state and its result are asked for."""

import time
from dataclasses import dataclass, replace
from decimal import Decimal
from threading import Lock
from typing import Any, ClassVar

from nb_banana.models import SIZES
from nb_banana.sandbox.api import Api, Route, cut
from nb_banana.sandbox.exchange import Ids, Inference, Refused, Request, Response, as_json
from nb_banana.sandbox.faults import QUEUED, Outcome, Strike, troubles_of
from nb_banana.sandbox.services.orders import Checker
from nb_banana.sandbox.validation import GenerationOrder, read_object

MODELS = {"fal-ai/nano-banana-2": Decimal("0.08"), "google/nano-banana-2.1": Decimal("0.04")}
"""US dollars of a picture at 1K. Of 2.1 no page says a price: half of its predecessor's."""
SCALES = {"0.5K": ("512", "0.75"), "1K": ("1K", "1"), "2K": ("2K", "1.5"), "4K": ("4K", "2")}
SEARCH = Decimal("0.015")
THINKING = ("minimal", "low", "medium", "high")
FORMATS = ("jpeg", "png", "webp")
FLAGGED = "prompt: The content was flagged by a content checker."
LOCKED = "User is locked. Reason: Exhausted balance. Top up at fal.ai/dashboard."
OFTEN = "Too many concurrent requests."
KINDS = {
    403: "forbidden",
    422: "content_policy_violation",
    500: "internal_error",
    503: "runner_connection_error",
}
AT_RESULT = {"422", "500", "503", "maintenance", "refusal", "refusal-null"} | {
    name for name, trouble in troubles_of("fal").items() if trouble.only == QUEUED
}
"""Trouble that is met when the work is asked for. All other is met where it is posted."""


@dataclass
class QueuedWork:
    """One request in the queue."""

    model: str
    order: GenerationOrder
    strike: Strike
    begun_at: float
    done_at: float
    charge: Inference | None = None  # what is booked when it is done
    result: Response | None = None
    is_cancelled: bool = False

    @property
    def state(self) -> str:
        """What its status says."""
        now, name = time.monotonic(), self.strike.trouble.name
        if name == "queue-stays" or now < self.begun_at:
            return "IN_QUEUE"
        if name == "queue-works" or now < self.done_at:
            return "IN_PROGRESS"
        return "FAILED" if name == "queue-failed" else "COMPLETED"

    @property
    def is_done(self) -> bool:
        """Whether there is a result, or will never be one."""
        return self.state in {"COMPLETED", "FAILED"}


class FalApi(Api):
    """What https://queue.fal.run answers."""

    key_header = "authorization", "Key "
    no_credits = 403, LOCKED
    words: ClassVar = {
        "401": (401, "Authentication is required to access this application"),
        "402": no_credits,
        "403": (403, "Cannot access application 'fal-ai/nano-banana-2'. Access denied."),
        "404": (404, "Application 'nano-banana-2' not found"),
        "422": (422, FLAGGED),
        "429": (429, OFTEN),
        "429-retry-after": (429, OFTEN),
        "500": (500, "Internal Server Error"),
        "503": (503, "Runner is not available"),
        "maintenance": (500, "The application is under maintenance"),
    }

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._jobs: dict[str, QueuedWork] = {}
        self._lock = Lock()

    def handle(self, request: Request) -> Response:
        """See `Api.handle`."""
        self.catch_up()
        return super().handle(request)

    def catch_up(self) -> None:
        """See `Api.catch_up`: what is done is booked, whether anybody asks for it or not."""
        for job in list(self._jobs.values()):
            if job.charge is not None and job.is_done:
                with self._lock:
                    charge, job.charge = job.charge, None
                if charge is not None:
                    self._keys.book(charge)

    def _id_headers(self, _ids: Ids) -> dict[str, str]:
        return {}  # the id is that of the work, also where it is asked for later

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
        if refused.status == 422 and isinstance(said, str):
            said = [said]
        if isinstance(said, list):
            said = [
                {"loc": ["body", place], "msg": hint, "type": "value_error"}
                for place, _, hint in (each.partition(": ") for each in said)
            ]
        kind = KINDS.get(refused.status, "")
        more = {"X-Fal-Error-Type": kind} if kind else {}
        return as_json({"detail": said}, refused.status, {**refused.headers, **more})

    def _order(self, request: Request) -> GenerationOrder:
        check = Checker(read_object(request.body))
        model, is_edit, _ = request.path.strip("/").partition("/edit")
        prompt, ratio = check.text("prompt"), check.choice("aspect_ratio", {**SIZES, "auto": ()})
        wanted = check.choice("resolution", SCALES) or "1K"
        check.choice("thinking_level", THINKING)
        check.choice("output_format", FORMATS)
        check.whole("seed")
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

    def _outcome(self, order: GenerationOrder, strike: Strike) -> tuple[Outcome | None, int]:
        if strike.trouble.name == "422":
            return "succeeded", order.credits
        if strike.trouble.only == QUEUED and strike.trouble.logged is None:
            return "failed", 0  # it is in the queue, and never done
        return super()._outcome(order, strike)

    def _answer(self, order: GenerationOrder, strike: Strike, ids: Ids, base: str) -> Response:
        is_later = strike.trouble.name in AT_RESULT
        struck = None if is_later else self._struck(strike, ids)
        if struck is not None:
            return struck
        slower = strike.number if strike.trouble.name == "slow" else 0.0
        now, seconds = time.monotonic(), self._delay + slower
        work = QueuedWork(order.model, order, strike, now + seconds / 3, now + seconds)
        self._jobs[ids.request_id] = work
        told = self._told(ids.request_id, work, base) | {"status": "IN_QUEUE", "queue_position": 0}
        return cut(as_json(told, headers=_named(ids.request_id)), strike)

    def _generate(self, request: Request, ids: Ids) -> Response:
        # It is accepted at once: what takes its time, and is charged, is the work.
        response = super()._generate(request, ids)
        if (job := self._jobs.get(ids.request_id)) is not None:
            job.charge, response = response.charge, replace(response, charge=None)
        return replace(response, delay=0.0)

    def _told(self, name: str, job: QueuedWork, base: str) -> dict[str, Any]:
        """Where it stands, and where it is asked for."""
        at = "https://queue.example" if job.strike.trouble.name == "queue-elsewhere" else base
        where, state = f"{at}/{job.model}/requests/{name}", job.state
        told = {
            "status": state,
            "request_id": name,
            "response_url": where,
            "status_url": f"{where}/status",
            "cancel_url": f"{where}/cancel",
        }
        if state == "IN_QUEUE":
            return told | {"queue_position": 0}
        return told | ({"error": "The work failed."} if state == "FAILED" else {})

    def _job(self, request: Request) -> tuple[str, QueuedWork]:
        name = request.path.partition("/requests/")[2].partition("/")[0]
        if name not in self._jobs or self._jobs[name].is_cancelled:
            raise Refused(404, "Request not found")
        return name, self._jobs[name]

    def _status(self, request: Request, _ids: Ids) -> Response:
        name, job = self._job(request)
        is_struck = job.strike.trouble.at_state
        if is_struck and self._troubles.strikes(job.strike, job.order.prompt):
            raise Refused(503, "The state of the request can't be told for now")
        told = self._told(name, job, self._base(request)) | {"logs": None}
        return as_json(told, 200 if job.is_done else 202, _named(name))

    def _cancel(self, request: Request, _ids: Ids) -> Response:
        _, job = self._job(request)
        with self._lock:
            if job.is_done:
                return as_json({"status": "ALREADY_COMPLETED"}, 400)
            job.is_cancelled, job.charge = True, None
        return as_json({"status": "CANCELLATION_REQUESTED"}, 202)

    def _result(self, request: Request, ids: Ids) -> Response:
        name, job = self._job(request)
        if not job.is_done:
            raise Refused(400, "Request is still in progress")
        trouble, number = job.strike.trouble, job.strike.number
        if trouble.name in {"refusal", "refusal-null"}:
            raise Refused(422, FLAGGED)
        if trouble.name == "queue-gone":
            raise Refused(int(number), "The result of this request has expired")
        if trouble.name == "queue-failed":
            raise Refused(500, "The work failed")
        if trouble.name == "queue-error":
            return as_json({"detail": "The work failed", "error_type": "internal_error"})
        if trouble.name in AT_RESULT:
            self._struck(job.strike, ids)
        if job.result is None:
            found = self._data(job.order, job.strike, self._base(request)) or []
            body = {"images": [_image(each) for each in found], "description": ""}
            job.result = as_json(body, headers=_named(name))
        return job.result

    def _base(self, request: Request) -> str:
        return request.base_url or self.url


def _named(name: str) -> dict[str, str]:
    return {"x-fal-request-id": name}


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
