"""`Fields`: a `Form` as traits, which the browser and the kernel both change."""

import threading
from dataclasses import fields
from typing import Any

import anywidget
from traitlets import Bool, Int, List, Unicode

from nb_banana.widgets.form import MOST_TAKES, Form

FORM_FIELDS = tuple(each.name for each in fields(Form))


class Fields(anywidget.AnyWidget):
    """A widget with a trait for each field of a form.

    Args:
        form: what they hold at first.
        **traits: further ones.
    """

    prompt = Unicode().tag(sync=True)
    name = Unicode().tag(sync=True)
    model = Unicode().tag(sync=True)
    aspect_ratio = Unicode().tag(sync=True)
    resolution = Unicode().tag(sync=True)
    web_search = Bool().tag(sync=True)
    images = List(Unicode()).tag(sync=True)
    count = Int(1, min=1, max=MOST_TAKES).tag(sync=True)
    fresh = Bool().tag(sync=True)
    more = Unicode().tag(sync=True)

    def __init__(self, form: Form, **traits: Any) -> None:
        self._origin = form, form.cell
        self._filling = False
        self._lock = threading.RLock()
        super().__init__(**_values(form), **traits)
        self.observe(self._field_changed, FORM_FIELDS)

    @property
    def form(self) -> Form:
        """What the fields hold."""
        return Form(**{name: _plain(getattr(self, name)) for name in FORM_FIELDS})

    @property
    def cell(self) -> str:
        """The ``%%banana`` cell that the panel stands for."""
        form, text = self._origin
        return text if self.form == form else self.form.cell

    def fill(self, form: Form, text: str | None = None) -> None:
        """Put values into all fields."""
        self._origin = form, form.cell if text is None else text
        self.put(**_values(form))
        self.form_changed()

    def put(self, **traits: Any) -> None:
        """Change traits, from any thread; of the form's fields `form_changed` is not told."""
        with self._lock:
            self._filling = not traits.keys().isdisjoint(FORM_FIELDS)
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


def _values(form: Form) -> dict[str, Any]:
    values = {name: getattr(form, name) for name in FORM_FIELDS}
    return values | {"images": list(form.images)}


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
