"""`Kept`: what was encoded once is not encoded again, as long as it fits in a number of bytes."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from nb_banana.encoded import Encoded

LARGEST = 128_000_000
"""Bytes. Five photos of 7 MB are 82 MB with their base64, and the 15 MB that they are made smaller
to are 35 MB. With less room than that a second request would encode all of them again."""
EDGE = 64


class Kept:
    """The last encoded pictures, by what they were made of.

    One lock is held while one is made: of forty threads that want the same picture, one encodes.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._size = 0
        self._entries: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._lock = threading.RLock()

    def of_file(self, data: bytes, how: Hashable, make: Callable[[], Encoded]) -> Encoded:
        """The picture made of a file's bytes, in the way that `how` names.

        Length and edges find an earlier one without a hash, which would take half the time of
        the base64; then all bytes are compared.
        """
        middle = len(data) // 2
        place = (how, len(data), data[:EDGE], data[middle : middle + EDGE], data[-EDGE:])
        return self._of(place, lambda found: _is_of(found, data), make)

    def of_pixels(self, key: Hashable, make: Callable[[], Encoded]) -> Encoded:
        """The picture made of the pixels that the key's hash stands for."""
        return self._of(key, lambda _: True, make)

    def _of(
        self, place: Hashable, fits: Callable[[Encoded], bool], make: Callable[[], Encoded]
    ) -> Encoded:
        with self._lock:
            found = self._entries.pop(place, None)
            if found is not None:
                self._size -= cost(found)
            if found is None or not fits(found):
                found = make()
            self._entries[place] = found
            self._size += cost(found)
            while self._size > self._largest:
                _, dropped = self._entries.popitem(last=False)
                self._size -= cost(dropped)
            return found

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return self._size


def _is_of(encoded: Encoded, data: bytes) -> bool:
    if encoded.came_digest:
        return encoded.came_digest == hashlib.sha256(data).hexdigest()
    return encoded.data == data


def cost(encoded: Encoded) -> int:
    """Bytes that a kept picture takes: its own and its base64."""
    return len(encoded.data) + encoded.sent_bytes
