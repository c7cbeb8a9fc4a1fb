"""`Banana`: the settings, as traits. ``%config Banana`` and `configure` change the same object."""

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from traitlets import (
    Bool,
    Enum,
    Float,
    Integer,
    List,
    TraitError,
    TraitType,
    Unicode,
    observe,
    validate,
)
from traitlets.config import Configurable
from traitlets.config.loader import LazyConfigValue

from nb_banana._hints import MEANT_SETTINGS
from nb_banana._text import clean, did_you_mean, shown
from nb_banana.credentials import (
    AIMLAPI,
    PLACES,
    VENDOR_URL,
    has_key,
    is_in_room,
    is_loopback,
    private_host,
    room_host,
    service_names,
)
from nb_banana.errors import RequestError, SettingsError
from nb_banana.models import DEFAULT_MODEL, RESOLUTIONS, SIZES, choose, model_id

if TYPE_CHECKING:
    _ListTrait = List[str]
    _TextTrait = TraitType[str | None, str | None]
    _FloatTrait = Float[Any, Any]
else:  # of traitlets before 5.10 they can't be subscripted when they are run
    _ListTrait, _TextTrait, _FloatTrait = List, TraitType, Float

LONGEST_TIMEOUT, LONGEST_ERROR = 86_400.0, 1_000
HAS_KEY = "A setting has your key in it, or a part of it. Nothing was changed."


def checked_seconds(value: Any) -> float:
    """A number of seconds to wait, from a number or its text; RequestError where it is none."""
    try:
        seconds = 0.0 if isinstance(value, bool) else float(value)
    except Exception:  # noqa: BLE001 - a value's own code
        seconds = 0.0
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise RequestError(
            f"timeout is a number of seconds, more than 0 and at most a day, not {shown(value)}."
        )
    return seconds


class Choice(_TextTrait):
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


