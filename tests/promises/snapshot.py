"""What people see and type, as plain data: the same code made ``data/seen.json`` at 1470f9c.

Only public names are used here, so that a move of modules can't change what is compared.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

import nb_banana
from nb_banana import errors
from tests.support.servers import answering, picture, server
from tests.support.shells import ipython_shell

VOLATILE = (
    (r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+", "PICTURE"),
    (r"\b\d+\.\d s\b", "N s"),
    (r"seconds=[\d.e-]+|datetime\.datetime\(.*?\)", "TIME"),
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "DAY"),
    (r"nbb-[0-9a-f]{32}", "REQUEST"),
    (r"[\d,]+ characters|\d+(\.\d)? (bytes|kB|MB)", "BYTES"),
    (r"127\.0\.0\.1[:-]\d+", "HOST"),
    (r"[^\s\"'<>]*nb_banana-?/[^\s\"'<>]*", "PATH"),
)
"""What is another one each time."""


def plain(value: Any) -> Any:
    """A bundle without what changes from run to run."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, str) and len(value) > 200 and " " not in value:
        return "BASE64"
    for pattern, word in VOLATILE if isinstance(value, str) else ():
        value = re.sub(pattern, word, value)
    return value


def signature(call: Callable[..., Any]) -> list[str]:
    """Parameters with their defaults: what a person may write."""
    # A default is compared as it is written; the class of one of them has a longer name now.
    return [
        str(each.replace(annotation=inspect.Parameter.empty)).replace("=ReferenceL", "=L")
        for each in inspect.signature(call).parameters.values()
    ]


def public(value: Any) -> list[str]:
    """The attributes that a person finds with Tab."""
    return [name for name in dir(value) if not name.startswith("_")]


def names() -> dict[str, Any]:
    """The public names, with the parameters of functions and classes."""
    found = {name: getattr(nb_banana, name) for name in nb_banana.__all__}
    return {name: signature(each) if callable(each) else [] for name, each in found.items()}


def settings() -> dict[str, list[str]]:
    """Each setting with its default and its help."""
    traits = nb_banana.configure().traits(config=True)
    return {name: [repr(each.default_value), each.help] for name, each in sorted(traits.items())}


def error_tree() -> dict[str, list[str]]:
    """Each class of error with what it also is."""
    classes = [each for each in vars(errors).values() if inspect.isclass(each)]
    return {
        each.__name__: sorted(
            base.__name__ for base in each.__mro__[1:] if issubclass(base, BaseException)
        )
        for each in classes
        if issubclass(each, BaseException)
    }


def help_text() -> str:
    """What ``%banana --help`` says: all options."""
    with ipython_shell() as shell:
        shell.run("%banana --help")
        return shell.printed


def values() -> dict[str, Any]:
    """One of each value that a person gets, from a small service of the test's own."""
    photo = picture("PNG", "RGBA", (40, 30))
    fruit = nb_banana.generate('a <banana> & "more"', name="fruit", aspect_ratio="4:3")
    clear = nb_banana.generate("clear", alt="a window", resolution="4K")
    edit = fruit.edit("make it night", images=[photo])
    many = nb_banana.generate("several", count=2, name="pair") + nb_banana.Gallery([clear])
    lost = nb_banana.generate_many(["a dog", "refused"])
    return {
        "image": fruit,
        "again": nb_banana.generate('a <banana> & "more"', aspect_ratio="4:3"),
        "loaded": nb_banana.load(fruit.id),
        "transparent": clear,
        "edit": edit,
        "gallery": many,
        "gallery with a failure": lost,
        "failure": lost[1],
        "comparison": nb_banana.compare(fruit, edit),
        "history": nb_banana.history("banana"),
        "tree": edit.tree(),
        "dry run": nb_banana.dry_run("a banana", images=[fruit], model="pro-edit"),
        "request": edit.request,
        "receipt": edit.receipt,
        "reference": edit.request.references[0],
        "recovery": nb_banana.recover(),
        "spending": nb_banana.spending(),
        "pending": nb_banana.pending(),
    }


def shown(value: Any) -> Any:
    """What IPython would be given to show."""
    if hasattr(value, "_repr_mimebundle_"):
        return plain(value._repr_mimebundle_())
    return plain({"text/html": value._repr_html_()}) if hasattr(value, "_repr_html_") else None


def seen() -> dict[str, Any]:
    """All of it; the settings must point at nothing that costs."""

    def answer(handler: Any) -> None:
        prompt = handler.sent.get("prompt", "")
        kind = "clear" if prompt == "clear" else "plain"
        items = [] if prompt == "refused" else [{"url": f"/{kind}.png"}]
        pictures = {"/plain.png": picture(size=(64, 48)), "/clear.png": CLEAR}
        answering(items, pictures, headers=BILL)(handler)

    with server(answer) as (url, _):
        nb_banana.configure(base_url=url, backend="api")
        found = values()
        bundles = {name: shown(each) for name, each in found.items()}
        with ipython_shell():
            texts = {name: plain(repr(each)) for name, each in found.items()}
            texts["image in a terminal"] = plain(terminal(found["edit"]))
            texts["gallery in a terminal"] = plain(terminal(found["gallery with a failure"]))
        return {
            "names": names(),
            "settings": settings(),
            "errors": error_tree(),
            "help": help_text(),
            "attributes": {name: public(found[name]) for name in KINDS},
            "bundles": bundles,
            "texts": texts,
        }


KINDS = (
    *("image", "gallery", "failure", "comparison", "history", "dry run", "request", "receipt"),
    *("reference", "recovery", "spending", "pending"),
)
"""One of each class of values."""
CLEAR = picture("PNG", "RGBA", (64, 48))
BILL = {
    "x_aimlapi_credits_used": "178975",
    "x_aimlapi_usd_spent": "0.0894875",
    "x_inference_id": "inf-1",
}


def terminal(value: Any) -> Any:
    """What a terminal shows, where there is no HTML."""
    with ipython_shell() as shell:
        shell.shell.display_formatter.active_types = ["text/plain"]
        return value._repr_mimebundle_()
