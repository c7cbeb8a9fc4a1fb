"""`BananaImage`: a picture as a value. It shows itself, and it is a file and an array to others."""

import hashlib
import os
import tempfile
import weakref
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb_banana import _default
from nb_banana._hints import Hinted, hinted
from nb_banana._later import later
from nb_banana._text import in_dollars, plain
from nb_banana.credentials import hide_key
from nb_banana.display.output import display, shell
from nb_banana.errors import LibraryError
from nb_banana.imaging.decode import SUFFIXES, PictureKind, decoded, preview
from nb_banana.library import rows
from nb_banana.references.reference import Reference
from nb_banana.request import ImageRequest, copy_with, is_on, mismatch, nearest_ratio, whole_number
from nb_banana.results import image_display
from nb_banana.results.alt_text import AltText
from nb_banana.services.receipt import Receipt, mark_of
from nb_banana.settings import settings_of

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from nb_banana.imaging import metadata, provenance, save
    from nb_banana.library.library import Library
    from nb_banana.library.records import StoredImage
    from nb_banana.results import cell, lineage
else:  # for who asks for them
    metadata, provenance, save = later("nb_banana.imaging", "metadata", "provenance", "save")
    cell, lineage = later("nb_banana.results", "cell", "lineage")

Bytes = bytes  # the built-in type, whose name is an attribute of the class below


