"""Start the sandbox from a shell: ``python -m nb_banana.sandbox --port 8765``."""

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from threading import Event

from nb_banana.sandbox.faults import TROUBLES
from nb_banana.sandbox.server import Sandbox


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sandbox until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m nb_banana.sandbox", description=main.__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="where to listen (default: any free port)")
    add("--key-env", metavar="NAME", help="the environment variable that has the key")
    add("--trouble", metavar="NAME", help=f"what should go wrong: {', '.join(TROUBLES)}")
    add("--delay", type=float, default=0.0, metavar="SECONDS", help="what each generation takes")
    options = parser.parse_args(argv)
    key = os.environ.get(options.key_env) if options.key_env else None
    if options.key_env and not key:
        parser.error(f"the environment variable {options.key_env} is empty or not set")
    try:
        sandbox = Sandbox(key, port=options.port, trouble=options.trouble, delay=options.delay)
        sandbox.start()
    except (ValueError, OSError, OverflowError) as problem:
        parser.error(str(problem))
    with sandbox, suppress(KeyboardInterrupt):
        hint = f'in a notebook: %config Banana.base_url = "{sandbox.url}"'
        print(f"Sandbox at {sandbox.url} - {hint} - Ctrl-C stops it", flush=True)  # noqa: T201 - the output
        Event().wait()


if __name__ == "__main__":
    main()
