"""What the service's answer means: pictures, or one typed error. No network here.

Source: https://docs.aimlapi.com/errors-and-messages/general-info
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from nb_banana import errors
from nb_banana._text import clean, dollars, is_data
from nb_banana.credentials import KEY_PAGE
from nb_banana.references.locations import base64_bytes
from nb_banana.services.aimlapi.receipts import ids_of, receipt_of
from nb_banana.services.endpoint import Endpoint, RawResponse
from nb_banana.services.receipt import Receipt
from nb_banana.services.result import ResultItem, ServiceAnswer

DEFINITE = frozenset({400, 401, 402, 403, 404, 405, 411, 413, 414, 415, 422, 429, 431, 451})
"""Refusals that mean the same whoever wrote them. After others, 408 and 502 among them, the work
may go on behind a gateway, unless the service itself says it does not."""
MOVED = frozenset({301, 302, 307, 308})
"""The request is wanted elsewhere. 303 says that it was taken; of these the log has the word."""
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
DEEPEST = 8
MOST_HINTS = 10
CODES = frozenset(map(str, range(400, 500)))


def read_answer(
    reply: RawResponse,
    model: str,
    service: Endpoint,
    client_request_id: str,
    attempts: int = 1,
    pause: float = 0.0,
) -> ServiceAnswer:
    """What a reply means: links or bytes of pictures and the receipt."""
    # ``pause`` is what the service asks to wait, in seconds. The key may be in an error, should the
    # service echo it.
    facts: dict[str, Any] = {**ids_of(reply), "client_request_id": client_request_id}
    facts["attempts"] = attempts
    if not 200 <= reply.status < 300:  # some of the vendor's pages say 201
        raise error_for(reply, facts | {"retry_after": pause or None})
    receipt = receipt_of(model, service, facts, reply, attempts)
    facts |= {"inference_id": receipt.inference_id, "receipt": receipt}
    try:
        found = read_items(reply, facts)
    except errors.BananaError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a stranger's answer does: it is kept
        said = f"The service's answer can't be read ({type(error).__name__}). {errors.UNSURE}"
        facts["body"] = reply.body
        raise errors.UnreadableAnswerError(said, **facts) from None
    items = tuple(filter(None, (_safe(each, service) for each in found)))
    if not items:
        raise errors.DownloadError(
            "The picture's link has your key in it, so it was not opened and is not kept. "
            f"{errors.UNSURE} Tell the service's support the ids, and make a new key at "
            f"{KEY_PAGE}: links are written to logs on their way.",
            **facts,
            is_unsure=True,
        )
    return ServiceAnswer(items, receipt)


def _safe(item: ResultItem, service: Endpoint) -> ResultItem | None:
    """The picture without a link that must not be asked for, kept or shown: one with the key."""
    if item.url is None or service.secret is None or not service.holds_key(item.url):
        return item
    return None if item.data is None else ResultItem(data=item.data)


def read_items(reply: RawResponse, facts: Mapping[str, Any]) -> tuple[ResultItem, ...]:
    """The pictures of an answer that says it went well."""
    body = reply.json
    if (picture := _bare_picture(reply.body, body)) is not None:
        return (ResultItem(data=picture),)
    refusal = _refusal_in(body, reply, facts)
    if refusal is not None:
        raise _unreadable(UNKNOWN_SHAPE, reply, facts) if _may_hold_more(body) else refusal
    if not isinstance(body, dict):
        looks = "a web page" if reply.body.lstrip()[:1] == b"<" else "cut off or not JSON"
        raise _unreadable(f"it is {looks}", reply, facts)
    if not isinstance(data := body.get("data", ""), list | None):
        raise _unreadable("it has another shape than the service promises", reply, facts)
    entries = data or []
    items = tuple(item for entry in entries if (item := _read_item(entry, reply, facts)))
    if not items and _may_hold_more(body):
        raise _unreadable(UNKNOWN_SHAPE, reply, facts)
    if not items:
        raise _no_picture(body, entries, facts)
    came = zip_longest(items, reply.pictures[: len(items)])
    return tuple(item if data is None else replace(item, data=data) for item, data in came)


UNKNOWN_SHAPE = "there may be a picture in it, in a shape that is not known here"


def _bare_picture(data: bytes, body: Any) -> bytes | None:
    """The picture that the answer itself is, as bytes or as base64; None where it is none."""
    text = body if isinstance(body, str) else "" if body is not None else data[:9].decode("latin-1")
    if not data.startswith(BEGINNINGS):
        if len(data) < LONG or not text:
            return None
        text = text if isinstance(body, str) else data.decode("latin-1")
        try:
            data = _inside(text)
        except ValueError:
            return None
    return data if data.startswith(BEGINNINGS) else None


def _inside(text: str) -> bytes:
    """The bytes of base64, or of a ``data:`` address. Raises ValueError: they can't be read."""
    if not is_data(text):
        return base64_bytes(text)
    rest = re.split(",|%2c", text, maxsplit=1, flags=re.IGNORECASE)[1:]
    if not rest or not rest[0]:
        raise ValueError("it has no bytes")
    return base64_bytes(rest[0])


