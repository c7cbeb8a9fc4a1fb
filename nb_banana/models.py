"""What each model accepts, and the fields of a request: the two tables that all else is read from.

Source: https://docs.aimlapi.com/api-references/image-models/google and the models' OpenAPI files.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from nb_banana._text import clean, did_you_mean, shown
from nb_banana.errors import RequestError

SIZES = {
    "1:1": (1024, 1024),
    "16:9": (1376, 768),
    "9:16": (768, 1376),
    "4:3": (1200, 896),
    "3:4": (896, 1200),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "21:9": (1584, 672),
    "1:4": (512, 2048),
    "4:1": (2048, 512),
    "1:8": (384, 3072),
    "8:1": (3072, 384),
}
"""Pixels (width, height) at 1K: https://ai.google.dev/gemini-api/docs/image-generation#aspect_ratios"""

SCALES = {"512": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}  # how many times the 1K size a resolution is

RATIOS = ("1:1", "9:16", "16:9", "3:4", "4:3")
PRO_RATIOS = (*RATIOS, "21:9", "3:2", "2:3", "5:4", "4:5")
RESOLUTIONS = ("1K", "2K", "4K")


@dataclass(frozen=True)
class Model:
    """One model: its names and the values that it accepts.

    Attributes:
        ids: the names that the service knows it by; the first is what its short names stand for.
        short: what a person may call it here; the first is what captions say.
        aspect_ratios: the accepted ``aspect_ratio`` values; none means that it takes no ratio.
        resolutions: the accepted ``resolution`` values; none means that it takes none.
        min_images: how many reference images it needs.
        max_images: how many reference images it takes; None where that is not published.
        web_search: whether it takes ``enable_web_search``.
        max_count: how many pictures of one request it can make (``num_images``).
        default_ratio: the ratio of its pictures where none is asked for.
        as_reference: whether they have the first reference's ratio then, where there is one.
        credits: what a picture costs by the model's page, by resolution, in credits of the
            service; only what is documented.

    """

    ids: tuple[str, ...]
    short: tuple[str, ...]
    aspect_ratios: tuple[str, ...] = PRO_RATIOS
    resolutions: tuple[str, ...] = RESOLUTIONS
    min_images: int = 0
    max_images: int | None = 0
    web_search: bool = False
    max_count: int = 1
    default_ratio: str = "1:1"
    as_reference: bool = False
    credits: Mapping[str, int] = field(default_factory=dict, hash=False)


MODELS = (
    Model(
        ("google/nano-banana-2", "google/gemini-3-1-flash-image-preview"),
        ("nano-banana-2", "2", "gemini-3-1-flash-image-preview"),
        RATIOS,
        max_images=5,
        web_search=True,
        # The sample answer of a picture from text:
        # https://docs.aimlapi.com/api-references/image-models/google/nano-banana-2
        credits={"1K": 178_975},
    ),
    Model(
        ("google/gemini-3-1-flash-lite-image",),
        ("nano-banana-2-lite", "lite", "gemini-3-1-flash-lite-image"),
        RATIOS,
        max_images=5,
        web_search=True,
        default_ratio="16:9",
        as_reference=True,
    ),
    Model(
        ("google/gemini-nano-banana-2.1",),
        ("nano-banana-2.1", "2.1", "gemini-nano-banana-2.1"),
        RATIOS,
        max_images=5,
        web_search=True,
        default_ratio="16:9",
        as_reference=True,
    ),
    Model(
        ("google/nano-banana-pro", "google/gemini-3-pro-image-preview"),
        ("nano-banana-pro", "pro", "gemini-3-pro-image-preview"),
        max_count=4,
    ),
    Model(
        ("google/nano-banana-pro-edit", "google/gemini-3-pro-image-preview-edit"),
        ("nano-banana-pro-edit", "pro-edit", "gemini-3-pro-image-preview-edit"),
        min_images=1,
        max_images=14,
        max_count=4,
    ),
    Model(
        ("google/gemini-3-pro-image-edit",),
        ("gemini-3-pro-image-edit",),
        RATIOS,
        max_images=5,
        max_count=4,
        default_ratio="16:9",
        as_reference=True,
    ),
    Model(
        ("google/gemini-2.5-flash-image",),
        ("gemini-2.5-flash-image", "2.5"),
        resolutions=(),
        max_count=4,
    ),
    Model(
        ("google/gemini-2.5-flash-image-edit",),
        ("gemini-2.5-flash-image-edit", "2.5-edit"),
        resolutions=(),
        min_images=1,
        max_images=None,
    ),
    Model(
        ("google/nano-banana-edit",),
        ("nano-banana-edit",),
        RATIOS,
        resolutions=(),
        max_images=3,
        max_count=4,
        default_ratio="16:9",
        as_reference=True,
    ),
)
"""Every model whose fields are published. Any other name is sent as it is, unchecked."""

