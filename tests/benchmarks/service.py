"""A fast service in a process of its own: ``with running(folder, certificate) as (http, tls)``.

It works off a request in the seconds that its prompt says (``"… [1.13 s]"``), else in none, draws
the picture that it names (``"… [photo-4k.png]"``), and refuses with 429 what is more than
`limit` at once. No two pictures are the same file. The vendor's wire and Google's are spoken; the
vendor's is OpenAI's too.
"""

import asyncio
import base64
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from aiohttp import web

from .numbering import numbered

SECONDS = re.compile(r"\[(\d+\.\d+) s\]")
NAME = re.compile(r"\[([\w-]+\.(?:png|jpg))\]")
PLAIN = "127.0.0.1"
SECURE = "127.0.0.2"
"""Loopback too, but not by name: a client treats it as any host of the internet."""
ROOT = Path(__file__).parents[2]


class Service:
    """What the handlers share."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.room = asyncio.Semaphore(limit)
        self.numbers = count(1)
        self.seen = {"posts": 0, "refused": 0}
        self.read = cache(lambda name: (folder / name).read_bytes())

    def picture(self, number: int, name: str) -> bytes:
        return numbered(self.read(name), number)

    async def work(self, prompt: str) -> str | None:
        """The name of the picture that was drawn; None for a refusal."""
        self.seen["posts"] += 1
        if self.room.locked():
            self.seen["refused"] += 1
            return None
        async with self.room:
            if found := SECONDS.search(prompt):
                await asyncio.sleep(float(found[1]))
        named = NAME.search(prompt)
        return named[1] if named else "photo-1k.png"

    async def generate(self, request: web.Request) -> web.Response:
        """The vendor's way, and OpenAI's: a link, or the bytes where they are asked for."""
        body = await request.json()
        name = await self.work(body["prompt"])
        if name is None:
            return web.json_response({"message": "Too Many Requests"}, status=429)
        number = next(self.numbers)
        item: dict[str, str] = {"url": f"{request.url.origin()}/pictures/{number}/{name}"}
        if body.get("response_format") == "b64_json":
            item = {"b64_json": base64.b64encode(self.picture(number, name)).decode()}
        answer = {"created": 1, "data": [item], "meta": {"usage": {"usd_spent": 0.0894875}}}
        return web.json_response(answer, headers={"x-inference-id": f"inf-{number}"})

    async def generate_content(self, request: web.Request) -> web.Response:
        """Google's way: the bytes are inside of the answer."""
        body = await request.json()
        name = await self.work(body["contents"][0]["parts"][-1]["text"])
        if name is None:
            return web.json_response({"error": {"code": 429, "message": "slow"}}, status=429)
        number = next(self.numbers)
        data = base64.b64encode(self.picture(number, name)).decode()
        part = {"inlineData": {"mimeType": "image/png", "data": data}}
        told = {
            "candidates": [{"content": {"parts": [part], "role": "model"}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 1290},
            "responseId": f"r{number}",
        }
        return web.json_response(told)

    async def fetch(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        data = self.picture(int(request.match_info["number"]), name)
        return web.Response(body=data, content_type=f"image/{name[-3:].replace('jpg', 'jpeg')}")

    async def story(self, request: web.Request) -> web.Response:
        return web.json_response(self.seen)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=100_000_000)
        app.router.add_post("/v1/images/generations", self.generate)
        app.router.add_post("/{version}/models/{model}", self.generate_content)
        app.router.add_get("/pictures/{number}/{name}", self.fetch)
        app.router.add_get("/seen", self.story)
        return app


@contextmanager
def running(folder: Path, certificate: Path, limit: int = 10_000) -> Iterator[list[str]]:
    """Two addresses of the service, http and https, while it runs in another process."""
    command = [sys.executable, "-m", __name__, str(folder), str(certificate), str(limit)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()
        finally:
            process.terminate()


async def serve(folder: Path, certificate: Path, limit: int) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    runner = web.AppRunner(Service(folder, limit).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, PLAIN, 0).start()
    await web.TCPSite(runner, SECURE, 0, ssl_context=context).start()
    (host, port), (safe, secure) = (address[:2] for address in runner.addresses)
    print(f"http://{host}:{port} https://{safe}:{secure}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