class Number(_FloatTrait):
    """A number or None; traitlets' own takes True for 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, allow_none=True, **options)

    def validate(self, obj: Any, value: Any) -> Any:
        """Called by traitlets with each new value."""
        if isinstance(value, bool):
            self.error(obj, value)
        return super().validate(obj, value)


class Folders(_ListTrait):
    """A list of folders; one by itself is a list of one."""

    def __init__(self, **metadata: Any) -> None:
        super().__init__(**metadata)

    def validate(self, obj: Any, value: Any) -> list[str]:  # noqa: ARG002 - traitlets calls it so
        """Called by traitlets with each new value."""
        if isinstance(value, LazyConfigValue):  # c.Banana.shared_libraries.append(…)
            value = value.get_value([])
        given = [value] if isinstance(value, str | os.PathLike) else value
        if given is None:
            return []
        if not isinstance(given, list | tuple):
            raise TraitError(
                f'{self.name} is a list of folders such as ["/srv/class"], not {shown(value)}.'
            )
        return [_folder(str(self.name), each) for each in given]


def _folder(setting: str, value: Any) -> str:
    """The name of a folder as a text, if it can be one."""
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text.strip() or not _can_be_named(text):
        raise TraitError(f"{setting} has the names of folders, and {shown(value)} can't be one.")
    return text


def _can_be_named(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


class Banana(Configurable):
    """Settings of nb_banana. Each option of a cell wins over the setting of its name."""

    chosen: frozenset[str] = frozenset()  # those that the person has set, but by ``%config``
    _address_of = AIMLAPI.service  # the service that ``base_url`` was set for

    model = Unicode(DEFAULT_MODEL, help="The model, by any of its names: pro, lite, 2.1, …")
    aspect_ratio = Choice(
        tuple(SIZES), help="Width to height, e.g. 16:9. None: the service's default, 1:1."
    )
    resolution = Choice(RESOLUTIONS, help="1K, 2K or 4K. None: the service's default, 1K.")
    web_search = Bool(False, help="Let the model look things up on the web.")
    backend = Enum(
        ["auto", "api", "sandbox", "library"],
        "auto",
        help="auto: the API where a key is found, else the sandbox. api: never the sandbox. "
        "sandbox: pictures drawn on this machine, without AI, key or cost. "
        "library: only pictures that are kept already; nothing is ever sent.",
    )
    service = Unicode(AIMLAPI.service, help=f"Who draws: {', '.join(PLACES)} or a package's.")
    base_url = Unicode(VENDOR_URL, help="The service's address: https, or http on this machine.")
    allow_http = List(
        Unicode(),
        help="Addresses of hosts in your own network, e.g. 192.168.1.5, that may be spoken to over "
        "http: a sandbox for a room. They get a key that you give for them by login() alone.",
    )
    caption = Enum(
        ["full", "stable"],
        "full",
        help="What stands under a picture. stable: nothing that is another one in the next run "
        "(seconds, price, date, whether it came from the library), so that outputs can be compared "
        "(nbval, nbgrader, git); the output's metadata has it.",
    )
    disclose = Bool(
        False,
        help='Write "AI generated" under pictures and galleries. What the sandbox painted is named '
        "so in any case.",
    )
    quiet = Bool(
        False,
        help="Say nothing while pictures are made: no line while a cell waits, no price line of a "
        "batch; in a script not what came.",
    )
    preview = Integer(
        768, min=64, max=4096, help="The longer side of the picture in the notebook, in pixels."
    )
    timeout = Number(
        help="Seconds to wait for a picture. None: 120 for 1K, 240 for 2K, 600 for 4K.",
    )
    concurrency = Integer(
        4, min=1, max=256, help="How many pictures of one batch are on their way at once."
    )
    budget = Number(
        min=0.0,
        help="US dollars that this kernel may spend. A request that would pass it is not sent.",
    )
    confirm_over = Number(
        min=0.0,
        help="US dollars above which you are asked first; refused where nobody can answer.",
    )
    library = Unicode(
        None,
        allow_none=True,
        help="The folder that keeps the pictures; a relative one is beside the notebook. "
        "None: your own data folder.",
    )

    shared_libraries = Folders(
        help="Folders with pictures that are looked in after the library, in this order, and never "
        "written to; relative ones are beside the notebook. With keep = False none is read."
    )

    keep = Bool(
        True,
        help="Keep every picture in the library. False: nothing is read or written there, and what "
        "was paid is gone with the kernel; running the notebook again pays again.",
    )

    reference_side = Integer(
        4096, min=64, help="The longer side of a reference picture that is sent, in pixels."
    )
    reference_bytes = Integer(7_000_000, min=1000, help="Bytes of one reference picture.")
    references_bytes = Integer(
        20_000_000, min=1000, help="Bytes of all reference pictures of a request, as sent."
    )
    resize = Bool(
        True, help="Make references that are too large smaller, and say so. Else refuse them."
    )
    fetch_references = Bool(
        False,
        help="Fetch references that are http(s) addresses here first, so that they are kept with "
        "the picture. Else the service fetches them.",
    )
    fetch_private = Bool(
        False, help="Fetch references from addresses of this machine and its network too."
    )

    @validate("model")
    def _known_name(self, proposal: Any) -> str:
        if not proposal["value"].strip():
            raise TraitError(f"model is a name such as {DEFAULT_MODEL}.")
        return model_id(proposal["value"])

    @validate("service")
    def _service_name(self, proposal: Any) -> str:
        name: str = proposal["value"].strip().lower()
        if name not in PLACES and name not in (known := service_names()):
            raise TraitError(f"service is one of {', '.join(known)}.{did_you_mean(name, known)}")
        return name

    @observe("service")
    def _own_address(self, change: Any) -> None:
        """An address belongs to the service that it was set for."""
        name = change["new"]
        if self._address_of != name:
            self.base_url = PLACES[name].base_url if name in PLACES else ""  # known when loaded

    @validate("library")
    def _folder_name(self, proposal: Any) -> str | None:
        if _can_be_named(proposal["value"] or ""):
            return proposal["value"]  # type: ignore[no-any-return]  # a text, or None
        raise TraitError("library is the name of a folder, and no folder can have this one.")

    @validate("base_url")
    def _safe_address(self, proposal: Any) -> str:
        url: str = proposal["value"].strip().rstrip("/")
        url = url.removesuffix("/v1beta" if self.service == "google" else "/v1")
        self._address_of = self.service
        if not url and self.service not in PLACES:
            return url
        if set("@?#") & set(url):
            raise TraitError("base_url is only an address: no user, no ?, no #.")
        parts: SplitResult | None
        try:
            parts = urlsplit(url)
            local = parts.scheme == "http" and (
                is_loopback(url) or is_in_room(url, self.allow_http)
            )
            fine = bool(parts.hostname) and parts.port != 0 and (parts.scheme == "https" or local)
        except ValueError:  # brackets or a port that no address has
            parts, fine = None, False
        if not fine:
            host = room_host(url) if parts is not None else None
            room = f' For http in your own network: %config Banana.allow_http = ["{host}"]'
            raise TraitError(
                f"base_url is an https address such as {VENDOR_URL}, or http on this machine."
                + (room if host else "")
            )
        return url

    @validate("allow_http")
    def _private_hosts(self, proposal: Any) -> list[str]:
        hosts: list[str] = []
        for each in proposal["value"]:
            if (host := private_host(each.strip().strip("[]"))) is None:
                raise TraitError(
                    "allow_http has addresses of hosts in your own network, each as it is: "
                    f'["192.168.1.5"], no name, port, network or wildcard. {shown(each)} is none. '
                    "To this machine http is always allowed; to all others it takes https."
                )
            hosts.append(host)
        return list(dict.fromkeys(hosts))

    @validate("keep", "backend")
    def _something_to_show(self, proposal: Any) -> Any:
        chosen = {"keep": self.keep, "backend": self.backend}
        chosen[proposal["trait"].name] = proposal["value"]
        if chosen == {"keep": False, "backend": "library"}:
            raise TraitError(
                'The backend "library" shows kept pictures alone, and with keep = False nothing is '
                "kept or read. Set one of the two."
            )
        return proposal["value"]

    @validate("budget", "confirm_over")
    def _real_money(self, proposal: Any) -> float | None:
        amount: float | None = proposal["value"]
        if amount is not None and not amount < float("inf"):
            raise TraitError(f"{proposal['trait'].name} is an amount of US dollars, not {amount}.")
        return amount

    @validate("timeout")
    def _real_seconds(self, proposal: Any) -> float | None:
        seconds = proposal["value"]
        try:
            return None if seconds is None else checked_seconds(seconds)
        except RequestError as error:
            raise TraitError(str(error)) from None

    def __repr__(self) -> str:
        """Those that are not as they come: no address, so the same in each run."""
        traits = self.traits(config=True).items()
        said = (
            (name, getattr(self, name))
            for name, each in traits
            if each.default(self) != getattr(self, name)
        )
        return f"Banana({', '.join(f'{name}={value!r}' for name, value in sorted(said))})"

    def is_chosen(self, name: str) -> bool:
        """Whether the person has set it: by `change`, ``%config`` or their configuration file."""
        return name in self.chosen or name in self.config.get("Banana", {})

    def change(self, **changes: Any) -> "Banana":
        """Change several of them, or none if one is wrong; see `nb_banana.configure`."""
        known = self.trait_names(config=True)
        lists = [each for each in changes.values() if isinstance(each, list | tuple)]
        given = (*changes, *changes.values(), *(each for some in lists for each in some))
        if has_key(" ".join(str(each) for each in given if isinstance(each, str | os.PathLike))):
            raise SettingsError(HAS_KEY)
        for name in changes:
            if name not in known:
                raise SettingsError(
                    f"There is no setting {name!r}: there are {', '.join(sorted(known))}."
                    + (MEANT_SETTINGS.get(name.lower()) or did_you_mean(name, known))
                )
        before = {name: getattr(self, name) for name in (*changes, "base_url")}
        try:
            self._set(changes)
        except Exception as error:
            # Beside its own errors traitlets raises what the repr of a value or a comparison does.
            self._set(before)
            which = "" if isinstance(error, TraitError) else f"{', '.join(changes)}: "
            if has_key(said := f"{which}{error}"):  # inside of a value that it can't have
                raise SettingsError(HAS_KEY) from None
            raise SettingsError(clean(said, LONGEST_ERROR)) from error
        self.chosen |= changes.keys()
        return self

    def _set(self, values: dict[str, Any]) -> None:
        # Checked when all are set, for one may be right only with another of them.
        if "service" in values:
            self.service = values["service"]
        with self.hold_trait_notifications():
            for name, value in values.items():
                setattr(self, name, value)


for _trait in Banana.class_own_traits().values():
    _trait.tag(config=True)  # ``%config Banana`` shows and sets them all

settings = Banana()  # those of the default client, which ``%config Banana`` changes


def settings_of(value: Any) -> Banana:
    """The settings of the client that made a value."""
    own: Any = getattr(value, "_client", None)
    return own.settings if own is not None else settings


def is_stable(value: Any) -> bool:
    """Whether a value shows itself the same in each run, by the settings of who made it."""
    return settings_of(value).caption == "stable"


def configure(**changes: Any) -> Banana:
    """Change settings: ``configure(service="fal", resolution="2K")``. All, or none if one is wrong.

    Returns:
        The settings, to look at.

    Raises:
        SettingsError: an unknown setting, or a value that it can't have.

    >>> configure(preview="big")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    nb_banana.errors.SettingsError: The 'preview' trait …

    """
    return settings.change(**changes)
