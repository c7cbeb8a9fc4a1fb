"""Start the sandbox from a shell: ``python -m nb_banana.sandbox --port 8765``."""

import argparse
import os
from collections.abc import Sequence
from contextlib import suppress
from threading import Event
from urllib.parse import unquote, urlsplit

from nb_banana.sandbox.addresses import HOST
from nb_banana.sandbox.faults import TROUBLES
from nb_banana.sandbox.lifecycle import STATUSES
from nb_banana.sandbox.server import Sandbox
from nb_banana.sandbox.services import DEFAULT, SPOKEN

OF_ONE = f"{DEFAULT} alone"
RETIRE = f"a model that goes away: {', '.join(STATUSES)} (default: withdrawn); repeatable; {OF_ONE}"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sandbox until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m nb_banana.sandbox", description=main.__doc__)
    add = parser.add_argument
    add("--host", default=HOST, help="another address than this machine's own: for a room")
    add("--port", type=int, default=0, help="where to listen (default: any free port)")
    add("--key-env", metavar="NAME", help="the environment variable that has the key")
    add(
        "--management-key-env",
        metavar="NAME",
        help=f"the same of the key that makes keys; {OF_ONE}",
    )
    add("--trouble", metavar="NAME", help=f"what should go wrong: {', '.join(TROUBLES)}")
    add("--delay", type=float, default=0.0, metavar="SECONDS", help="what each generation takes")
    add("--retire", action="append", default=[], metavar="MODEL[=STATUS]", help=RETIRE)
    add(
        "--service",
        default=DEFAULT,
        metavar="NAME",
        choices=SPOKEN,
        help=f"whose words: {', '.join(SPOKEN)}",
    )
    options = parser.parse_args(argv)
    names = options.key_env, options.management_key_env
    for name in filter(None, names):
        if not os.environ.get(name):
            parser.error(f"the environment variable {name} is empty or not set")
    key, manager = (os.environ.get(name) if name else None for name in names)
    try:
        sandbox = Sandbox(
            key,
            host=options.host,
            port=options.port,
            trouble=options.trouble,
            delay=options.delay,
            management_key=manager,
            retired=dict(_retired(each) for each in options.retire),
            service=options.service,
        )
        sandbox.start()
    except (ValueError, OSError, OverflowError) as problem:
        parser.error(str(problem))
    with sandbox, suppress(KeyboardInterrupt):
        print(_welcome(sandbox, made_key=key is None), flush=True)  # noqa: T201 - the output
        Event().wait()


def _retired(said: str) -> tuple[str, str]:
    name, _, status = said.partition("=")
    return name, status or "withdrawn"


def _welcome(sandbox: Sandbox, *, made_key: bool) -> str:
    """Where it is, and what to type in a notebook."""
    name = sandbox.service
    where = f'%config Banana.base_url = "{sandbox.url}"'
    if name != DEFAULT and not sandbox.is_for_room:
        where = f'nb_banana.configure(service="{name}", base_url="{sandbox.url}")'
    if not sandbox.is_for_room:
        return f"Sandbox at {sandbox.url} - in a notebook: {where} - Ctrl-C stops it"
    host = unquote(urlsplit(sandbox.url).hostname or "")
    # The service first: another one takes the address of the last one along.
    chosen = [] if name == DEFAULT else [f'  %config Banana.service = "{name}"']
    lines = [
        f"Sandbox for a room at {sandbox.url} - Ctrl-C stops it",
        *([f"Its key, which is shown once: {sandbox.key}"] if made_key else []),
        "In each notebook:",
        *chosen,
        f'  %config Banana.allow_http = ["{host}"]',
        f"  {where}",
        "  import nb_banana; nb_banana.login()",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
