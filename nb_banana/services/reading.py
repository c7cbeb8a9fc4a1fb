"""What an answer means: the pictures in it, or the words. No network here.

Nearly all services answer pictures as ``{"data": [{"b64_json" or "url"}]}`` and errors as JSON with
words somewhere in it: `answer_in` and `words_in` read both, whoever wrote them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nb_banana._text import clean, is_data
from nb_banana.errors import RequestError
from nb_banana.references.reference import Reference, RemoteImage
from nb_banana.services.exchange import (
    Failed,
    Refusal,
    Reply,
    ResultItem,
    ServiceAnswer,
    Unreadable,
)

LONGEST_QUOTE = 400  # characters of the service's own words that a message of ours repeats
NAMES = ("title", "message", "msg", "error_description", "description")
"""What services call their words: RFC 9457, Nest, FastAPI, OAuth …"""
DETAILS = ("detail", "details", "errors", "reason")
"""What says more than these words do, or stands alone."""
WORDS_ALONE = {*NAMES, *DETAILS, "error", "type", "instance", "status", "statusCode", "code"} | {
    *("success", "requestId", "request_id", "path", "timestamp", "meta")
}
"""The fields of an answer that is an error and nothing else."""
NOT_PICTURES = (WORDS_ALONE - {"success", "status", "code"}) | {"text", "revised_prompt", "usage"}
"""Fields of words and figures, in which no picture is looked for."""
LONG = 200  # characters or numbers: what has so many without a space is data and no word
BEGINNINGS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")
LINKS = ("https://", "http://", "data:")
LINK = re.compile(rb'(?i)url"|:(/|\\/|\\u002f)|data:')
"""The same in bytes of JSON that broke off; they may be of UTF-16, less its zeros."""
LONGEST_LINK = 64 * 1024
"""Characters of an address: no server takes more, and whatever looks at one takes memory for it."""
DEEPEST = 8
MOST_HINTS = 10
MOST_ENTRIES = 20_000
"""What a list of an answer may have to be looked through: beyond, the answer is kept as it came."""
MOST_PICTURES = 100
"""Of one answer, which are fetched and kept; the most that any service takes is ten."""
CODES = frozenset(map(str, range(400, 500)))


UNKNOWN_SHAPE = "there may be a picture in it, in a shape that is not known here"
TOO_MANY = "it has far more in it than any picture needs"
OTHER_SHAPE = "it has another shape than the service promises"


class _UnreadableError(ValueError):
    pass


def answer_in(reply: Reply, **told: Any) -> ServiceAnswer | Refusal | Failed | Unreadable:
    """What ``{"data": [{"b64_json" or "url"}]}`` says that went well: pictures, or why not.

    Args:
        reply: what came, with a status of 200 or so.
        told: its bill and its ids, see `Decoded`.

    >>> answer_in(Reply(200, {}, b'{"data": [{"url": "https://cdn/1.png"}]}')).items[0].url
    'https://cdn/1.png'
    >>> answer_in(Reply(200, {}, b'{"data": [], "message": "Not this."}')).reason
    'Not this.'
    """
    try:
        return _answer_in(reply, told)
    except _UnreadableError as error:
        return Unreadable(str(error), **told)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's answer does: it is kept
        return Unreadable(type(error).__name__, is_named=True, **told)


def _answer_in(reply: Reply, told: dict[str, Any]) -> ServiceAnswer | Refusal | Failed:
    body = reply.json
    if (picture := _bare_picture(reply.body, body)) is not None:
        return ServiceAnswer((ResultItem(data=picture),), **told)
    refusal = _refusal_in(body, told)
    if refusal is not None:
        if may_hold_more(body):
            raise _UnreadableError(UNKNOWN_SHAPE)
        return refusal
    if not isinstance(body, dict):
        start = reply.body.lstrip()[:1]
        if reply.is_vast and start in {b"{", b"["}:
            raise _UnreadableError(TOO_MANY)
        raise _UnreadableError(f"it is {'a web page' if start == b'<' else 'cut off or not JSON'}")
    data = body["data"] if "data" in body else body.get("images", "")
    if isinstance(data, dict):  # the one of them, without its list
        data = [data]
    if not isinstance(data, list | None):
        raise _UnreadableError(OTHER_SHAPE)
    entries = data or []
    items = items_in(entries)
    if items:
        return ServiceAnswer(items, **told)
    if may_hold_more(body):
        raise _UnreadableError(UNKNOWN_SHAPE)
    reason = next(filter(None, map(_reason, (body, *entries[:MOST_HINTS]))), "")
    return Refusal(reason, is_announced=bool(entries), **told)


def _bare_picture(data: bytes, body: Any) -> bytes | None:
    """The picture that the answer itself is, as bytes or as base64; None where it is none."""
    if data.startswith(BEGINNINGS):
        return data
    if isinstance(body, str):
        text = body
    elif body is None and data.isascii():
        text = data.decode("ascii")
    else:
        return None
    if len(data) < LONG:
        return None
    try:
        data = bytes_inside(text)
    except ValueError:
        return None
    return data if data.startswith(BEGINNINGS) else None


def bytes_inside(text: str) -> bytes:
    """The bytes of base64, or of a ``data:`` address. Raises ValueError: they can't be read."""
    from nb_banana.references.locations import base64_bytes  # load time: most answers are links

    if not is_data(text):
        return base64_bytes(text)
    rest = re.split(",|%2c", text, maxsplit=1, flags=re.IGNORECASE)[1:]
    if not rest or not rest[0]:
        raise ValueError("it has no bytes")
    return base64_bytes(rest[0])


