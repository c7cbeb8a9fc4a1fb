"""A kernel that pays for pictures until somebody kills it: ``-m tests.support.kill_worker …``.

With the task ``recover`` it looks after what was left and prints what became of each request.
"""

import json
import random
import sys
from contextlib import suppress

import nb_banana
from nb_banana.errors import BananaError
from nb_banana.services import account

# "slow" goes beyond the patience of the worker: its answer comes when nobody waits any more.
TROUBLES = (
    *[""] * 6,
    "base64",
    "two-pictures",
    "drop-after",
    "drop-before",
    "504-gateway",
    "502-gateway",
    "cut-json",
    "html",
    "link-404",
    "cut-picture",
    "half-picture x1",
    "refusal",
    "empty-item",
    "500 x1",
    "429 x1",
    "slow 1",
)


def generate(life):
    chance = random.Random(life)
    account.PAUSES = (0.0, 0.05)
    nb_banana.configure(timeout=0.8)
    number = 0
    while True:
        number += 1
        trouble = chance.choice(TROUBLES)
        mark = f" [trouble: {trouble}]" if trouble else ""
        print("drawing", flush=True)  # noqa: T201 - tells whoever kills us
        with suppress(BananaError):
            nb_banana.generate(f"{life} banana {number}{mark}")


def recover():
    found = nb_banana.recover()
    rows = [(each.request_id, each.outcome, bool(each.image), each.ended) for each in found]
    print(json.dumps(rows))  # noqa: T201 - the answer to the test


if __name__ == "__main__":
    task, url, *rest = sys.argv[1:]
    nb_banana.configure(base_url=url)
    globals()[task](*rest)
