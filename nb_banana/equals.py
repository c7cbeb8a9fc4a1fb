"""Equal requests of one batch: asked once, whatever came of the first."""

import threading
from collections.abc import Callable

from nb_banana.errors import BananaError, Interrupted
from nb_banana.image import BananaImage


class Equals:
    """Lets equal requests have their turn one after the other, and remembers what no library has.

    What failed may have been charged, or would fail alike; what could not be kept is in hand.
    """

    def __init__(self) -> None:
        self._turns: dict[str, threading.Lock] = {}
        self._known: dict[str, BananaImage | BananaError | Interrupted] = {}

    def draw(self, key: str, draw: Callable[[], BananaImage]) -> BananaImage:
        """The picture of a request, which only the first of equal ones sends.

        Raises:
            BananaError, Interrupted: as ``draw`` does, or did.
        """
        with self._turns.setdefault(key, threading.Lock()):
            known = self._known.get(key)
            if isinstance(known, BananaImage):
                return known
            if known is not None:
                raise known
            try:
                image = draw()
            except (BananaError, Interrupted) as error:
                made = error.facts.get("image")
                if made is None or made.path is None:  # else it was made, and can be had
                    self._known[key] = error
                raise
            if image.path is None:
                self._known[key] = image
            return image
