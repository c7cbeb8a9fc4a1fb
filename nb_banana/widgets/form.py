"""The panel's form: its values, the ``%%banana`` cell that says the same, and its traits."""

import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import anywidget
from traitlets import Bool, Int, List, TraitType, Unicode

from nb_banana._catalogue import AIMLAPI, Catalogue, find_in, id_in, short_in, usual_in
from nb_banana.credentials import service_names
from nb_banana.errors import BadReferenceError, RequestError
from nb_banana.generation.options import options_like
from nb_banana.models import WRITTEN, RequestField, choose
from nb_banana.notebook.options import OPTIONS
from nb_banana.notebook.parser import quoted, split_line, written_options
from nb_banana.references.variables import find_picture
from nb_banana.services.registry import find_service
from nb_banana.settings import settings
from nb_banana.widgets.pictures import is_there

MAGIC = "%%banana"
FLAG_OF_OPTION = {option.dest: option.flags[0] for option in OPTIONS}
MOST_TAKES = 100  # what the field of takes holds; a cell may ask for more
CONTROLS = tuple(each for each in WRITTEN if each.label)
"""The fields of a request that have a control of the kind that theirs is; pictures have a part."""
EMPTY: Mapping[str, Any] = {
    "prompt": "",  # the cell's text, word for word, its {{…}} too
    "name": "",  # the variable to bind
    "service": "",  # who draws, where that is another than the settings'
    **{each.name: False if each.kind == "switch" else "" for each in CONTROLS},
    "images": (),  # the words behind each -i
    "count": 1,
    "fresh": False,
    "more": "",  # the line's other options, as they are written
}
"""What a form can say. What is empty is left out of the cell: there the settings hold."""
FIELD_OPTIONS = tuple(name for name in EMPTY if name in FLAG_OF_OPTION)
"""Options that have a field of their own, in the order in which a cell names them."""


class Form(SimpleNamespace):
    """The fields of the panel, as texts: an attribute for each name of `EMPTY`."""

    def __init__(self, prompt: str = "", **values: Any) -> None:
        if unknown := values.keys() - EMPTY.keys():
            raise TypeError(f"a form has no {', '.join(sorted(unknown))}")
        values["images"] = tuple(values.get("images", ()))
        super().__init__(**{**EMPTY, "prompt": prompt, **values})

    def having(self, **values: Any) -> "Form":
        """The same with other values."""
        return Form(**vars(self) | values)

    @property
    def line(self) -> str:
        """The cell's line behind ``%%banana``."""
        words = [self.name] if self.name else []
        for option in FIELD_OPTIONS:
            value = getattr(self, option)
            if option == "count":
                value = str(value) if value > 1 else ""
            words += _words(option, value)
        return " ".join([*words, *([self.more.strip()] if self.more.strip() else [])])

    @property
    def cell(self) -> str:
        """The cell that asks for the same."""
        return f"{MAGIC} {self.line}".rstrip() + f"\n{self.prompt}"


def read_cell(text: str) -> Form:
    r"""The form of a ``%%banana`` cell."""
    first, _, prompt = text.lstrip().partition("\n")
    magic, _, line = first.strip().partition(" ")
    if magic != MAGIC:
        raise RequestError(f"A cell for the panel begins with {MAGIC}, and this does not.")
    name, words = split_line(line)
    said = written_options(words)
    count = said.pop("count", "1")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_TAKES:
        said["count"] = count  # more, {{…}}, or a mistake that is said when it is drawn
        count = "1"
    own = {each: said.pop(each) for each in FIELD_OPTIONS if each in said and each != "count"}
    more = [word for option, value in said.items() for word in _words(option, value)]
    return Form(prompt, name=name or "", count=int(count), more=" ".join(more), **own)


def _words(option: str, value: Any) -> list[str]:
    """How an option is written: a switch, a value, or one for each of several."""
    if value is True:
        return [FLAG_OF_OPTION[option]]
    if not value:
        return []
    values = value if isinstance(value, list | tuple) else [value]
    return [word for each in values for word in (FLAG_OF_OPTION[option], quoted(each))]


def catalogue_of(form: Form) -> Catalogue:
    """The models of who would draw a form's cell; what is filled in later is not known yet.

    Raises:
        SettingsError: there is no such service.
    """
    name = "" if "{{" in form.service else form.service
    return find_service(name or settings.service).catalogue


def model_of(form: Form, names: Mapping[str, Any], catalogue: Catalogue = AIMLAPI) -> str:
    """The model that a form's cell would ask: said, that of the first reference, or set."""
    if form.model:
        return str(form.model)
    try:
        images = [find_picture(word, names)[0] for word in form.images[:1]]
    except BadReferenceError:  # said when its price is asked
        images = []
    there = [each for each in images if is_there(each)]  # to ask of one on its way would wait
    return str(options_like(there, {}, catalogue).get("model") or _set_model(catalogue))


def _set_model(catalogue: Catalogue) -> str:
    """The model of the settings; where the service has not that one, its first, to choose from."""
    try:
        return usual_in(catalogue, settings.model)
    except RequestError:  # said with the price
        return catalogue.models[0].ids[0]


