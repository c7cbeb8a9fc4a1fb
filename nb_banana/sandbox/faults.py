"""What can go wrong on request: ``[trouble: NAME]`` in a prompt, or the start option ``trouble``.

``[trouble: NAME xN]`` strikes only the first N times for this very prompt, then it works. It is
counted by generations, but for trouble with the picture's link by fetches of the link, and for
``queue-503`` by questions. Some names take a number: ``[trouble: slow 3]``. The first one in a
prompt counts, and wins over the option.

=================  ===========================================================  ==================
NAME               what happens                                                 charged?
=================  ===========================================================  ==================
slow               the answer takes 5 s longer, or the number given             yes
400                "Body validation error!"                                     no, no log row
401                the key is refused                                           no, no log row
402                the account has no credit                                    no, no log row
403                out of credits                                               no, no log row
404                no such model                                                no, no log row
422                the request can't be processed                               no, no log row
429                "Too Many Requests"                                          no, no log row
429-retry-after    the same with Retry-After: 1, or the number given            no, no log row
500                "Something wrong with the server. …"                         no, logged failed
502-gateway        502 with a gateway's HTML page                               no, logged failed
503                "Service unavailable"                                        no, logged failed
504-gateway        504 with a gateway's HTML page; the work goes on behind it   yes
maintenance        500 "The model is under maintenance …" with a request id     no, logged failed
refusal            200 with data: []                                            no, logged failed
refusal-null       200 with data: null and meta: null                           no, logged failed
empty-item         200 with an item whose url and b64_json are null             yes
drop-before        the connection is closed before the work                     no, no log row
drop-after         the connection is closed after the work                      yes
cut-picture        the link promises the whole file, sends half and closes      yes
half-picture       the link sends half of the file as if it were whole          yes
link-404           the link is dead                                             yes
not-a-picture      the link leads to an HTML page                               yes
wrong-size         2K or 4K come as 1K, 1K at half its size; labelled as asked  yes
dropped-size       ratio and size are not heeded: a square at 1K comes          yes
html               200 with an HTML page where JSON was promised                yes
cut-json           200 with half of the JSON as if it were whole                yes
base64             b64_json in place of url                                     yes
jpeg               a JPEG that is labelled image/png                            yes
two-pictures       two pictures where one was asked                             yes, for one
queue-stays        it waits in the queue for ever                               no, no log row
queue-works        it is in progress for ever                                   no, no log row
queue-failed       its state is FAILED, and its result a 500                    no, logged failed
queue-error        it is COMPLETED, and its result an error with a 200          no, logged failed
queue-gone         its result is gone: 404, or the number given                 yes
queue-elsewhere    its links lead to another host                               yes
queue-503          its state can't be told for now: 503                         yes
=================  ===========================================================  ==================

This is how the AI/ML API has it. Other services (``--service``) have each trouble in their own
words, with these departures:

- ``queue-…`` is fal's alone; what its work meets (``refusal``, ``500`` …) is its result.
- ``link-404`` is of those that answer with links: not Google's and not OpenRouter's. What else is
  wrong with a link is so with the picture that is inside of the answer.
- ``402`` is a 403 at fal and a 429 at Google's and OpenAI's; ``401`` and ``422`` are a 400 at
  Google's.
- fal bills a ``422``. Google bills the tokens of ``refusal``, ``refusal-null`` (there are no
  candidates then) and ``empty-item``.
- ``base64`` is the other alphabet of base64, without its padding, where there are no links.
"""

import re
from collections import Counter
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from nb_banana.sandbox.exchange import Refused

BAD_KEY = (
    "This request requires a valid API key. You can create a new API key on the Billing page: "
    "https://aimlapi.com/app/keys"
)
NO_CREDITS = (
    "You've run out of credits. Please top up your balance or update your payment method to "
    "continue: https://aimlapi.com/app/billing/"
)
NO_CREDIT = "Payment required: the account has no credit."
UNPROCESSABLE = "Unprocessable Entity"
SERVER_ERROR = "Something wrong with the server. Please, try again later."
MAINTENANCE = (
    "The model is under maintenance, please contact us at help@aimlapi.com. "
    "Your Request ID is {request_id}."
)

Outcome = Literal["succeeded", "failed"]
"""How a generation ends in the log."""


@dataclass(frozen=True)
class Trouble:
    """One row of the table: how a kind of trouble departs from a good answer."""

    name: str
    status: int = 200
    message: str = ""  # the service refuses in these words; empty where it does not refuse
    title: str = ""  # the heading of the web page that comes in place of JSON, if one does
    drops: bool = False  # the connection is closed in place of an answer
    # The outcome in the log, which also says whether it is charged; None for no row.
    logged: Outcome | None = "succeeded"
    at_link: bool = False  # the answer is good, and its link is not
    at_state: bool = False  # the same of what asks for the state of queued work
    number: float = 0.0  # what the number after the name is when it is not given
    only: tuple[str, ...] = ()  # the services that have it; empty for all


