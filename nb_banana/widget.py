"""The panel: ``%banana`` with nothing to draw, or `panel`. A form that always shows its own cell.

What the buttons do is in `nb_banana.desk`; how it looks is in ``front/panel.js``. Here the two meet:
fields are traits, buttons are messages, and whatever is raised is said in the panel, for ipywidgets
swallows it.
"""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Bool, Dict, Int, List, Unicode

from nb_banana import archive, desk, onhand, shelf
from nb_banana.errors import BananaError, Interrupted, RequestError
from nb_banana.form import MAGIC, Form, read_cell
from nb_banana.frontend import shell
from nb_banana.image import BananaImage
from nb_banana.offer import fitted, model_choices, model_of, offer
from nb_banana.settings import settings
from nb_banana.uploads import Uploads, keep

FRONT = Path(__file__).parent / "front"
THUMBNAIL = 112
"""Pixels of a thumbnail's longer side."""
RECENT = 16
"""Pictures in the strip of history."""
FIELDS = tuple(Form.__dataclass_fields__)


class Panel(anywidget.AnyWidget):
    """The panel of one cell. Its fields are traits of the names of `nb_banana.form.Form`."""

    _esm = (FRONT / "panel.js").read_text("utf-8")
    _css = (FRONT / "panel.css").read_text("utf-8")

    prompt = Unicode().tag(sync=True)
    name = Unicode().tag(sync=True)
    model = Unicode().tag(sync=True)
    aspect_ratio = Unicode().tag(sync=True)
    resolution = Unicode().tag(sync=True)
    web_search = Bool().tag(sync=True)
    images = List(Unicode()).tag(sync=True)
    count = Int(1, min=1, max=100).tag(sync=True)
    fresh = Bool().tag(sync=True)
    more = Unicode().tag(sync=True)

    head = Unicode(MAGIC).tag(sync=True)  # the cell's line; the prompt below it is in the browser
    models = List().tag(sync=True)
    offered = Dict().tag(sync=True)
    price = Dict().tag(sync=True)
    references = List().tag(sync=True)
    here = List().tag(sync=True)
    history = List().tag(sync=True)
    results = List().tag(sync=True)
    chosen = Int(0).tag(sync=True)
    before = Dict().tag(sync=True)
    busy = Dict().tag(sync=True)
    message = Dict().tag(sync=True)
    shelf_id = Unicode().tag(sync=True)

    def __init__(self, form: Form, names: Callable[[], Mapping[str, Any]]) -> None:
        self._names = names
        self._uploads = Uploads()
        self._sights: dict[str, dict[str, tuple[Any, int]]] = {}
        self._origin = form, form.cell
        self._made: tuple[BananaImage, ...] = ()
        self._turn = 0
        self._pending: Any = None
        self._worker = ThreadPoolExecutor(1, "nb_banana panel")
        self._shelf = shelf.Shelf()
        super().__init__(**_values(form), shelf_id=self._shelf.id)
        self.observe(self._form_changed, FIELDS)
        self.on_msg(self._hear)
        self._form_changed()
        self.look_around()
        if (running := shell()) is not None:
            running.events.register("post_run_cell", self.look_around)

    @property
    def form(self) -> Form:
        """What the fields hold."""
        return Form(**{name: _plain(getattr(self, name)) for name in FIELDS})

    @property
    def cell(self) -> str:
        """The ``%%banana`` cell that the panel stands for."""
        origin, text = self._origin
        return text if self.form == origin else self.form.cell

    @property
    def image(self) -> BananaImage | None:
        """The picture that is shown."""
        return self._made[self.chosen] if self._made else None

    def fill(self, form: Form, text: str | None = None) -> None:
        """Put values into all fields."""
        self._origin = form, form.cell if text is None else text
        with self.hold_trait_notifications():
            for name, value in _values(form).items():
                setattr(self, name, value)

    def close(self) -> None:
        """Take the panel away, with its thread and its pictures. What it draws goes on."""
        if (running := shell()) is not None:
            with contextlib.suppress(ValueError):  # closed before
                running.events.unregister("post_run_cell", self.look_around)
        self._worker.shutdown(wait=False, cancel_futures=True)
        self._sights, self._made, self._pending = {}, (), None
        self._shelf.put("The panel was closed. <code>%banana</code> opens it again.")
        super().close()

    def look_around(self, *_: Any) -> None:
        """See which pictures the notebook and the library have by now; after each cell."""
        with self._told():
            found = onhand.pictures_of(dict(self._names()))
            self._see("here", {onhand.sight_of(*each): each[1] for each in found.items()})
            self.here = [
                {"word": word, "sight": onhand.sight_of(word, value)}
                for word, value in found.items()
            ]
            self._later(self._show_history)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(shelf.bundle(self.model_id), raw=True)  # type: ignore[no-untyped-call]
        self._shelf.show(self.cell)

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
            "sight": self._send_sight,
            "close": self.close,
        }
        with self._told():
            if content.get("do") != "sight":
                self.message = {}
            words = {name: value for name, value in content.items() if name != "do"}
            acts[content["do"]](**words)
        if content.get("do") not in {"sight", "close"}:
            self.send({"done": True})

    def _form_changed(self, *_: Any) -> None:
        with self._told(), self.hold_sync():
            if self.prompt.startswith(f"{MAGIC} ") or self.prompt.startswith(f"{MAGIC}\n"):
                pasted = self.prompt
                self.fill(read_cell(pasted), pasted)
                return
            names = dict(self._names())
            self.offered = offer(model_of(self.form, names))
            form, lost = fitted(self.form, self.offered)
            if lost:
                self.fill(form)
                self._say("note", lost)
                return
            self.models = model_choices(self.model)
            self.head = self.cell.partition("\n")[0]
            self._show_references(names)
            self._ask_price(names)

    def _show_references(self, names: Mapping[str, Any]) -> None:
        found = {word: onhand.find(word, names) for word in self.images}
        self._see("references", {onhand.sight_of(*each): each[1] for each in found.items()})
        self.references = [
            {
                "word": word,
                "sight": onhand.sight_of(word, value),
                "problem": str(value) if isinstance(value, Exception) else "",
            }
            for word, value in found.items()
        ]

    def _ask_price(self, names: Mapping[str, Any]) -> None:
        self._turn += 1
        turn, form = self._turn, self.form

        def ask() -> None:
            if turn != self._turn:  # the form is another one by now
                return
            try:
                price = {"text": desk.price_line(form, names), "fine": True}
            except BananaError as error:
                price = {"text": str(error), "fine": False}
            if turn == self._turn:
                self.price = price

        self._later(ask)

    def _generate(self) -> None:
        if self.busy:
            raise RequestError("One is on its way. Wait for it, or cancel it.")
        names = self._names()
        pending = self._pending = desk.begin(self.form, names)
        self.fresh = False  # it was meant for this one
        self.busy = {"since": time.time(), "prompt": self.prompt[:80]}
        self._shelf.show(self.cell)
        pending.on_end(lambda: self._end(pending, names))

    def _end(self, pending: Any, names: Any) -> None:
        """A picture is there, or it is not; runs in the thread that drew it."""
        if pending is not self._pending:
            return
        with self._told():
            outcome = desk.outcome_of(pending)
            if outcome.value is not None and pending.name:
                names[pending.name] = outcome.value
            if outcome.images:
                self._show(outcome.images)
            if outcome.problem:
                self._say("note" if outcome.stopped else "error", outcome.problem)
        self._pending, self.busy = None, {}
        self.look_around()
        self._ask_price(dict(names))

    def _cancel(self) -> None:
        if self._pending is not None:
            self._pending.cancel()

    def _upload(self, buffers: list[Any], *, number: str, name: str, last: bool) -> None:
        data = self._uploads.add(number, name, bytes(buffers[0]) if buffers else b"", last=last)
        if data is not None:
            word = keep(name, data)
            self._add(word)
            self._say("note", f"{name} is kept as {word}, so that the cell finds it tomorrow too.")

    def _add(self, word: str) -> None:
        most = self.offered.get("most")
        if word in self.images:
            return
        if most is not None and len(self.images) >= most:
            takes = f"at most {most}" if most else "no"
            raise RequestError(
                f"{self.offered['model']} takes {takes} reference pictures: {word} was not added."
            )
        self.images = [*self.images, word]

    def _use(self) -> None:
        image = self._shown()
        word = desk.word_of(image, self._names())
        self._add(word)
        self.fill(desk.edit_form(self.form, image))
        self._say("note", f"{word} is a reference now. Say above what to change.")

    def _recall(self, *, sight: str) -> None:
        image, _ = self._sights["history"][sight]
        self.fill(desk.form_of_image(image, self._names()))
        self._show((image,))

    def _save(self) -> None:
        path = self._shown().save(".")
        self._say("note", f"Saved as {desk.short_path(path.resolve())}.")

    def _keep(self) -> None:
        self._shelf.keep(self._shown())
        self._say("note", "It is below the panel, and stays there when the panel is gone.")

    # What the browser is shown.

    def _show(self, images: tuple[BananaImage, ...]) -> None:
        last = self.image
        new = {} if last is None or last.id == images[0].id else _told_of(last)
        self._made = images
        shown = {_big(each): each for each in (*images, *([last] if new and last else ()))}
        self._sights["results"] = {sight: (each, settings.preview) for sight, each in shown.items()}
        for sight in self._sights["results"]:
            self._send_sight(sight=sight)
        with self.hold_sync():
            self.chosen, self.before = 0, new
            self.results = [_told_of(each) for each in images]

    def _shown(self) -> BananaImage:
        if self.image is None:
            raise RequestError("There is no picture yet.")
        return self.image

    def _show_history(self) -> None:
        images = list(archive.history(limit=RECENT))
        self._see("history", {each.id: each for each in images})
        self.history = [{"sight": each.id, "prompt": each.prompt[:200]} for each in images]

    def _see(self, where: str, values: Mapping[str, Any]) -> None:
        self._sights[where] = {
            sight: (value, THUMBNAIL) for sight, value in values.items() if sight
        }

    def _send_sight(self, *, sight: str) -> None:
        """Send a picture to the browser, which asks for those that it does not have."""
        value = next((each[sight] for each in self._sights.values() if sight in each), None)

        def send() -> None:
            try:
                mime, data = onhand.small(*value) if value else ("", b"")
            except (BananaError, OSError, ValueError):  # what is wrong with it is said elsewhere
                mime, data = "", b""
            self.send({"sight": sight, "mime": mime}, [data])

        self._later(send)

    def _later(self, work: Callable[[], None]) -> None:
        """Do it in the panel's own thread, so that the kernel stays free."""

        def told() -> None:
            with self._told():
                work()

        with contextlib.suppress(RuntimeError):  # the panel was closed
            self._worker.submit(told)

    def _say(self, kind: str, text: str) -> None:
        self.message = {"kind": kind, "text": text}

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever is raised is said in the panel."""
        try:
            yield
        except (BananaError, Interrupted) as error:
            self._say("error", str(error))
        except Exception as error:  # noqa: BLE001 - ipywidgets would swallow it
            self._say("error", f"The panel itself has failed: {type(error).__name__}: {error}")


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
    form = Form() if what is None else desk.form_of(what, names, cells)
    opened = Panel(form, lambda: names)
    if isinstance(what, str) and what.startswith(MAGIC):
        opened.fill(form, what)
    return opened


def _values(form: Form) -> dict[str, Any]:
    values = {name: getattr(form, name) for name in FIELDS}
    return values | {"images": list(form.images)}


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _big(image: BananaImage) -> str:
    return f"{image.id}@{settings.preview}"


def _told_of(image: BananaImage) -> dict[str, Any]:
    return {"sight": _big(image), "caption": image.caption, "alt": image.alt}
