"""The two doors of `doors`, with pictures in hand: what goes in, and what arrives at the service.

A picture that is given to the cell is bound to a variable first, as a person has it.
"""

import base64
import io
import json
import shlex
from typing import Any

import PIL.Image

import nb_banana
from nb_banana.sandbox import Sandbox
from tests.support.doors import written
from tests.support.shells import Shell


class Door:
    """How a picture is asked for.

    Attributes:
        service: who draws, and remembers what it was sent.
    """

    def __init__(self, service: Sandbox) -> None:
        self.service = service

    def draw(self, prompt: str, images: Any = (), **options: Any) -> nb_banana.BananaImage:
        """The picture of a prompt and of references: objects, or the texts behind ``-i``."""
        raise NotImplementedError

    def refused(self, prompt: str, images: Any = (), **options: Any) -> str:
        """The sentence of the error; it came before anything was sent."""
        raise NotImplementedError

    @property
    def body(self) -> dict[str, Any]:
        """What arrived last."""
        return self.service.posts[-1].body

    @property
    def arrived(self) -> list[PIL.Image.Image]:
        """The reference pictures that arrived last, opened again."""
        return [PIL.Image.open(io.BytesIO(data)) for data in self.files]

    @property
    def files(self) -> list[bytes]:
        """Their bytes."""
        uris = [url.partition(",") for url in self.body["image_urls"]]
        assert all(head.startswith("data:image/") for head, _, _ in uris)
        return [base64.b64decode(text, validate=True) for _, _, text in uris]


class Function(Door):
    """``nb_banana.generate``."""

    def draw(self, prompt, images=(), **options):
        return nb_banana.generate(prompt, images=images, **options)

    def refused(self, prompt, images=(), **options):
        before = len(self.service.posts)
        try:
            self.draw(prompt, images, **options)
        except nb_banana.errors.BananaError as error:
            assert len(self.service.posts) == before
            return str(error)
        raise AssertionError("it was not refused")


class Magic(Door):
    """A ``%%banana`` cell."""

    def __init__(self, service: Sandbox, shell: Shell) -> None:
        super().__init__(service)
        self.shell = shell

    def draw(self, prompt, images=(), **options):
        return self.shell.run(self._cell(prompt, images, options))

    def refused(self, prompt, images=(), **options):
        before = len(self.service.posts)
        error = self.shell.run(self._cell(prompt, images, options), fails=True)
        assert isinstance(error, nb_banana.errors.BananaError), error
        assert len(self.service.posts) == before
        return str(error)

    def _cell(self, prompt, images, options):
        words = []
        for number, image in enumerate(images if isinstance(images, list) else [images], 1):
            if isinstance(image, tuple) and not image:
                continue
            word = image if isinstance(image, str) else f"picture_{number}"
            if word is not image:
                self.shell.names[word] = image
            words += ["-i", shlex.quote(word)]
        if "resize" in options:
            self.shell.run(f"%config Banana.resize = {options.pop('resize')}")
        for name, value in options.items():
            if name == "params":
                pairs = (f"{key}={json.dumps(each)}" for key, each in value.items())
                words += [word for pair in pairs for word in ("--param", shlex.quote(pair))]
            elif value is not False:
                words += written(name, value)
        return f"%%banana {' '.join(words)}\n{prompt}"
