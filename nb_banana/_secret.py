"""`Secret`: a key that does not show itself, and knows whether it is in a text."""

import base64
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

from nb_banana.errors import MissingKeyError
from nb_banana.models import MODELS

KEY_PAGE = "https://aimlapi.com/app/keys"
SHORTEST_PART = 5
"""A run of this many characters of a key counts as a part of it where the rest is masked."""
MASKED = r"\.{2}|…|\*{2}"  # how a service says that it left out the middle of a key
SHORTEST_IN_WORDS = 8  # A shorter key is a word that people write
SHORTEST_BY_CHANCE = 12
"""A run of this many characters of a key, with a digit, is in no picture and no prose by chance."""
SHORTEST_IN_LINK = 8
"""The same in a link and in what a service says: signatures have random digits, as keys do."""
OUR_WORDS = " ".join(name for model in MODELS for name in (*model.ids, *model.short)).lower()
"""What stands in prompts and answers whatever the key is."""
HIDDEN = "[key]"  # what stands in place of a key where a word has to stand
AROUND = " \t\r\n\ufeff\u200b'\"`´‘’‚‛“”„‟«»‹›"
"""What is no part of a key at its ends: env files, shells and word processors leave it there."""


class Secret:
    """A key that does not show itself: not in a repr, a traceback, a log or a pickle."""

    __slots__ = ("_parts", "_text")

    def __init__(self, text: str, place: str = "", page: str = KEY_PAGE) -> None:
        cleaned = text.strip().strip(AROUND) if isinstance(text, str) else ""
        is_key = bool(cleaned) and cleaned.isascii() and cleaned.isprintable()
        self._text = cleaned if is_key and " " not in cleaned else ""
        text = cleaned = ""  # from here on no traceback of anything can show it
        if not self._text:
            raise MissingKeyError(
                f"What was given as the key{place and f' ({place})'} is empty or has characters "
                f"that no key has. Copy it again{page and f' from {page}'}."
            )
        self._parts: dict[int, frozenset[str]] = {}  # what `is_in` looks for, by its `run`

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Any:
        raise TypeError("A key is not pickled. Set it where it is needed.")

    def reveal(self) -> str:
        """The key itself, for the one header that needs it."""
        return self._text

    def redact(self, text: str) -> str:
        """The text without the key and without any part of it (services echo keys in errors)."""
        if len(self._text) < SHORTEST_PART:
            return text
        parts = self._spellings | self._runs(SHORTEST_IN_LINK)
        masked = parts | self._runs(SHORTEST_PART, digits=False)

        def hide(found: re.Match[str]) -> str:
            word = found[0].lower()
            known = masked if re.search(MASKED, word) else parts
            return "…" if any(part in word for part in known) else found[0]

        text = re.sub(r"[^\s\"'(),;<>]+", hide, text)
        return re.sub(re.escape(self._text), "…", text, flags=re.IGNORECASE)

    def redact_bytes(self, data: bytes) -> bytes:
        """The bytes without the whole key; parts stay, for a paid picture may be in the bytes."""
        if len(self._text) < SHORTEST_BY_CHANCE:
            return data
        known = "|".join(map(re.escape, self._spellings)).encode()
        return re.sub(known, HIDDEN.encode(), data, flags=re.IGNORECASE)

    def is_in(self, text: str, run: int = SHORTEST_BY_CHANCE) -> bool:
        """Whether the key is in a text, or so many characters of it in a row; quoted or not."""
        where = (f"{text} {unquote(text)}" if "%" in text else text).lower()
        parts = self._parts.get(run)
        if parts is None:
            parts = self._parts[run] = self._looked_for(run)
        if parts:
            return any(part in where for part in parts)
        if run >= SHORTEST_BY_CHANCE and len(self._text) < SHORTEST_IN_WORDS:
            return False
        return self._stands_in(where)

    def _looked_for(self, run: int) -> frozenset[str]:
        """What a text with the key has in it; nothing where the key may be a part of a word."""
        if run < SHORTEST_BY_CHANCE:  # no person wrote it
            run = min(run, len(self._text))
            parts = self._runs(run, digits=False) if run >= SHORTEST_PART else set()
        else:
            parts = self._runs(run) if re.search("[a-z]", self._text.lower()) else set()
        if len(self._text) < SHORTEST_BY_CHANCE or not parts:
            return frozenset()
        return frozenset(parts | self._spellings)

    def _stands_in(self, where: str) -> bool:
        key = self._text.lower()
        is_there = re.search(rf"(?<![a-z0-9]){re.escape(key)}(?![a-z0-9])", where)
        return is_there is not None and key not in OUR_WORDS

    @property
    def _spellings(self) -> set[str]:
        """The whole key as it is, as it is quoted and as headers encode it, in small letters."""
        plain = self._text
        encoded = (base64.b64encode(each.encode()).decode() for each in (plain, f"Bearer {plain}"))
        every = "".join(f"%{ord(letter):02x}" for letter in plain)
        quoted = {plain, quote(plain, safe=""), every, every.replace("%", "%25")}
        return {each.lower() for each in quoted} | {each.rstrip("=").lower() for each in encoded}

    def _runs(self, size: int, *, digits: bool = True) -> set[str]:
        """So many characters of it in a row that are no words of ours, with a digit among them."""
        key = self._text.lower()
        runs = {key[at : at + size] for at in range(len(key) - size + 1)}
        wanted = re.compile(r"\d" if digits else "")
        return {run for run in runs if run not in OUR_WORDS and wanted.search(run)}


def as_secret(given: str | Secret, page: str = KEY_PAGE) -> Secret:
    """What somebody gave as a key, so that it does not show itself."""
    try:
        return given if isinstance(given, Secret) else Secret(given, page=page)
    finally:
        given = ""  # what is no key may be one with a letter too many, and a traceback shows it


def ask_for_key(host: str, page: str, names: Sequence[str]) -> str:
    """The key as the person types it, unseen; ``names`` are the variables that could have it."""
    import getpass  # load time: hardly ever

    try:
        return getpass.getpass(f"Key for {host}{page and f' ({page})'}: ")
    except (EOFError, RuntimeError) as error:  # a kernel that nobody sits at raises RuntimeErrors
        cure = f"Set {names[0]} instead" if names else 'Give it: login("…")'
        raise MissingKeyError(f"Nobody can be asked for the key here. {cure}.") from error
