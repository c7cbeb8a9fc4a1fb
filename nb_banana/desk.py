"""What the panel's buttons do, without any widget: price, begin, outcome, and a form from a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nb_banana import api, archive, jobs, lookup, purse, services, survey, sweeps
from nb_banana.building import build_request, known_options
from nb_banana.call import Call, read_call
from nb_banana.command import parse_cell_line
from nb_banana.errors import BadReferenceError, BananaError, Interrupted, RequestError
from nb_banana.form import MAGIC, Form, read_cell
from nb_banana.gallery import Gallery
from nb_banana.image import BananaImage
from nb_banana.inherit import options_like
from nb_banana.money import dollars
from nb_banana.names import NotFound, find_picture, look_up, name_of
from nb_banana.references import Reference, as_reference
from nb_banana.settings import settings
from nb_banana.uploads import keep
from nb_banana.wishes import Wishes

Names = Mapping[str, Any]


def call_of(form: Form, names: Names) -> Call:
    """The call that the form's cell stands for.

    Raises:
        RequestError: anything that is not understood; nothing was sent.
    """
    call = read_call(parse_cell_line(form.line, names), form.prompt, names)
    if call.dry_run:
        raise RequestError("--dry-run is for a cell: copy the cell, and run it there.")
    return call


def price_line(form: Form, names: Names) -> str:
    """What Generate would cost, and what is left of the budget; nothing is sent but for the price.

    Raises:
        BananaError: it could not be drawn, and why.
    """
    sandbox = services.kind_of_service(services.find_quoter()) == "sandbox"
    price = _price(form, names)
    play = " play money: the sandbox draws, without AI" if sandbox and "about" in price else ""
    left = purse.left(services.kind_of_service(services.find_quoter()))
    budget = f"; {dollars(left)} left of your budget" if left is not None else ""
    return f"{price}{'' if play in price else play}{budget}"


def _price(form: Form, names: Names) -> str:
    if not form.prompt.strip():  # the price does not hang on the words
        model = build_request(
            "a picture", model=form.model or None, resolution=form.resolution or None
        )
        return str(purse.estimate([model] * form.count, services.find_quoter()))
    call = call_of(form, names)
    many = _jobs(call)
    if len(many) > 1:
        return survey.quote_many(many)
    if many[0].wishes.fresh and settings.backend != "library":
        return str(purse.estimate([many[0].request], services.find_quoter()))
    return lookup.quote(many[0].request)


def _jobs(call: Call) -> list[jobs.Job]:
    options = call.asking
    count, wishes = options.pop("count", None), Wishes(fresh="fresh" in call.arguments)
    if "over" not in options:
        request = build_request(call.prompt, **known_options(options))
        return jobs.takes(request, count, wishes)
    over, names, raw = (options.pop(each) for each in ("over", "names", "raw"))
    sorted_out = sweeps.sort_out(call.prompt, options, over, names)
    return sweeps.jobs_of(call.prompt, *sorted_out, raw=raw, count=count, wishes=wishes)


def begin(form: Form, names: Names) -> Any:
    """Do what running the form's cell would do, in the background.

    Returns:
        A `PendingImage`, or a `PendingGallery`.

    Raises:
        BananaError: nothing was sent.
    """
    call = call_of(form, names)
    draw: Any = api.sweep if "over" in call.arguments else api.generate
    arguments = {**call.arguments, "background": True}
    return draw(call.prompt, name=call.name, **arguments)


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        value: what the variable is bound to; None where there is nothing.
        images: the pictures, in order.
        problem: what went wrong, in sentences; empty where nothing did.
        stopped: whether a person stopped it, which is no error.
    """

    value: Any = None
    images: tuple[BananaImage, ...] = ()
    problem: str = ""
    stopped: bool = False


