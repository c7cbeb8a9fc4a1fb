"""`BananaImage`: a picture as a value. It shows itself, and it is a file and an array to others."""

import base64
import hashlib
import html
import os
import tempfile
import weakref
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb_banana import files
from nb_banana.errors import PictureError
from nb_banana.frontend import is_rich, shell
from nb_banana.models import short_name
from nb_banana.money import dollars
from nb_banana.pixels import SUFFIXES, Kind, open_picture, preview
from nb_banana.receipt import Receipt
from nb_banana.request import ImageRequest
from nb_banana.settings import settings
from nb_banana.sizes import mismatch
from nb_banana.tree import Tree

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

Bundle = dict[str, Any]


class BananaImage:
    """A picture that the model made, with all that is known of it.

    It works wherever a file or an array does: ``PIL.Image.open(img)``, ``open(img, "rb")``,
    ``shutil.copy(img, …)``, ``np.asarray(img)``, ``plt.imshow(img)``.

    Attributes:
        bytes: the picture as the service made it, never re-encoded.
        mime: what the bytes are, e.g. ``"image/png"``.
        width, height, size: in pixels.
        request: the `ImageRequest` that it answers.
        receipt: the `Receipt`: ids, cost, time.
        name: the notebook's variable that it was bound to, for the caption.
        alt: the text that stands for it where it can't be seen; the prompt unless given.
        path: its file in the library; None where it is not kept.
        parents: the reference pictures that were pictures of ours.
        extras: further pictures of the same answer, which the service sent unasked.

    """

    def __init__(
        self,
        data: bytes,
        kind: Kind,
        request: ImageRequest,
        receipt: Receipt,
        *,
        name: str | None = None,
        alt: str | None = None,
    ) -> None:
        self.bytes = data
        self.mime, self.width, self.height = kind.mime, kind.width, kind.height
        self.request = request
        self.receipt = receipt
        self.name = name
        self.alt = alt or request.prompt
        self.path: Path | None = None
        self.parents: tuple[BananaImage, ...] = ()
        self.extras: tuple[BananaImage, ...] = ()
        self._previews: dict[int, tuple[str, bytes]] = {}
        self._temporary: Path | None = None
        self._digest: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, 64 hex digits."""
        if self._digest is None:
            self._digest = hashlib.sha256(self.bytes).hexdigest()
        return self._digest

    @property
    def id(self) -> str:
        """What `nb_banana.load` finds it by: the beginning of its `digest`."""
        return self.digest[:12]

    @property
    def prompt(self) -> str:
        """The prompt as it was sent."""
        return self.request.prompt

    @property
    def cost(self) -> Decimal | None:
        """What it cost in US dollars (play money where `sandbox`); None where nobody said."""
        return self.receipt.usd

    @property
    def sandbox(self) -> bool:
        """Whether the sandbox painted it, and no model."""
        return self.receipt.sandbox

    @property
    def mismatch(self) -> str | None:
        """What was asked and not delivered, e.g. ``"asked 4K 16:9, got 1376×768"``; else None."""
        return mismatch(self.request, self.width, self.height)

    @property
    def pil(self) -> "Image.Image":
        """A new Pillow image, yours to draw on."""
        picture = open_picture(self.bytes)
        picture.load()
        return picture

    @property
    def caption(self) -> str:
        """The one line under the picture: size, model, time, price, name."""
        parts = [
            "SANDBOX, no AI model" if self.sandbox else "",
            f"{self.width}×{self.height}",
            short_name(self.request.model),
            f"{self.receipt.seconds:.1f} s",
            dollars(self.cost) + (" play money" if self.sandbox and self.cost else ""),
            self.mismatch or "",
            f"{len(self.extras)} more in .extras" if self.extras else "",
            self.name or "",
        ]
        return " · ".join(filter(None, parts))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all, and return the file's path.

        The bytes stay as they are where the suffix fits them, or where there is none (then the
        fitting one is added). Another suffix (``.jpg`` for a PNG) converts. In a folder the file
        gets a name from the prompt.

        Raises:
            SaveError: an unknown suffix, or a place that can't be written to.

        """
        target = files.target(path, suffix=SUFFIXES.get(self.mime, ""), title=self.prompt)
        files.write_whole(target, files.encode(self.bytes, self.mime, target.suffix))
        return target

    def edit(self, prompt: str, images: Any = (), **options: Any) -> "BananaImage":
        """A new picture from this one, e.g. ``cafe.edit("make it night")``.

        Args:
            prompt: what to change. This picture is image 1.
            images: further references, image 2 and so on.
            **options: as `nb_banana.generate`; ratio, resolution and model default to this
                picture's own.

        Raises:
            BananaError: see `nb_banana.errors`.
        """
        # The road stands above this file: it is asked when it is needed, as a person would ask it.
        from nb_banana import api

        return api.edit(self, prompt, images=images, **options)

    def tree(self) -> Tree:
        """The family: the pictures that this one was made from, first to last."""
        return Tree(self)

    def show(self) -> None:
        """Show the picture: under the cell in a notebook, in a window elsewhere."""
        if shell() is None:
            self.pil.show()
            return
        from IPython.display import display

        display(self)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        prompt = self.prompt if len(self.prompt) <= 40 else self.prompt[:39] + "…"
        label = f"{self.name} " if self.name else ""
        return f"<BananaImage {label}{self.width}×{self.height} {self.mime} {prompt!r}>"

    def __fspath__(self) -> str:
        if self.path is not None:
            return str(self.path)
        if self._temporary is None or not self._temporary.exists():
            handle, name = tempfile.mkstemp(SUFFIXES.get(self.mime, ""), "nb_banana-")
            self._temporary = Path(name)
            weakref.finalize(self, self._temporary.unlink, missing_ok=True)
            with os.fdopen(handle, "wb") as file:
                file.write(self.bytes)
        return str(self._temporary)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "np.ndarray[Any, Any]":
        import numpy as np

        if copy is False:
            raise ValueError("An array of a picture is always a copy: its bytes are compressed.")
        picture = self.pil
        plain = picture if picture.mode in {"L", "RGB", "RGBA"} else picture.convert("RGB")
        return np.array(plain, dtype=dtype)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_previews": {}, "_temporary": None}

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> Bundle | tuple[Bundle, Bundle]:
        try:
            if not is_rich():
                return {"text/plain": f"{self.caption} · {os.fspath(self)}"}
            mime, data = self.preview(settings.preview)
        except (OSError, ValueError, SyntaxError, PictureError) as error:
            # Pixels that can't be decoded, or no place for a file: the picture is there anyway.
            return {"text/plain": f"{self.caption} · it can't be shown: {error}"}
        encoded = base64.b64encode(data).decode()
        bundle = {
            "text/html": self._figure(mime, encoded),
            mime: encoded,
            "text/plain": repr(self),
        }
        wanted = {
            kind: value
            for kind, value in bundle.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }
        return wanted, {mime: {"alt": self.alt}} if mime in wanted else {}

    def preview(self, longest: int) -> tuple[str, bytes]:
        """A small copy, made once: its MIME type and bytes. See `nb_banana.pixels.preview`."""
        if longest not in self._previews:
            self._previews[longest] = preview(self.bytes, longest)
        return self._previews[longest]

    def _figure(self, mime: str, encoded: str) -> str:
        return (
            '<figure class="nb-banana" style="margin:0">'
            f'<img src="data:{mime};base64,{encoded}" alt="{html.escape(self.alt)}" '
            'style="max-width:100%;height:auto">'
            '<figcaption style="font-size:90%;opacity:.75">'
            f"{html.escape(self.caption)}</figcaption>"
            "</figure>"
        )
