"""The failed pictures of a gallery once more; what may be paid already is not paid unasked."""

from nb_banana.batch import runner
from nb_banana.errors import AnswerError, BananaError, Interrupted, PictureError, UncertainError
from nb_banana.generation.options import OutputOptions
from nb_banana.generation.plan import Job
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery

CURE = " It was not tried again: gallery.retry(again=True) does, and may cost a second time."


def retry(gallery: Gallery, *, again: bool = False) -> Gallery:
    """A new gallery in which the failed ones were tried again, in their places.

    Args:
        gallery: the pictures and failures.
        again: send also what was charged, or may have been, and gave no picture.

    Raises:
        BananaError: see `nb_banana.batch.runner.run_batch`.
    """
    entries = list(gallery)
    places: dict[str, list[int]] = {}  # what is there twice is drawn, and paid, once
    jobs: list[Job] = []
    for place, failure in enumerate(gallery):
        if not isinstance(failure, Failure):
            continue
        is_paid = _may_be_charged(failure.error)
        if is_paid and not again:
            entries[place] = _told(failure)
            continue
        same = places.setdefault(failure.request.key, [])
        if not same:
            output = OutputOptions(failure.name, failure.alt, fresh=is_paid)
            jobs.append(Job(failure.request, output, gallery.variants[place]))
        same.append(place)
    if jobs:
        for same, entry in zip(places.values(), runner.run_batch(jobs), strict=True):
            for place in same:
                entries[place] = entry
    return Gallery(entries, gallery.variants, index=gallery.labels, name=gallery.name)


def _may_be_charged(error: BananaError | Interrupted) -> bool:
    """Whether sending it again may pay a second time."""
    receipt, charge = error.facts.get("receipt"), error.facts.get("charge")
    if isinstance(error, UncertainError) or error.facts.get("is_unsure"):
        return charge is None or charge.state != "not charged"
    if isinstance(error, PictureError):
        return "url" not in error.facts  # with its link it is fetched and not sent again
    is_answered = isinstance(error, AnswerError) or receipt is not None
    return is_answered and (receipt is None or receipt.usd != 0)


def _told(failure: Failure) -> Failure:
    error = failure.error
    said = str(error.args[0]).removesuffix(CURE)
    return Failure(
        failure.request, type(error)(said + CURE, **error.facts), failure.name, failure.alt
    )
