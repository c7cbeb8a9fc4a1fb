"""What can go wrong, and what it means for the user's money.

::

    BananaError
    ├── RequestError (ValueError)          the request is wrong; nothing was sent
    │   ├── BadReferenceError              a reference is no picture, or not one that can be sent
    │   └── LabelError (KeyError)          no picture of a gallery has this label, or several have
    ├── SettingsError (ValueError)         a setting is wrong; nothing was sent
    ├── BudgetError                        it would pass the budget; nothing was sent
    ├── MissingKeyError (LookupError)      no key for this service; nothing was sent
    ├── NotSentError                       stopped before its turn came; nothing was sent
    ├── NotConnectedError (ConnectionError)   no connection was made; not charged
    ├── ServiceError                       the service said no; a failed request is not charged
    │   ├── BadRequestError (ValueError)   400, and other 4xx
    │   ├── KeyRefusedError                401
    │   ├── NotAllowedError                403: out of credits, or not in the plan
    │   │   └── KeyLimitError              the key has used up the limit that it was given
    │   ├── NotFoundError (LookupError)    404: no such model or address
    │   ├── RateLimitError                 429
    │   └── ServerError                    5xx, in the service's own words
    ├── UncertainError                     sent, but no answer came: may have been charged
    │   ├── AnswerTimeoutError (TimeoutError)
    │   ├── ConnectionDroppedError (ConnectionError)
    │   ├── GatewayError                   5xx from something between us and the service
    │   └── WorkerLostError                the process that sent it did not come back
    ├── AnswerError                        answered, and there is no picture in it
    │   ├── RefusalError                   the model made no picture
    │   ├── NoPictureError                 a picture is announced, without a link and without bytes
    │   └── UnreadableAnswerError          cut off, or not the JSON that was promised
    ├── PictureError                       made and charged, but the picture did not arrive whole
    │   ├── DownloadError                  the link failed
    │   │   └── LinkGoneError (LookupError)   the link is not there any more
    │   ├── NotAPictureError               what came is no picture
    │   ├── TruncatedPictureError          the picture is cut off
    │   └── PictureTooLargeError           more bytes or pixels than we accept
    ├── ClassKeysError                     not all keys of a class were made; those are in .handout
    ├── SaveError (OSError)                a file could not be written; the picture is still there
    ├── LessonError (ValueError)           a lesson can't be packed or unpacked; nothing was changed
    ├── LibraryError                       the library can't do it; a picture in hand is still there
    │   ├── LibraryUnavailableError (OSError)   its folder can't be used, or is full
    │   ├── LibraryBusyError (TimeoutError)     another process holds the index too long
    │   ├── LibraryDamagedError            the index is not what was written; it is left as it is
    │   ├── NewerLibraryError              written by a newer nb_banana; it is left as it is
    │   ├── NotKeptError (LookupError)     there is no such picture or request in it
    │   └── LostPictureError               its file is not what was kept
    │       ├── PictureMissingError (FileNotFoundError)   deleted or moved
    │       └── PictureChangedError        cut off, or other bytes
    ├── PillowMissingError (ImportError)   Pillow is not installed; the picture is still there
    └── SizeMismatchError                  ``--strict``: the picture is there, in another size

    Interrupted (KeyboardInterrupt)        Ctrl-C while waiting: may have been charged

Every message is a sentence for a person and holds its cure.
"""

from typing import Any

from nb_banana._text import LONGEST_ID, clean, plain, printable


class _Told:
    """The part that every error of ours shares: one message, some facts, no traceback.

    Attributes:
        facts: what identifies the request: ``client_request_id``, ``inference_id``, ``status``, …

    """

    facts: dict[str, Any]

    def __init__(self, message: str, **facts: Any) -> None:
        # Whatever it quotes: a half of a character in it, and a kernel can't send the error.
        super().__init__(printable(message))  # type: ignore[call-arg]  # the next class is one
        self.facts = {name: value for name, value in facts.items() if value is not None}

    def __str__(self) -> str:
        shown = [
            f"{name.replace('_', ' ')} {clean(str(self.facts[name]), LONGEST_ID)}"
            for name in IDS
            if self.facts.get(name) and not self.facts.get("hides_ids")
        ]
        message = str(self.args[0])  # type: ignore[attr-defined]
        return plain(f"{message} ({', '.join(shown)})" if shown else message)

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the class without the facts, which breaks process pools.
        # A hand-out has keys: no pickle gets them.
        facts = {name: value for name, value in self.facts.items() if name != "handout"}
        return _rebuild, (type(self), self.args[0], facts)  # type: ignore[attr-defined]

    def _render_traceback_(self) -> list[str]:
        """What IPython and Jupyter show in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


UNSURE = "It may have been charged, so it was not sent again."
"""What is said while nobody knows. The service's log may say more: `generation.charges`."""

NO_PILLOW = (
    "This needs Pillow, which is not installed here: run %pip install pillow, and restart the "
    "kernel."
)
"""What is said where pixels would have to be looked at, as in a browser without it."""

IDS = ("client_request_id", "inference_id", "request_id")
"""The facts that a message ends with: what the service's support asks for."""


def _rebuild(kind: type[Any], message: str, facts: dict[str, Any]) -> Any:
    return kind(message, **facts)


def repeated(error: Any) -> Any:
    """The same error for another one who asked for the same: what it cost is on the first bill."""
    return type(error)(error.args[0], **(error.facts | {"is_repeat": True}))


class BananaError(_Told, Exception):
    """Anything that nb_banana raises, but for an interrupt."""


class RequestError(BananaError, ValueError):
    """The request is wrong. Nothing was sent, nothing was charged."""


