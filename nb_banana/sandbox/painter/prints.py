"""References: reading them, whatever they are, and showing them, small or large."""

import io
import struct
from collections.abc import Iterable

from PIL import Image, ImageFilter, ImageOps

LABEL_KEY = "nb_banana label"
"""The PNG text in which a sandbox picture says how high its label is."""

BOX = Image.Resampling.BOX
"""Fast, and as good as any here: the canvas is twice as large as the picture and reduced later."""

LARGEST = 1600
"""No reference is shown with a longer side than this."""


def opened(references: Iterable[bytes]) -> list[Image.Image]:
    """The references that can be read, upright, opaque and of a handy size."""
    return [image for data in references if (image := _open(data))]


def _open(data: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (LARGEST, LARGEST))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((LARGEST, LARGEST), reducing_gap=2.0)
            return _without_label(_opaque(upright), image)
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError):
        return None  # the server has checked the references; here a spoilt one is only not shown


def _opaque(image: Image.Image) -> Image.Image:
    """On white paper where it has transparent parts."""
    if not image.has_transparency_data:
        return _eight_bit(image).convert("RGB")
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "#fffdf8")
    return Image.alpha_composite(paper, layer).convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Deep greys brought into 0 to 255; Pillow would cut them off."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda v: v / 257).convert("L")
    if image.mode in ("I", "F"):
        low, high = image.getextrema()
        scale = 255 / max(1e-9, float(high) - float(low))  # type: ignore[arg-type]
        return image.convert("F").point(lambda v: v * scale - float(low) * scale).convert("L")  # type: ignore[arg-type]
    return image


def label_of(image: Image.Image) -> int:
    """How many of a picture's rows are the label that it got here."""
    label = str(image.info.get(LABEL_KEY, ""))
    return int(label) if label.isdecimal() and int(label) < image.height else 0


def _without_label(shown: Image.Image, original: Image.Image) -> Image.Image:
    """A sandbox picture without its label: an edit of an edit gets one label, not three."""
    kept = round(shown.height * (1 - label_of(original) / original.height))
    return shown.crop((0, 0, shown.width, kept)) if kept < shown.height else shown


def filling(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture that fills a frame: cut a little, or whole before its own blur."""
    shape, frame = image.width / image.height, size[0] / size[1]
    cover = ImageOps.fit(image, size, BOX)
    if 0.8 < shape / frame < 1.25:
        return cover
    small = ImageOps.fit(image, (max(1, size[0] // 8), max(1, size[1] // 8)))
    soft = small.filter(ImageFilter.GaussianBlur(max(size) / 240)).resize(
        size, Image.Resampling.BICUBIC
    )
    back = Image.blend(soft, Image.new("RGB", size, (250, 246, 238)), 0.3)
    whole = _contained(image, size)
    back.paste(whole, ((size[0] - whole.width) // 2, (size[1] - whole.height) // 2))
    return back


def _contained(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """As large as it can be in there; Pillow before 12 fails where a side would be none."""
    scale = min(size[0] / image.width, size[1] / image.height)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), BOX)


def hang(
    canvas: Image.Image, image: Image.Image, box: tuple[float, float, float, float], turn: float
) -> None:
    """Put a picture on a canvas as a paper print with a shadow, inside a box, a little turned."""
    left, top, right, bottom = box
    room = (max(1, round(right - left)), max(1, round(bottom - top)))
    edge = max(2, round(0.025 * min(room)))
    inner = (max(1, room[0] - 2 * edge), max(1, room[1] - 2 * edge))
    fitted = _contained(image, inner)
    paper = ImageOps.expand(fitted, edge, (255, 252, 245))
    # Nearest is enough: the canvas is reduced later, which smooths it, and it is ten times as fast.
    mask = Image.new("L", paper.size, 255).rotate(turn, expand=True)
    paper = paper.rotate(turn, expand=True)
    place = (round((left + right - paper.width) / 2), round((top + bottom - paper.height) / 2))
    _drop_shadow(canvas, mask, place, 2 * edge)
    canvas.paste(paper, place, mask)


def _drop_shadow(
    canvas: Image.Image, mask: Image.Image, place: tuple[int, int], depth: int
) -> None:
    # An eighth of the size is enough for a blur and is sixty times as fast.
    small = ImageOps.expand(mask.reduce(8) if min(mask.size) > 16 else mask, max(1, depth // 4), 0)
    soft = small.filter(ImageFilter.GaussianBlur(max(1, depth // 10)))
    grown = (mask.width + 4 * depth, mask.height + 4 * depth)
    shade = soft.resize(grown).point([v * 2 // 5 for v in range(256)])
    canvas.paste(
        (24, 18, 40), (place[0] - 2 * depth + depth // 2, place[1] - 2 * depth + depth), shade
    )
