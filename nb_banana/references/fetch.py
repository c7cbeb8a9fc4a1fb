"""References that are http(s) addresses, fetched here first, to be kept with the picture."""

import ipaddress
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from nb_banana.credentials import refuse_key
from nb_banana.errors import BadReferenceError
from nb_banana.references.limits import ReferenceLimits
from nb_banana.references.reference import Reference, RemoteImage, as_reference, is_many
from nb_banana.wire.downloads import RedirectsError, follow
from nb_banana.wire.transport import NoAnswerError, TooLongError, Transport, UnsentError

READ_TIMEOUT = 30.0
LONGEST_FETCH = 120.0
MOST_BYTES = 50 * 1024 * 1024
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # IPv6 addresses whose end is an IPv4 one: RFC 6052


def fetched(images: Any, limits: ReferenceLimits, over: Transport, *, private: bool) -> list[Any]:
    """The pictures, those that are http(s) addresses as pictures of this machine."""
    return [
        [_here(each, limits, over, private) for each in one]
        if is_many(one)
        else _here(one, limits, over, private)
        for one in (images if is_many(images) else [images])
    ]


def _here(image: Any, limits: ReferenceLimits, over: Transport, private: bool) -> Any:
    is_address = isinstance(image, str) and image.strip().lower().startswith(("http:", "https:"))
    is_ready = isinstance(image, Reference) and isinstance(image.body, RemoteImage)
    if not is_address and not is_ready:
        return image
    url = image.url if isinstance(image, Reference) else str(image).strip()
    label = image.label if isinstance(image, Reference) else url
    return as_reference(_download(url, over, private), label=label, limits=limits)


def _download(url: str, over: Transport, private: bool) -> bytes:
    def check(address: str) -> None:
        _check_address(address, private)

    deadline = time.monotonic() + LONGEST_FETCH
    try:
        status, data = follow(
            over, url, check=check, most=MOST_BYTES, silence=READ_TIMEOUT, deadline=deadline
        )
    except TooLongError:
        raise BadReferenceError(f"{url} has more than {MOST_BYTES // 1024**2} MB.") from None
    except RedirectsError:
        raise BadReferenceError(f"{url} leads in circles.") from None
    except (UnsentError, NoAnswerError) as error:
        raise BadReferenceError(f"{url} could not be fetched ({error}).") from None
    if status != 200:
        raise BadReferenceError(f"{url} answers {status}.")
    return data


def _check_address(url: str, private: bool) -> None:
    """A notebook from a stranger must not look around in the person's own network."""
    refuse_key("The address of a reference", url)
    try:
        parts = urlsplit(url)
        if not parts.hostname:  # which would be looked up as this machine
            raise ValueError
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        raise BadReferenceError(f"There is no host of the address {url}.") from None
    if parts.scheme not in {"http", "https"}:
        raise BadReferenceError(f"{url} is no http(s) address.")
    if not private and any(_is_private(str(each[4][0])) for each in found):
        raise BadReferenceError(
            f"{parts.hostname} is an address of this machine or its network, so it was not "
            "fetched. If you trust it: %config Banana.fetch_private = True"
        )


def _is_private(text: str) -> bool:
    """Whether it leads into this machine or its network, also as IPv4 inside of IPv6."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        address = inner or address
    return not address.is_global
