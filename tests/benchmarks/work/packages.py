"""Packages for pictures by a model, as their documents say. Each is imported when it is used."""

import tempfile
from typing import Any

from .wire import KEY, MODEL, Draw


def openai(base: str) -> Draw:
    """The answer is a link, which is fetched as the vendor's documents do."""
    import openai
    import requests

    client = openai.OpenAI(base_url=f"{base}/v1", api_key=KEY)

    def draw(prompt: str) -> bytes:
        answer = client.images.generate(model=MODEL, prompt=prompt)
        return requests.get(answer.data[0].url, timeout=60).content

    return draw


def genai_response(base: str) -> Draw:
    """Google's client, with its whole response."""
    from google import genai
    from google.genai import types

    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=base))
    return lambda prompt: client.models.generate_content(
        model="gemini-3.1-flash-image", contents=prompt
    )


def genai(base: str) -> Draw:
    respond = genai_response(base)
    return lambda prompt: respond(prompt).candidates[0].content.parts[0].inline_data.data


def gemimg(base: str) -> Draw:
    client = _gemimg(base)
    return lambda prompt: client.generate(prompt, save=False)


def gemimg_saving(base: str) -> Draw:
    """With its default, which writes each picture to a file."""
    client, folder = _gemimg(base), tempfile.mkdtemp()
    return lambda prompt: client.generate(prompt, save_dir=folder)


def _gemimg(base: str) -> Any:
    from gemimg import GemImg

    return GemImg(api_key=KEY, base_url=base)


def litellm(base: str) -> Draw:
    import litellm
    import requests

    def draw(prompt: str) -> bytes:
        answer = litellm.image_generation(
            model=f"openai/{MODEL}", prompt=prompt, api_base=f"{base}/v1", api_key=KEY
        )
        return requests.get(answer.data[0].url, timeout=60).content

    return draw
