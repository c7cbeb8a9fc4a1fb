"""`Failure`: what stands in a gallery where a picture was not made, and why."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nb_banana._default import HasClient
from nb_banana._text import clean, plain
from nb_banana.display.html import note, styled
from nb_banana.display.output import is_rich
from nb_banana.errors import BananaError, Interrupted
from nb_banana.request import ImageRequest
from nb_banana.results.alt_text import AltText
from nb_banana.results.image import BananaImage
from nb_banana.results.image_display import chosen
from nb_banana.settings import is_stable


class Failure(HasClient):
    """A picture that was not made. It is false, and using it as a picture raises its error.

    Args:
        options: what else was wanted of the picture, which a second try wants too.

    Attributes:
        request: the `ImageRequest` that was not answered with a picture.
        prompt: its prompt.
        error: why: the error that was raised.
        name, alt: as a picture's would have been.
    """

    alt = AltText()

    def __init__(
        self,
        request: ImageRequest,
        error: BananaError | Interrupted,
        name: str | None = None,
        alt: str | None = None,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.request = request
        self.error = error
        self.name = name
        self.alt = alt
        self._options = dict(options)
        self._earlier: tuple[Any, ...] = ()

    @property
    def prompt(self) -> str:
        """The prompt as it was sent, or would have been."""
        return self.request.prompt

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        # Whoever takes it for a picture (.pil, .save …) is told why there is none. Protocols ask
        # by private names, pickle does so before there is an error: they hear the usual answer.
        error = self.__dict__.get("error")
        if name.startswith("_") or error is None:
            raise AttributeError(f"A Failure has no attribute {name!r}.")
        raise error.with_traceback(None)

    def __repr__(self) -> str:
        return plain(f"<Failure {clean(self.prompt, 40)!r}: {clean(reason_of(self), 120)}>")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        told = f"No picture of {clean(self.prompt, 80)!r}. {said_by(self)}"
        shown = {"text/plain": plain(told)}
        if is_rich():
            shown["text/html"] = styled(note(told, bad=True), kind="failure")
        return chosen(shown, include, exclude)


GalleryEntry = BananaImage | Failure  # what stands in one place of a gallery


def said_by(failure: Failure) -> str:
    """The error with the ids; without them where outputs are compared, for each try has others."""
    return reason_of(failure) if is_stable(failure) else str(failure.error)


def reason_of(failure: Failure) -> str:
    """What the error says, without the ids that support asks for: the same for the same trouble."""
    error = failure.error
    said = error.args[0] if isinstance(error, BananaError | Interrupted) and error.args else error
    return str(said) or type(error).__name__
