"""Where the key is looked for, and how it is kept from being shown."""

# Looked for at each call, in this order: an argument, `login` in this kernel, the environment, the
# keyring (if installed), Colab's secrets. A key that was not given for a host by name goes to the
# vendor's host and to loopback only, so that a notebook from a stranger can't send it away.

import importlib.util
import os
import sys
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property, lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from nb_banana._secret import HIDDEN as HIDDEN
from nb_banana._secret import KEY_PAGE as KEY_PAGE
from nb_banana._secret import SHORTEST_BY_CHANCE
from nb_banana._secret import SHORTEST_IN_LINK as SHORTEST_IN_LINK
from nb_banana._secret import Secret as Secret
from nb_banana._secret import as_secret as as_secret
from nb_banana._text import key_checks, what_it_says
from nb_banana.errors import MissingKeyError, RequestError, SettingsError

VENDOR_HOST = "api.aimlapi.com"
VENDOR_URL = f"https://{VENDOR_HOST}"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
ENVIRONMENT = ("AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY")
"""https://docs.aimlapi.com/quickstart names the first; the vendor's packages use the others."""


class KeyPlace(NamedTuple):
    """Where a service is, and where its key is looked for."""

    service: str
    base_url: str
    names: tuple[str, ...]  # environment variables and Colab's secrets, the best first
    page: str  # where a key is made

    @property
    def login(self) -> str:
        """How a person gives its key."""
        own = "" if self.service == "aimlapi" else f'service="{self.service}"'
        return f"nb_banana.login({own})"

    @property
    def cure(self) -> str:
        """What a person does who has a key."""
        return " or ".join([*(f"set {name}" for name in self.names[:1]), f"call {self.login}"])


AIMLAPI = KeyPlace("aimlapi", VENDOR_URL, ENVIRONMENT, KEY_PAGE)
PLACES = {
    each.service: each
    for each in (
        AIMLAPI,
        KeyPlace(
            "google",
            "https://generativelanguage.googleapis.com",
            ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            "https://aistudio.google.com/apikey",
        ),
        KeyPlace(
            "openrouter",
            "https://openrouter.ai/api",
            ("OPENROUTER_API_KEY",),
            "https://openrouter.ai/settings/keys",
        ),
        KeyPlace("fal", "https://queue.fal.run", ("FAL_KEY",), "https://fal.ai/dashboard/keys"),
        # Mostly a gateway, which has its own page: only the person knows it.
        KeyPlace("openai", "https://api.openai.com", ("OPENAI_API_KEY",), ""),
    )
}
"""The services that come with us: what is known of them before any of them is loaded."""
PLUGINS = "nb_banana.services"
"""The group of entry points by which packages bring further services."""
MANAGEMENT = "AIMLAPI_MANAGEMENT_KEY"
"""Makes keys with a limit (`Classroom`), and is never looked for to draw."""
KEY_NAMES = (*(name for place in PLACES.values() for name in place.names), MANAGEMENT)
KEYRING_SERVICE = "nb_banana"
NO_KEYRING = "keyring.backends.null.Keyring"
"""What ``PYTHON_KEYRING_BACKEND`` is where a person wants none: keyring's own documentation."""
NOTHING_THERE = {"NoKeyringError", "SecretNotFoundError"}
"""Answers of keyring and of Colab that mean: no key, and all is well. They are not imported."""
EACH_FOR_ITSELF = {"SecretNotFoundError", "NotebookAccessError"}
"""What Colab says of one secret; the next may be there."""


class FoundKey(NamedTuple):
    """A key and the place where it was found, in words for `doctor` and for messages."""

    secret: Secret
    place: str


_known: dict[tuple[int, Secret], Secret] = {}
"""The keys that anything in this process has or had: what is in none of its words. Each with the
`id` of its `CredentialStore`, which takes its own away; no counts, for threads may lose one."""
NOBODYS = 0  # in place of the `id`: given for one call, or found; it is known for good


@lru_cache(maxsize=256)
def host_of(base_url: str) -> str:
    """The host of an address, with its port where there is one of its own."""
    return urlsplit(base_url).netloc.rpartition("@")[2].lower()


@lru_cache(maxsize=256)
def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return (urlsplit(url).hostname or "") in LOOPBACK_HOSTS


def private_host(text: str) -> str | None:
    """A private address of a network, as it is compared; None where it is any other host."""
    try:
        address = ip_address(text)
    except ValueError:  # a name, a network or a number that is written in another way
        return None
    here = address.is_loopback or address.is_unspecified or text.startswith("0.")
    inner = getattr(address, "ipv4_mapped", None) or "%" in text  # requests asks none of these
    nobody = address.is_multicast or address.is_reserved
    return None if here or inner or nobody or not address.is_private else str(address)


def room_host(url: str) -> str | None:
    """The `private_host` that an address leads to over http; None where it leads elsewhere."""
    parts = urlsplit(url)
    return private_host(unquote(parts.hostname or "")) if parts.scheme == "http" else None


