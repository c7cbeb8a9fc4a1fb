"""A picture → the form that asks for it again, and the words that a cell has for pictures."""

from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import Any

from nb_banana import _default
from nb_banana._text import path_of
from nb_banana.errors import BadReferenceError, BananaError, NotKeptError
from nb_banana.generation.options import options_like
from nb_banana.references.reference import Reference, as_reference
from nb_banana.references.variables import NotFound, find_picture, look_up, name_of
from nb_banana.results.image import BananaImage
from nb_banana.widgets.controller import panel_plan
from nb_banana.widgets.form import MAGIC, Form, catalogue_of, model_of, read_cell
from nb_banana.widgets.pictures import is_there, keep_upload

Names = MutableMapping[str, Any]


def form_of(what: Any, names: Names, history: Sequence[str] = ()) -> tuple[Form, str]:
    """The form for what `nb_banana.panel` is given, and its cell as it stands among those run."""
    if isinstance(what, str) and what.lstrip().startswith(MAGIC):
        return read_cell(what), what
    name = ""
    if isinstance(what, str):
        found = look_up(what, names)
        if isinstance(found, NotFound):
            what = _default.client().load(what)
        else:
            name, what = what, found
    if isinstance(what, BananaImage):
        name = name or name_of(what, names)
        form = form_of_image(what, names)
        return _typed(what, name, names, history) or (form, form.cell)
    as_reference(what)  # says that it is no picture
    word = name or name_of(what, names)
    if not word:
        raise BadReferenceError(
            "Give the picture a name in the notebook, and open the panel again."
        )
    form = Form(images=(word,))
    return form, form.cell


def _typed(
    image: BananaImage, name: str, names: Names, history: Sequence[str]
) -> tuple[Form, str] | None:
    """The cell that a person wrote for a picture, with its ``{{…}}``; None where none is found."""
    cells = [each for each in reversed(history) if each.startswith(f"{MAGIC} {name}")]
    for text in cells[:20] if name else ():
        try:
            form = read_cell(text)
            order = panel_plan(_default.client(), form, names)
        except (BananaError, ValueError):  # another cell, or its names are others by now
            continue
        keys = [job.request.key for job in order.jobs]
        if form.name == name and keys == [image.request.key]:
            return form, text
    return None


def form_of_image(image: BananaImage, names: Names) -> Form:
    """The form that asks for a picture again; its references go by words that are found."""
    form = read_cell(image.cell())
    words = tuple(_word(each, names) for each in image.request.references)
    if names.get(form.name) is not image:
        form = form.having(name="")
    return form.having(images=words)


def _word(reference: Reference, names: Names) -> str:
    """A word behind ``-i`` that is this reference: a name, an address, else a file."""
    with suppress(BananaError):
        if as_reference(find_picture(reference.label, names)[0]).digest == reference.digest:
            return reference.label
    if reference.data is None:
        return reference.url
    with suppress(NotKeptError):
        image = _default.client().load(reference.origin)
        image.name = reference.label
        return word_of(image, names)
    return keep_upload(Path(reference.label).name, reference.data)


def edit_form(form: Form, image: BananaImage) -> Form:
    """The form, in the shape of the picture that is its reference now."""
    catalogue = catalogue_of(form)
    like = options_like([image], {"model": model_of(form, {}, catalogue)}, catalogue)
    ratio = str(like.get("aspect_ratio", form.aspect_ratio))
    name = _next(form.name) if form.name in form.images else form.name
    return form.having(aspect_ratio=ratio, name=name)


def _next(name: str) -> str:
    """Another name like it: a cell that binds its own reference would draw another one each time.

    >>> _next("cafe"), _next("cafe_2")
    ('cafe_2', 'cafe_3')
    """
    start, _, number = name.rpartition("_")
    return f"{start}_{int(number) + 1}" if start and number.isdecimal() else f"{name}_2"


def word_of(image: BananaImage, names: Names) -> str:
    """What a cell calls a picture of ours: its variable, to which it is bound where it has none."""
    # Its file would not do: as a stranger's it would go out without its metadata, as another one.
    pictures = [each for each in list(names.items()) if isinstance(each[1], BananaImage)]
    same = (name for name, value in pictures if is_there(value) and value.digest == image.digest)
    word = name_of(image, names) or next((name for name in same if name[0] != "_"), "")
    if not word:
        wanted = filter(str.isidentifier, [image.name or ""])
        numbered = (f"picture_{number}" for number in count(1))
        word = next(each for each in chain(wanted, numbered) if each not in names)
        names[word] = image
    return word


def short_path(path: Path) -> str:
    """A path as a person writes it: below the current folder, or from ``~``."""
    for folder, begin in ((Path.cwd(), ""), (path_of("~"), "~/")):
        if path.is_relative_to(folder):
            return begin + path.relative_to(folder).as_posix()
    return str(path)
