"""What a picture costs, as services quote it: each is asked once in a while."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nb_banana._text import amount
from nb_banana.services.account import asker
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Reply
from nb_banana.services.receipt import SANDBOX_HEADER


class PriceList:
    """What services said of prices, for one client."""

    def __init__(self) -> None:
        self._memory: dict[tuple[str, str], dict[Any, Any]] = {}  # by the service and its address
        self._play: set[str] = set()  # addresses of sandboxes

    def price(self, service: Endpoint, model: str, resolution: str | None) -> Decimal | None:
        """The price of one picture in US dollars as quoted; None where the service can't say."""
        memory = self._memory.setdefault((service.service.name, service.base_url), {})
        asked = asker(service, with_key=False)

        def get(*question: Any) -> Reply | None:
            reply = asked(*question)
            if reply is not None and SANDBOX_HEADER in reply.headers:
                self._play.add(service.base_url)
            return reply

        return service.service.quote(model, resolution, get, memory)

    def is_play(self, service: Endpoint) -> bool:
        """Whether the service is a sandbox, by what it said of prices: its money is play money."""
        return service.base_url in self._play


def pictures_asked(params: Mapping[str, Any], name: str = "num_images") -> int:
    """How many pictures further fields ask for: each has its price."""
    asked = amount(params[name]) if name in params else None
    return math.ceil(asked) if asked is not None and asked > 1 else 1  # a text is understood too
