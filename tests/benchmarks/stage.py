"""What all sections stand on: a folder that goes afterwards, pictures, the service, kernels."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import environments, pictures, service
from .certificates import Certificates, issue


@dataclass
class Stage:
    """What a section's cases are made of.

    Attributes:
        folder: for everything; it is deleted in the end.
        quick: whether a coarse look is enough.
    """

    folder: Path
    certificates: Certificates
    quick: bool
    _exits: ExitStack
    _services: dict[int, list[str]] = field(default_factory=dict)

    def count(self, many: int, few: int) -> int:
        return few if self.quick else many

    def picture(self, name: str) -> str:
        """The path of a picture, which the service draws by its name from now on."""
        return str(pictures.kept(self.folder / "pictures", name))

    def http(self, limit: int = 10_000) -> str:
        """The address of a service that takes so many requests at once."""
        return self._service(limit)[0]

    def tls(self, limit: int = 10_000) -> str:
        """The same over TLS."""
        return self._service(limit)[1]

    def _service(self, limit: int) -> list[str]:
        if limit not in self._services:
            self.picture("photo-1k.png")
            started = service.running(self.folder / "pictures", self.certificates.server, limit)
            self._services[limit] = self._exits.enter_context(started)
        return self._services[limit]


@contextmanager
def stage(*, quick: bool) -> Iterator[Stage]:
    """Everything that the sections need, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="nb_banana-bench-") as name, ExitStack() as exits:
        folder = Path(name)
        (folder / "pictures").mkdir()
        certificates = issue(folder, service.PLAIN, service.SECURE, "localhost")
        _write_kernels(folder / "home")
        yield Stage(folder, certificates, quick, exits)


def _write_kernels(home: Path) -> None:
    """A kernel of each environment, under the environment's name."""
    for name, python in environments.installed().items():
        kernel = home / "jupyter" / "kernels" / name
        kernel.mkdir(parents=True)
        command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": name, "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec), "utf-8")
