"""The kinds of settings that traitlets has not: a choice, a number, a list of folders."""

import os
from typing import TYPE_CHECKING, Any

from traitlets import Float, List, TraitError, TraitType
from traitlets.config.loader import LazyConfigValue

from nb_banana._text import shown
from nb_banana.errors import RequestError
from nb_banana.models import choose

if TYPE_CHECKING:
    _ListTrait = List[str]
    _TextTrait = TraitType[str | None, str | None]
    _FloatTrait = Float[Any, Any]
else:  # of traitlets before 5.10 they can't be subscripted when they are run
    _ListTrait, _TextTrait, _FloatTrait = List, TraitType, Float


class Choice(_TextTrait):
    """One of the values that `choose` understands, or None for the service's own default."""

    def __init__(self, allowed: tuple[str, ...], **metadata: Any) -> None:
        self.allowed = allowed
        super().__init__(default_value=None, allow_none=True, **metadata)

    def validate(self, obj: Any, value: Any) -> str:  # noqa: ARG002 - traitlets calls it so
        """Called by traitlets with each new value."""
        try:
            return choose(str(self.name), value, self.allowed)
        except RequestError as error:
            raise TraitError(str(error)) from error

    def info(self) -> str:
        """What ``%config`` says of the allowed values."""
        return "one of " + ", ".join(self.allowed)


class Number(_FloatTrait):
    """A number or None; traitlets' own takes True for 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, allow_none=True, **options)

    def validate(self, obj: Any, value: Any) -> Any:
        """Called by traitlets with each new value."""
        if isinstance(value, bool):
            self.error(obj, value)
        return super().validate(obj, value)


class Folders(_ListTrait):
    """A list of folders; one by itself is a list of one."""

    def __init__(self, **metadata: Any) -> None:
        super().__init__(**metadata)

    def validate(self, obj: Any, value: Any) -> list[str]:  # noqa: ARG002 - traitlets calls it so
        """Called by traitlets with each new value."""
        if isinstance(value, LazyConfigValue):  # c.Banana.shared_libraries.append(…)
            value = value.get_value([])
        given = [value] if isinstance(value, str | os.PathLike) else value
        if given is None:
            return []
        if not isinstance(given, list | tuple):
            raise TraitError(
                f'{self.name} is a list of folders such as ["/srv/class"], not {shown(value)}.'
            )
        return [_folder(str(self.name), each) for each in given]


def _folder(setting: str, value: Any) -> str:
    """The name of a folder as a text, if it can be one."""
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text.strip() or not can_be_named(text):
        raise TraitError(f"{setting} has the names of folders, and {shown(value)} can't be one.")
    return text


def can_be_named(text: str) -> bool:
    """Whether a folder can have this name."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False
