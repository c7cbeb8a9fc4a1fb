"""Which front end is there, without importing IPython: a script must not pay for it."""

import sys
from typing import Any


def shell() -> Any | None:
    """The running IPython shell; None in a script."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def is_rich(of: Any | None = None) -> bool:
    """Whether the front end shows HTML: a notebook does, IPython in a terminal does not."""
    running = of or shell()
    return running is None or "text/html" in running.display_formatter.active_types


def is_kernel() -> bool:
    """Whether this is a Jupyter kernel."""
    return getattr(shell(), "kernel", None) is not None
