"""The picture store: links that do not die, in bounded memory."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from threading import Lock
from uuid import uuid4

from nb_banana.models import SIZES
from nb_banana.sandbox.exchange import Refused, Response, page
from nb_banana.sandbox.faults import Strike
from nb_banana.sandbox.plain import plain_png
from nb_banana.sandbox.validation import GenerationOrder

KEPT = 64
KEPT_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Picture:
    """All that is needed to paint a picture, once or again."""

    name: str  # its part of the link
    order: GenerationOrder
    size: tuple[int, int]  # the pixels that it is painted in
    seed: str  # tells takes of one order apart
    strike: Strike  # the trouble that it was made under

    def paint(self) -> bytes:
        """Its file: the same bytes each time."""
        asked = self.order.prompt, self.size, self.order.references, self.seed
        try:
            # Here and not above: starting the server does not wait for Pillow.
            from nb_banana.sandbox.painter import paint
        except ImportError:  # there is none: a browser
            return plain_png(*asked)
        data = paint(*asked)
        return _as_jpeg(data) if self.strike.trouble.name == "jpeg" else data


class Pictures:
    """Every picture that was ordered; the files of the last ones, the others are painted again."""

    def __init__(self) -> None:
        self._pictures: dict[str, Picture] = {}
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._takes: Counter[bytes] = Counter()
        self._lock = Lock()

    def add(self, order: GenerationOrder, strike: Strike) -> Picture:
        """Take an order for one picture. It is painted when it is first asked for."""
        # The number of the take and not a random seed: the same notebook gets the same pictures.
        asked = repr((order.model, order.prompt, order.size, order.references)).encode()
        digest = sha256(asked).digest()
        size = {"wrong-size": order.small, "dropped-size": SIZES["1:1"]}.get(
            strike.trouble.name, order.size
        )
        with self._lock:
            seed = f"take {self._takes[digest]}" if self._takes[digest] else ""
            self._takes[digest] += 1
            picture = Picture(f"{uuid4()}.png", order, size, seed, strike)
            self._pictures[picture.name] = picture
        return picture

    def has(self, name: str) -> bool:
        """Whether there is a picture with this name."""
        return name in self._pictures

    def find(self, name: str) -> Picture:
        """The picture with this name; a refusal where there is none."""
        if name not in self._pictures:
            raise Refused(404, "Not Found")
        return self._pictures[name]

    def file(self, picture: Picture) -> bytes:
        """Its bytes, from memory or painted again."""
        with self._lock:
            data = self._files.pop(picture.name, None)
        data = data or picture.paint()
        with self._lock:
            self._files[picture.name] = data
            while len(self._files) > KEPT or sum(map(len, self._files.values())) > KEPT_BYTES:
                self._files.popitem(last=False)
        return data


def serve(data: bytes, trouble: str) -> Response:
    """What the link answers, with the trouble of this name or with none."""
    half = len(data) // 2
    headers = {"Content-Type": "image/png"}
    if trouble == "link-404":
        return page(404, "404 Not Found")
    if trouble == "not-a-picture":
        return page(200, "Sign in")
    if trouble == "half-picture":
        data = data[:half]
    sent = half if trouble == "cut-picture" else None
    return Response(200, data, headers, sent=sent, from_service=False)


def _as_jpeg(data: bytes) -> bytes:
    from PIL import Image

    out = BytesIO()
    with Image.open(BytesIO(data)) as image:
        image.save(out, "JPEG", quality=90)
    return out.getvalue()
