"""What is asked → the JSON that is sent to the AI/ML API.

Source: https://docs.aimlapi.com/api-references/image-models/google
"""

import math
from collections.abc import Mapping
from typing import Any

from nb_banana._text import amount
from nb_banana.request import ImageRequest, asked_fields

GENERATIONS = "/v1/images/generations"
CLIENT_REQUEST_ID = "X-Client-Request-Id"  # the header of our own id, which the log keeps too
NAMES = {"images": "image_urls", "web_search": "enable_web_search"}
"""What the service calls a field, where that is another name than ours."""


def payload_of(request: ImageRequest) -> dict[str, Any]:
    """The JSON body; the further fields of the request (``params``) win."""
    asked = asked_fields(request)
    if "images" in asked:
        asked["images"] = [image.url for image in request.references]
    return {NAMES.get(name, name): value for name, value in asked.items()} | dict(request.params)


def pictures_asked(params: Mapping[str, Any]) -> int:
    """How many pictures further fields ask for: each has its price."""
    asked = amount(params["num_images"]) if "num_images" in params else None
    return math.ceil(asked) if asked is not None and asked > 1 else 1  # a text is understood too