def _may_hold_more(value: Any, depth: int = 0) -> bool:
    """Whether an answer without a picture that we know has a link or long data in it."""
    # What it says in words is no picture, and neither is what it says of money.
    if depth > DEEPEST:
        return False
    if isinstance(value, str):
        is_link = value.lower().lstrip().startswith(("https://", "http://", "data:"))
        return is_link or (len(value) >= LONG and not re.search(r"\s", value[:LONG]))
    if isinstance(value, dict):
        inner = (each for name, each in value.items() if name not in NOT_PICTURES)
        return any(_may_hold_more(each, depth + 1) for each in inner)
    if isinstance(value, list):
        is_bytes = len(value) >= LONG and all(isinstance(each, int) for each in value)
        return is_bytes or any(_may_hold_more(each, depth + 1) for each in value)
    return False


def _unreadable(
    why: str, reply: RawResponse, facts: Mapping[str, Any]
) -> errors.UnreadableAnswerError:
    return errors.UnreadableAnswerError(
        f"The service's answer can't be read: {why}. {errors.UNSURE} "
        "The error's facts['body'] has the answer.",
        **{**facts, "body": reply.body},
    )


def _refusal_in(
    body: Any, reply: RawResponse, facts: Mapping[str, Any]
) -> errors.BananaError | None:
    """The error that an answer is which should be pictures; None where it is none."""
    code = _code_in(body)
    if isinstance(body, dict):
        is_error = code or body.get("error") or body.get("errors")
        data = body.get("data")
        if (isinstance(data, list) and data) or not (is_error or set(body) <= WORDS_ALONE):
            return None
    words = _words(body) if isinstance(body, dict | list) else None
    if words is None and code is None:
        return None
    kind, sentence = _CLIENT_ERRORS.get(code, _OTHER) if code else _FAILED
    about = f": {words.rstrip('.!')}" if words else ""
    said = sentence.format(status=code, said=about, when=_when(reply))
    receipt: Receipt | None = facts.get("receipt")
    is_known = receipt is not None and receipt.usd is not None
    bill = _bill(receipt) if is_known else errors.UNSURE
    more = {"body": reply.body, "status": code, "is_unsure": not is_known or None}
    return kind(f"{said.replace(f' {FREE}', '')} {bill}", **{**facts, **more})


def _code_in(body: Any) -> int | None:
    """The status of an error that is told of inside of an answer: 400 to 499."""
    for source in (body, body.get("error") if isinstance(body, dict) else None):
        for name in ("statusCode", "status", "code"):
            value = source.get(name) if isinstance(source, dict) else None
            if isinstance(value, int | str) and str(value) in CODES:
                return int(value)
    return None


def _read_item(entry: Any, reply: RawResponse, facts: Mapping[str, Any]) -> ResultItem | None:
    if not isinstance(entry, dict):
        raise _unreadable("it has another shape than the service promises", reply, facts)
    link, broken = None, ""
    for name in ("b64_json", "url"):
        text = entry.get(name)
        if not isinstance(text, str) or not text:
            continue
        if name == "url" and not is_data(text):
            link = text
            continue
        try:
            return ResultItem(data=_inside(text))
        except ValueError as error:
            broken = broken or str(error)
    if broken and not link:
        why = f"the picture in it is not whole base64 ({broken})"
        raise _unreadable(why, reply, facts)
    return ResultItem(url=link) if link else None


def _no_picture(
    body: Mapping[str, Any], entries: list[Any], facts: Mapping[str, Any]
) -> errors.AnswerError:
    reason = next((text for source in (body, *entries) if (text := _reason(source))), None)
    bill = _bill(facts.get("receipt"))
    if entries and not reason:
        return errors.NoPictureError(
            f"The service announces a picture and gives neither its link nor its bytes. {bill} "
            "Run it again; should it come back, tell the service's support the ids.",
            **facts,
        )
    why = "It gave no reason; often it is its content policy."
    if reason:
        why = f"It said: {reason}" + ("" if reason[-1] in ".!?…" else ".")
    said = f"The model made no picture for this prompt. {why} {bill}"
    return errors.RefusalError(f"{said} Change the prompt and run it again.", **facts)


