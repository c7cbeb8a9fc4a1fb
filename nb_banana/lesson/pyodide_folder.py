"""A Pyodide that somebody unpacked: what is in it, and its copy for a page that asks no other host.

Both of its forms are read: the npm package, which has no packages, and the archive of a release,
which has all of them. Wheels may lie beside. https://pyodide.org/en/stable/usage/downloading-and-deploying.html
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from nb_banana.errors import LessonError
from nb_banana.lesson.notebook_file import named_path
from nb_banana.lesson.wheels import normalized

LOCK = "pyodide-lock.json"
INSTALLER = "micropip"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
_WHERE = ("", "package", "pyodide")  # what npm and the release's archive call the folder in them
_HOW = "Unpack the npm package pyodide (npm pack pyodide) or a release of Pyodide, and name it."


@dataclass(frozen=True)
class PyodideFolder:
    """The folder, with what its lock file says of the packages that are there."""

    path: Path
    lock: dict[str, Any]
    packages: dict[str, dict[str, Any]]

    @property
    def python(self) -> str:
        """The version of its Python, such as "3.14.2"."""
        return str(self.lock["info"]["python"])

    def copy(self, target: Path) -> None:
        """Copy what a page needs of it; the lock file names what is there and nothing else."""
        target.mkdir(parents=True)
        for name in CORE:
            shutil.copyfile(self.path / name, target / name)
        packages = {}
        for name, said in sorted(self.packages.items()):
            file = target / said["file_name"]
            shutil.copyfile(self.path / file.name, file)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            depends = [each for each in said["depends"] if normalized(each) in self.packages]
            packages[name] = said | {"sha256": digest, "depends": depends}
        (target / LOCK).write_text(json.dumps(self.lock | {"packages": packages}), "utf-8")


def open_pyodide(given: str | os.PathLike[str]) -> PyodideFolder:
    """Look into the folder, or say what is missing in it."""
    path = _home(named_path(given))
    try:
        lock = json.loads((path / LOCK).read_bytes())
        packages = {
            normalized(name): said
            for name, said in lock["packages"].items()
            if _is_plain(said["file_name"]) and (path / said["file_name"]).is_file()
        }
        python = str(lock["info"]["python"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LessonError(f"{path / LOCK} can't be read as Pyodide's. {_HOW}") from error
    for name, said in _wheels_beside(path, python):
        packages.setdefault(name, said)
    if INSTALLER not in packages:
        raise LessonError(
            f"{path} has no wheel of {INSTALLER}, which the page's kernel begins with. Put it "
            f"there: pip download --no-deps --python-version {'.'.join(python.split('.')[:2])} "
            f"--only-binary :all: -d {path} {INSTALLER}"
        )
    return PyodideFolder(path, lock, packages)


def _home(given: Path) -> Path:
    for inside in _WHERE:
        path = given / inside
        missing = [name for name in (*CORE, LOCK) if not (path / name).is_file()]
        if not missing:
            return path
    if not given.is_dir():
        raise LessonError(f"There is no folder {given} with Pyodide. {_HOW}")
    raise LessonError(f"The folder {given} has no Pyodide that runs here: no {CORE[0]}. {_HOW}")


def _is_plain(name: str) -> bool:
    return name == PurePosixPath(name).name and "\\" not in name


def _wheels_beside(path: Path, python: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The wheels that run there, the newest of each first."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename  # with the extra `site`

    found = []
    here = {"py3", "py2.py3", f"cp{''.join(python.split('.')[:2])}"}
    for file in path.glob("*.whl"):
        try:
            name, version, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            continue
        if any(
            tag.platform == "any" or tag.platform.endswith("wasm32")
            for tag in tags
            if tag.interpreter in here or tag.abi == "abi3"
        ):
            found.append((version, str(name), file))
    for newest, known, file in sorted(found, reverse=True):
        yield known, _locked(known, str(newest), file)


def _locked(name: str, version: str, file: Path) -> dict[str, Any]:
    """What a lock file says of a wheel."""
    try:
        with zipfile.ZipFile(file) as archive:
            tops = {each.split("/")[0] for each in archive.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise LessonError(f"{file} is no wheel, or not a whole one. Download it again.") from error
    imports = sorted(top.removesuffix(".py") for top in tops if "." not in top.removesuffix(".py"))
    return {
        "depends": [],
        "file_name": file.name,
        "imports": imports,
        "install_dir": "site",
        "name": name,
        "package_type": "package",
        "sha256": "",
        "unvendored_tests": False,
        "version": version,
    }
