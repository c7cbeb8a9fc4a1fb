"""One function for each client: it gives a function from a prompt to a picture's bytes.

Each is written as its own documents say. Nothing is imported before its function is called.
"""

from collections.abc import Callable
from typing import Any

KEY = "bench-key-0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}"}
MODEL = "google/nano-banana-2"
GENERATIONS = "/v1/images/generations"
Draw = Callable[[str], bytes]


def body(prompt: str) -> dict[str, Any]:
    return {"model": MODEL, "prompt": prompt}


def link(answer: Any) -> str:
    url: str = answer["data"][0]["url"]
    return url


def sample(base: str) -> Draw:
    """The sample of the vendor's documents: a connection for each request."""
    import requests

    def draw(prompt: str) -> bytes:
        answer = requests.post(base + GENERATIONS, headers=HEADERS, json=body(prompt), timeout=600)
        answer.raise_for_status()
        return requests.get(link(answer.json()), timeout=60).content

    return draw


def session(base: str) -> Draw:
    import requests

    kept = requests.Session()

    def draw(prompt: str) -> bytes:
        answer = kept.post(base + GENERATIONS, headers=HEADERS, json=body(prompt), timeout=600)
        answer.raise_for_status()
        return kept.get(link(answer.json()), timeout=60).content

    return draw


def session_with_retry(base: str) -> Draw:
    """A session that sends a refused request again, ten times."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    kept = requests.Session()
    retry = Retry(10, status_forcelist=[429], allowed_methods=None, backoff_factor=0.5)
    for scheme in ("http://", "https://"):
        kept.mount(scheme, HTTPAdapter(max_retries=retry))

    def draw(prompt: str) -> bytes:
        answer = kept.post(base + GENERATIONS, headers=HEADERS, json=body(prompt), timeout=600)
        answer.raise_for_status()
        return kept.get(link(answer.json()), timeout=60).content

    return draw


def session_writing(base: str) -> Draw:
    """A session whose pictures go into files."""
    import tempfile
    from pathlib import Path

    fetch, folder = session(base), Path(tempfile.mkdtemp())

    def draw(prompt: str) -> bytes:
        data = fetch(prompt)
        (folder / f"{hash(prompt)}.png").write_bytes(data)
        return data

    return draw


def pool(base: str) -> Draw:
    import json
    import os

    import urllib3

    manager = urllib3.PoolManager(ca_certs=os.environ["SSL_CERT_FILE"])

    def draw(prompt: str) -> bytes:
        data = json.dumps(body(prompt)).encode()
        headers = {**HEADERS, "Content-Type": "application/json"}
        answer = manager.request("POST", base + GENERATIONS, body=data, headers=headers)
        return manager.request("GET", link(json.loads(answer.data))).data

    return draw


def httpx_client(base: str) -> Draw:
    import httpx

    client = httpx.Client(timeout=600)

    def draw(prompt: str) -> bytes:
        answer = client.post(base + GENERATIONS, headers=HEADERS, json=body(prompt))
        answer.raise_for_status()
        return client.get(link(answer.json())).content

    return draw


def aiohttp_session(base: str) -> Draw:
    import asyncio

    loop = asyncio.new_event_loop()
    fetch = loop.run_until_complete(opened(base))
    return lambda prompt: loop.run_until_complete(fetch(prompt))


async def opened(base: str) -> Any:
    """The same as a coroutine."""
    import aiohttp

    kept = aiohttp.ClientSession()

    async def draw(prompt: str) -> bytes:
        async with kept.post(base + GENERATIONS, headers=HEADERS, json=body(prompt)) as answer:
            answer.raise_for_status()
            url = link(await answer.json())
        async with kept.get(url) as answer:
            return await answer.read()

    return draw


def openai_client(base: str) -> Draw:
    """OpenAI's client; its answer is a link, which is fetched as its documents do."""
    import openai
    import requests

    client = openai.OpenAI(base_url=f"{base}/v1", api_key=KEY)

    def draw(prompt: str) -> bytes:
        answer = client.images.generate(model=MODEL, prompt=prompt)
        return requests.get(answer.data[0].url, timeout=60).content

    return draw


def genai_response(base: str) -> Callable[[str], Any]:
    """Google's client, with its whole response."""
    from google import genai
    from google.genai import types

    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=base))
    return lambda prompt: client.models.generate_content(
        model="gemini-3.1-flash-image", contents=prompt
    )


def genai_client(base: str) -> Draw:
    respond = genai_response(base)
    return lambda prompt: respond(prompt).candidates[0].content.parts[0].inline_data.data


def gemimg_client(base: str) -> Draw:
    client = _gemimg(base)
    return lambda prompt: client.generate(prompt, save=False)


def gemimg_saving(base: str) -> Draw:
    """With its default, which writes each picture to a file."""
    import tempfile

    client, folder = _gemimg(base), tempfile.mkdtemp()
    return lambda prompt: client.generate(prompt, save_dir=folder)


def _gemimg(base: str) -> Any:
    from gemimg import GemImg

    return GemImg(api_key=KEY, base_url=base)


def litellm_function(base: str) -> Draw:
    import litellm
    import requests

    def draw(prompt: str) -> bytes:
        answer = litellm.image_generation(
            model=f"openai/{MODEL}", prompt=prompt, api_base=f"{base}/v1", api_key=KEY
        )
        return requests.get(answer.data[0].url, timeout=60).content

    return draw


def banana_client(base: str) -> Draw:
    """What we do with the network, alone."""
    from nb_banana import ImageRequest
    from nb_banana.client import Service, generate, new_request_id
    from nb_banana.downloads import fetch_all
    from nb_banana.keys import Secret

    service = Service(base, Secret(KEY))

    def draw(prompt: str) -> bytes:
        answer = generate(ImageRequest(prompt), service, new_request_id())
        return fetch_all(answer, service).pictures[0][0]

    return draw


def banana(base: str) -> Draw:
    """The whole road: journal, picture, file, value."""
    import nb_banana

    nb_banana.configure(base_url=base)
    return lambda prompt: nb_banana.generate(prompt, key=KEY)


CLIENTS: dict[str, Callable[[str], Draw]] = {
    "sample": sample,
    "session": session,
    "session writing": session_writing,
    "session with retry": session_with_retry,
    "pool": pool,
    "httpx": httpx_client,
    "aiohttp": aiohttp_session,
    "openai": openai_client,
    "google-genai": genai_client,
    "gemimg": gemimg_client,
    "gemimg saving": gemimg_saving,
    "litellm": litellm_function,
    "nb_banana client": banana_client,
    "nb_banana": banana,
}
