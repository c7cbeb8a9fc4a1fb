"""A hundred pictures at once, as a notebook gets them; beside decoding each of their files."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

import nb_banana
from nb_banana import ImageRequest
from nb_banana._default import client
from nb_banana.display import output
from nb_banana.imaging.decode import PictureKind
from nb_banana.library import location, records
from nb_banana.results import gallery_display
from tests.support.shelf import put

from ..numbering import numbered
from .finding import NOBODY
from .timing import usual


def measure(way: str, picture: str, pictures: int, count: int) -> dict[str, float]:
    nb_banana.configure(base_url=NOBODY)
    library = client().context.places(location.kind_of(NOBODY))[0]
    data, prompts = Path(picture).read_bytes(), [f"banana {n}" for n in range(pictures)]
    with Image.open(picture) as opened:
        kind = PictureKind(Image.MIME[str(opened.format)], *opened.size)
    for number, prompt in enumerate(prompts):
        put(library, ImageRequest(prompt), f"nbb-{number}", (numbered(data, number), kind))
    return {"wall": usual(ways(prompts)[way], count)}


def ways(prompts: list[str]) -> dict[str, Callable[[], object]]:
    gallery = nb_banana.generate_many(prompts)
    files = [image.path for image in gallery.images]
    gallery_display.is_rich = output.is_rich = lambda: True  # as in a notebook

    def decoded() -> None:
        for file in files:
            with Image.open(file) as opened:
                opened.load()

    def anew(show: Callable[[], object]) -> Callable[[], object]:
        def work() -> None:
            records._preview.cache_clear()
            assert show()

        return work

    return {
        "pillow": decoded,
        "gallery": anew(gallery._repr_mimebundle_),
        "contact sheet": anew(gallery.contact_sheet),
        "history": anew(lambda: nb_banana.history(limit=len(files))._repr_html_()),
    }
