"""`ImageRequest`: what is asked of the model, checked once, and its key.

And asked against delivered: the model's best-known fault is 1K where 4K was asked.
"""

import hashlib
import json
import math
import operator
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nb_banana import _default
from nb_banana._catalogue import AIMLAPI, Catalogue, find_in, id_in
from nb_banana._hints import Hinted
from nb_banana._text import shown
from nb_banana.credentials import Secret, refuse_key
from nb_banana.errors import RequestError
from nb_banana.models import (
    DEFAULT_MODEL,
    FIELDS,
    SCALES,
    SIZES,
    Model,
    RequestField,
    choose,
    no_model,
    ratio_value,
)
from nb_banana.references.limits import LIMITS, ReferenceLimits
from nb_banana.references.reference import Reference, RemoteImage, as_references

READ_TIMEOUTS = {"1K": 120.0, "2K": 240.0, "4K": 600.0}
"""Seconds to wait for an answer. 4K has been seen to take 282 s."""
INVISIBLE = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001d159\U000e0000-\U000e0fff]"
)
"""Letters, marks and signs that show nothing: fillers, selectors, joiners, an empty braille cell.
https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point"""
LARGEST_COUNT = 2**63 - 1  # what a number in the library's index can be


@dataclass(frozen=True)
class ImageRequest(Hinted):
    """A request for one picture. Wrong values are refused here, before anything is sent.

    Fields that stay None are not sent, and the service's defaults hold (1:1, 1K).
    Source: https://docs.aimlapi.com/api-references/image-models/google

    Attributes:
        prompt: what to draw; white space around it is dropped.
        model: any name of a model, see `nb_banana.models.MODELS`; unknown ones pass unchecked.
        images: reference pictures: anything that
            `nb_banana.references.reference.as_reference` takes, one or a list. They become
            `Reference` objects, each picture once.
        aspect_ratio: e.g. ``"16:9"``; ``"16x9"`` is understood.
        resolution: ``"1K"``, ``"2K"`` or ``"4K"``.
        web_search: whether the model may look things up.
        params: further fields, sent as they are. They win over the fields above, unchecked.
        take: which of several pictures of one prompt, from 1. Not sent: the API has no seed.
        limits: how large the reference pictures may be. Not sent.
        catalogue: the models of the service that is asked, which the values are checked by. Not
            sent.

    Raises:
        RequestError: a value that the model does not take, with the ones that it does.

    >>> ImageRequest("a banana", aspect_ratio="16x9").payload()
    {'model': 'google/nano-banana-2', 'prompt': 'a banana', 'aspect_ratio': '16:9'}

    """

    prompt: str
    model: str = DEFAULT_MODEL
    images: Any = ()
    aspect_ratio: str | None = None
    resolution: str | None = None
    web_search: bool = False
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    take: int = 1
    limits: ReferenceLimits = field(default=LIMITS, repr=False, compare=False)
    catalogue: Catalogue = field(default=AIMLAPI, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain = [getattr(self, each.name) for each in FIELDS if each.kind != "pictures"]
        said = " ".join(each for each in (self.prompt, *plain) if isinstance(each, str))
        refuse_key("The prompt or an option", said)  # before a message quotes it
        checked: dict[str, Any] = {
            "prompt": _checked_prompt(self.prompt),
            "model": _checked_model(self.model, self.catalogue),
            "images": self._references(),
            "params": _checked_params(self.params),
            "take": whole_number("take", self.take),
        }
        model = find_in(self.catalogue, checked["model"])
        for each in FIELDS:
            if each.name not in checked:
                check = _checked_switch if each.kind == "switch" else _checked_choice
                checked[each.name] = check(each, getattr(self, each.name), model)
        if model is not None:
            _check_image_count(model, len(checked["images"]))
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.params or self.images:
            self.refuse_key(None)

    def _references(self) -> tuple[Reference, ...]:
        if isinstance(self.images, tuple) and not self.images:
            return ()
        return as_references(self.images, limits=self.limits)

    def refuse_key(self, secret: Secret | None) -> None:
        """See that no key is in any word of it; see `credentials.refuse_key`.

        Args:
            secret: a key besides those of this kernel.

        Raises:
            RequestError: there is one.
        """
        words = [each for each in asked_fields(self).values() if isinstance(each, str)]
        words.append(json.dumps(self.params, ensure_ascii=False))
        for each in self.references:
            words += [each.label, each.url if isinstance(each.body, RemoteImage) else ""]
        refuse_key("The prompt or an option", " ".join(words), secret)

    def payload(self) -> dict[str, Any]:
        """The JSON body, exactly as it is sent."""
        sent: dict[str, Any] = _default.client().payload(self)
        return sent

    @property
    def references(self) -> tuple[Reference, ...]:
        """The reference pictures, in the order in which the prompt counts them."""
        return self.images  # type: ignore[no-any-return]  # __post_init__ made them references

    @cached_property
    def key(self) -> str:
        """A hash of all that decides the picture: the same in every process, 64 hex digits.

        Two names of one model are one; a reference counts by its bytes; the take counts.
        """
        body = named_by_key(self, [image.digest for image in self.references])
        model = find_in(self.catalogue, self.model)
        body["model"] = model.ids[0] if model else self.model
        text = json.dumps({"version": 1, "take": self.take, "body": body}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def read_timeout(self) -> float:
        """Seconds to wait for the answer: more pixels take longer."""
        asked = self.params.get("resolution", self.resolution) or "1K"
        return READ_TIMEOUTS.get(str(asked), max(READ_TIMEOUTS.values()))


OWN_PARAMS = {"prompt": "the cell's text"} | {
    each.key: each.flags[0] for each in FIELDS if each.kind in {"model", "pictures"}
}


def asked_fields(request: ImageRequest) -> dict[str, Any]:
    """What is asked of the model, by the fields' names, without what is left to the service."""
    asked = {"model": request.model, "prompt": request.prompt, "images": request.references}
    asked |= {each.name: getattr(request, each.name) for each in FIELDS if each.key}
    return {name: value for name, value in asked.items() if value not in (None, False, ())}


def named_by_key(request: ImageRequest, images: Sequence[str] = ()) -> dict[str, Any]:
    """What is asked, by the promised names of `RequestField.key`; pictures only as given here."""
    asked = asked_fields(request) | {"images": list(images)}
    names = {each.name: each.key for each in FIELDS}
    body = {names.get(name, name): value for name, value in asked.items() if value != []}
    return body | dict(request.params)


def copy_with(request: ImageRequest, **values: Any) -> ImageRequest:
    """A copy with other values, which are not checked: they come from a request that was."""
    other = object.__new__(ImageRequest)
    kept = {name: value for name, value in vars(request).items() if name != "key"}
    other.__dict__.update(kept | values)
    return other


def _checked_prompt(prompt: Any) -> str:
    if not isinstance(prompt, str):
        raise RequestError(f"The prompt is a text, not {type(prompt).__name__}.")
    if all(map(_is_invisible, prompt)):
        raise RequestError("The prompt is empty. Say in words what to draw.")
    check_characters("The prompt", prompt)
    return prompt.strip()


def _is_invisible(letter: str) -> bool:
    """Whether a character shows nothing: a space, a control, a mark for what stands beside it."""
    unseen = unicodedata.category(letter) in {"Cc", "Cf", "Zs", "Zl", "Zp"}
    return unseen or (not letter.isascii() and re.match(INVISIBLE, letter) is not None)


def check_characters(what: str, text: str) -> None:
    """See that a text can be sent and shown: it has no half of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RequestError(
            f"{what} has half of a character (a lone surrogate). Write that character anew."
        ) from None


def _checked_model(model: Any, catalogue: Catalogue) -> str:
    if not isinstance(model, str):
        raise no_model(model)
    name = id_in(catalogue, model)
    check_characters("The model's name", name)
    return name


def _checked_switch(what: RequestField, value: Any, model: Model | None) -> bool:
    if not isinstance(value, bool):
        raise RequestError(f"{what.name} is True or False, not {shown(value)}.")
    if value and model is not None and not what.taken_by(model):
        cannot = what.cannot or f"takes no {what.name}"
        raise RequestError(f"{model.short[0]} {cannot}. Leave {what.name} out.")
    return value


def is_on(what: str, value: Any) -> bool:
    """Whether a switch is on, by whatever Python takes for true; an array is neither."""
    try:
        return bool(value)
    except Exception:  # noqa: BLE001 - a value's own code
        raise RequestError(f"{what} is True or False, not {shown(value)}.") from None


def whole_number(what: str, value: Any) -> int:
    """A number that counts something, numpy's too: from 1, and not too large for the library."""
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except Exception:  # noqa: BLE001 - a value's own code
        number = 0
    if number < 1:
        raise RequestError(f"{what} is a whole number from 1, not {shown(value)}.")
    if number > LARGEST_COUNT:
        raise RequestError(f"{what} is a whole number from 1, and not one of so many digits.")
    return number


def _checked_params(params: Any) -> dict[str, Any]:
    if not isinstance(params, Mapping):
        raise RequestError(f"params is a dict of further fields, not {type(params).__name__}.")
    for name in params:
        if not isinstance(name, str) or not name:
            raise RequestError(f"The name of a further field is a text, not {shown(name)}.")
        if name in OWN_PARAMS:
            raise RequestError(f"{name} is not a further field: it is set by {OWN_PARAMS[name]}.")
    try:
        text = json.dumps(dict(params), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestError(f"The value of a further field is not JSON: {error}.") from error
    check_characters("The value of a further field", text)
    return dict(json.loads(text))


def _checked_choice(what: RequestField, value: Any, model: Model | None) -> str | None:
    if value is None:
        return None
    if model is not None:
        return choose(what.name, value, what.taken_by(model), of=model.short[0])
    if not isinstance(value, str):
        raise RequestError(f"{what.name} is a text, not {shown(value)}.")
    check_characters(what.name, value)
    return value


def _check_image_count(model: Model, count: int) -> None:
    name = model.short[0]
    if count < model.min_images:
        raise RequestError(f"{name} needs a reference picture. Give one with -i or images=.")
    if model.max_images is not None and count > model.max_images:
        takes = f"at most {model.max_images}" if model.max_images else "no"
        raise RequestError(f"{name} takes {takes} reference pictures, and {count} were given.")


RATIO_SLACK = 0.035  # the models' sizes are multiples of 16 or 32, up to 2 % off the ratio's name
SCALE_SLACK = 0.15
"""All sizes of one resolution have about as many pixels: 1K is 1024² within 7 % a side."""


def nearest_ratio(width: int, height: int, allowed: Iterable[str] = SIZES) -> str:
    """The allowed ratio whose shape is nearest to a picture's.

    >>> nearest_ratio(1376, 768, ["1:1", "4:3", "16:9"])
    '16:9'
    """
    return min(allowed, key=lambda each: abs(math.log((ratio_value(each) or 1) * height / width)))


def expected_size(request: ImageRequest, longest: int) -> tuple[int, int]:
    """Pixels (width, height) that a picture will be shown in, with its longer side at most so.

    >>> expected_size(ImageRequest("a fox", aspect_ratio="16:9"), longest=512)
    (512, 286)
    """
    model, ratio = find_in(request.catalogue, request.model), request.params.get("aspect_ratio")
    ratio = ratio or request.aspect_ratio
    if model and model.as_reference and not ratio and request.references:
        body: Any = request.references[0].body  # a link has no size
        came = getattr(body, "came_size", None) or getattr(body, "size", None)
        ratio = nearest_ratio(came[0], came[1], model.aspect_ratios) if came else None
    ratio = ratio or (model.default_ratio if model else "1:1")
    width, height = SIZES.get(str(ratio), SIZES["1:1"])
    resolution = request.params.get("resolution") or request.resolution
    scale = min(SCALES.get(str(resolution), 1.0), longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def mismatch(request: ImageRequest, width: int, height: int) -> str | None:
    """What was asked and not delivered, in words; None where the picture fits."""
    ratio, scale = ratio_value(request.aspect_ratio or ""), SCALES.get(request.resolution or "")
    is_ratio = not ratio or abs(width / height / ratio - 1) <= RATIO_SLACK
    is_scale = not scale or abs(math.sqrt(width * height) / 1024 / scale - 1) <= SCALE_SLACK
    if is_ratio and is_scale:
        return None
    asked = " ".join(filter(None, (request.resolution, request.aspect_ratio)))
    return f"asked {asked}, got {width}×{height}"
