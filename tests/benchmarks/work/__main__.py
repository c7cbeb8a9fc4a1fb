"""Calls one worker; see the package."""

import time

STARTED = time.perf_counter()  # before anything else is imported

import importlib  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402

if __name__ == "__main__":
    worker = importlib.import_module(f"{__package__}.{sys.argv[1]}")
    print(json.dumps(worker.measure(**json.loads(sys.argv[2]))))
