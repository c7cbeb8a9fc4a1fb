"""The failed pictures of a gallery once more; what may have been charged is not paid twice unasked."""

from nb_banana import batch
from nb_banana.gallery import Gallery

CURE = "gallery.retry(again=True) sends it again, and it may be charged a second time."


def retry(gallery: Gallery, *, again: bool = False) -> Gallery:
    """A new gallery in which the failed ones were tried again, in their places.

    Args:
        gallery: the pictures and failures.
        again: send also what may have been charged already; else that stays a failure.

    Raises:
        BananaError: see `nb_banana.batch.run`.
    """
    left = [number for number, each in enumerate(gallery) if _is_tried(each, again)]
    jobs = [_job(gallery[number], gallery.variants[number], again) for number in left]
    entries = [_told(each) for each in gallery]
    for number, entry in zip(left, batch.run(jobs), strict=True):
        entries[number] = entry
    return Gallery(entries, gallery.variants, index=gallery.index_labels, name=gallery.name)
