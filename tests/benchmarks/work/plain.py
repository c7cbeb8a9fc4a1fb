"""Clients for HTTP. Nothing is imported before its function is called."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from .wire import GENERATIONS, HEADERS, Draw, body, link


def sample(base: str) -> Draw:
    """The sample of the vendor's documents: a connection for each request."""
    import requests

    return _drawing(requests, base)


def session(base: str) -> Draw:
    import requests

    return _drawing(requests.Session(), base)


def session_with_retry(base: str) -> Draw:
    """A session that sends a refused request again, ten times."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    kept = requests.Session()
    retry = Retry(10, status_forcelist=[429], allowed_methods=None, backoff_factor=0.5)
    for scheme in ("http://", "https://"):
        kept.mount(scheme, HTTPAdapter(max_retries=retry))
    return _drawing(kept, base)


def _drawing(with_requests: Any, base: str) -> Draw:
    """The vendor's sample, with a session or with the module itself."""

    def draw(prompt: str) -> bytes:
        url = base + GENERATIONS
        answer = with_requests.post(url, headers=HEADERS, json=body(prompt), timeout=600)
        answer.raise_for_status()
        data: bytes = with_requests.get(link(answer.json()), timeout=60).content
        return data

    return draw


def session_writing(base: str) -> Draw:
    """A session whose pictures go into files."""
    fetch, folder = session(base), Path(tempfile.mkdtemp())
    return lambda prompt: (folder / f"{hash(prompt)}.png").write_bytes(fetch(prompt))


def session_importing(base: str) -> Draw:
    """A session beside what we need too: Pillow, the settings' traitlets, SQLite."""
    import sqlite3  # noqa: F401 - it is the import that counts

    import PIL.Image  # noqa: F401
    import traitlets.config  # noqa: F401

    return session(base)


def session_keeping(base: str) -> Draw:
    """A session whose pictures are on the disk when it goes on, under the hash of their bytes."""
    fetch, folder = session(base), Path(tempfile.mkdtemp())

    def draw(prompt: str) -> bytes:
        data = fetch(prompt)
        with (folder / hashlib.sha256(data).hexdigest()).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return data

    return draw


def pool(base: str) -> Draw:
    import urllib3

    manager = urllib3.PoolManager(ca_certs=os.environ["SSL_CERT_FILE"])
    headers = {**HEADERS, "Content-Type": "application/json"}

    def draw(prompt: str) -> bytes:
        data = json.dumps(body(prompt)).encode()
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
    """aiohttp's session as a coroutine from a prompt to a picture."""
    import aiohttp

    kept = aiohttp.ClientSession()

    async def draw(prompt: str) -> bytes:
        async with kept.post(base + GENERATIONS, headers=HEADERS, json=body(prompt)) as answer:
            answer.raise_for_status()
            url = link(await answer.json())
        async with kept.get(url) as answer:
            return await answer.read()

    return draw