def may_hold_more(value: Any, depth: int = 0) -> bool:
    """Whether an answer without a picture that we know has a link or long data in it."""
    # What it says in words is no picture, and neither is what it says of money.
    if depth > DEEPEST:
        return False
    if isinstance(value, str):
        is_link = value.lower().lstrip().startswith(LINKS)
        return is_link or (len(value) >= LONG and not re.search(r"\s", value[:LONG]))
    if isinstance(value, dict):
        inner = (each for name, each in value.items() if name not in NOT_PICTURES)
        return any(may_hold_more(each, depth + 1) for each in inner)
    if isinstance(value, list):
        is_bytes = len(value) >= LONG and all(isinstance(each, int) for each in value)
        return is_bytes or any(may_hold_more(each, depth + 1) for each in value)
    return False


def may_hold_picture(data: bytes) -> bool:
    """Whether an answer that broke off has the beginning of a link in it, or is long."""
    # Data may be written in many ways: in lines, with its slashes escaped, in numbers, as it is.
    start = data.replace(b"\0", b"").strip()  # white space is a sign of life
    return len(start) >= LONG or LINK.search(start) is not None


def _refusal_in(body: Any, told: dict[str, Any]) -> Failed | None:
    """The error that an answer is which should be pictures; None where it is none."""
    code = _code_in(body)
    if isinstance(body, dict):
        is_error = code or body.get("error") or body.get("errors")
        data = body.get("data")
        if (isinstance(data, list) and data) or not (is_error or set(body) <= WORDS_ALONE):
            return None
    words = _words(body) if isinstance(body, dict | list) else None
    return None if words is None and code is None else Failed(words or "", status=code, **told)


def _code_in(body: Any) -> int | None:
    """The status of an error that is told of inside of an answer: 400 to 499."""
    for source in (body, body.get("error") if isinstance(body, dict) else None):
        for name in ("statusCode", "status", "code"):
            value = source.get(name) if isinstance(source, dict) else None
            if isinstance(value, int | str) and str(value) in CODES:
                return int(value)
    return None


def items_in(entries: list[Any]) -> tuple[ResultItem, ...]:
    """The pictures of a list, and behind them what can't be read, as it came.

    Raises:
        ValueError: there is none that can be read, and something that can't.
    """
    if len(entries) > MOST_ENTRIES:
        raise _UnreadableError(TOO_MANY)
    items: list[ResultItem] = []
    odd: list[Any] = []
    trouble: _UnreadableError | None = None
    for entry in entries:
        try:
            item = item_in(entry)
        except _UnreadableError as error:
            trouble = trouble or error
            odd.append(entry)
        else:
            items += filter(None, [item])
    if trouble is not None and not items:
        raise trouble
    items += [as_it_came(each) for each in odd if isinstance(each, dict) or may_hold_more(each)]
    if len(items) > MOST_PICTURES:
        raise _UnreadableError(TOO_MANY)
    return tuple(items)


