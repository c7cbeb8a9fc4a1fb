"""What many pictures take of memory and disk: ``python -m tests.benchmarks.bench_memory``.

Each row is measured in a process of its own, so that none warms the next one up.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from nb_banana import configure, generate_many

from .bench_batch import PICTURE
from .service import running


def resident() -> float:
    """Megabytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def row(url: str, lanes: int, count: int) -> None:
    folder = Path(tempfile.mkdtemp())
    configure(base_url=url, library=str(folder), concurrency=4)
    generate_many([f"warm {number}" for number in range(20)])
    before = resident()
    configure(concurrency=lanes)
    seen: list[float] = []

    def prompts():
        for number in range(count):
            if number == lanes - 1 and lanes > 4:
                seen.append(resident())
            yield f"a banana {number} {'[3.000 s]' if lanes > 4 else ''}"

    gallery = generate_many(prompts())
    assert len(gallery.images) == count, gallery
    index = next(folder.rglob("index.sqlite")).stat().st_size / count / 1000
    if lanes > 4:
        print(f"| each request on its way, {lanes} at once | {(seen[0] - before) / lanes:.2f} MB |")
    else:
        grown = (resident() - before) / count * 1000
        print(f"| each finished picture of a held gallery of {count} | {grown:.1f} kB |")
        print(f"| the index on the disk, each picture | {index:.1f} kB |")


def main() -> None:
    print("| what | takes |\n| --- | --- |", flush=True)
    with running(PICTURE) as url:
        for lanes, count in ((4, 2000), (200, 200)):
            command = [sys.executable, "-m", __spec__.name, url, str(lanes), str(count)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        row(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
