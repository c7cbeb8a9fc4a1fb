"""Where the sandbox listens, what others call it there, and what it fetches from where it is."""

import http.client
import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import quote, unquote, urlsplit

HOST = "127.0.0.1"
LARGEST_REFERENCE = 32 * 2**20
ASKED = re.compile(r"(?:\[(?P<six>[\w:.%]+)\]|(?P<four>[\d.]+))(?::\d{1,5})?", re.ASCII)
"""A Host header that is an address. A name is not repeated: it may be anybody's (DNS rebinding)."""
FAR = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses of nobody (RFC 5737, RFC 3849): what leads there leads to most others too."""

Place = tuple[socket.AddressFamily, tuple[Any, ...]]  # a family, and what a socket is bound to


def is_this_machine(host: str) -> bool:
    """Whether only this machine is meant: loopback."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def place_of(host: str, port: int) -> Place:
    """Where to listen for a host, an address or a name; an OSError where there is none."""
    if not 0 <= port < 2**16:  # the resolver would take what is left of it
        raise ValueError(f"a port is a number from 0 to {2**16 - 1}, not {port}")
    kind, flags = socket.SOCK_STREAM, socket.AI_PASSIVE
    family, *_, where = socket.getaddrinfo(host, port, type=kind, flags=flags)[0]
    return family, where


def url_of(host: str, port: int) -> str:
    """The address of a server."""
    return f"http://[{quote(host, safe=':')}]:{port}" if ":" in host else f"http://{host}:{port}"


def reached_at(place: Place) -> str:
    """How others reach what listens there: the address itself, or one of this machine's own."""
    family, host = place[0], str(place[1][0])
    address = _address(host)
    if address is None or not address.is_unspecified:
        return host
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((FAR[family], 9))  # which sends nothing
            return str(probe.getsockname()[0])
    except OSError:  # there is no way out
        return "::1" if family == socket.AF_INET6 else HOST


def asked_at(host_header: str, own: tuple[Any, ...]) -> str:
    """What a client calls the server: links in its answer begin with it, for it reaches them."""
    # ``own`` is the end of its connection that is here. The header may name another: a port that is
    # passed on from elsewhere.
    if (found := ASKED.fullmatch(host_header)) and _address(unquote(found["six"] or found["four"])):
        return f"http://{host_header}"
    return url_of(str(_address(own[0]) or own[0]), own[1])


def is_near(uri: str) -> bool:
    """Whether an address is on this machine or in its network."""
    host = urlsplit(uri).hostname or ""
    address = _address(unquote(host))
    return not address.is_global if address is not None else is_this_machine(host)


def fetch(uri: str) -> bytes | None:
    """The picture at an address on loopback; None elsewhere, for there is no network here."""
    # http.client follows no redirect and asks no proxy: it is local.
    parts = urlsplit(uri)
    if parts.scheme != "http" or not is_this_machine(parts.hostname or ""):
        return None
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        response = connection.getresponse()
        data = response.read(LARGEST_REFERENCE)
    except (OSError, http.client.HTTPException) as problem:
        raise ValueError("it could not be downloaded") from problem
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"it could not be downloaded (HTTP {response.status})")
    return data
