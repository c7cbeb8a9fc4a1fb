"""The sandbox in this process: a `Transport` for where no server can listen, as in WebAssembly."""

import json
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from urllib3 import HTTPHeaderDict, encode_multipart_formdata

from nb_banana.credentials import Secret
from nb_banana.wire.transport import BEARER, Answer, NoAnswerError, TooLongError, UnsentError

if TYPE_CHECKING:
    from nb_banana.sandbox.exchange import Response
    from nb_banana.sandbox.server import Sandbox

URL = "http://localhost:0"
"""Where it seems to be: on this machine, at a port that no server can have."""


class InProcessTransport:
    """Hands each request to a sandbox that was not started; nothing leaves the process."""

    def __init__(self, sandbox: "Sandbox", name: str = "") -> None:
        self.url = f"{URL}/{name}" if name not in ("", "aimlapi") else URL
        # Who has a key, or a server, never loads it.
        from nb_banana.sandbox.exchange import Request

        self._request = Request
        self._api = sandbox.api
        self._api.url = self.url

    def send(
        self,
        method: str,
        url: str,
        *,
        secret: Secret | None = None,
        key_header: tuple[str, str] = BEARER,
        seconds: float,
        silence: float | None = None,  # noqa: ARG002 - an answer is there whole or not at all
        **options: Any,
    ) -> Answer:
        """The answer to one request, after as many seconds as the sandbox takes for it."""
        if not url.startswith(f"{self.url}/"):
            raise UnsentError(f"There is nothing but the sandbox here: {URL}.")
        target = urlsplit(URL + url.removeprefix(self.url))
        asked = urlencode({**(options.get("params") or {})}, doseq=True)
        query = parse_qs("&".join(filter(None, (target.query, asked))), keep_blank_values=True)
        headers = {name.lower(): text for name, text in (options.get("headers") or {}).items()}
        if secret is not None:
            headers[key_header[0].lower()] = key_header[1] + secret.reveal()
        body = json.dumps(options["json"]).encode() if "json" in options else b""
        if "files" in options:
            body, headers["content-type"] = encode_multipart_formdata(
                [(name, tuple(part)) for name, part in options["files"]]
            )
        response = self._api.handle(self._request(method, target.path, query, headers, body))
        time.sleep(min(response.delay, seconds))
        self._api.settle(response)
        if response.dropped or response.delay > seconds:
            raise NoAnswerError(is_late=not response.dropped)
        return _Answer(response)

    def close(self) -> None:
        """Nothing is open."""


class _Answer:
    """What the sandbox answered."""

    def __init__(self, response: "Response") -> None:
        self.status = response.status
        said = {**response.headers, "Date": formatdate(usegmt=True)}
        self.headers: Mapping[str, str] = HTTPHeaderDict(said)
        self._response = response

    @property
    def redirect(self) -> str | None:
        """The sandbox sends nobody elsewhere."""
        return None

    def read(self, most: int) -> bytes:
        """The whole body."""
        if self._response.sent is not None:  # it was cut off
            raise NoAnswerError(is_late=False)
        if len(self._response.body) > most:
            raise TooLongError
        return self._response.body

    def close(self) -> None:
        """Nothing is open."""
