"""The failed pictures of a gallery once more; what may be paid already is not paid unasked."""

import copy
from collections.abc import Sequence

from nb_banana import errors
from nb_banana.batch import runner
from nb_banana.generation.context import Context
from nb_banana.generation.options import OutputOptions
from nb_banana.generation.plan import Job, Plan
from nb_banana.results import export
from nb_banana.results.alt_text import given_alt
from nb_banana.results.failure import Failure, GalleryEntry, reason_of
from nb_banana.results.gallery import Gallery
from nb_banana.results.gallery_display import in_place_of

CURE = " It was not tried again: gallery.retry(again=True) does, and may cost a second time."
HELD_BACK = "charged, or may have been: gallery.retry(again=True) sends it, and may cost again"


def try_again(context: Context, gallery: Gallery, *, again: bool = False) -> Gallery:
    """A new gallery in which the failed ones were tried again, in their places."""
    folder = getattr(gallery, "_folder", None)  # a pickle of an earlier version has none
    if folder is not None:
        export.check_folder(folder)
    entries = list(gallery)
    # By the client that each came from; what is there twice is drawn, and paid, once.
    asked: dict[Context, dict[tuple[str, str], tuple[Job, list[int]]]] = {}
    for place, failure in enumerate(gallery):
        if not isinstance(failure, Failure):
            continue
        is_paid = _may_be_charged(failure.error)
        if is_paid and not again:
            entries[place] = _told(failure)
            continue
        owner = context if failure._client is None else failure._client.context
        job = Job(failure.request, _output(failure, is_paid), gallery.variants[place])
        key = failure.request.catalogue.service, failure.request.key
        asked.setdefault(owner, {}).setdefault(key, (job, []))[1].append(place)
    for owner, same in asked.items():
        made = runner.run_batch(Plan(owner, [job for job, _ in same.values()]))
        for (_, places), entry in zip(same.values(), made, strict=True):
            for place in places:
                tried_now = entry if place == places[0] else _at_no_cost(entry)
                entries[place] = in_place_of(gallery[place], tried_now)
    if said := _why_nothing_was_sent(gallery, entries):
        print(said)  # noqa: T201 - the answer to a person
    tried = context.adopt(
        Gallery(entries, gallery.variants, index=gallery.labels, name=gallery.name, folder=folder)
    )
    if folder is not None:
        try:
            tried.save(folder)
        except errors.SaveError as error:
            error.facts["gallery"] = tried  # what was paid is in the library
            raise
    return tried


def _at_no_cost(entry: GalleryEntry) -> GalleryEntry:
    """What was drawn and paid once, for another place that asked for the same."""
    same = copy.copy(entry)
    if isinstance(same, Failure):
        same.error = errors.repeated(same.error)
    else:
        same.came = "reused" if same.path else "loaded"
    return same


def _output(failure: Failure, is_paid: bool) -> OutputOptions:
    """What was wanted of the picture at first; what was paid already is made anew."""
    wanted = getattr(failure, "_options", {})  # a pickle of an earlier version has none
    fresh = is_paid or wanted.get("fresh", False)
    strict = wanted.get("strict", False)
    return OutputOptions(failure.name, given_alt(failure), strict=strict, fresh=fresh)


def _may_be_charged(error: errors.BananaError | errors.Interrupted) -> bool:
    """Whether sending it again may pay a second time."""
    receipt, charge = error.facts.get("receipt"), error.facts.get("charge")
    if error.facts.get("accepted"):  # it is fetched, and not sent again
        return False
    if charge is not None and charge.state == "charged":
        return True
    if isinstance(error, errors.UncertainError) or error.facts.get("is_unsure"):
        return charge is None or charge.state != "not charged"
    if isinstance(error, errors.PictureError):
        return "url" not in error.facts  # with its link it is fetched and not sent again
    if isinstance(error, errors.SizeMismatchError):
        return True
    is_answered = isinstance(error, errors.AnswerError) or receipt is not None
    return is_answered and (receipt is None or receipt.usd != 0)


def _told(failure: Failure) -> Failure:
    error = failure.error
    told = type(error)(str(error.args[0]).removesuffix(CURE) + CURE, **error.facts)
    wanted = getattr(failure, "_options", {})
    same = Failure(failure.request, told, failure.name, given_alt(failure), wanted)
    same._client = failure._client
    same._earlier = getattr(failure, "_earlier", ())  # as above
    return same


def _why_nothing_was_sent(before: Gallery, after: Sequence[GalleryEntry]) -> str:
    """One line with the reason of each failure; nothing where a request was sent."""
    reasons: dict[str, list[str]] = {}
    for place, (old, new) in enumerate(zip(before, after, strict=True)):
        if not isinstance(old, Failure):
            continue
        why = _why_not_sent(old, new)
        if not why:
            return ""
        reasons.setdefault(why, []).append(f"[{place}]")
    if not reasons:
        return "Nothing was sent: no picture of this gallery failed."
    told = "; ".join(f"{', '.join(places)} {why}" for why, places in reasons.items())
    return f"Nothing was sent again. {told}"


def _why_not_sent(old: Failure, new: GalleryEntry) -> str:
    """Why an entry was not sent again, in a few words; nothing where it was."""
    if not isinstance(new, Failure):
        return "" if new.came == "made" else "is in your library, for $0"
    error = new.error
    if str(error.args[0]).endswith(CURE):
        return HELD_BACK
    is_same = old.error.facts.get("client_request_id") == error.facts.get("client_request_id")
    was_sent = isinstance(
        error, errors.ServiceError | errors.UncertainError | errors.AnswerError | errors.Interrupted
    )
    if was_sent or (isinstance(error, errors.PictureError) and not is_same):
        return ""
    return f"was not sent: {reason_of(new)}"