PRICES_READ = "November 2026"
"""When the models' pages were last looked at for what they say of `Model.credits`."""

DEFAULT_MODEL = "google/nano-banana-2"
CREDITS_PER_USD = 2_000_000
"""https://docs.aimlapi.com/integrations/pricing: USD 1 is 2,000,000 credits."""


class RequestField(NamedTuple):
    """How a field is written, shown and kept: all that reads fields reads it here."""

    name: str
    flags: tuple[str, ...]
    help: str
    # Its name in the request's key and in a picture's file. A PROMISE: with another one everybody
    # pays again. None where it stands there in a way of its own. Services have their own names.
    key: str
    kind: Literal["choice", "switch", "model", "pictures", "take", "params"]
    metavar: str = ""  # what its value is called in the help; a switch has none
    values: tuple[str, ...] = ()  # all that a choice can be, for any model
    of_model: str = ""  # the attribute of Model that says what one takes; else all take all of it
    label: str = ""  # in the panel; what has none is typed there as a further option
    noun: str = ""  # in a sentence, if not the label
    cannot: str = ""  # what is said of a model that does not take the switch
    is_column: bool = True  # whether tables of pictures have it

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be given several times."""
        return self.kind in {"pictures", "params"}

    @property
    def is_swept(self) -> bool:
        """Whether several values of it can be swept. Pictures are, by a name in the prompt."""
        return self.kind in {"choice", "switch", "model"}

    def taken_by(self, model: Model | None) -> Any:
        """The values of a choice that a model takes, or whether it has the switch."""
        if model is not None and self.of_model:
            return getattr(model, self.of_model)
        return self.values if self.kind == "choice" else True


FIELDS = (
    RequestField(
        name="aspect_ratio",
        flags=("-a", "--aspect-ratio"),
        kind="choice",
        metavar="RATIO",
        help=f"width to height: {', '.join(RATIOS)}; "
        f"pro also {', '.join(PRO_RATIOS[len(RATIOS) :])}",
        values=tuple(SIZES),
        of_model="aspect_ratios",
        label="Aspect ratio",
        noun="ratio",
        key="aspect_ratio",
    ),
    RequestField(
        name="resolution",
        flags=("-r", "--resolution"),
        kind="choice",
        metavar="SIZE",
        help=", ".join(RESOLUTIONS),
        values=RESOLUTIONS,
        of_model="resolutions",
        label="Resolution",
        key="resolution",
    ),
    RequestField(
        name="model",
        flags=("-m", "--model"),
        kind="model",
        metavar="MODEL",
        help="another model: lite, pro, 2.5, 2.1, or any of the service's own names",
        label="Model",
        key="model",
    ),
    RequestField(
        name="web_search",
        flags=("-w", "--web-search"),
        kind="switch",
        help="let the model look things up on the web",
        of_model="web_search",
        label="Web search",
        cannot="can't search the web",
        key="enable_web_search",
        is_column=False,
    ),
    RequestField(
        name="images",
        flags=("-i", "--image"),
        kind="pictures",
        metavar="PICTURE",
        help="a reference picture: a variable, a path, a URL or an id; repeatable, in order",
        key="image_urls",
        is_column=False,
    ),
    RequestField(
        name="take",
        flags=("--take",),
        kind="take",
        metavar="K",
        help="the K-th picture of one prompt; each is its own, and kept",
        key="",
    ),
    RequestField(
        name="params",
        flags=("--param",),
        kind="params",
        metavar="KEY=JSON",
        help="a field that we do not know yet, sent as it is",
        key="",
        is_column=False,
    ),
)
"""Every field of `nb_banana.ImageRequest` that is given beside the prompt, in the help's order."""
FIELD_OF = {each.name: each for each in FIELDS}
WRITTEN = tuple(sorted(FIELDS, key=lambda each: each.kind != "model"))
"""In the order of a cell's line: the model comes first."""