QUEUED = ("fal",)
TROUBLES = {
    trouble.name: trouble
    for trouble in (
        Trouble("slow", number=5.0),
        Trouble("400", 400, "Body validation error!", logged=None),
        Trouble("401", 401, BAD_KEY, logged=None),
        Trouble("402", 402, NO_CREDIT, logged=None),
        Trouble("403", 403, NO_CREDITS, logged=None),
        Trouble("404", 404, "Model not found", logged=None),
        Trouble("422", 422, UNPROCESSABLE, logged=None),
        Trouble("429", 429, "Too Many Requests", logged=None),
        Trouble("429-retry-after", 429, "Too Many Requests", logged=None, number=1.0),
        Trouble("500", 500, SERVER_ERROR, logged="failed"),
        Trouble("502-gateway", 502, title="502 Bad Gateway", logged="failed"),
        Trouble("503", 503, "Service unavailable", logged="failed"),
        Trouble("504-gateway", 504, title="504 Gateway Time-out"),
        Trouble("maintenance", 500, MAINTENANCE, logged="failed"),
        Trouble("refusal", logged="failed"),
        Trouble("refusal-null", logged="failed"),
        Trouble("empty-item"),
        Trouble("drop-before", drops=True, logged=None),
        Trouble("drop-after", drops=True),
        Trouble("cut-picture", at_link=True),
        Trouble("half-picture", at_link=True),
        Trouble("link-404", at_link=True, only=("aimlapi", "fal", "openai")),
        Trouble("not-a-picture", at_link=True),
        Trouble("wrong-size"),
        Trouble("dropped-size"),
        Trouble("html", title="Welcome"),
        Trouble("cut-json"),
        Trouble("base64"),
        Trouble("jpeg"),
        Trouble("two-pictures"),
        Trouble("queue-stays", logged=None, only=QUEUED),
        Trouble("queue-works", logged=None, only=QUEUED),
        Trouble("queue-failed", logged="failed", only=QUEUED),
        Trouble("queue-error", logged="failed", only=QUEUED),
        Trouble("queue-gone", number=404, only=QUEUED),
        Trouble("queue-elsewhere", only=QUEUED),
        Trouble("queue-503", at_state=True, only=QUEUED),
    )
}
"""Every trouble by its name. What each one is for a reader stands in the module's docstring."""

CALM = Trouble("")

MARK = re.compile(r"\[trouble:([^\]]*)\]", re.IGNORECASE)
SAID = re.compile(r"(?P<name>\S+)(?:\s+(?P<number>\d+(?:\.\d+)?))?(?:\s+x(?P<times>\d+))?")


@dataclass(frozen=True)
class Strike:
    """A trouble as it was asked for."""

    trouble: Trouble = CALM
    number: float = 0.0  # the number after its name
    times: int | None = None  # how often it strikes one prompt; None for always


def troubles_of(service: str) -> dict[str, Trouble]:
    """What can go wrong at a service, by its name."""
    return {each.name: each for each in TROUBLES.values() if service in (each.only or (service,))}


def read_strike(said: str, service: str) -> Strike:
    """Understand ``NAME [NUMBER] [xN]``; a ValueError lists what there is at this service."""
    match, known = SAID.fullmatch(said.strip().lower()), troubles_of(service)
    trouble = known.get(match["name"]) if match else None
    if match is None or trouble is None:
        raise ValueError(
            f"Unknown trouble {said.strip()!r}. Expected NAME, NAME NUMBER, NAME xN or "
            f"NAME NUMBER xN, where NAME is one of: {', '.join(known)}"
        )
    number = float(match["number"]) if match["number"] else trouble.number
    return Strike(trouble, number, int(match["times"]) if match["times"] else None)


class Troubles:
    """Which trouble a prompt meets, and how often it has met it."""

    def __init__(self, always: str | None = None, service: str = "aimlapi") -> None:
        self._service = service
        self._always = read_strike(always, service) if always else Strike()
        self._met: Counter[str] = Counter()
        self._lock = Lock()

    def meet(self, prompt: str) -> Strike:
        """What this prompt asks for, else the start option asks for, if it strikes this time."""
        mark = MARK.search(prompt)
        try:
            strike = read_strike(mark[1], self._service) if mark else self._always
        except ValueError as problem:
            raise Refused(400, str(problem)) from problem
        # Trouble at the link is counted when the link is fetched, and alike that of a state.
        is_later = strike.trouble.at_link or strike.trouble.at_state
        return strike if is_later or self.strikes(strike, prompt) else Strike()

    def strikes(self, strike: Strike, prompt: str) -> bool:
        """Whether it strikes this time; counts it when it does."""
        with self._lock:
            if strike.times is not None and self._met[prompt] >= strike.times:
                return False
            self._met[prompt] += 1
            return True
