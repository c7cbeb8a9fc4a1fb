"""The pictures that are measured with: made by their names, kept in the folder that is given.

``photo-1k.png`` has 1.9 MB as the vendor's own sample of 1376×768, ``photo-4k.png`` some 19 MB;
grain is what makes a picture as hard to compress as a photo.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZES = {"1k": (1376, 768), "2k": (2752, 1536), "4k": (5504, 3072)}
CAMERA = (4000, 3000)
"""12 megapixels."""


def photo(size: tuple[int, int], grain: float, seed: int = 1) -> Image.Image:
    """Soft forms of many sizes, with grain."""
    rng = np.random.default_rng(seed)
    small = (size[0] // 8, size[1] // 8)
    forms = np.zeros((small[1], small[0], 3), np.float32)
    for across in (3, 6, 12, 24, 48, 96):
        high = max(2, across * size[1] // size[0])
        forms += enlarged(rng.normal(0, 96 / across**0.7, (high, across, 3)), small)
    light = enlarged(forms, size)
    light += rng.normal(128, grain, light.shape)
    return Image.fromarray(light.clip(0, 255).astype(np.uint8))


def enlarged(light: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bands of light, without steps."""
    bands = (Image.fromarray(light[..., band].astype(np.float32)) for band in range(3))
    return np.stack([np.asarray(band.resize(size, Image.BICUBIC)) for band in bands], axis=-1)


def flat(size: tuple[int, int]) -> Image.Image:
    """An illustration: areas of one colour with clean edges."""
    large = Image.new("RGB", (size[0] * 2, size[1] * 2), "#fdf6e3")
    draw = ImageDraw.Draw(large)
    for number in range(60):
        x, y = number * 971 % large.width, number * 613 % large.height
        colour = f"hsl({number * 47 % 360}, 70%, 60%)"
        draw.ellipse((x - 180, y - 180, x + 180, y + 180), fill=colour, outline="black", width=9)
    return large.resize(size, Image.LANCZOS)


def cut_out(size: tuple[int, int]) -> Image.Image:
    """A photo whose surroundings are transparent."""
    shape = Image.new("L", size)
    ImageDraw.Draw(shape).ellipse((size[0] // 4, 40, size[0] * 3 // 4, size[1] - 40), fill=255)
    image = photo(size, 5).convert("RGBA")
    image.putalpha(shape.filter(ImageFilter.GaussianBlur(6)))
    return image


def png(image: Image.Image, level: int = 6) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=level)
    return out.getvalue()


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


MAKERS: dict[str, Callable[[], bytes]] = {
    "photo-1k.png": lambda: png(photo(SIZES["1k"], 4.8)),
    "photo-2k.png": lambda: png(photo(SIZES["2k"], 2.5), 3),
    "photo-4k.png": lambda: png(photo(SIZES["4k"], 0.8), 1),
    "tiny.png": lambda: png(flat((43, 24))),
    "flat-1k.png": lambda: png(flat(SIZES["1k"])),
    "transparent-1k.png": lambda: png(cut_out(SIZES["1k"])),
    "photo-1k.jpg": lambda: jpeg(photo(SIZES["1k"], 6)),
    "camera.jpg": lambda: jpeg(photo(CAMERA, 7)),
}


def kept(folder: Path, name: str) -> Path:
    """The file of a picture, which is made if it is not there."""
    path = folder / name
    if not path.exists():
        path.write_bytes(MAKERS[name]())
    return path
