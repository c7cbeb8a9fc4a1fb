"""What Linux says of this process's memory, in bytes."""

from pathlib import Path

PAGE = 4096
"""The least that the system counts."""


def status(name: str) -> int:
    """One line of its status; ``ru_maxrss`` would be the parent's after a fork."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024


def resident() -> int:
    """What is in memory now."""
    return status("VmRSS")


def peak() -> int:
    """The most that ever was."""
    return status("VmHWM")


def forget_peak() -> None:
    """What was before does not count any more."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