def is_in_room(url: str, allow_http: Iterable[str]) -> bool:
    """Whether an address leads over http to one of these private hosts (`Banana.allow_http`)."""
    return (host := room_host(url)) is not None and host in map(private_host, allow_http)


class KeySearch:
    """The key for a service: looked for when it is needed, in each place once."""

    def __init__(
        self,
        base_url: str,
        given: str | Secret | None = None,
        store: "CredentialStore | None" = None,
        place: KeyPlace = AIMLAPI,
    ) -> None:
        self.place = place
        self._given = None if given is None else given_key(given)
        self._store = store
        self.host = host_of(base_url)
        # Of a client that is closed: no other key, of the environment's, may pay in its place.
        self.was_forgotten = store is not None and self.host in store.forgotten
        is_ours = self.host == host_of(place.base_url) or is_loopback(base_url)
        self.may_be_sent = is_ours and not self.was_forgotten
        self.silent: list[str] = []

    @cached_property
    def at_hand(self) -> FoundKey | None:
        """The key where nobody has to be asked: an argument, `login`, the environment."""
        if self._given is not None:
            return FoundKey(self._given, "the key argument")
        if self._store and (kept := self._store.for_host(self.host)):
            return kept
        return _from_environment(self.place) if self.may_be_sent else None

    @property
    def may_ask(self) -> bool:
        """Whether there is somebody to be asked who may have one."""
        return _has_keyring() or self._may_ask_colab

    @cached_property
    def found(self) -> FoundKey | None:
        """The key, or None when there is none that may be sent there."""
        if self.at_hand is not None:
            return self.at_hand
        has_keyring = not self.was_forgotten and _has_keyring()
        return (self._ask("The keyring", self._from_keyring) if has_keyring else None) or (
            self._ask("Colab", self._from_colab) if self._may_ask_colab else None
        )

    @property
    def _may_ask_colab(self) -> bool:
        return self.may_be_sent and "google.colab" in sys.modules

    def _ask(self, whom: str, look: Callable[[], tuple[str, Any]]) -> FoundKey | None:
        try:
            place, text = look()
            if not text:
                return None
        except Exception as error:  # noqa: BLE001 - backends and Colab raise whatever they like
            if type(error).__name__ not in NOTHING_THERE:
                self.silent.append(f"{whom} did not answer: {what_it_says(error)}.")
            return None
        try:
            return FoundKey(given_key(Secret(text, place, self.place.page)), place)
        finally:
            text = ""  # as in `as_secret`

    def _from_keyring(self) -> tuple[str, Any]:
        import keyring  # looks for its backends, which takes its time

        return "the keyring", keyring.get_password(KEYRING_SERVICE, self.host)

    def _from_colab(self) -> tuple[str, Any]:
        return _from_colab(self.place.names)


class CredentialStore:
    """The keys that one client was given, each for one host."""

    def __init__(self, base_url: str = VENDOR_URL, key: Secret | None = None) -> None:
        self._kept: dict[str, FoundKey] = {}
        self.forgotten: set[str] = set()  # hosts whose keys it had until it was closed
        weakref.finalize(self, _forget_keys_of, id(self)).atexit = False
        if key is not None:
            self._keep(host_of(base_url), FoundKey(key, "the client's own"))

    def _keep(self, host: str, found: FoundKey) -> None:
        self._kept[host] = found
        self.forgotten.discard(host)
        _known[id(self), found.secret] = found.secret

    def for_host(self, host: str) -> FoundKey | None:
        """The key that was given for a host; None where there is none."""
        return self._kept.get(host)

    def remember(self, base_url: str, secret: Secret, *, save: bool) -> str:
        """Keep a key for this client, and in the keyring if asked; says in words where it is."""
        host = host_of(base_url)
        self._keep(host, FoundKey(secret, "login() in this kernel"))
        if save:
            _save(host, secret)
        return "in this kernel and in the keyring" if save else "in this kernel, until it ends"

    def forget(self, *, for_good: bool = False) -> None:
        """Forget them (the keyring keeps its own); ``for_good`` no other takes their place."""
        self.forgotten |= set(self._kept) if for_good else set()
        self._kept.clear()
        _forget_keys_of(id(self))


def _forget_keys_of(store: int) -> None:
    for key in [each for each in list(_known) if each[0] == store]:
        _known.pop(key, None)


default_store = CredentialStore()
"""The keys of the default client: what `nb_banana.login` was given."""


def plugin_names() -> set[str]:
    """The names of the services that packages bring. None of them is loaded for it."""
    from importlib.metadata import entry_points  # load time: most people have none

    return set(entry_points(group=PLUGINS).names)


def service_names() -> tuple[str, ...]:
    """The names of all services: those that come with us, then those of packages."""
    return tuple(dict.fromkeys((*PLACES, *sorted(plugin_names()))))


