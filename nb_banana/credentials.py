"""Where the key is looked for, and how it is kept from being shown.

Looked for at each call, in this order: an argument, `login` in this kernel, the environment, the
keyring (if installed), Colab's secrets. A key that was not given for a host by name goes to the
vendor's host and to loopback only, so that a notebook from a stranger can't send it away.
"""

import importlib.util
import os
import re
import sys
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from nb_banana.errors import MissingKeyError, RequestError, SettingsError

VENDOR_HOST = "api.aimlapi.com"
VENDOR_URL = f"https://{VENDOR_HOST}"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
KEY_PAGE = "https://aimlapi.com/app/keys"
ENVIRONMENT = ("AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY")
"""https://docs.aimlapi.com/quickstart names the first; the vendor's packages use the others."""
KEYRING_SERVICE = "nb_banana"
SHORTEST_PART = 5
"""A run of this many characters of a key in a text counts as a part of the key."""
SHORTEST_BY_CHANCE = 12
"""A run of this many characters of a key is in no picture and in no prose by chance."""
SHORTEST_IN_LINK = 8
"""The same in a link, which no person writes: signatures have random digits, as keys do."""
HIDDEN = "[key]"
"""What stands in place of a key where a word has to stand."""
AROUND = " \t\r\n\ufeff\u200b'\"`´‘’‚‛“”„‟«»‹›"
"""What is no part of a key at its ends: env files, shells and word processors leave it there."""


