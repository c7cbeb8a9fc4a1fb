"""How large reference pictures may be: one place for all of it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from nb_banana._text import megabytes, shown
from nb_banana.errors import BadReferenceError, RequestError


@dataclass(frozen=True)
class ReferenceLimits:
    """What is over is made smaller, and that is said; or it is refused."""

    longest_side: int = 4096  # the most pixels that the longer side of a picture may have
    picture_bytes: int = 7_000_000  # the most bytes of one picture, before base64
    # the most bytes of all pictures of a request as they are sent, in base64 (a third more).
    total_bytes: int = 20_000_000
    resize: bool = True  # whether what is over is made smaller; else it is refused

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if limit.name == "resize":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise RequestError(f"{limit.name} is a whole number from 1, not {shown(value)}.")

    @classmethod
    def of(cls, settings: Any) -> "ReferenceLimits":
        """The limits that settings say: ``reference_side``, ``reference_bytes`` …"""
        return cls(
            settings.reference_side,
            settings.reference_bytes,
            settings.references_bytes,
            settings.resize,
        )

    def within(self, other: "ReferenceLimits") -> "ReferenceLimits":
        """The smaller of each: nobody's setting makes a service take more than it does."""
        return ReferenceLimits(
            min(self.longest_side, other.longest_side),
            min(self.picture_bytes, other.picture_bytes),
            min(self.total_bytes, other.total_bytes),
            self.resize,
        )


LIMITS = ReferenceLimits()
"""The limits where nobody sets others. Google's own for this family of models, 7 MB a picture:
https://docs.cloud.google.com/vertex-ai/docs/generative-ai/image/image-captioning
and 20 MB a request:
https://firebase.google.com/docs/ai-logic/input-file-requirements"""


def total_bytes(references: Iterable[Any]) -> int:
    """How many bytes the references take in a request's body."""
    return sum(reference.sent_bytes for reference in references)


def check_total_bytes(references: Iterable[Any], limits: ReferenceLimits = LIMITS) -> None:
    """Refuse references that are too large together."""
    given = list(references)
    total = total_bytes(given)
    if total > limits.total_bytes:
        largest = max(given, key=lambda reference: int(reference.sent_bytes))
        raise BadReferenceError(
            f"The reference pictures have {megabytes(total)} together as they are sent, and "
            f"{megabytes(limits.total_bytes)} is the limit. Leave one out or make it smaller; "
            f"the largest is {largest.label or 'without a name'}."
        )


def share(sizes: Iterable[int], total: int) -> int:
    """The most that each may have so that all fit, when the small ones keep what they have.

    >>> share([1, 6, 9], 12)
    5
    """
    left, fair = total, 0
    waiting = sorted(sizes)
    while waiting:
        fair = left // len(waiting)
        if waiting[0] > fair:
            return fair
        left -= waiting.pop(0)
    return fair


def over(size: tuple[int, int], count: int, limits: ReferenceLimits) -> str:
    """What is too large, for a message; nothing where all is well."""
    cure = ". Make it smaller, or let it be made smaller with resize=True"
    if max(size) > limits.longest_side:
        return (
            f"has {size[0]}×{size[1]} pixels, and {limits.longest_side} is the limit of the "
            f"longer side{cure}"
        )
    if count > limits.picture_bytes:
        return f"has {megabytes(count)}, and {megabytes(limits.picture_bytes)} is the limit{cure}"
    return ""
