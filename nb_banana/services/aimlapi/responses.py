"""What the service's answer means: pictures, or one typed error. No network here.

Source: https://docs.aimlapi.com/errors-and-messages/general-info
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from nb_banana._text import dollars
from nb_banana.credentials import KEY_PAGE
from nb_banana.errors import (
    UNSURE,
    AnswerError,
    BadRequestError,
    BananaError,
    GatewayError,
    KeyRefusedError,
    NoPictureError,
    NotAllowedError,
    NotFoundError,
    RateLimitError,
    RefusalError,
    ServerError,
    ServiceError,
    UnreadableAnswerError,
)
from nb_banana.services.carrier import RawResponse
from nb_banana.services.receipt import Receipt
from nb_banana.services.result import ResultItem

DEFINITE = frozenset({400, 401, 403, 404, 405, 411, 413, 414, 415, 422, 429, 431})
"""Refusals that mean the same whoever wrote them. After others, 408 and 502 among them, the work
may go on behind a gateway, unless the service itself says it does not."""
MOVED = frozenset({301, 302, 307, 308})
"""The request was not taken, but is wanted elsewhere. 303 says that it was taken."""
LONGEST_QUOTE = 400
"""Characters of the service's own words that a message of ours repeats."""


def read_items(reply: RawResponse, facts: Mapping[str, Any]) -> tuple[ResultItem, ...]:
    """The pictures of an answer that says it went well.

    Raises:
        UnreadableAnswerError: not JSON, or JSON of another shape; ``facts["body"]`` has it.
        RefusalError: ``data`` is null or empty.
        NoPictureError: it announces a picture that it does not hold.
    """
    body = reply.json
    if not isinstance(body, dict):
        looks = "a web page" if reply.body.lstrip()[:1] == b"<" else "cut off or not JSON"
        raise _unreadable(f"it is {looks}", reply, facts)
    if not isinstance(data := body.get("data", ""), list | None):
        raise _unreadable("it has another shape than the service promises", reply, facts)
    entries = data or []
    items = tuple(item for entry in entries if (item := _read_item(entry, reply, facts)))
    if not items:
        raise _no_picture(body, entries, facts)
    came = zip_longest(items, reply.pictures[: len(items)])
    return tuple(item if data is None else replace(item, data=data) for item, data in came)


def _unreadable(why: str, reply: RawResponse, facts: Mapping[str, Any]) -> UnreadableAnswerError:
    return UnreadableAnswerError(
        f"The service's answer can't be read: {why}. {UNSURE} "
        "The error's facts['body'] has the answer.",
        **{**facts, "body": reply.body},
    )


def _read_item(entry: Any, reply: RawResponse, facts: Mapping[str, Any]) -> ResultItem | None:
    if not isinstance(entry, dict):
        raise _unreadable("it has another shape than the service promises", reply, facts)
    url, text = entry.get("url"), entry.get("b64_json")
    if isinstance(url, str) and url.startswith("data:"):
        url, text = None, url
    if isinstance(text, str) and text:
        encoded = text.partition(",")[2] if text.startswith("data:") else text
        try:
            return ResultItem(data=base64.b64decode(encoded))
        except ValueError as error:
            if not url:
                why = f"the picture in it is not whole base64 ({error})"
                raise _unreadable(why, reply, facts) from None
    return ResultItem(url=url) if isinstance(url, str) and url else None


def _no_picture(
    body: Mapping[str, Any], entries: list[Any], facts: Mapping[str, Any]
) -> AnswerError:
    reason = next((text for source in (body, *entries) if (text := _reason(source))), None)
    bill = _bill(facts.get("receipt"))
    if entries and not reason:
        return NoPictureError(
            f"The service announces a picture and gives neither its link nor its bytes. {bill} "
            "Run it again; should it come back, tell the service's support the ids.",
            **facts,
        )
    why = f"It said: {reason}" if reason else "It gave no reason; often it is its content policy."
    return RefusalError(
        f"The model made no picture for this prompt. {why} {bill} "
        "Change the prompt and run it again.",
        **facts,
    )


def _bill(receipt: Receipt | None) -> str:
    if receipt is None or receipt.usd is None:
        return "Whether it was charged was not said."
    return f"It was charged {dollars(receipt.usd)}." if receipt.usd else "It was not charged."


def _reason(source: Mapping[str, Any]) -> str | None:
    for name in ("message", "error", "reason", "block_reason", "finish_reason", "text"):
        if text := _words(source.get(name)):
            return text
    return None


def error_for(reply: RawResponse, facts: Mapping[str, Any]) -> BananaError:
    """The typed error for an answer that is not 200."""
    status, said = reply.status, _said(reply)
    facts = {**reply.ids, **facts, "status": status}
    if status in MOVED and reply.headers.get("location"):
        return ServiceError(
            "The service's address answers with a redirect, which is not followed, for the key "
            "must not go to another host. Set base_url to the address that it names.",
            **facts,
        )
    if not reply.is_own_words and (status not in DEFINITE):
        return GatewayError(
            f"A gateway before the service answered {status}, and the work may go on behind it. "
            + UNSURE,
            **facts,
        )
    if status >= 500:
        return ServerError(
            f"The service failed ({status}){said}. It was not charged. Run it again later.", **facts
        )
    kind, sentence = _CLIENT_ERRORS.get(status, _OTHER)
    if status == 403 and not reply.is_own_words:
        sentence = "Something before the service did not let the request through (403){said}."
    return kind(sentence.format(status=status, said=said, when=_when(reply)), **facts)


_CLIENT_ERRORS: dict[int, tuple[type[ServiceError], str]] = {
    401: (
        KeyRefusedError,
        "The service does not accept the key{said}. "
        f"Make one at {KEY_PAGE} and call nb_banana.login().",
    ),
    403: (
        NotAllowedError,
        "The account may not do this{said}. Top up its credits or look at its plan "
        "at https://aimlapi.com/app/billing.",
    ),
    404: (
        NotFoundError,
        "The service knows no such model or address{said}. Look at model and base_url.",
    ),
    429: (
        RateLimitError,
        "Too many requests for now{said}. Nothing was charged. Run it again {when}.",
    ),
}
_OTHER = (
    BadRequestError,
    "The service did not accept the request ({status}){said}. Nothing was charged.",
)


def _when(reply: RawResponse) -> str:
    wait = reply.headers.get("retry-after", "")
    return f"in {wait} s" if wait.isdecimal() and len(wait) < 7 else "later"


def _said(reply: RawResponse) -> str:
    body = reply.json
    words = _words(body.get("message")) if isinstance(body, dict) else None
    return f": {words.rstrip('.!')}" if words else ""


def _words(value: Any) -> str | None:
    """The service's own words as one line: a text, a list of hints, or an object with a message."""
    if isinstance(value, Mapping):
        value = value.get("message")
    if isinstance(value, list):
        value = "; ".join(filter(None, (_words(each) for each in value)))
    if not isinstance(value, str) or not value.strip():
        return None
    # A terminal would obey control characters.
    printable = "".join(each if each.isprintable() else " " for each in value)
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST_QUOTE else line[:LONGEST_QUOTE] + "…"
