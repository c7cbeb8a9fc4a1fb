"""How quickly a photo in hand becomes a request's body: a Markdown table of ratios.

Run by hand: ``python -m tests.benchmarks.bench_references``. Each ratio is of two things measured
in the same run, so that it holds on any machine; the goals are those of the issue.
"""

import base64
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from PIL import Image

from nb_banana import ImageRequest, references

ROUNDS = 7
WIDE = (4000, 3000)
"""12 megapixels: within 4096, so it is passed on."""
LONG = (4900, 2450)
"""12 megapixels with a longer side than 4096, so it is made smaller."""
LIMIT = 4096


def photo(size: tuple[int, int]) -> bytes:
    """A JPEG with grain, as a camera makes it: some 3 MB."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    grain = Image.effect_noise(size, 18)
    out = io.BytesIO()
    Image.merge("RGB", (across, grain, Image.linear_gradient("L").resize(size))).save(
        out, "JPEG", quality=88
    )
    return out.getvalue()


def ours(data: bytes) -> bytes:
    """The request's body as it is sent."""
    return json.dumps(ImageRequest("a banana", images=data).payload()).encode()


def straight(data: bytes) -> bytes:
    """The same written straight in Pillow."""
    image = Image.open(io.BytesIO(data))
    image.thumbnail((LIMIT, LIMIT), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92, subsampling=0)
    encoded = base64.b64encode(out.getvalue()).decode()
    body = {"prompt": "a banana", "image_urls": [f"data:image/jpeg;base64,{encoded}"]}
    return json.dumps(body).encode()


def fresh_reference(data: bytes) -> str:
    """The address of a picture that was never seen before."""
    references.KEPT.clear()
    return references.as_reference(data).url


def fresh_body(data: bytes) -> bytes:
    """The body of a picture that was never seen before."""
    references.KEPT.clear()
    return ours(data)


def ratio(one: Callable[[], object], other: Callable[[], object]) -> float:
    """How much longer the one takes than the other: the median of rounds taken in turn."""
    return median(seconds(one) / seconds(other) for _ in range(ROUNDS))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak(size: tuple[int, int], way: str = "ours") -> float:
    """The most memory that a fresh process needs beyond its start, against the decoded picture.

    The decoded picture is what Pillow holds, four bytes a pixel.
    """
    code = (
        "import sys; from tests.benchmarks import bench_references as bench; "
        f"bench.print_peak(*map(int, sys.argv[1:]), bench.{way})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, size)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def print_peak(width: int, height: int, way: Callable[[bytes], bytes]) -> None:
    """In a process of its own: `peak`'s number."""
    way(photo((64, 64)))  # everything is imported before it counts
    data = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from tests.benchmarks import bench_references as bench; "
            f"sys.stdout.buffer.write(bench.photo(({width}, {height})))",
        ],
        capture_output=True,
        check=True,
    ).stdout
    before = kilobytes("VmRSS")
    way(data)
    print((kilobytes("VmHWM") - before) * 1024 / (width * height * 4))


def kilobytes(name: str) -> int:
    """What Linux says of this process's memory; ru_maxrss would be the parent's after a fork."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    """Measure, and print the table."""
    wide, long = photo(WIDE), photo(LONG)
    ours(wide)
    rows = [
        (
            f"12 MP JPEG, {LONG[0]}×{LONG[1]}, to the body; against open, resize, encode in Pillow",
            ratio(lambda: fresh_body(long), lambda: straight(long)),
            "1.1",
        ),
        (
            f"12 MP JPEG, {WIDE[0]}×{WIDE[1]}, to the body; against the same",
            ratio(lambda: fresh_body(wide), lambda: straight(wide)),
            "1.1",
        ),
        (
            "untouched pass-on to its address; against base64.b64encode",
            ratio(lambda: fresh_reference(wide), lambda: base64.b64encode(wide)),
            "1.3",
        ),
        ("most memory when made smaller; against the decoded picture", peak(LONG), "3"),
        ("the same straight in Pillow", peak(LONG, "straight"), ""),
        ("most memory when passed on; against the decoded picture", peak(WIDE), "3"),
    ]
    ours(long)
    again = ratio(lambda: ours(long), lambda: straight(long))
    rows.append(("the second request with the same picture; against Pillow", again, "no encoding"))
    print("| what | ratio | goal |\n| --- | --- | --- |")
    for what, value, goal in rows:
        print(f"| {what} | {value:.2f} | {goal} |")
    one = ImageRequest("a", images=long).references[0].body
    same = ImageRequest("b", images=long).references[0].body
    print(f"\nThe second request has the very same encoded picture: {one is same}.")


if __name__ == "__main__":
    main()
