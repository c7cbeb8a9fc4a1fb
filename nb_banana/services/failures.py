"""An answer without a picture → one typed error, in words that say what it means for the money."""

from collections.abc import Mapping
from typing import Any, TypeVar

from nb_banana import errors
from nb_banana._text import dollars
from nb_banana.credentials import Secret
from nb_banana.services.exchange import Decoded, Failed, Refusal, Reply, Unreadable
from nb_banana.services.reading import may_hold_picture
from nb_banana.services.receipt import Receipt
from nb_banana.services.service import Service

Told = TypeVar("Told", bound=errors.BananaError | errors.Interrupted)

DEFINITE = frozenset({400, 401, 402, 403, 404, 405, 411, 413, 414, 415, 422, 429, 431, 451})
"""Refusals that mean the same whoever wrote them. After others, 408 and 502 among them, the work
may go on behind a gateway, unless the service itself says it does not."""
MOVED = frozenset({301, 302, 307, 308})
"""The request is wanted elsewhere. 303 says that it was taken; of these the log has the word."""
FREE = "Nothing was charged."
NOT_SAID = "Whether it was charged was not said."
BEFORE_IT = "Something before the service did not let the request through (403){said}."
USED_UP = (
    f"Your key has used up its limit{{said}}. {FREE} Ask whoever gave it to you for more; a limit "
    "by the day, week or month starts anew at 00:00 UTC."
)
UNKNOWN_PAGE = "the service's own page"
LOOK_AT_MODEL = " Look at model and base_url. nb_banana.MODELS has the models that are known."
_BY_STATUS: dict[int, tuple[type[errors.BananaError], str]] = {
    401: (
        errors.KeyRefusedError,
        f"The service does not accept the key{{said}}. {FREE} Make one at {{key_page}} and call "
        "nb_banana.login().",
    ),
    402: (
        errors.NotAllowedError,
        f"The account is out of credits{{said}}. {FREE} Top it up at {{billing_page}}.",
    ),
    403: (
        errors.NotAllowedError,
        f"The account may not do this{{said}}. {FREE} Top up its credits or look at its plan at "
        "{billing_page}.",
    ),
    404: (
        errors.NotFoundError,
        f"The service knows no such model or address{{said}}. {FREE}{LOOK_AT_MODEL}",
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


def error_of(
    outcome: Decoded, reply: Reply, service: Service, facts: Mapping[str, Any]
) -> errors.BananaError:
    """The error that an outcome without a picture is; ``facts`` are what is known by then."""
    if isinstance(outcome, Unreadable) and reply.is_fine:
        return _unreadable(outcome, reply, facts)
    if isinstance(outcome, Refusal):
        return _refused(outcome, facts)
    failed = outcome if isinstance(outcome, Failed) else Failed()
    return (_failed_inside if reply.is_fine else _failed)(failed, reply, service, facts)


def _failed(
    failed: Failed, reply: Reply, service: Service, facts: Mapping[str, Any]
) -> errors.BananaError:
    status, said = failed.status or reply.status, _quoted(failed)
    facts = {**facts, "status": reply.status}
    is_own = service.charged(reply) is False
    if status in MOVED and reply.headers.get("location"):
        return errors.ServiceError(
            "The service's address answers with a redirect, which is not followed, for the key "
            f"must not go to another host. {NOT_SAID} Set base_url to the address that it names.",
            **facts,
        )
    if not is_own and status not in DEFINITE:
        return errors.GatewayError(
            f"A gateway before the service answered {status}{said}, and the work may go on behind "
            f"it. {errors.UNSURE}",
            **facts,
        )
    if status >= 500:
        return errors.ServerError(
            f"The service failed ({status}){said}. It was not charged. Run it again later.", **facts
        )
    kind, sentence = _BY_STATUS.get(status, _OTHER)
    if failed.is_over_limit:
        kind, sentence = errors.KeyLimitError, USED_UP
    elif status == 403 and not is_own:
        sentence = f"{BEFORE_IT} {FREE}"
    if failed.may_cost:
        sentence = sentence.replace(FREE, errors.UNSURE)
        facts["is_unsure"] = True
    return kind(_filled(sentence, status, said, reply, service), **facts)


def _failed_inside(
    failed: Failed, reply: Reply, service: Service, facts: Mapping[str, Any]
) -> errors.BananaError:
    """The same where the status says that it went well, and the body does not."""
    code = failed.status
    kind, sentence = _BY_STATUS.get(code, _OTHER) if code else _FAILED
    said = _filled(sentence, code, _quoted(failed), reply, service)
    receipt: Receipt | None = facts.get("receipt")
    is_known = receipt is not None and receipt.usd is not None
    bill = _bill(receipt) if is_known else errors.UNSURE
    more = {"body": reply.body, "status": code, "is_unsure": not is_known or None}
    return kind(f"{said.replace(f' {FREE}', '')} {bill}", **{**facts, **more})


def _filled(sentence: str, status: int | None, said: str, reply: Reply, service: Service) -> str:
    wait = reply.headers.get("retry-after", "")
    when = f"in {wait} s" if wait.isdecimal() and len(wait) < 7 else "later"
    pages = {"key_page": page_of(service), "billing_page": service.billing_page or UNKNOWN_PAGE}
    return sentence.format(status=status, said=said, when=when, **pages)


def page_of(service: Service) -> str:
    """Where a key is made; in words where only the person knows that."""
    return service.key_page or UNKNOWN_PAGE


def _quoted(failed: Failed) -> str:
    return f": {failed.said.rstrip('.!')}" if failed.said else ""


def _unreadable(
    outcome: Unreadable, reply: Reply, facts: Mapping[str, Any]
) -> errors.UnreadableAnswerError:
    said = f"The service's answer can't be read: {outcome.why}. {errors.UNSURE}"
    if reply.is_cut and not may_hold_picture(reply.body):  # there is nothing to keep
        return errors.UnreadableAnswerError(said, **facts)
    said += " The error's facts['body'] has the answer."
    if outcome.is_named:
        said = f"The service's answer can't be read ({outcome.why}). {errors.UNSURE}"
    return errors.UnreadableAnswerError(said, **{**facts, "body": reply.body})


def _refused(refusal: Refusal, facts: Mapping[str, Any]) -> errors.AnswerError:
    reason, bill = refusal.reason, _bill(facts.get("receipt"))
    if refusal.is_announced and not reason:
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
        return NOT_SAID
    return f"It was charged {dollars(receipt.usd)}." if receipt.usd else "It was not charged."


def redact(error: Told, secret: Secret | None) -> Told:
    """The same error without any part of the key, should the service have echoed it."""
    if secret is None:
        return error
    facts = dict(error.facts)
    for name, value in facts.items():
        if isinstance(value, bytes):
            facts[name] = secret.redact_bytes(value)
        elif isinstance(value, str) and name != "client_request_id":  # which is ours
            facts[name] = secret.redact(value)
    return type(error)(secret.redact(str(error.args[0])), **facts)
