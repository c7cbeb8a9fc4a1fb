"""`DryRun`: the request before it is sent, in JSON, in Python and in curl."""

import json
import pprint
import re
import shlex
from typing import Any

from nb_banana._hints import Hinted
from nb_banana._text import UNSHOWN, as_html, code_as_html, is_data, megabytes, plain
from nb_banana.display.html import note, styled
from nb_banana.references.reference import Reference, RemoteImage
from nb_banana.request import ImageRequest
from nb_banana.services.exchange import Call
from nb_banana.services.registry import find_service
from nb_banana.services.service import Service

LONGEST_URL = 120
DATA = re.compile(r"https?://\S+|[\w+/=-]+", re.ASCII)
"""What is no prose: an address, base64."""
LONGEST_DATA = 40
"""A ``data:`` picture of megabytes is shown by its beginning, so that it takes one line."""

PRICE = "Price:"


class DryRun(Hinted):
    """What would be sent. Nothing was. The key stands in it as an environment variable.

    Attributes:
        request: the checked `ImageRequest`.
        url: where it would go.
        price: what it would cost, in words.
        count: how many requests it would be; this is the first.
    """

    def __init__(
        self, request: ImageRequest, base_url: str, price: str = "", count: int = 1
    ) -> None:
        self.request = request
        self.count = count
        self.price = price
        self.url = base_url + self._call.path

    @property
    def _speaks(self) -> Service:
        return find_service(self.request.catalogue.service)

    @property
    def _call(self) -> Call:
        return self._speaks.encode(self.request)

    @property
    def payload(self) -> dict[str, Any]:
        """The body as a dict: JSON, or the fields of a form with the names of its files."""
        return self._call.payload

    @property
    def json(self) -> str:
        """The JSON body as text."""
        return _json(self.payload, indent=2)

    @property
    def python(self) -> str:
        """The same call as code for ``requests``."""
        return self._python(self.payload)

    @property
    def curl(self) -> str:
        """The same call as a shell command."""
        return self._curl(self.payload)

    def _python(self, payload: dict[str, Any]) -> str:
        body = pprint.pformat(payload, sort_dicts=False, width=88).replace("\n", "\n    ")
        return (
            "import os\n\nimport requests\n\n"
            "answer = requests.post(\n"
            f"    {self.url!r},\n"
            f"    headers={{{self._key_in_python}}},\n"
            f"    {self._body_in_python(body)},\n"
            f"    timeout={self.request.read_timeout:g},\n"
            ")\n"
            "answer.raise_for_status()\n" + self._speaks.picture_code
        )

    def _body_in_python(self, body: str) -> str:
        call = self._call
        if call.json is not None:
            return f"json={body}"
        files = ", ".join(f'("{each.field}", open("{each.name}", "rb"))' for each in call.files)
        return f"data={dict(call.form)!r},\n    files=[{files}]"

    @property
    def _key_name(self) -> str:
        return (self._speaks.key_names or ("API_KEY",))[0]

    @property
    def _key_in_python(self) -> str:
        header = self._speaks.key_header
        before = f'"{header.before}" + ' if header.before else ""
        more = (
            f", {json.dumps(name)}: {json.dumps(it)}" for name, it in self._call.headers.items()
        )
        return f'"{header.name}": {before}os.environ["{self._key_name}"]' + "".join(more)

    def _curl(self, payload: dict[str, Any]) -> str:
        header, call = self._speaks.key_header, self._call
        key = f'  -H "{header.name}: {header.before}${self._key_name}" \\\n'
        for name, it in call.headers.items():
            key += f"  -H {shlex.quote(f'{name}: {it}')} \\\n"
        body = (
            f'  -H "Content-Type: application/json" \\\n  -d {shlex.quote(_json(payload))}'
            if call.json is not None
            else " \\\n".join(f"  -F {shlex.quote(each)}" for each in _form(call))
        )
        return f"curl {shlex.quote(self.url)} \\\n{key}{body}"

    def __repr__(self) -> str:
        return plain("\n\n".join(f"{title}\n{text}" for title, text in self._sections()))

    def _repr_html_(self) -> str:
        blocks = (
            f"<p><strong>{as_html(title)}</strong></p><pre>{code_as_html(text)}</pre>"
            for title, text in self._sections()
            if title != PRICE
        )
        price = note(f"{PRICE} {self.price}") if self.price else ""
        return styled(price, *blocks, kind="dry-run")

    def _sections(self) -> list[tuple[str, str]]:
        shown = _shortened(self.payload)
        pictures = [_line(*each) for each in enumerate(self.request.references, 1)]
        which = "request" if self.count == 1 else f"first of {self.count:,} requests"
        sections = [
            (PRICE, self.price),
            (f"Nothing was sent. This is the {which}:", _json(shown, indent=2)),
            ("The reference pictures:", "\n".join(pictures)),
            ("The same in Python:", self._python(shown)),
            ("The same in a shell:", self._curl(shown)),
        ]
        return [section for section in sections if section[1]]


def _json(payload: dict[str, Any], indent: int | None = None) -> str:
    """JSON as people read it, and escapes for what must not reach a screen."""
    text = json.dumps(payload, indent=indent, ensure_ascii=False)
    return re.sub(UNSHOWN, lambda found: f"\\u{ord(found[0]):04x}", text)


def _line(number: int, reference: Reference) -> str:
    body, name = reference.body, reference.label or "picture"
    note = (reference.note or "").removeprefix(f"{name}: ")
    is_changed = bool(note) and note != reference.note  # then the note has the size
    if isinstance(body, RemoteImage):
        kind = "fetched by the service"
    else:
        kind = body.mime if is_changed else f"{body.mime}, {megabytes(len(body.data))}"
    return f"image {number} = {name}: {kind}{', ' if note else ''}{note}"


def _form(call: Call) -> list[str]:
    """A form as curl has it."""
    return [
        *(f"{name}={value}" for name, value in call.form.items()),
        *(f"{each.field}=@{each.name}" for each in call.files),
    ]


def _shortened(value: Any) -> Any:
    """The same without what is megabytes of a picture, wherever it stands."""
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    is_picture = isinstance(value, str) and (is_data(value) or DATA.fullmatch(value))
    return _shorten(value) if is_picture else value


def _shorten(url: str) -> str:
    longest = LONGEST_DATA if is_data(url) else LONGEST_URL
    return url if len(url) <= longest else f"{url[:longest]}… ({len(url):,} characters)"
