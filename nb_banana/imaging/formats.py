"""`Flaw`: why something can't go out as a reference picture, before it is known what to call it."""

import io
import struct
import zlib


class Flaw(Exception):  # noqa: N818 - it is no error of ours: `as_reference` makes a sentence of it
    """A sentence without its subject and its full stop, e.g. ``"is empty"``."""


def sentence(subject: str, flaw: Flaw) -> str:
    """The whole sentence, or two of them.

    >>> sentence("mug.jpg", Flaw("is not there. Did you mean cup.jpg?"))
    'mug.jpg is not there. Did you mean cup.jpg?'
    """
    return f"{subject} {flaw}" + ("" if str(flaw).endswith("?") else ".")


BROKEN = (
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


def cut_off(data: bytes | memoryview) -> Flaw:
    """The flaw of a file whose end is missing or whose checksums are wrong."""
    return Flaw(f"is cut off or damaged: its {len(data):,} bytes do not hold the whole picture")


def damaged(error: BaseException) -> Flaw:
    """The flaw of a picture that Pillow could open and not decode."""
    if isinstance(error, io.UnsupportedOperation):
        return Flaw(f"can't be read: {error}")
    return Flaw(f"is cut off or damaged: Pillow stops with {str(error).rstrip('.')!r}")
