"""`PictureProblem`: why bytes are no picture that can be used, before they have a name."""

import io
import struct
import zlib


class PictureProblem(Exception):  # noqa: N818 - it is no error of ours: `as_reference` makes a sentence of it
    """A sentence without its subject and its full stop, e.g. ``"is empty"``."""


def problem_sentence(subject: str, problem: PictureProblem) -> str:
    """The whole sentence, or two of them.

    >>> problem_sentence("mug.jpg", PictureProblem("is not there. Did you mean cup.jpg?"))
    'mug.jpg is not there. Did you mean cup.jpg?'
    """
    return f"{subject} {problem}" + ("" if str(problem).endswith("?") else ".")


DECODE_ERRORS = (
    OSError,
    SyntaxError,  # Pillow's word for a broken PNG, and for EXIF that is none
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,  # a broken AVIF
    struct.error,
    zlib.error,
)
"""What Pillow's decoders are known to raise for a damaged file."""


def cut_off(data: bytes | memoryview) -> PictureProblem:
    """The problem of a file whose end is missing or whose checksums are wrong."""
    return PictureProblem(
        f"is cut off or damaged: its {len(data):,} bytes do not hold the whole picture"
    )


def damaged(error: BaseException) -> PictureProblem:
    """The problem of a picture that Pillow could open and not decode."""
    if isinstance(error, io.UnsupportedOperation):
        return PictureProblem(f"can't be read: {error}")
    return PictureProblem(f"is cut off or damaged: Pillow stops with {str(error).rstrip('.')!r}")
