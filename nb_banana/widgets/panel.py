"""The panel: ``%banana`` with nothing to draw, or `panel`. A form that always shows its own cell.

Fields are traits, buttons are messages; what is raised is said, for ipywidgets swallows it.
"""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

from traitlets import Dict, Int, List, Unicode

from nb_banana import _default
from nb_banana._text import say
from nb_banana._threads import spawn
from nb_banana.display import progress
from nb_banana.display.html import THEME
from nb_banana.display.output import OutputCell, is_rich, shell
from nb_banana.display.progress import Usual
from nb_banana.errors import BananaError, Interrupted, RequestError
from nb_banana.models import ratio_value
from nb_banana.notebook.magic import NO_PANEL
from nb_banana.results.image import BananaImage
from nb_banana.settings import settings
from nb_banana.widgets import controller, output, pictures, prefill
from nb_banana.widgets.form import (
    MAGIC,
    Fields,
    Form,
    catalogue_of,
    check_room,
    fit_form,
    fit_model,
    model_choices,
    model_of,
    model_offer,
    read_cell,
    service_choices,
)
from nb_banana.widgets.pictures import Thumbnails, Uploads, keep_upload, large_id, shown_facts

FRONT = Path(__file__).parent / "static"
PLACES = {"upload": "references", "save": "result", "keep": "result", "reference": "result"}
"""Where in the panel an act's message stands; that of all others stands below Generate."""
SCRIPTS = ("elements", "line", "fields", "references", "form", "result", "panel")
"""One module in parts, in this order: there is no bundler, and a part can't import another."""


