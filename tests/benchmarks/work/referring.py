"""From a photo's file to the body of a request: seconds, and memory beyond what was there."""

import base64
import io
import json
import time
from pathlib import Path

from .process import forget_peak, peak, resident

SIDE = 2048


def measure(way: str, path: str, small: str) -> dict[str, float]:
    """`small` is another photo, to import everything with."""
    work = WAYS[way]
    work(small)
    forget_peak()
    before = resident()
    started = time.perf_counter()
    body = work(path)
    took = time.perf_counter() - started
    return {"wall": took, "peak": max(peak() - before, 1), "sent": len(body)}


def wrapped(data: bytes, mime: str = "image/jpeg") -> bytes:
    url = f"data:{mime};base64,{base64.b64encode(data).decode()}"
    return json.dumps({"prompt": "a banana", "image_urls": [url]}).encode()


def plain(path: str) -> bytes:
    return wrapped(Path(path).read_bytes())


def pillow(path: str) -> bytes:
    from PIL import Image

    image = Image.open(path)
    image.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return wrapped(out.getvalue())


def vips(path: str) -> bytes:
    import pyvips

    image = pyvips.Image.thumbnail(path, SIDE, height=SIDE)
    return wrapped(image.jpegsave_buffer(Q=90))


def gemimg(path: str) -> bytes:
    from gemimg.utils import img_b64_part, img_to_b64

    return json.dumps({"contents": [{"parts": [img_b64_part(img_to_b64(path))]}]}).encode()


def genai(path: str) -> bytes:
    """What it makes of a Pillow image among the contents."""
    from google.genai import _transformers
    from PIL import Image

    return _transformers.t_part(Image.open(path)).model_dump_json().encode()


def ours(path: str) -> bytes:
    """With the limits as they are: a photo of 12 megapixels is passed on."""
    return shrunk(path, 4096)


def shrunk(path: str, side: int = SIDE) -> bytes:
    from nb_banana import ImageRequest
    from nb_banana.limits import Limits

    request = ImageRequest("a banana", images=path, limits=Limits(side))
    return json.dumps(request.payload()).encode()


WAYS = {
    "base64": plain,
    "pillow": pillow,
    "pyvips": vips,
    "gemimg": gemimg,
    "google-genai": genai,
    "nb_banana": ours,
    "nb_banana shrunk": shrunk,
}
