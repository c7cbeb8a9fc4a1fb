"""`Sights`: small copies of pictures for the browser, which asks for what it does not have."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from nb_banana import onhand
from nb_banana.errors import BananaError
from nb_banana.image import BananaImage
from nb_banana.settings import settings
from nb_banana.showing import lines

THUMBNAIL = 112
"""Pixels of a thumbnail's longer side."""


class Sights:
    """What of one panel can be seen, and the thread that makes the copies.

    Args:
        send: takes a message for the browser and its bytes.
    """

    def __init__(self, send: Callable[[Mapping[str, Any], list[bytes]], None]) -> None:
        self._send = send
        self._worker = ThreadPoolExecutor(1, "nb_banana panel")
        self._places: dict[str, dict[str, tuple[Any, int]]] = {}

    def see(self, place: str, values: Mapping[str, Any], longest: int = THUMBNAIL) -> None:
        """What is to be seen in one place from now on, by its sights; what was there is let go."""
        self._places[place] = {sight: (each, longest) for sight, each in values.items() if sight}

    def __getitem__(self, sight: str) -> Any:
        """The picture behind a sight; None where it is not to be seen any more."""
        return self._find(sight)[0]

    def send(self, sight: str) -> None:
        """Send the copy, or no bytes where there is none to be made."""
        value, longest = self._find(sight)

        def work() -> None:
            mime, data = "", b""
            with suppress(BananaError, OSError, ValueError):  # what is wrong is said elsewhere
                if value is not None:
                    mime, data = onhand.small(value, longest)
            self._send({"sight": sight, "mime": mime}, [data])

        self.later(work)

    def later(self, work: Callable[[], None]) -> None:
        """Do it in the thread, so that the kernel stays free."""
        with suppress(RuntimeError):  # the panel was closed
            self._worker.submit(work)

    def close(self) -> None:
        """Let the pictures and the thread go."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        self._places = {}

    def _find(self, sight: str) -> tuple[Any, int]:
        places = list(self._places.values())
        return next((each[sight] for each in places if sight in each), (None, THUMBNAIL))


def big(image: BananaImage) -> str:
    """The sight of a picture that is shown large."""
    return f"{image.id}@{settings.preview}"


def told(image: BananaImage) -> dict[str, Any]:
    """What the browser has to know of a picture that is shown large."""
    return {"sight": big(image), "caption": "\n".join(lines(image)), "alt": image.alt}