class BadReferenceError(RequestError):
    """Something given as a reference is no picture, or not one that can be sent. Nothing was."""


class LabelError(RequestError, KeyError):
    """No picture of a gallery has this label, or several have it."""


class SettingsError(BananaError, ValueError):
    """A setting has a value that it can't have. Nothing was sent."""


class BudgetError(BananaError):
    """It would pass the budget, or cost more than anybody agreed to. Nothing was sent."""


class MissingKeyError(BananaError, LookupError):
    """There is no key that may be sent to this service. Nothing was sent."""


class NotSentError(BananaError):
    """It was one of many, and stopped before its turn came. Nothing was sent, nothing charged."""


class NotConnectedError(BananaError, ConnectionError):
    """No connection was made, so nothing was sent and nothing was charged."""


class ServiceError(BananaError):
    """The service answered that it will not. A failed request is not charged."""


class BadRequestError(ServiceError, ValueError):
    """400, or another 4xx without a class of its own: the service did not accept the request."""


class KeyRefusedError(ServiceError):
    """401: the key is missing, expired or wrong."""


class NotAllowedError(ServiceError):
    """403: the account is out of credits, or its plan does not allow this."""


class KeyLimitError(NotAllowedError):
    """The key has used up its limit: whoever made it gave it no more. Nothing is charged."""


class NotFoundError(ServiceError, LookupError):
    """404: the service has no such model or address."""


class RateLimitError(ServiceError):
    """429: too many requests, for now."""


class ServerError(ServiceError):
    """5xx in the service's own words: the request failed there."""


class UncertainError(BananaError):
    """The request was sent and no answer came: it may have been charged."""


class AnswerTimeoutError(UncertainError, TimeoutError):
    """The service did not answer in time."""


class ConnectionDroppedError(UncertainError, ConnectionError):
    """The connection ended before the answer was there."""


class GatewayError(UncertainError):
    """Something between us and the service answered for it; the work may go on behind it."""


class WorkerLostError(UncertainError):
    """Another process was to send it, and did not come back (``executor=``)."""


class AnswerError(BananaError):
    """The service answered, and there is no picture in the answer."""


class RefusalError(AnswerError):
    """The model made no picture for this prompt."""


class NoPictureError(AnswerError):
    """The answer announces a picture and has neither its link nor its bytes."""


class UnreadableAnswerError(AnswerError):
    """The answer is cut off, or not the JSON that the service promises."""


class PictureError(BananaError):
    """The picture was made and charged, but it did not arrive whole.

    ``facts["url"]`` is its link where there is one.
    """


class DownloadError(PictureError):
    """The picture's link could not be fetched."""


class LinkGoneError(DownloadError, LookupError):
    """The picture's link answers that there is nothing."""


class NotAPictureError(PictureError, ValueError):
    """What came is not a picture that Pillow can read."""


class TruncatedPictureError(PictureError):
    """The picture is cut off."""


class PictureTooLargeError(PictureError):
    """The picture has more bytes or more pixels than we accept from a stranger."""


class PillowMissingError(BananaError, ImportError):
    """What was asked for needs Pillow, which is not installed here. The picture is still there."""

    def __init__(self, message: str = NO_PILLOW, **facts: Any) -> None:
        super().__init__(message, **facts)


class ClassKeysError(BananaError):
    """`Classroom.create` could not make all keys. Those that it made are in ``.handout``."""

    @property
    def handout(self) -> Any:
        """The keys that were made, a ``Handout``; None in another process, which gets no keys."""
        return self.facts.get("handout")


class SaveError(BananaError, OSError):
    """A file could not be written. The picture itself is still there."""


class LessonError(BananaError, ValueError):
    """A lesson can't be packed, or a zip file is not one that is unpacked. Nothing was changed."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The cells without a picture, where that is what is wrong."""
        return tuple(self.facts.get("missing", ()))


class LibraryError(BananaError):
    """The library can't do what was asked. Nothing in it was overwritten."""


class LibraryUnavailableError(LibraryError, OSError):
    """The library's folder can't be read or written: no such place, no rights, no room."""


class LibraryBusyError(LibraryError, TimeoutError):
    """Another process held the library's index for longer than we wait."""


class LibraryDamagedError(LibraryError):
    """The library's index is not what nb_banana wrote. It was left as it is."""


class NewerLibraryError(LibraryError):
    """The library was written by a newer nb_banana. It was left as it is."""


class NotKeptError(LibraryError, LookupError):
    """The library has no such picture or request, or several that the short id fits."""


class LostPictureError(LibraryError):
    """The index knows the picture, and its file is not what was kept: it is in ``facts["path"]``.

    Raised where a picture would be taken from the library, so that nobody pays for it a second
    time without having been told.
    """


class PictureMissingError(LostPictureError, FileNotFoundError):
    """The picture's file was deleted or moved."""


class PictureChangedError(LostPictureError):
    """The picture's file is cut off, or has other bytes than were kept."""


class SizeMismatchError(BananaError):
    """``strict``: the picture has another size than was asked. It is in ``.image``."""

    @property
    def image(self) -> Any:
        """The picture as it was delivered, a ``BananaImage``."""
        return self.facts["image"]


class Interrupted(_Told, KeyboardInterrupt):
    """The wait was interrupted. The request may have been charged.

    Not a `BananaError`, so that ``except Exception`` in a loop does not swallow a Ctrl-C.
    """

    @property
    def gallery(self) -> Any:
        """What was done of a batch, a ``Gallery``; None where there was only one picture."""
        return self.facts.get("gallery")

    @property
    def handout(self) -> Any:
        """The keys of a class that were made before, a ``Handout``; else None."""
        return self.facts.get("handout")
