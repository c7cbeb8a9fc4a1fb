"""A real kernel of one of the environments."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

PATIENCE = 900


@contextmanager
def kernel(name: str) -> Iterator[BlockingKernelClient]:
    """Its client, while it runs."""
    try:
        manager, client = start_new_kernel(kernel_name=name, startup_timeout=30)
    except RuntimeError:  # another kernel that began just then has taken one of its ports
        manager, client = start_new_kernel(kernel_name=name, startup_timeout=60)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str) -> str:
    """What a cell prints.

    Raises:
        RuntimeError: the cell failed.
    """
    printed: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=PATIENCE)["content"]
    if reply["status"] != "ok":
        raise RuntimeError(f"{reply['ename']}: {reply['evalue']}")
    return "".join(printed)


def seconds(client: BlockingKernelClient, line: str) -> float:
    """How long a line takes, by the kernel's own clock."""
    code = f"import time as _time\n_at = _time.perf_counter()\n{line}\n"
    return float(run(client, f"{code}print(_time.perf_counter() - _at)").split()[-1])