class BananaImage(_default.HasClient, Hinted):
    """A picture that the model made, with all that is known of it.

    It works wherever a file or an array does: ``PIL.Image.open(img)``, ``open(img, "rb")``,
    ``shutil.copy(img, …)``, ``np.asarray(img)``, ``plt.imshow(img)``.

    Attributes:
        mime: what the bytes are, e.g. ``"image/png"``.
        width, height, size: in pixels.
        request: the `ImageRequest` that it answers.
        receipt: the `Receipt`: ids, cost, time.
        name: the notebook's variable that it was bound to, for the caption.
        alt: the text that stands for it where it can't be seen; unless given the prompt, with
            what it was made from.
        extras: further pictures of the same answer, which the service sent unasked.
        came: ``made`` just now; ``reused``, from the library at no cost; or ``loaded``, looked up.
        notes: what a person should know of it, one line each.

    """

    mime: str
    width: int
    height: int
    request: ImageRequest
    receipt: Receipt
    name: str | None
    extras: "tuple[BananaImage, ...]"
    came: str
    notes: tuple[str, ...]
    _data: Bytes | None
    _kept: "StoredImage | None"
    _library: "Library | None"
    _sources: tuple[Any, ...]
    _temporary: Path | None
    _digest: str | None
    _earlier: tuple[Any, ...]
    _lost_references: tuple[str, ...]

    alt = AltText()

    def __init__(
        self,
        data: Bytes | None,
        kind: PictureKind,
        request: ImageRequest,
        receipt: Receipt,
        *,
        name: str | None = None,
        alt: str | None = None,
        kept: "StoredImage | None" = None,
        library: "Library | None" = None,
    ) -> None:
        self._data = data
        self._kept = kept
        self._library = library
        self.mime, self.width, self.height = kind.mime, kind.width, kind.height
        self.request = request
        self.receipt = receipt
        self.name = name
        vars(self)["alt"] = alt  # see `AltText`
        self.extras = ()
        self.came = "loaded" if kept else "made"
        references: tuple[Reference, ...] = request.images  # all are, by now
        self.notes = tuple(each.note for each in references if each.note)
        self._sources = tuple(each.source for each in references)
        self._temporary = None
        self._digest = kept.digest if kept else None
        self._lost_references = ()  # what a file of ours names that it was made from
        self._earlier = ()  # what failed tries in its place have cost, see `gallery_display`

    @classmethod
    def of(
        cls,
        kept: "StoredImage",
        library: "Library",
        *,
        request: ImageRequest | None = None,
        name: str | None = None,
        alt: str | None = None,
        came: str = "loaded",
    ) -> "BananaImage":
        """The value of a picture in the library, for what asks now. Its bytes stay on the disk."""
        asked = kept.asked_by(request) if request and request.images else kept.request
        if request is not None and asked.catalogue is not request.catalogue:
            asked = copy_with(asked, catalogue=request.catalogue)  # a sandbox's ids are not its own
        kind = PictureKind(kept.mime, kept.width, kept.height)
        image = cls(None, kind, asked, kept.receipt, name=name, alt=alt, kept=kept, library=library)
        if request and request.images:
            image._sources = tuple(each.source for each in request.references)
        image.came = came
        image.notes += (library.note,) if library.note else ()
        image.extras = tuple(cls.of(each, library, came=came) for each in kept.extras)
        return image

    @property
    def bytes(self) -> Bytes:
        """The picture as the service made it, never re-encoded.

        Raises:
            LostPictureError: it is in the library, and its file is not what was kept.
        """
        if self._data is not None or self._kept is None:
            return self._data or b""
        return self._kept.read()

    @property
    def path(self) -> Path | None:
        """Its file in the library; None where it is not kept."""
        return self._kept.path if self._kept and self._kept.path.is_file() else None

    @property
    def parents(self) -> "tuple[BananaImage, ...]":
        """The reference pictures that were pictures of ours, those of another day too."""
        labels = (each.label for each in self.request.references)
        found = map(self._find, self._sources, labels)
        return tuple(each for each in found if each is not None)

    @property
    def children(self) -> "tuple[BananaImage, ...]":
        """What was made with this picture as a reference, by any notebook; the newest last."""
        family = _default.client_of(self).family()
        return tuple(family.load(family.children(self.digest)))

    def _find(self, source: Any, label: str) -> "BananaImage | None":
        if isinstance(source, BananaImage):
            return source
        found: BananaImage | None = None
        if self._library is not None:
            with suppress(LibraryError):  # it was never ours, it was forgotten, or it is elsewhere
                found = BananaImage.of(self._library.by_digest(source), self._library)
                found._client = self._client
        found = found or _default.client_of(self).family().find(source)
        if found is not None and label.isidentifier() and label != "picture":  # no name of a file
            found.name = label
        return found

    @property
    def _origin(self) -> str:
        """Which library it comes from, in words."""
        return self._library.origin if self._library is not None else "your library"

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
        usd = self.receipt.usd
        return usd if usd is None else in_dollars(usd)

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
        data = self.bytes
        picture = decoded(data)
        # So that a copy can say where it comes from: pil.save("x.jpg", xmp=pil.info["xmp"])
        picture.info["xmp"] = provenance.find_xmp(data) or mark_of(self.receipt)
        return picture

    @property
    def provenance(self) -> "provenance.Provenance":
        """What the file says of how it was made: IPTC's source type, credit, C2PA or not.

        An invisible mark, such as SynthID, can't be read here: none found says nothing.
        """
        return provenance.read_provenance(self.bytes)

    @property
    def credit(self) -> str:
        """A line for a slide, e.g. ``"nano-banana-2 · 2026-11-24 · AI generated"``."""
        return self.receipt.credit

    @property
    def model(self) -> str:
        """The model that drew it, by the id that was asked for."""
        return self.request.model

    @property
    def aspect_ratio(self) -> str:
        """The aspect ratio that it has, by the name of the nearest that can be asked for."""
        return nearest_ratio(self.width, self.height)

    @property
    def caption(self) -> str:
        """The one line under the picture: size, model, time, price, name."""
        return plain(image_display.image_caption(self))

    def cell(self) -> str:
        """The ``%%banana`` cell that asks for this picture, in another notebook too.

        A reference goes by its variable where this notebook has it, else by its address, its id in
        the library, or its file there.
        """
        return cell.cell_of(self.request, self.name, self._library, settings_of(self).service)

    @hinted
    def save(self, path: str | os.PathLike[str], *, embed: bool = False) -> Path:
        """Write the picture to a file, whole or not at all, and return the file's path.

        The bytes stay as they are where the suffix fits them, or where there is none (then the
        fitting one is added). Another suffix (``.jpg`` for a PNG) converts. In a folder the file
        gets a name from the prompt; ``"out/"`` is one, and is made where it is missing.

        What the file says of its making (XMP, IPTC) is in a converted PNG, JPEG, WebP or TIFF too;
        GIF, BMP and PDF have no place that Pillow writes it to. A C2PA manifest is signed for its
        bytes, and stays with them alone.

        Args:
            path: a file or a folder.
            embed: write prompt and parameters into the file's metadata too (PNG, JPEG, WebP), so
                that `nb_banana.load` reads them back. The pixels are not touched.

        Raises:
            SaveError: an unknown suffix, or a place that can't be written to.

        """
        target = save.save_target(path, suffix=SUFFIXES.get(self.mime, ""), title=self.prompt)
        embed = is_on("embed", embed)
        data = save.encode(self.bytes, self.mime, target.suffix, mark_of(self.receipt))
        if embed:
            mime = save.mime_of(target.suffix) or self.mime
            data = metadata.embed_facts(data, mime, rows.embedded_facts(self.request, self.receipt))
        save.write_whole(target, data)
        return target

    def edit(self, /, prompt: str, images: Any = (), **options: Any) -> "BananaImage":
        """A new picture from this one, e.g. ``cafe.edit("make it night")``.

        Args:
            prompt: what to change. This picture is image 1.
            images: further references, image 2 and so on.
            **options: as `nb_banana.generate`; ratio, resolution and model default to this
                picture's own.

        Raises:
            BananaError: see `nb_banana.errors`.
        """
        client = _default.client_of(self)
        edited: BananaImage = client._edit(self, prompt, images, options)  # may name an image=
        return edited

    def again(self, /, **changes: Any) -> "BananaImage":
        """The same request once more, with changes; without any, its next take.

        The next take is the first after this one that is neither in the library nor on its way, so
        each call is a new picture, and is paid. With changes a request that is in the library
        costs nothing, as ever. The reference pictures stay the same, byte by byte.

        Args:
            **changes: fields of the request (``prompt``, ``resolution`` …) with their new values,
                and what else `nb_banana.generate` takes: ``count`` (so many next takes, in a
                `Gallery`), ``background``, ``fresh``, ``name``, ``save`` …

        Raises:
            BananaError: see `nb_banana.errors`. A reference picture that can't be had any more is
                one, before anything is sent.

        >>> import nb_banana
        >>> fox = nb_banana.generate("a fox in the snow", aspect_ratio="16:9")
        >>> fox.again(resolution="2K").size, fox.again().request.take
        ((2752, 1536), 2)
        """
        hide_key(changes)
        made: BananaImage = _default.client_of(self).again(self, **changes)
        return made

    def tree(self) -> "lineage.Lineage":
        """The family: what this picture was made from, and what was made from it and from that."""
        return lineage.Lineage(self)

    def show(self) -> None:
        """Show the picture: under the cell in a notebook, in a window elsewhere."""
        if shell() is None:
            self.pil.show()
            return
        display(self)

    def __repr__(self) -> str:
        prompt = self.prompt if len(self.prompt) <= 40 else self.prompt[:39] + "…"
        label = f"{self.name} " if self.name else ""
        lost = ", not kept" if image_display.is_unkept(self) else ""
        return plain(
            f"<BananaImage {label}{self.width}×{self.height} {self.mime} {prompt!r}{lost}>"
        )

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
        # Parents that are kept go by their digests, else a chain of edits would be one huge pickle.
        sources = tuple(
            each.digest if isinstance(each, BananaImage) and each._kept else each
            for each in self._sources
        )
        more = {"_data": self.bytes, "_temporary": None, "_sources": sources}
        return super().__getstate__() | more

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return image_display.image_bundle(self, include, exclude)

    def preview(self, longest: int) -> tuple[str, Bytes]:
        """A small copy: its MIME type and bytes. See `nb_banana.imaging.decode.preview`.

        Raises:
            LostPictureError: it is in the library, and its file is not what was kept.
        """
        longest = whole_number("longest", longest)
        if self._data is not None or self._kept is None:
            return preview(self.bytes, longest, mark_of(self.receipt))
        return self._kept.preview(longest)
