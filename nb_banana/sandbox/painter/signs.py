"""Signs: quoted words of a prompt, painted on a board in the scene."""

from PIL import Image, ImageDraw, ImageFilter

from nb_banana.sandbox.painter.brush import Brush, Paint, rgb
from nb_banana.sandbox.painter.label import font, plain, wrap

WIDTH, HEIGHT = 1.0, 0.52
"""A board's size when the whole sign is one unit high."""

BOARDS: dict[str, tuple[Paint, Paint, Paint]] = {
    "wood": ("#8a5a36", "#c98f58", "#3a2416"),
    "chalk": ("#8a5a36", "#2f4a42", "#f6f4ea"),
    "neon": ("#2a2440", "#191530", "#ff6fb5"),
}
"""Frame, board and letters of each kind of sign."""


def sign(brush: Brush, words: str, kind: str = "wood") -> None:
    """A board on two posts with words on it, one unit high."""
    frame, board, ink = BOARDS[kind]
    brush.shadow(0, 0, 0.5, 0.05)
    for x in (-0.34, 0.34):
        brush.limb([(x, 0), (x, -0.6)], [0.06], frame)
    half, top = WIDTH / 2, -0.98
    brush.flat(
        [(-half, top), (half, top), (half, top + HEIGHT), (-half, top + HEIGHT)], frame, shade=0.2
    )
    brush.box(-half + 0.03, top + 0.03, WIDTH - 0.06, HEIGHT - 0.06, board)
    if kind == "wood":
        for k in (1, 2):
            brush.box(-half + 0.03, top + 0.03 + k * 0.155, WIDTH - 0.06, 0.008, "#a9713f")
    _letters(brush, words, ink, top + HEIGHT / 2, glowing=kind == "neon")


def _letters(brush: Brush, words: str, ink: Paint, middle: float, *, glowing: bool) -> None:
    """As large as they fit, in at most three lines."""
    text = plain(words) or "…"
    width, height = (WIDTH - 0.14) * brush.unit, (HEIGHT - 0.12) * brush.unit
    size, lines = _fitted(text, width, height)
    if size < 4:
        return
    mask = Image.new("L", (round(width) + 8, round(height) + 8))
    ImageDraw.Draw(mask).multiline_text(
        (mask.width / 2, mask.height / 2),
        "\n".join(lines),
        fill=255,
        font=font(size),
        anchor="mm",
        align="center",
        spacing=size * 0.15,
        stroke_width=size / 40,
    )
    corner = (
        round(brush.x - mask.width / 2),
        round(brush.y + middle * brush.unit - mask.height / 2),
    )
    if glowing:
        halo = mask.filter(ImageFilter.BoxBlur(size / 6)).point(
            [min(255, v * 2) for v in range(256)]
        )
        brush.image.paste(rgb(ink), corner, halo)
        brush.image.paste((255, 240, 250), corner, mask)
    else:
        brush.image.paste(brush.light.on(ink), corner, mask)


def _fitted(text: str, width: float, height: float) -> tuple[int, list[str]]:
    """The largest letters for which the text fits, and its lines."""
    size, lines = int(height * 0.8), [text]
    while size > 4:
        lines = wrap(text, size, width, 9)
        whole = max((len(word) for word in text.split()), default=0)
        fits = len(lines) * size * 1.3 <= height
        if fits and font(size).getlength("n") * whole * 0.98 <= width:
            break
        size = int(size * 0.9)
    return size, lines
