"""Addresses of pictures: http(s) ones, which the service fetches, and ``data:`` ones."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes, urlsplit

from nb_banana.flaws import Flaw

SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:(?=//)|data:")
"""An address. One letter and a colon is a drive of Windows."""


def data_bytes(address: str) -> bytes:
    """The bytes in a ``data:`` address. What it says of their type is not believed.

    Raises:
        Flaw: it is not base64, or broken.

    >>> data_bytes("data:text/plain;base64,YmFuYW5h")
    b'banana'

    """
    head, comma, body = address.partition(",")
    if not comma or not head.replace(" ", "").lower().endswith(";base64"):
        raise Flaw("has to be base64, e.g. data:image/png;base64,…")
    try:
        packed = unquote_to_bytes(body) if "%" in body else body.encode("ascii")
        return base64.b64decode(b"".join(packed.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Flaw(f"has broken base64: {str(error).rstrip('.')}") from error


def checked_address(address: str) -> str:
    """An http(s) address that a service can fetch from, as it was given.

    Raises:
        Flaw: another kind of address, or one that is no address.

    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError as error:  # e.g. a bracket that is not closed
        raise Flaw(f"is no address: {error}") from error
    if parts.scheme == "file":
        raise Flaw("is a file on this machine. Give its path, without file://")
    if parts.scheme not in {"http", "https"} or not host:
        raise Flaw("is no address of a picture: it starts with http://, https:// or data:")
    if re.search(r"[\s\x00-\x1f\x7f]", address):
        raise Flaw("is no address: there is a space in it, which is written %20")
    return address