def no_model(value: Any) -> RequestError:
    """The error for what can't be the name of a model."""
    return RequestError(f"model is a name such as {DEFAULT_MODEL!r}, not {shown(value)}.")


@lru_cache(maxsize=256)
def model_id(name: str) -> str:
    """The name to send for a short, a full or an unknown name of a model."""
    text = name.strip()
    if not text:
        raise no_model(name)
    short = text.lower().removeprefix("google/")
    for model in MODELS:
        if text.lower() in model.ids:
            return text.lower()
        if short in model.short:
            return model.ids[0]
    return text


@lru_cache(maxsize=256)
def find_model(name: str) -> Model | None:
    """The row of `MODELS` for any of a model's names; None when the table does not know it."""
    wanted = model_id(name)
    return next((model for model in MODELS if wanted in model.ids), None)


@lru_cache(maxsize=256)
def short_name(name: str) -> str:
    """What captions call a model: ``google/nano-banana-2`` → ``nano-banana-2``."""
    model = find_model(name)
    return model.short[0] if model else clean(name.rsplit("/", 1)[-1], 80)


def choose(field: str, value: str, allowed: Iterable[str], *, of: str = "") -> str:
    """One of the allowed values, understood as a person writes them; ``of`` is whose choice it is.

    >>> choose("aspect_ratio", "16x9", ["1:1", "16:9"]), choose("style", "OIL", ["oil", "ink"])
    ('16:9', 'oil')
    """
    options = list(allowed)
    if not isinstance(value, str):
        raise RequestError(
            f"{field} is a text such as {options[0] if options else 'None'!r}, not {shown(value)}."
        )
    if not options:
        raise RequestError(f"{of or 'This model'} takes no {field}. Leave it out.")
    if value in options:
        return value
    meant = _plain(value)
    for each in options:
        if _plain(each) == meant:
            return each
    by = f" by {of}" if of else ""
    raise RequestError(
        f"{field} {shown(value)} is not accepted{by}: choose one of {', '.join(options)}."
        + (_nearest_ratio(meant, options) or did_you_mean(meant, options, cutoff=0.5))
    )


def _plain(text: str) -> str:
    """A value as it is compared: ``16x9`` is ``16:9``, ``2k`` is ``2K``."""
    return re.sub(r"\s*[x×/:-]\s*", ":", text.strip().upper().replace("X", "x"))


def _nearest_ratio(written: str, options: list[str]) -> str:
    """The hint for a ratio that is not there: the one whose shape is nearest."""
    wanted = ratio_value(written)
    if not wanted or not all(map(ratio_value, options)):
        return ""
    best = min(options, key=lambda each: abs(math.log(ratio_value(each) / wanted)))
    return f" Did you mean {best}?"


def ratio_value(text: str) -> float:
    """Width over height of a ratio such as ``"16:9"``; 0 where the text is none.

    >>> ratio_value("16:8"), ratio_value("2K")
    (2.0, 0.0)
    """
    across, _, down = text.partition(":")
    if len(text) > 20 or not (across.isdecimal() and down.isdecimal()):
        return 0.0
    if not (int(across) and int(down)):
        return 0.0
    return int(across) / int(down)


@lru_cache(maxsize=256)
def documented_price(model: str, resolution: str | None) -> Decimal | None:
    """The price of one picture in US dollars by the model's page, see `nb_banana.models`.

    >>> documented_price("google/nano-banana-2", None)
    Decimal('0.0894875')
    """
    known = find_model(model)
    found = known.credits.get(resolution or "1K") if known else None
    return None if found is None else Decimal(found) / CREDITS_PER_USD


@lru_cache(maxsize=256)
def fields_taken(model: Model | None) -> tuple[str, ...]:
    """The fields of a request that a model takes; all of them for one that nobody knows."""
    return tuple(each.name for each in FIELDS if each.taken_by(model))
