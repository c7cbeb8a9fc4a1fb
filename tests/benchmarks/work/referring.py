"""From a photo's file to what is sent of it: seconds, and memory beyond what was there."""

import base64
import io
import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from ..numbering import numbered
from .process import PAGE, forget_peak, peak, resident
from .timing import seconds

SIDE = 2048


def measure(way: str, path: str, small: str, count: int, again: bool = False) -> dict[str, float]:
    """Several photos one after the other, each in a file of its own.

    Args:
        way: who does it.
        path: the photo.
        small: another one, to import everything with.
        count: how many.
        again: whether each was sent before.
    """
    work, files = WAYS[way], copies(path, 2 * count + 1)
    for each in (small, *files) if again else (small,):
        written(work(each))
    forget_peak()
    before = resident()
    sent = len(written(work(files[0])))
    most = peak() - before
    return {
        "wall": median(seconds(lambda file=file: work(file)) for file in files[1 : count + 1]),
        "body": median(seconds(lambda file=file: written(work(file))) for file in files[-count:]),
        "peak": max(most, PAGE),
        "sent": sent,
    }


def copies(path: str, count: int) -> list[str]:
    """Files with the same pixels, of which no two are the same."""
    folder, data = Path(tempfile.mkdtemp()), Path(path).read_bytes()
    files = [folder / f"{number}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        file.write_bytes(numbered(data, number))
    return [str(file) for file in files]


def written(payload: Any) -> bytes:
    """The body of a request."""
    text = payload.model_dump_json() if hasattr(payload, "model_dump_json") else json.dumps(payload)
    return text.encode()


def wrapped(data: bytes) -> dict[str, Any]:
    url = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    return {"prompt": "a banana", "image_urls": [url]}


def plain(path: str) -> Any:
    return wrapped(Path(path).read_bytes())


def pillow(path: str) -> Any:
    from PIL import Image

    image = Image.open(path)
    image.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return wrapped(out.getvalue())


def vips(path: str) -> Any:
    import pyvips

    image = pyvips.Image.thumbnail(path, SIDE, height=SIDE)
    return wrapped(image.jpegsave_buffer(Q=90))


def gemimg(path: str) -> Any:
    from gemimg.utils import img_b64_part, img_to_b64

    return {"contents": [{"parts": [img_b64_part(img_to_b64(path))]}]}


def genai(path: str) -> Any:
    """What it makes of a Pillow image among the contents."""
    from google.genai import _transformers
    from PIL import Image

    return _transformers.t_part(Image.open(path))


def ours(path: str) -> Any:
    """With the limits as they are: a photo of 12 megapixels is passed on."""
    return shrunk(path, 4096)


def shrunk(path: str, side: int = SIDE) -> Any:
    from nb_banana import ImageRequest
    from nb_banana.references.limits import ReferenceLimits

    return ImageRequest("a banana", images=path, limits=ReferenceLimits(side)).payload()


WAYS = {
    "base64": plain,
    "pillow": pillow,
    "pyvips": vips,
    "gemimg": gemimg,
    "google-genai": genai,
    "nb_banana": ours,
    "nb_banana shrunk": shrunk,
}