def outcome_of(pending: Any) -> Outcome:
    """What came of a picture or a gallery that has ended; pictures that were paid come in any case."""
    problem, stopped = "", False
    try:
        value = pending.wait()
    except (BananaError, Interrupted) as error:
        value = error.facts.get("image", error.facts.get("gallery"))
        problem, stopped = str(error), isinstance(error, Interrupted)
    if isinstance(value, Gallery):
        told = [f"{each.prompt}: {each.error}" for each in value.failures]
        problem = problem or "\n".join(dict.fromkeys(told))
        return Outcome(value, value.images, problem, stopped)
    return Outcome(value, (value,) if value is not None else (), problem, stopped)


def form_of(what: Any, names: Names, history: Sequence[str] = ()) -> Form:
    """The form for what a person opens the panel with.

    Args:
        what: a picture, the name of one in the notebook, the id or file of one in the library, or
            the text of a ``%%banana`` cell.
        names: the notebook's variables.
        history: the cells that were run; the one that made the picture is taken as it stands.

    Raises:
        BananaError: there is no such picture.
    """
    if isinstance(what, str) and what.lstrip().startswith(MAGIC):
        return read_cell(what)
    name = ""
    if isinstance(what, str):
        found = look_up(what, names)
        name, what = (what, found) if not isinstance(found, NotFound) else ("", archive.load(what))
    if isinstance(what, BananaImage):
        return _typed(what, name or name_of(what, names), names, history) or form_of_image(
            what, names
        )
    as_reference(what)  # says that it is no picture
    word = name or name_of(what, names)
    if not word:
        raise BadReferenceError(
            "Give the picture a name in the notebook, and open the panel again."
        )
    return Form(images=(word,))


def _typed(image: BananaImage, name: str, names: Names, history: Sequence[str]) -> Form | None:
    """The form of the cell that a person wrote for a picture, with its ``{{…}}``; else None."""
    cells = [each for each in reversed(history) if each.startswith(f"{MAGIC} {name}")]
    for text in cells[:20]:
        try:
            form = read_cell(text)
            (job,) = _jobs(call_of(form, names))
        except (BananaError, ValueError):  # another cell, or its names are others by now
            continue
        if form.name == name and job.request.key == image.request.key:
            return form
    return None


def form_of_image(image: BananaImage, names: Names) -> Form:
    """The form that asks for a picture again, whose references are named by words that are found."""
    form = read_cell(image.cell())
    words = tuple(_word(each, names) for each in image.request.references)
    if names.get(form.name) is not image:
        form = replace(form, name="")
    return replace(form, images=words)


def _word(reference: Reference, names: Names) -> str:
    """A word behind ``-i`` that is this reference: a name or address, else its file in the library."""
    try:
        value = find_picture(reference.label, names)[0]
        if as_reference(value).digest == reference.digest:
            return reference.label
    except BananaError:
        pass
    if reference.data is None:
        return reference.url
    try:
        path = archive.load(reference.origin).path
        if path is not None and as_reference(path).digest == reference.digest:
            return short_path(path)
    except BananaError:  # it was never ours
        pass
    return keep(Path(reference.label).name or "picture", reference.data)


def edit_form(form: Form, image: BananaImage) -> Form:
    """The form, in the shape of the picture that is its reference now."""
    like = options_like([image], {"model": form.model or settings.model})
    return replace(form, aspect_ratio=str(like.get("aspect_ratio", form.aspect_ratio)))


def word_of(image: BananaImage, names: Names) -> str:
    """What a cell calls a picture: its variable, else its file in the library.

    Raises:
        BadReferenceError: it has neither.
    """
    word = name_of(image, names)
    if not word and image.path is not None:
        word = short_path(image.path)
    if not word:
        raise BadReferenceError("This picture has no file: give it a name first, above Generate.")
    return word


def short_path(path: Path) -> str:
    """A path as a person writes it: below the current folder, or from ``~``."""
    for folder, start in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(folder):
            return start + path.relative_to(folder).as_posix()
    return str(path)
