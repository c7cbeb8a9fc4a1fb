"""Wheels made anew from what is installed here, for a Python in the browser: no network is asked.

The format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

import base64
import hashlib
import re
import zipfile
from collections.abc import Collection, Iterator
from importlib import metadata
from pathlib import Path

from nb_banana.errors import LessonError

OWN = "nb-banana"
ROOTS = (OWN, "comm", "ipython", "jedi")
"""What a page begins with: ours, and what its kernel asks for."""
PILLOW = "pillow"
"""The one that is compiled and has no other form. Without it pictures are shown as they are."""
FRONT_ENDS = frozenset({"jupyterlab-widgets", "widgetsnbextension"})
"""What ipywidgets asks for and Python never imports: the page has it as extensions."""
FASTER = {"markupsafe": "_speedups", "wcwidth": "_wcwidth_c"}
"""Compiled modules that are only faster: their packages do the same without them."""
_COMPILED = {".so", ".pyd", ".dylib", ".dll"}
_PRIVATE = {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json"}
"""What an installer wrote. The last one may name a folder of this machine."""
_WHEEL = b"Wheel-Version: 1.0\nGenerator: nb_banana\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same wheel from the same files


def normalized(name: str) -> str:
    """A distribution's name as indexes spell it.

    >>> normalized("Jinja2"), normalized("typing_extensions")
    ('jinja2', 'typing-extensions')
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(python: str) -> list[str]:
    """All that nb_banana and the kernel need in WebAssembly, front ends left out.

    Args:
        python: the version of the Python there, such as "3.14.2".

    """
    found: dict[str, None] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in found and name not in FRONT_ENDS:
            found[name] = None
            waiting += _requirements(name, python)
    return sorted(found)


def _requirements(name: str, python: str) -> Iterator[str]:
    from packaging.requirements import Requirement  # it comes with the extra `site`

    where = {
        "extra": "",
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "wasm32",
        "platform_python_implementation": "CPython",
        "platform_system": "Emscripten",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "emscripten",
    }
    try:
        asked = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:  # it may come from elsewhere
        return
    for each in map(Requirement, asked):
        if each.marker is None or each.marker.evaluate(where):
            yield normalized(each.name)


def build_wheel(name: str, folder: Path) -> Path:
    """Write the wheel of a distribution that is installed here, without its compiled parts.

    Raises:
        LessonError: it is not installed, or in a way that can't be taken along.
    """
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise LessonError(
            f"The page needs {name}, which is not installed here: pip install {name}"
        ) from None
    described = distribution.read_text("METADATA")
    files = dict(_own_files() if name == OWN else _files(name, distribution))
    if not files or described is None:
        raise _not_taken(name)
    stem = f"{normalized(name).replace('-', '_')}-{distribution.version}"
    info = f"{stem}.dist-info"
    files = {key.replace(_DIST_INFO, info, 1): data for key, data in sorted(files.items())}
    files |= {f"{info}/METADATA": described.encode(), f"{info}/WHEEL": _WHEEL}
    record = [f"{key},{_digest(data)},{len(data)}" for key, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "x", zipfile.ZIP_DEFLATED) as archive:
        for key, data in files.items():
            entry = zipfile.ZipInfo(key, _LONG_AGO)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return wheel


_DIST_INFO = "\0"  # stands for the folder whose name says the version


def _own_files() -> Iterator[tuple[str, bytes]]:
    """Those of the package as it runs here, also where it was installed to be edited."""
    package = Path(__file__).parents[1]
    for file in package.rglob("*"):
        inside = file.relative_to(package.parent)
        if file.is_file() and "__pycache__" not in inside.parts:
            yield inside.as_posix(), file.read_bytes()


def _files(name: str, distribution: metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    listed = [each for each in distribution.files or () if each.parts[0] not in {"..", "/"}]
    names = {each.as_posix() for each in listed}
    for file in listed:
        top, last = file.parts[0], file.name
        if "__pycache__" in file.parts or file.is_absolute():
            continue
        if file.suffix == ".pth":
            raise _not_taken(name)
        if file.suffix in _COMPILED:
            _check_spare(name, file.as_posix(), names)
            continue
        if top.endswith(".dist-info"):
            if last in _PRIVATE or last == "METADATA":
                continue
            top = _DIST_INFO
        try:
            yield "/".join((top, *file.parts[1:])), Path(str(file.locate())).read_bytes()
        except OSError:
            raise _not_taken(name) from None


def _check_spare(name: str, file: str, names: Collection[str]) -> None:
    """See that the package does without this compiled module."""
    module = file.partition(".")[0]
    # mypyc leaves the Python file beside the compiled one, and adds a helper.
    spare = f"{module}.py" in names or module.endswith(("__mypyc", FASTER.get(name, "__mypyc")))
    if not spare:
        raise LessonError(
            f"{name} is compiled for this machine and does not run in a browser. Name a folder "
            "that has it for WebAssembly: pyodide=…"
        )


def _not_taken(name: str) -> LessonError:
    return LessonError(
        f"The files of {name} are not listed where it is installed, so they can't be taken along. "
        f"Install it anew: pip install --force-reinstall {name}"
    )


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"
