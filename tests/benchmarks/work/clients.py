"""All clients by their names: each gives a function from a prompt to a picture."""

from collections.abc import Callable

from . import packages, plain
from .wire import KEY, Draw


def banana_client(base: str) -> Draw:
    """What we do with the network, alone."""
    from nb_banana import ImageRequest
    from nb_banana.credentials import Secret
    from nb_banana.generation.journal_entry import new_request_id
    from nb_banana.services.endpoint import Endpoint
    from nb_banana.services.result import fetch_pictures
    from nb_banana.services.send import send_generation

    service = Endpoint(base, Secret(KEY))

    def draw(prompt: str) -> bytes:
        answer = send_generation(ImageRequest(prompt), service, new_request_id())
        return fetch_pictures(answer, service).pictures[0][0]

    return draw


def banana(base: str) -> Draw:
    """The whole road: journal, picture, file, value."""
    import nb_banana

    nb_banana.configure(base_url=base)
    return lambda prompt: nb_banana.generate(prompt, key=KEY)


CLIENTS: dict[str, Callable[[str], Draw]] = {
    "sample": plain.sample,
    "session": plain.session,
    "session writing": plain.session_writing,
    "session importing": plain.session_importing,
    "session keeping": plain.session_keeping,
    "session with retry": plain.session_with_retry,
    "pool": plain.pool,
    "httpx": plain.httpx_client,
    "aiohttp": plain.aiohttp_session,
    "openai": packages.openai,
    "google-genai": packages.genai,
    "google-genai response": packages.genai_response,
    "gemimg": packages.gemimg,
    "gemimg saving": packages.gemimg_saving,
    "litellm": packages.litellm,
    "nb_banana client": banana_client,
    "nb_banana": banana,
}
