"""Ctrl-C at the N-th line of the package: ``-m tests.support.interrupt_worker URL SEED ROUNDS``.

Each round asks for a picture and is sent a real SIGINT at some line of it. At the end `recover`
looks after all that was left, in the same process, and what is known is printed as JSON.
"""

import json
import random
import signal
import sys
import time
from pathlib import Path

import nb_banana
from nb_banana._default import client
from nb_banana.errors import BananaError
from nb_banana.services import account

PACKAGE = str(Path(nb_banana.__file__).parent)
TROUBLES = ("", "", "base64", "two-pictures", "drop-after", "504-gateway", "empty-item", "link-404")


SOON = 20e-6
"""Seconds. A signal that came while the tracer runs would be raised where no signal ever is: at the
end of a `with`, before its exit. So it comes when the tracer is done."""


class Lines:
    """Counts the lines of the package that run, and interrupts just after one of them."""

    def __init__(self, strike=0):
        self.strike, self.count = strike, 0

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.count += 1
            if self.count == self.strike:
                sys.settrace(None)
                signal.setitimer(signal.ITIMER_REAL, SOON)
        return self


def one(prompt, strike=0):
    """Ask for a picture; how many lines it took, and what was said."""
    lines, said = Lines(strike), "a picture"
    try:
        try:
            sys.settrace(lines)
            nb_banana.generate(prompt)
        finally:
            sys.settrace(None)
            arrive()
    except (BananaError, KeyboardInterrupt) as error:
        sys.settrace(None)
        said = f"{type(error).__name__}: {error}"
    return lines.count, said


def arrive():
    """Wait for a signal at the last line, which comes late where the machine is busy."""
    time.sleep(0.01)
    while signal.getitimer(signal.ITIMER_REAL)[0]:
        time.sleep(0.01)


def main(url, seed, rounds):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    account.PAUSES = (0.0,)
    nb_banana.configure(base_url=url, timeout=5, budget=10**6)
    chance = random.Random(int(seed))
    lengths, told = {}, []
    for number in range(int(rounds)):
        trouble = chance.choice(TROUBLES)
        mark = f" [trouble: {trouble}]" if trouble else ""
        if trouble not in lengths:
            lengths[trouble], _ = one(f"first {trouble}{mark}")
        told.append(one(f"banana {number}{mark}", chance.randint(1, lengths[trouble]))[1])
    client().context.transport.close()
    print("interrupted", flush=True)  # noqa: T201 - now the test lets the service come to rest
    sys.stdin.readline()
    kind = client().context.known_kinds()[0]
    found = nb_banana.recover()
    tally = client().context.budget[kind]
    print(  # noqa: T201 - the answer to the test
        json.dumps(
            {
                "told": told,
                "found": [(each.request_id, each.outcome, each.ended) for each in found],
                "again": len([each for each in nb_banana.recover() if each.ended]),
                "spent": str(tally.spent),
                "count": tally.count,
                "held": list(client().context.budget._held),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
