"""A reference picture, in the form in which the service takes it."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nb_banana.errors import RequestError


@dataclass(frozen=True)
class Reference:
    """One reference picture, ready to be sent.

    Attributes:
        url: an http(s) address, or a ``data:`` URI with base64.
        digest: SHA-256 of the picture's bytes, or of the address where the service fetches it.
        label: what a person calls it.

    """

    url: str = field(repr=False, compare=False)  # the digest says all of it, and is shorter
    digest: str
    label: str = field(default="", compare=False)

    @classmethod
    def from_url(cls, url: str) -> "Reference":
        """A reference from an http(s) or ``data:`` address.

        Raises:
            RequestError: another kind of address, or a ``data:`` URI that is not base64.

        """
        if url.startswith("data:"):
            return cls(url, hashlib.sha256(_data_bytes(url)).hexdigest(), "data: URL")
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise RequestError(f"{url[:80]!r} is not an http(s) or data: address of a picture.")
        return cls(url, hashlib.sha256(url.encode()).hexdigest(), url)


def _data_bytes(url: str) -> bytes:
    head, _, body = url.partition(",")
    if not head.endswith(";base64"):
        raise RequestError("A data: address has to be base64, e.g. data:image/png;base64,….")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise RequestError(f"The base64 of a data: address is broken: {error}.") from error