def as_it_came(value: Any) -> ResultItem:
    """What can't be read, beside a picture that can: it is kept, and said to be none."""
    return ResultItem(data=json.dumps(value, default=str).encode())


def item_in(entry: Any) -> ResultItem | None:
    """The picture of one entry of a list; None where it has none.

    Raises:
        ValueError: there is one, and it can't be read.
    """
    if isinstance(entry, str) and entry.startswith(LINKS):
        entry = {"url": entry}
    if not isinstance(entry, dict):
        raise _UnreadableError(OTHER_SHAPE)
    link, broken = None, ""
    for name in ("b64_json", "url", "image_url"):
        text = entry.get(name)
        if isinstance(text, dict):  # as in OpenAI's chat: {"image_url": {"url": …}}
            text = text.get("url")
        if not isinstance(text, str) or not text:
            continue
        if name != "b64_json" and not is_data(text):
            link = text
            continue
        try:
            return ResultItem(data=bytes_inside(text))
        except ValueError as error:
            broken = broken or str(error)
    if link and len(link) > LONGEST_LINK:
        raise _UnreadableError("the link in it is longer than any address")
    if broken and not link:
        raise _UnreadableError(f"the picture in it is not whole base64 ({broken})")
    return ResultItem(url=link) if link else None


def picture_of(reference: Reference, title: str) -> tuple[str, bytes]:
    """The type and the bytes of a reference, for who takes no addresses; ``title`` is who.

    Raises:
        RequestError: it is an address.
    """
    if isinstance(reference.body, RemoteImage):
        raise RequestError(
            f"{title[0].upper()}{title[1:]} takes pictures and no addresses, so nothing was sent. "
            "Fetch them here first: %config Banana.fetch_references = True"
        )
    return reference.body.mime, reference.body.data


def _reason(source: Mapping[str, Any]) -> str | None:
    names = ("block_reason", "finish_reason", "text")
    return _words(source) or next(filter(None, (_words(source.get(name)) for name in names)), None)


def words_in(reply: Reply) -> str:
    """What a service says in its own words, in whatever shape they came, as one line.

    >>> words_in(Reply(422, {}, b'{"detail": [{"loc": ["body"], "msg": "field required"}]}'))
    'field required'
    """
    words = _words(reply.json)
    if words is None and reply.headers.get("content-type", "").startswith("text/plain"):
        words = _words(reply.body[: 9 * LONGEST_QUOTE].decode(errors="replace"))
    return words or ""


def _words(value: Any, depth: int = DEEPEST) -> str | None:
    if isinstance(value, str):
        return clean(value, LONGEST_QUOTE) or None
    if not depth:
        return None
    if isinstance(value, list):
        return _joined(_words(each, depth - 1) for each in value[:MOST_HINTS])
    if not isinstance(value, Mapping):
        return None
    said = {name: _words(value.get(name), depth - 1) for name in (*NAMES, *DETAILS)}
    first = next((name for name in NAMES if said[name]), None)
    details = [each for name in DETAILS if (each := said[name]) and each != said.get(first or "")]
    if first or details:
        return _joined([said[first] if first else None, *details], ": ")
    if depth == DEEPEST:  # of the whole answer only what has such a name
        return _words(value.get("error"), depth - 1)
    error = _words(value.get("error"), depth - 1)
    return error or _joined(
        f"{name}: {each}"
        for name, hint in [*value.items()][:MOST_HINTS]
        if (each := _words(hint, depth - 1))
    )


def _joined(words: Iterable[str | None], by: str = "; ") -> str | None:
    return clean(by.join(filter(None, words)), LONGEST_QUOTE) or None