class Secret:
    """A key that does not show itself: not in a repr, a traceback, a log or a pickle.

    >>> Secret("abc-123-def-456"), f"{Secret('abc-123-def-456')}"
    (Secret(…), 'Secret(…)')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str, place: str = "") -> None:
        cleaned = text.strip().strip(AROUND) if isinstance(text, str) else ""
        if not cleaned or not cleaned.isascii() or not cleaned.isprintable() or " " in cleaned:
            raise MissingKeyError(
                f"What was given as the key{place and f' ({place})'} is empty or has characters "
                f"that no key has. Copy it again from {KEY_PAGE}."
            )
        self._text = cleaned

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> Any:
        raise TypeError("A key is not pickled. Set it where it is needed.")

    def reveal(self) -> str:
        """The key itself, for the one header that needs it."""
        return self._text

    def redact(self, text: str) -> str:
        """The text without the key and without any part of it (services echo keys in errors)."""
        if len(self._text) < SHORTEST_PART:
            return text.replace(self._text, "…")
        starts = range(len(self._text) - SHORTEST_PART + 1)
        parts = {self._text[start : start + SHORTEST_PART] for start in starts}
        return re.sub(r"[^\s\"'(),;<>]+", lambda word: _hide(word.group(), parts), text)

    def redact_bytes(self, data: bytes) -> bytes:
        """The bytes without the whole key; parts stay, for a paid picture may be in the bytes."""
        key = self._text.encode()
        return data.replace(key, HIDDEN.encode()) if len(key) >= SHORTEST_BY_CHANCE else data

    def is_in(self, text: str, run: int = SHORTEST_BY_CHANCE) -> bool:
        """Whether the key is in a text, or so many characters of it in a row; quoted or not."""
        run = min(run, len(self._text))
        if run < SHORTEST_PART:
            return False
        key, where = self._text.lower(), f"{text} {unquote(text)}".lower()
        return any(key[at : at + run] in where for at in range(len(key) - run + 1))


def _hide(word: str, parts: set[str]) -> str:
    return "…" if any(part in word for part in parts) else word


class FoundKey(NamedTuple):
    """A key and the place where it was found, in words for `doctor` and for messages."""

    secret: Secret
    place: str


_logins: dict[str, Secret] = {}


def host_of(base_url: str) -> str:
    """The host of an address, with its port where there is one of its own.

    >>> host_of("https://api.aimlapi.com/v1"), host_of("http://127.0.0.1:8000")
    ('api.aimlapi.com', '127.0.0.1:8000')
    """
    return urlsplit(base_url).netloc.rpartition("@")[2].lower()


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return (urlsplit(url).hostname or "") in LOOPBACK_HOSTS


def find_key(base_url: str, given: str | Secret | None = None) -> FoundKey | None:
    """The key for this service, or None when there is none that may be sent to it.

    Args:
        base_url: the service; its host decides which places may be asked.
        given: a key that the caller gave for this very call.

    """
    if given is not None:
        secret = given if isinstance(given, Secret) else Secret(given)
        return FoundKey(secret, "the key argument")
    host = host_of(base_url)
    if host in _logins:
        return FoundKey(_logins[host], "login() in this kernel")
    anywhere = host == VENDOR_HOST or is_loopback(base_url)
    return (
        (anywhere and _from_environment()) or _from_keyring(host) or _from_colab(anywhere) or None
    )


def known_keys() -> list[Secret]:
    """The keys of `login` and of the environment. No keyring is asked: it may ask the person."""
    found = list(_logins.values())
    for text in filter(None, map(os.environ.get, ENVIRONMENT)):
        with suppress(MissingKeyError):  # no key could look so
            found.append(Secret(text))
    return found


def has_key(text: str, run: int = SHORTEST_BY_CHANCE) -> bool:
    """Whether one of the `known_keys` is in a text."""
    return any(secret.is_in(text, run) for secret in known_keys())


def refuse_key(what: str, text: str, secret: Secret | None = None) -> None:
    """See that no key is in a text that would be sent, kept and shown.

    Args:
        what: what the text is, for the message.
        text: a person's words.
        secret: a key besides the `known_keys`.

    Raises:
        RequestError: there is one.
    """
    if has_key(text) or (secret is not None and secret.is_in(text)):
        raise RequestError(
            f"{what} has your key in it, or a part of it, so nothing was sent and nothing was "
            "kept. Take it out; nb_banana finds the key by itself."
        )


def _from_environment() -> FoundKey | None:
    for name in ENVIRONMENT:
        if text := os.environ.get(name, "").strip():
            place = f"the environment variable {name}"
            return FoundKey(Secret(text, place), place)
    return None


def _from_keyring(host: str) -> FoundKey | None:
    if importlib.util.find_spec("keyring") is None:
        return None
    import keyring
    import keyring.errors

    try:
        text = keyring.get_password(KEYRING_SERVICE, host)
    except keyring.errors.KeyringError:  # locked, or a machine without one
        return None
    return FoundKey(Secret(text), "the keyring") if text else None


def _from_colab(allowed: bool) -> FoundKey | None:
    if not allowed or "google.colab" not in sys.modules:
        return None
    from google.colab import userdata

    for name in ENVIRONMENT:
        try:
            text = userdata.get(name)
        except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
            continue
        if text:
            return FoundKey(Secret(text), f"the Colab secret {name}")
    return None


def remember_key(base_url: str, secret: Secret, *, save: bool) -> str:
    """Keep a key for this kernel, and in the keyring if asked; says in words where it is.

    Raises:
        SettingsError: there is no keyring to save it in; it is kept in this kernel all the same.
    """
    host = host_of(base_url)
    _logins[host] = secret
    if save:
        _save(host, secret)
    return "in this kernel and in the keyring" if save else "in this kernel, until it ends"


def _save(host: str, secret: Secret) -> None:
    if importlib.util.find_spec("keyring") is None:
        raise SettingsError(
            "The key is kept in this kernel. Saving it needs the keyring package: "
            "pip install 'nb-banana[keyring]'."
        )
    import keyring
    import keyring.errors

    try:
        keyring.set_password(KEYRING_SERVICE, host, secret.reveal())
    except (keyring.errors.KeyringError, RuntimeError) as error:
        reason = secret.redact(str(error)).rstrip(".")
        raise SettingsError(
            f"The key is kept in this kernel. The system's keyring did not take it: {reason}."
        ) from None


def forget_logins() -> None:
    """Forget the keys that `login` was given in this kernel. The keyring keeps its own."""
    _logins.clear()


def missing_key(base_url: str) -> MissingKeyError:
    """The error for a service that we have no key for, with the cure."""
    host = host_of(base_url)
    if host == VENDOR_HOST or is_loopback(base_url):
        return MissingKeyError(
            f"No key found. Make one at {KEY_PAGE}, then set {ENVIRONMENT[0]} or call "
            'nb_banana.login(). Without one: %config Banana.backend = "sandbox".'
        )
    return MissingKeyError(
        f"base_url is {host}, which is not the vendor's, so no key is sent there unasked. "
        "If you trust it, call nb_banana.login() now and give the key for it by hand."
    )
