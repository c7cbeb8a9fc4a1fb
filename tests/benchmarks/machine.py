"""Where it was measured, and with what."""

import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from . import environments

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Machine:
    """What a reader needs in order to compare.

    Attributes:
        memory: in GB.
        versions: of nb_banana, of what it needs and of its peers.
        stand_in: whether ours ran in the environment of development, which is larger than a user's.
    """

    date: str
    processor: str
    cores: int
    memory: float
    system: str
    python: str
    versions: dict[str, str]
    stand_in: bool

    def markdown(self) -> str:
        told = ", ".join(f"{name} {version}" for name, version in sorted(self.versions.items()))
        where = "\n\nnb_banana ran in the environment of its developers." if self.stand_in else ""
        return (
            f"{self.date} · {self.processor}, {self.cores} cores, {self.memory:.0f} GB · "
            f"{self.system} · Python {self.python}\n\n{told}{where}"
        )


def this_machine() -> Machine:
    """The one that this runs on."""
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        processor=processor(),
        cores=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        system=platform.freedesktop_os_release()["PRETTY_NAME"],
        python=platform.python_version(),
        versions=versions(),
        stand_in=environments.is_stand_in("ours"),
    )


def versions() -> dict[str, str]:
    """Of nb_banana, and of what the lists of peers name."""
    return {
        **environments.versions("loading", listed("peers_loading.txt")),
        **environments.versions("peers", listed("peers.txt")),
        **environments.versions("ours", ["nb-banana"]),
    }


def listed(name: str) -> list[str]:
    """The packages that a list of peers names."""
    return re.findall(r"^([a-z][\w-]*)", (HERE / name).read_text("utf-8"), re.M)


def processor() -> str:
    """As Linux names it."""
    told = Path("/proc/cpuinfo").read_text("utf-8")
    found = re.search(r"^model name\s*:\s*(.+)$", told, re.M)
    return found[1] if found else platform.machine()