def _bill(receipt: Receipt | None) -> str:
    if receipt is None or receipt.usd is None:
        return "Whether it was charged was not said."
    return f"It was charged {dollars(receipt.usd)}." if receipt.usd else "It was not charged."


def _reason(source: Mapping[str, Any]) -> str | None:
    names = ("block_reason", "finish_reason", "text")
    return _words(source) or next(filter(None, (_words(source.get(name)) for name in names)), None)


def is_own_words(reply: RawResponse) -> bool:
    """Whether the service itself wrote this error, and not a gateway before it."""
    # Gateways answer with a page of HTML, with ``{"message": …}`` alone, or with that and a
    # ``statusCode``.
    body = reply.json
    names = set(body) if isinstance(body, dict) else set()
    return {"message", "statusCode"} <= names and bool({"requestId", "path"} & names)


def error_for(reply: RawResponse, facts: Mapping[str, Any]) -> errors.BananaError:
    """The typed error for an answer that is not 200."""
    status, said = reply.status, _said(reply)
    facts = {**ids_of(reply), **facts, "status": status}
    if status in MOVED and reply.headers.get("location"):
        return errors.ServiceError(
            "The service's address answers with a redirect, which is not followed, for the key "
            "must not go to another host. Set base_url to the address that it names.",
            **facts,
        )
    if not is_own_words(reply) and (status not in DEFINITE):
        return errors.GatewayError(
            f"A gateway before the service answered {status}{said}, and the work may go on behind "
            f"it. {errors.UNSURE}",
            **facts,
        )
    if status >= 500:
        return errors.ServerError(
            f"The service failed ({status}){said}. It was not charged. Run it again later.", **facts
        )
    kind, sentence = _CLIENT_ERRORS.get(status, _OTHER)
    if status in {402, 403} and is_own_words(reply) and OVER_LIMIT.search(said):
        kind, sentence = errors.KeyLimitError, USED_UP
    elif status == 403 and not is_own_words(reply):
        sentence = "Something before the service did not let the request through (403){said}."
    return kind(sentence.format(status=status, said=said, when=_when(reply)), **facts)


FREE = "Nothing was charged."
OVER_LIMIT = re.compile(
    r"charges using this key|(spending|usage|key'?s?) limit|limit (of|for|on) (this|the|your) "
    r"(api )?key",
    re.IGNORECASE,
)
"""How the service may say that a key is over its limit: its pages give the first words."""
USED_UP = (
    f"Your key has used up its limit{{said}}. {FREE} Ask whoever gave it to you for more; a limit "
    "by the day, week or month starts anew at 00:00 UTC."
)
LOOK_AT_MODEL = " Look at model and base_url. nb_banana.MODELS has the models that are known."
BILLING = "https://aimlapi.com/app/billing"
_CLIENT_ERRORS: dict[int, tuple[type[errors.BananaError], str]] = {
    401: (
        errors.KeyRefusedError,
        f"The service does not accept the key{{said}}. Make one at {KEY_PAGE} and call "
        "nb_banana.login().",
    ),
    402: (
        errors.NotAllowedError,
        f"The account is out of credits{{said}}. {FREE} Top it up at {BILLING}.",
    ),
    403: (
        errors.NotAllowedError,
        "The account may not do this{said}. Top up its credits or look at its plan at "
        f"{BILLING}.",
    ),
    404: (
        errors.NotFoundError,
        f"The service knows no such model or address{{said}}.{LOOK_AT_MODEL}",
    ),
    429: (
        errors.RateLimitError,
        f"Too many requests for now{{said}}. {FREE} Run it again {{when}}.",
    ),
    451: (
        errors.BadRequestError,
        f"The service refuses this for legal reasons (451){{said}}. {FREE} Change the prompt.",
    ),
}
_OTHER: tuple[type[errors.BananaError], str] = (
    errors.BadRequestError,
    f"The service did not accept the request ({{status}}){{said}}. {FREE}",
)
_FAILED: tuple[type[errors.BananaError], str] = (
    errors.RefusalError,
    f"The service answered with an error and no picture{{said}}. {FREE}",
)


def _when(reply: RawResponse) -> str:
    wait = reply.headers.get("retry-after", "")
    return f"in {wait} s" if wait.isdecimal() and len(wait) < 7 else "later"


def _said(reply: RawResponse) -> str:
    words = _words(reply.json)
    if words is None and reply.headers.get("content-type", "").startswith("text/plain"):
        words = _words(reply.body[: 9 * LONGEST_QUOTE].decode(errors="replace"))
    return f": {words.rstrip('.!')}" if words else ""


def _words(value: Any, depth: int = DEEPEST) -> str | None:
    """The service's own words as one line, in whatever shape they came."""
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