def model_offer(name: str, catalogue: Catalogue = AIMLAPI) -> dict[str, Any]:
    """What a model takes, as JSON: its short name, most references (if known), values of fields."""
    model = find_in(catalogue, name)
    taken = {each.name: each.taken_by(model) for each in CONTROLS if each.kind != "model"}
    values = {name: list(each) if isinstance(each, tuple) else each for name, each in taken.items()}
    most = model.max_images if model else None
    short = model.short[0] if model else short_in(catalogue, name)
    return {"model": short, "most": most, "values": values}


def service_choices(now: str) -> list[list[str]]:
    """Value and text of each service to choose; the first leaves it to the settings."""
    others = dict.fromkeys([*service_names(), *filter(None, [now])])
    known = [[name, name] for name in others if name != settings.service or name == now]
    return [["", f"default ({settings.service})"], *known]


def model_choices(now: str, catalogue: Catalogue = AIMLAPI) -> list[list[str]]:
    """Value and text of each model to choose, ``now`` among them; the first leaves it to others."""
    known = [[model.short[0], model.short[0]] for model in catalogue.models]
    found = find_in(catalogue, now) if now else None
    if found is not None:  # by whatever name the cell calls it
        known = [[now, text] if text == found.short[0] else [value, text] for value, text in known]
    elif now:
        known.append([now, now])
    return [["", f"default ({short_in(catalogue, _set_model(catalogue))})"], *known]


def fit_model(form: Form, catalogue: Catalogue) -> tuple[Form, str]:
    """The form without a model that its service has not, and a sentence that says so."""
    try:
        if form.model and "{{" not in form.model:
            id_in(catalogue, form.model)
    except RequestError as error:
        return form.having(model=""), f"{error} It was left out."
    return form, ""


def fit_form(form: Form, offered: Mapping[str, Any]) -> tuple[Form, str]:
    """The form without what the model can't do, and a sentence that says what was left out."""
    lost = {}
    for each in CONTROLS:
        value = getattr(form, each.name)
        if each.name in offered["values"] and _is_lost(each, value, offered["values"][each.name]):
            noun = each.noun or each.label.lower()
            lost[each.name] = noun if value is True else f"{noun} {value}"
    if not lost:
        return form, ""
    what = " and no ".join(lost.values())
    were = "it was" if len(lost) == 1 else "they were"
    said = f"{offered['model']} takes no {what}: {were} left out."
    return form.having(**{name: EMPTY[name] for name in lost}), said


def _is_lost(what: RequestField, value: Any, offered: Any) -> bool:
    """Whether a value can't be had; one that is filled in later may be."""
    if value is True:
        return not offered
    if not value or "{{" in value:
        return False
    try:
        choose(what.name, value, offered)
    except RequestError:
        return True
    return False


def check_room(offered: Mapping[str, Any], images: Sequence[str], what: str) -> None:
    """See that the model takes another reference."""
    most = offered.get("most")
    if most is not None and len(images) >= most:
        takes = f"at most {most}" if most else "no"
        raise RequestError(
            f"{offered['model']} takes {takes} reference pictures: {what} was not added."
        )


def _trait(empty: Any) -> "TraitType[Any, Any]":
    if isinstance(empty, bool):
        return Bool()
    if isinstance(empty, int):
        return Int(empty, min=1, max=MOST_TAKES)
    return Unicode() if isinstance(empty, str) else List(Unicode())


class Fields(anywidget.AnyWidget):
    """A widget with a trait for each field of a form, which browser and kernel both change."""

    images: list[str]
    vars().update({name: _trait(empty).tag(sync=True) for name, empty in EMPTY.items()})

    controls = List(
        [{"name": each.name, "kind": each.kind, "label": each.label} for each in CONTROLS]
    ).tag(sync=True)
    """For the browser, which knows of no field by itself."""

    def __init__(self, form: Form, **traits: Any) -> None:
        self._origin = form, form.cell
        self._filling = False
        self._lock = threading.RLock()
        super().__init__(**vars(form), **traits)
        self.observe(self._field_changed, list(EMPTY))

    @property
    def form(self) -> Form:
        """What the fields hold."""
        return Form(**{name: getattr(self, name) for name in EMPTY})

    @property
    def cell(self) -> str:
        """The ``%%banana`` cell that the panel stands for."""
        form, text = self._origin
        return text if self.form == form else self.form.cell

    def fill(self, form: Form, text: str | None = None) -> None:
        """Put values into all fields."""
        self._origin = form, form.cell if text is None else text
        self.put(**vars(form))
        self.form_changed()

    def put(self, **traits: Any) -> None:
        """Change traits, from any thread; of the form's fields `form_changed` is not told."""
        with self._lock:
            self._filling = not traits.keys().isdisjoint(EMPTY)
            try:
                for name, value in traits.items():
                    setattr(self, name, value)
            finally:
                self._filling = False

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Called with what the browser has changed."""
        # Meanwhile the widget holds all news back, and forgets those of other threads.
        with self._lock:
            super().set_state(sync_data)

    def form_changed(self) -> None:
        """Called when the fields hold another form."""

    def _field_changed(self, *_: Any) -> None:
        if not self._filling:
            self.form_changed()
