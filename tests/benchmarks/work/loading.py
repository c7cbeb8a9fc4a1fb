"""How long a line takes in a kernel that has just started."""

import subprocess

from jupyter_client.kernelspec import KernelSpecManager

from .kernels import kernel as started
from .kernels import run, seconds

FILL = """
import nb_banana
nb_banana.configure(base_url="{base}")
nb_banana.generate_many([f"a banana {{number}}" for number in range(5)])
"""


def measure(kernel: str, line: str, base: str = "") -> dict[str, float]:
    """`base` is a service that draws five pictures into the library first."""
    if base:
        python = KernelSpecManager().get_kernel_spec(kernel).argv[0]
        subprocess.run([python, "-c", FILL.format(base=base)], check=True, capture_output=True)
    with started(kernel) as client:
        run(client, "pass")
        return {"wall": seconds(client, line)}
