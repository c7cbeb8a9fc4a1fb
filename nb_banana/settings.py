"""`Banana`: the settings, as traits. ``%config Banana`` and `configure` change the same object."""

from typing import Any
from urllib.parse import urlsplit

from traitlets import Bool, Enum, Float, Integer, TraitError, TraitType, Unicode, validate
from traitlets.config import Configurable

from nb_banana.errors import RequestError, SettingsError
from nb_banana.keys import VENDOR_HOST, is_loopback
from nb_banana.models import DEFAULT_MODEL, RESOLUTIONS, SIZES, choose, model_id
from nb_banana.near import hint

VENDOR_URL = f"https://{VENDOR_HOST}"


class Choice(TraitType[str | None, str | None]):
    """One of the values that `choose` understands, or None for the service's own default."""

    def __init__(self, allowed: tuple[str, ...], **metadata: Any) -> None:
        self.allowed = allowed
        super().__init__(default_value=None, allow_none=True, **metadata)

    def validate(self, obj: Any, value: Any) -> str:  # noqa: ARG002 - traitlets calls it so
        """Called by traitlets with each new value."""
        try:
            return choose(str(self.name), value, self.allowed)
        except RequestError as error:
            raise TraitError(str(error)) from error

    def info(self) -> str:
        """What ``%config`` says of the allowed values."""
        return "one of " + ", ".join(self.allowed)


class Banana(Configurable):
    """Settings of nb_banana. Each option of a cell wins over the setting of its name."""

    model = Unicode(DEFAULT_MODEL, help="The model, by any of its names: pro, lite, 2.1, …").tag(
        config=True
    )
    aspect_ratio = Choice(
        tuple(SIZES), help="Width to height, e.g. 16:9. None: the service's default, 1:1."
    ).tag(config=True)
    resolution = Choice(RESOLUTIONS, help="1K, 2K or 4K. None: the service's default, 1K.").tag(
        config=True
    )
    web_search = Bool(False, help="Let the model look things up on the web.").tag(config=True)
    backend = Enum(
        ["auto", "api", "sandbox"],
        "auto",
        help="auto: the API where a key is found, else the sandbox. api: never the sandbox. "
        "sandbox: pictures drawn on this machine, without AI, key or cost.",
    ).tag(config=True)
    base_url = Unicode(
        VENDOR_URL, help="The service's address: https, or http on this machine."
    ).tag(config=True)
    preview = Integer(
        768, min=64, max=4096, help="The longer side of the picture in the notebook, in pixels."
    ).tag(config=True)
    timeout = Float(
        None,
        allow_none=True,
        min=0.1,
        help="Seconds to wait for a picture. None: 120 for 1K, 240 for 2K, 600 for 4K.",
    ).tag(config=True)

    @validate("model")
    def _known_name(self, proposal: Any) -> str:
        if not proposal["value"].strip():
            raise TraitError(f"model is a name such as {DEFAULT_MODEL}.")
        return model_id(proposal["value"])

    @validate("base_url")
    def _safe_address(self, proposal: Any) -> str:
        url = proposal["value"].strip().rstrip("/").removesuffix("/v1")
        parts = urlsplit(url)
        if parts.username or parts.query or parts.fragment:
            raise TraitError("base_url is only an address: no user, no ?, no #.")
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
        ):
            raise TraitError(
                f"base_url is an https address such as {VENDOR_URL}, or http on this machine."
            )
        return str(url)


settings = Banana()
"""The settings in force."""


def configure(**changes: Any) -> Banana:
    """Change settings: ``configure(resolution="2K")``. All of them, or none if one is wrong.

    Returns:
        The settings, to look at.

    Raises:
        SettingsError: an unknown setting, or a value that it can't have.

    >>> configure(preview="big")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    nb_banana.errors.SettingsError: The 'preview' trait …

    """
    known = settings.trait_names(config=True)
    for name in changes:
        if name not in known:
            raise SettingsError(
                f"There is no setting {name!r}: there are {', '.join(sorted(known))}."
                + hint(name, known)
            )
    before = {name: getattr(settings, name) for name in changes}
    try:
        for name, value in changes.items():
            setattr(settings, name, value)
    except TraitError as error:
        for name, value in before.items():
            setattr(settings, name, value)
        raise SettingsError(str(error)) from error
    return settings