class Panel(Fields):
    """The panel of one cell. Its fields are traits of the names of `widgets.form.Form`."""

    _esm = "".join((FRONT / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    _css = THEME + (FRONT / "panel.css").read_text("utf-8")

    head = Unicode(MAGIC).tag(sync=True)  # the cell's line; the prompt below it is in the browser
    offered = Dict().tag(sync=True)
    price = Dict().tag(sync=True)
    shape = Unicode("1:1").tag(sync=True)  # of the picture that would be drawn
    references: "List[Any]" = List().tag(sync=True)
    here: "List[Any]" = List().tag(sync=True)
    history: "List[Any]" = List().tag(sync=True)
    results: "List[Any]" = List().tag(sync=True)
    chosen = Int(0).tag(sync=True)
    before = Dict().tag(sync=True)
    busy = Dict().tag(sync=True)
    message = Dict().tag(sync=True)
    output_id = Unicode().tag(sync=True)

    def __init__(self, form: Form, names: dict[str, Any]) -> None:
        self._names = names
        self._uploads = Uploads()
        self._thumbnails = Thumbnails(lambda message, data: self.send(message, data))
        self._made: tuple[BananaImage, ...] = ()
        self._turn = 0
        self._pending: Any = None
        self._asked: tuple[Form, str] | None = None
        self._output = output.PanelOutput()
        super().__init__(form, output_id=self._output.id)
        self.on_msg(self._hear)
        self.look_around()
        if (running := shell()) is not None:
            running.events.register("post_run_cell", self.look_around)

    @property
    def image(self) -> BananaImage | None:
        """The picture that is shown."""
        made = self._made  # the thread that drew puts others there, and then chooses the first
        return made[min(self.chosen, len(made) - 1)] if made else None

    def close(self) -> None:
        """Take the panel away, with its thread and its pictures. What it draws goes on."""
        if (running := shell()) is not None:
            with contextlib.suppress(ValueError):  # closed before
                running.events.unregister("post_run_cell", self.look_around)
        self._thumbnails.close()
        self._made, self._pending = (), None
        self._output.put("The panel was closed. <code>%banana</code> opens it again.")
        layout = self.layout  # a widget of its own, which ipywidgets keeps
        super().close()
        layout.close()

    def look_around(self, *_: Any) -> None:
        """See which pictures the notebook and the library have by now; after each cell."""
        self.form_changed()
        with self._told():
            found = pictures.pictures_of(dict(self._names))
            self.put(here=self._thumbnails.see_words("here", found))
            self._later(self._show_history)

    def _ipython_display_(self) -> None:
        if not is_rich():
            say(NO_PANEL)
            return
        OutputCell().show(output.panel_bundle(self.model_id))
        self._output.show(self.cell)

    # What happens in the browser.

    def _hear(self, _: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        acts: dict[str, Callable[..., None]] = {
            "generate": self._generate,
            "cancel": self._cancel,
            "upload": functools.partial(self._upload, buffers),
            "reference": self._use,
            "recall": self._recall,
            "save": self._save,
            "keep": self._keep,
            "thumbnail": self._thumbnails.send,
            "close": self.close,
        }
        act, form, words = content.pop("do", ""), content.pop("form", None), content
        with self._told(PLACES.get(act, "form")):
            if form is not None:
                self._take(form)
                self.put(message={})
            acts[act](**words)
        if act not in {"thumbnail", "close"}:
            self.send({"done": True})

    def _take(self, values: dict[str, Any]) -> None:
        """Take the form as the browser has it: changes of its fields may still be on their way."""
        form = Form(**values)
        if form != self.form:
            self.put(**values)
            self.form_changed()

    def _field_changed(self, *_: Any) -> None:
        if not self._filling and self.message.get("kind") == "error":  # that was another request
            self.put(message={})
        super()._field_changed()

    def form_changed(self) -> None:
        """Show what hangs on the form: its cell, what the model offers, the price."""
        with self._told(), self._lock:
            pasted = self.prompt.lstrip()
            if pasted.startswith((f"{MAGIC} ", f"{MAGIC}\n")):
                self.fill(read_cell(pasted), pasted)
                return
            names, catalogue = dict(self._names), catalogue_of(self.form)
            form, lost = fit_model(self.form, catalogue)
            offered = model_offer(model_of(form, names, catalogue), catalogue)
            form, more = fit_form(form, offered)
            if lost or more:
                self.fill(form)
                self._say("note", " ".join(filter(None, (lost, more))))
                return
            head = self.cell.partition("\n")[0]
            offered["values"]["model"] = model_choices(form.model, catalogue)
            offered["values"]["service"] = service_choices(form.service)
            offered["service"] = form.service or settings.service
            self.put(offered=offered, head=head)
            self._show_shape(self.price.get("ratio", ""))
            found = {word: pictures.find_value(word, names) for word in self.images}
            self.put(references=self._thumbnails.see_words("references", found))
            self._ask_price(names)

    def _ask_price(self, names: Mapping[str, Any]) -> None:
        self._turn += 1
        turn, form = self._turn, self.form

        def ask() -> None:
            if turn != self._turn:  # the form is another one by now
                return
            try:
                found = controller.price_of(_default.client(), form, names)
                price: dict[str, Any] = {**vars(found), "fine": True}
            except BananaError as error:
                price = {"text": str(error), "fine": False}
            if turn == self._turn:
                self.put(price=price)
                self._show_shape(str(price.get("ratio", "")))

        self._later(ask)

    def _show_shape(self, planned: str) -> None:
        known = (each for each in (self.form.aspect_ratio, planned) if ratio_value(each))
        self.put(shape=next(known, "1:1"))

    def _generate(self, *, confirmed: bool = False) -> None:
        if self.busy:
            raise RequestError("One is on its way. Wait for it, or cancel it.")
        asked = self.form, controller.question(_default.client(), self.form, self._names)
        if asked[1] and not (confirmed and asked == self._asked):  # a yes holds for what was asked
            self._asked = asked
            self._say("ask", asked[1])
            return
        pending, usual = controller.begin(_default.client(), self.form, self._names)
        self._pending = pending
        self.put(busy={"since": time.time()}, fresh=False)  # fresh was meant for this one
        self.form_changed()
        self._output.tell(self.cell)
        pending.on_end(lambda: self._end(pending))
        if usual is not None:
            spawn(self._learn, pending, usual, needed=False)

    def _learn(self, pending: Any, usual: Usual) -> None:
        """Say how long it usually takes, where it was waited for long."""
        ended = threading.Event()
        pending.on_end(ended.set)
        if ended.wait(progress.LONG_SECONDS) or (seconds := usual()) is None:
            return
        with self._lock:
            if pending is self._pending:  # and not at its end by now
                self.put(busy={**self.busy, "usual": progress.usually(seconds)})

    def _end(self, pending: Any) -> None:
        """A picture is there, or it is not; runs in the thread that drew it."""
        with self._told():
            outcome = controller.outcome_of(pending)
            if outcome.value is not None and pending.name:
                self._names[pending.name] = outcome.value
            if pending is not self._pending:  # the panel was closed
                return
            if outcome.images:
                self._show(outcome.images)
            if outcome.problem:
                self._say("note" if outcome.stopped else "error", outcome.problem)
        self._pending = None
        self.look_around()
        self.put(busy={})  # last: who sees it may rely on the rest

    def _cancel(self) -> None:
        if (pending := self._pending) is not None:  # its end takes it away, in another thread
            pending.cancel()

    def _upload(self, buffers: list[Any], *, number: str, name: str, last: bool) -> None:
        piece = bytes(buffers[0]) if buffers else b""
        try:
            data = self._uploads.add(number, name, piece, last=last)
            if data is not None:
                check_room(self.offered, self.images, name)
                self._add(word := keep_upload(name, data))
                said = f"{name} is kept as {word}, so that the cell finds it tomorrow too."
                self._say("note", said, "references")
        except BananaError as error:
            self._uploads.refused.append(str(error))
        if refused := self._uploads.refused:
            self._say("error", "\n".join(refused), "references")

    def _add(self, word: str) -> None:
        if word not in self.images:
            check_room(self.offered, self.images, word)
            self.images = [*self.images, word]

    def _use(self) -> None:
        image = self._shown()
        word = prefill.word_of(image, self._names)
        self._add(word)
        self.fill(prefill.edit_form(self.form, image))
        self._say("note", f"{word} is a reference now. Say in the prompt what to change.", "result")

    def _recall(self, *, thumbnail: str) -> None:
        image = self._thumbnails[thumbnail]
        if image is None:
            raise RequestError("This picture has left the strip. nb_banana.history() has them all.")
        self.fill(prefill.form_of_image(image, self._names))
        self._show((image,))

    def _save(self) -> None:
        path = self._shown().save(".")
        self._say("note", f"Saved as {prefill.short_path(path.resolve())}.", "result")

    def _keep(self) -> None:
        self._output.keep(self._shown())
        said = "It is below the panel, and stays there when the panel is gone."
        self._say("note", said, "result")

    # What the browser is shown.

    def _show(self, images: tuple[BananaImage, ...]) -> None:
        last = self.image
        new = {} if last is None or last.id == images[0].id else shown_facts(last)
        self._made = images
        shown = {large_id(each): each for each in (*images, *([last] if new and last else ()))}
        self._thumbnails.see("results", shown, settings.preview)
        for thumbnail in shown:  # without being asked: the kernel may be busy with a cell
            self._thumbnails.send(thumbnail)
        self.put(chosen=0, before=new, results=[shown_facts(each) for each in images])

    def _shown(self) -> BananaImage:
        if self.image is None:
            raise RequestError("There is no picture yet.")
        return self.image

    def _show_history(self) -> None:
        images = list(_default.client().history(limit=16))
        self._thumbnails.see("history", {each.id: each for each in images})
        self.put(history=[{"thumbnail": each.id, "prompt": each.prompt[:200]} for each in images])

    def _later(self, work: Callable[[], None]) -> None:
        """Do it in the panel's own thread, so that the kernel stays free."""

        def safely() -> None:
            with self._told():
                work()

        self._thumbnails.later(safely)

    def _say(self, kind: str, text: str, at: str = "form") -> None:
        self.put(message={"kind": kind, "text": text, "at": at})

    @contextlib.contextmanager
    def _told(self, at: str = "form") -> Iterator[None]:
        """Whatever is raised is said in the panel."""
        try:
            yield
        except (BananaError, Interrupted) as error:
            self._say("error", str(error), at)
        except Exception as error:  # noqa: BLE001 - ipywidgets would swallow it
            said = f"The panel itself has failed: {type(error).__name__}: {error}"
            self._say("error", said, at)


def panel(what: Any = None) -> Panel:
    """Open the panel: a form, its picture, and the ``%%banana`` cell that does the same.

    Args:
        what: what it is filled from: a picture, the name of one, the id or file of one in the
            library, or the text of a ``%%banana`` cell.

    Raises:
        BananaError: there is no such picture.
    """
    running = shell()
    names: dict[str, Any] = running.user_ns if running is not None else {}
    cells = running.history_manager.input_hist_raw if running is not None else []
    form, text = (Form(), None) if what is None else prefill.form_of(what, names, cells)
    opened = Panel(form, names)
    opened.fill(form, text)
    _replace(opened, *_place(running))
    return opened


_opened: dict[str, tuple[str, WeakSet[Panel]]] = {}


def _place(running: Any) -> tuple[str, str]:
    """The cell that runs, where the front end says it, and the id of this run of it."""
    parent = running.get_parent() if hasattr(running, "get_parent") else {}
    cell, run = parent.get("metadata", {}).get("cellId", ""), parent.get("header", {})
    return str(cell), str(run.get("msg_id", ""))


def _replace(opened: Panel, cell: str, run: str) -> None:
    """Close what an earlier run of the same cell had opened: its output is gone."""
    before, panels = _opened.pop(cell, ("", WeakSet()))
    if before != run:
        for each in list(panels):
            each.close()
        panels = WeakSet()
    if cell:
        panels.add(opened)
        _opened[cell] = run, panels
