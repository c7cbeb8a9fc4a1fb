"""A sandbox as others in a room reach it: on an address of this machine that is not loopback."""

import socket

import pytest

from nb_banana.credentials import private_host
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.addresses import is_this_machine, place_of, reached_at


def own_address() -> str:
    """An address of this machine by which a room would reach it; the test is skipped without."""
    host = reached_at(place_of("0.0.0.0", 0))
    if is_this_machine(host) or private_host(host) is None:
        pytest.skip("this machine has no private address but loopback")
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            pytest.skip("this machine does not listen on its own address")
    return host


def room(key: str | None = None, **options) -> Sandbox:
    """A sandbox for a room, not started yet."""
    return Sandbox(key, host=own_address(), **options)
