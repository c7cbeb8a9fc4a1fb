"""A fast service in a process of its own: ``with running(latency=1.0) as url``.

It works off a request in the seconds that its prompt says (``"… [1.13 s]"``), else in none, and
refuses with 429 what is more than `limit` at once. One picture serves for all, with a few bytes of
its own at the end, so that no two are the same file.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from aiohttp import web

SECONDS = re.compile(r"\[(\d+\.\d+) s\]")


def app(picture: bytes, limit: int) -> web.Application:
    room = asyncio.Semaphore(limit)
    numbers = count()
    seen = {"posts": 0, "refused": 0}

    async def generate(request: web.Request) -> web.Response:
        body = await request.json()
        seen["posts"] += 1
        if room.locked():
            seen["refused"] += 1
            return web.json_response({"message": "Too Many Requests"}, status=429)
        async with room:
            if found := SECONDS.search(body["prompt"]):
                await asyncio.sleep(float(found[1]))
        url = f"http://{request.host}/pictures/{next(numbers)}.png"
        answer = {"data": [{"url": url}], "meta": {"usage": {"usd_spent": 0.0894875}}}
        return web.json_response(answer, headers={"x-inference-id": url[-12:]})

    async def fetch(request: web.Request) -> web.Response:
        return web.Response(body=picture + request.path.encode(), content_type="image/png")

    async def story(request: web.Request) -> web.Response:
        return web.json_response(seen)

    running = web.Application()
    running.router.add_post("/v1/images/generations", generate)
    running.router.add_get("/pictures/{name}", fetch)
    running.router.add_get("/seen", story)
    return running


@contextmanager
def running(picture: bytes, limit: int = 10_000) -> Iterator[str]:
    """The service's URL, while it runs in another process."""
    command = [sys.executable, "-m", __name__, str(limit)]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(picture).to_bytes(8, "little") + picture)
        process.stdin.flush()
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.terminate()


async def serve(picture: bytes, limit: int) -> None:
    runner = web.AppRunner(app(picture, limit), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    length = int.from_bytes(sys.stdin.buffer.read(8), "little")
    asyncio.run(serve(sys.stdin.buffer.read(length), int(sys.argv[1])))