def given_key(given: str | Secret, service: str = AIMLAPI.service) -> Secret:
    """The key that somebody gave, which is one of the `known_keys` from then on."""
    try:
        secret = as_secret(given, PLACES[service].page if service in PLACES else "")
    finally:
        given = ""  # as below
    return _known.setdefault((NOBODYS, secret), secret)


def hide_key(options: dict[str, Any], service: str = AIMLAPI.service) -> None:
    """Let the key among some options not show itself: a traceback may show all variables."""
    if options.get("key") is not None:
        options["key"] = given_key(options.pop("key"), service)


def known_keys() -> list[Secret]:
    """The keys that this process has or had. No keyring is asked for it: it may ask the person."""
    found = dict.fromkeys(secret for _, secret in list(_known))
    for text in filter(None, map(os.environ.get, KEY_NAMES)):
        with suppress(MissingKeyError):  # no key could look so
            found[_of_environment(text)] = None
    return list(found)


@lru_cache(maxsize=64)
def _of_environment(text: str) -> Secret:
    """A key of the environment: what a text with it has in it is found out once."""
    return Secret(text)


def has_key(text: str, run: int = SHORTEST_BY_CHANCE) -> bool:
    """Whether one of the `known_keys` is in a text."""
    return any(secret.is_in(text, run) for secret in known_keys())


key_checks.append(has_key)


def refuse_key(what: str, text: str, secret: Secret | None = None) -> None:
    """See that no key is in a text that would be sent, kept and shown."""
    if text and (has_key(text) or (secret is not None and secret.is_in(text))):
        raise RequestError(
            f"{what} has your key in it, or a part of it, so nothing was sent and nothing was "
            "kept. Take it out; nb_banana finds the key by itself."
        )


def _from_environment(place: KeyPlace) -> FoundKey | None:
    for name in place.names:
        if os.environ.get(name, "").strip():
            where = f"the environment variable {name}"
            return FoundKey(Secret(os.environ[name], where, place.page), where)
    return None


def keys_of_others(service: str) -> str:
    """Which other services have a key in the environment, and how one is chosen; else nothing."""
    seen = {
        each.service: name
        for each in PLACES.values()
        for name in reversed(each.names)
        if each.service != service and os.environ.get(name, "").strip()
    }
    if not seen:
        return ""
    there = " and ".join(f"{other} ({name})" for other, name in seen.items())
    a_key = "There is a key" if len(seen) == 1 else "There are keys"
    return f'{a_key} for {there}: %config Banana.service = "{next(iter(seen))}"'


def _has_keyring(*, is_wanted: bool | None = None) -> bool:
    """Whether there is a keyring to be asked. It is not loaded for that."""
    if is_wanted is None:
        is_wanted = os.environ.get("PYTHON_KEYRING_BACKEND") != NO_KEYRING
    is_loaded = sys.modules.get("keyring") is not None
    return is_loaded or (is_wanted and importlib.util.find_spec("keyring") is not None)


def _from_colab(names: Iterable[str]) -> tuple[str, Any]:
    from google.colab import userdata

    refused: Exception | None = None
    for name in names:
        try:
            if text := userdata.get(name):
                return f"the Colab secret {name}", text
        except Exception as error:
            if type(error).__name__ not in EACH_FOR_ITSELF:
                raise
            refused = error
    if refused is not None:
        raise refused
    return "", None


def _save(host: str, secret: Secret) -> None:
    if not _has_keyring(is_wanted=True):
        raise SettingsError(
            "The key is kept in this kernel. Saving it needs a package: pip install keyring"
        )
    try:
        import keyring

        keyring.set_password(KEYRING_SERVICE, host, secret.reveal())
    except Exception as error:  # noqa: BLE001 - its backends raise whatever they like
        raise SettingsError(
            "The key is kept in this kernel. The system's keyring did not take it: "
            f"{secret.redact(what_it_says(error))}."
        ) from None


def missing_key(search: KeySearch) -> MissingKeyError:
    """The error for a search that found nothing, with the cure."""
    place = search.place
    of = "" if place.service == AIMLAPI.service else f" for {place.service}"
    if search.was_forgotten:
        said = f"The client is closed and has no key for {search.host} any more: see its login()."
    elif search.may_be_sent:
        page = place.page and f"Make one at {place.page}, then "
        cure = f"{page}{place.cure}" if page else f"{place.cure[0].upper()}{place.cure[1:]}"
        others = keys_of_others(place.service)
        said = (
            f"No key found{of}. {cure}. {others and f'{others}. '}Without one: "
            '%config Banana.backend = "sandbox".'
        )
    else:
        said = (
            f"base_url is {search.host}, which is not the vendor's, so no key is sent there "
            f"unasked. If you trust it, call {place.login} now and give the key for it by hand."
        )
    return MissingKeyError(" ".join([said, *search.silent]))
