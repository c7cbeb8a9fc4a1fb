"""The weight of a shown picture in the saved notebook."""

from typing import Any

from ..cases import Case, Goal, Measure, Section
from ..stage import Stage

PICTURES = {
    "photo-1k.png": "photo",
    "flat-1k.png": "flat illustration",
    "transparent-1k.png": "transparent",
    "photo-1k.jpg": "JPEG",
}
GEMIMG = "from gemimg import GemImg\nmake = GemImg(api_key='x', base_url={base!r}).generate"
GENAI = """from google import genai
client = genai.Client(api_key="x", http_options={{"base_url": {base!r}}})
answer = client.models.generate_content(model="x", contents="a banana [{name}]")"""
WAYS = {
    "PIL as last expression": ("import PIL.Image", "PIL.Image.open({path!r})", "ours"),
    "ipywidgets.Image": (
        "import ipywidgets",
        "ipywidgets.Image(value=open({path!r}, 'rb').read())",
        "ours",
    ),
    "matplotlib's imshow": (
        "import matplotlib.pyplot as plt",
        "plt.imshow(plt.imread({path!r})); plt.axis('off');",
        "peers",
    ),
    "a link only": (
        "from IPython.display import Image",
        "Image(url='https://cdn.aimlapi.com/generations/1.png')",
        "ours",
    ),
}
DRAWN = {
    "gemimg": (GEMIMG, "make('a banana [{name}]', save=False).image", "peers"),
    "google-genai": (GENAI, "answer.candidates[0].content.parts[0].as_image().show()", "peers"),
}
IMAGE = ("from IPython.display import Image", "Image(data=open({path!r}, 'rb').read())", "ours")
OURS = (
    "import nb_banana; nb_banana.configure(base_url={base!r})",
    "nb_banana.generate('a banana [{name}]')",
    "ours",
)


def cases(stage: Stage) -> list[Case]:
    names = list(PICTURES)[: 1 if stage.quick else None]
    return [each for name in names for each in cases_of(stage, name)]


def cases_of(stage: Stage, name: str) -> list[Case]:
    facts = {"path": stage.picture(name), "base": stage.http(), "name": name}
    drawn = DRAWN if name == "photo-1k.png" else {}

    def case(title: str, way: tuple[str, str, str], **options: Any) -> Case:
        before, shown, kernel = way
        argument = {"before": before.format(**facts), "shown": shown.format(**facts)}
        argument["kernel"] = kernel
        return Case(title, "notebook", argument, "own", PICTURES[name], **options)

    return [
        case("IPython.display.Image", IMAGE, is_reference=True),
        *[case(title, way) for title, way in (WAYS | drawn).items()],
        case("nb_banana", OURS, goals={"bytes": Goal(0.10)}),
    ]


SECTION = Section(
    "notebook",
    "The bytes that one shown picture of 1376×768 adds to the saved notebook, beside "
    "`IPython.display.Image(data=…)`. nb_banana's are its HTML and its image together.",
    (Measure("bytes", "bytes", "B"),),
    cases,
    rounds=1,
    floor="The goal is meant for the 1.9 MB that the model sends. A file that is small itself "
    "can't be much larger than its preview of 768 pixels, and one with transparency has a "
    "PNG for it.",
)
