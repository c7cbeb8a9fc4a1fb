"""`pack(format="site")`: a lesson as a page that runs in a browser, with nothing installed.

The page is a JupyterLite (https://jupyterlite.readthedocs.io): Jupyter and Python in WebAssembly.

::

    index.html                       opens the notebook
    files/lesson.ipynb               the notebook, its pictures and its library, as in the zip file
    pypi/nb_banana-0.1.0-….whl       ours and what the page's Python has not, made anew from here
    static/pyodide/                  where `pyodide=` was given; else it comes from the usual CDN
    notebooks/ lab/ build/ …         JupyterLite's own
"""

import html
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from nb_banana._text import plain, shown
from nb_banana._version import __version__
from nb_banana.credentials import KEY_NAMES
from nb_banana.errors import LessonError, LibraryError
from nb_banana.generation.context import Context
from nb_banana.lesson import notebook_file, pack, wheels
from nb_banana.lesson.pack import Lesson, LessonParts
from nb_banana.lesson.pyodide_folder import PyodideFolder, open_pyodide
from nb_banana.library import transfer
from nb_banana.library.library import Library

MARK = "nb_banana-site.json"
"""What says that a folder is a site of ours, and which of the names in it are ours."""
EXTRA = (
    "pip install jupyter-server 'jupyterlite-core>=0.8.3,<0.9' "
    "'jupyterlite-pyodide-kernel>=0.8.6,<0.9'"
)
"""What the extra ``site`` brings, by names that an index has."""
MODULES = ("jupyterlite_core", "jupyterlite_pyodide_kernel", "jupyter_server", "packaging")
KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = (KERNEL, "@jupyter-widgets/jupyterlab-manager", "anywidget")
"""The front ends that a page needs: its kernel, widgets, and those of anywidget for the panel."""
AT_CDN = {
    *("asttokens", "certifi", "charset-normalizer", "executing", "idna", "ipython", "jedi"),
    *("jinja2", "markupsafe", "matplotlib-inline", "parso", "pillow", "platformdirs"),
    *("prompt-toolkit", "pure-eval", "pygments", "requests", "stack-data", "traitlets"),
    *("typing-extensions", "urllib3", "wcwidth"),
}
"""What we need that Pyodide distributes itself: its list of packages is in its documentation,
https://pyodide.org/en/stable/usage/packages-in-pyodide.html"""
_UP = "../" * (
    KERNEL.count("/") + 3
)  # from the kernel's worker, which loads the wheels, to the top
_NEVER = r"(?!)"  # a pattern that ignores no file
# The script is where JupyterLite's pages look for the top of the site, and its settings.
_INDEX = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={url}">
<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{{}}</script>
<p><a href="{url}">{title}</a></p>
</html>
"""


@dataclass(frozen=True, repr=False)
class LessonSite(Lesson):
    """A lesson that was written as a page; it works wherever a path does.

    Attributes:
        path: the folder. Its index.html opens the notebook.
        notebook: the notebook's name in it.
        pictures: how many pictures it has, those included that others were made from.
        size: bytes.
        missing: cells that should show a picture and have none, with what to do.
        notes: what else a teacher should know before it is handed out.
        comes_from: where the page gets its Python from.

    """

    comes_from: str = ""

    def __repr__(self) -> str:
        serve = (
            f"To look at it: python -m http.server -d {shlex.quote(str(self.path))}, then "
            "http://localhost:8000. For a class: GitHub Pages, or any server with https."
        )
        return "\n".join([super().__repr__(), plain(self.comes_from), plain(serve)])


def pack_as(
    context: Context,
    path: str | os.PathLike[str],
    *,
    notebook: str | os.PathLike[str] | None,
    kind: str | None,
    pyodide: str | os.PathLike[str] | None,
) -> Lesson:
    """See `nb_banana.pack`."""
    if kind is not None and not (isinstance(kind, str) and kind in {"zip", "site"}):
        raise LessonError(f'A lesson can\'t be packed as {shown(kind)}: choose "zip" or "site".')
    if kind == "site":
        return _write_site(context, path, notebook, pyodide)
    if pyodide is not None:
        raise LessonError('pyodide= is for a page: add format="site", or leave it out.')
    return pack.write_lesson(context, path, notebook=notebook)


def _write_site(
    context: Context,
    path: str | os.PathLike[str],
    notebook: str | os.PathLike[str] | None,
    pyodide: str | os.PathLike[str] | None,
) -> LessonSite:
    source = pack.open_notebook(notebook)
    target = _target(path)
    extensions = _check_extra()
    parts = pack.collect(context, source)
    own = None if pyodide is None else open_pyodide(pyodide)
    place = target.resolve()  # where it is a link, the folder that it leads to
    try:
        with tempfile.TemporaryDirectory(prefix=".nb_banana-", dir=place.parent) as work:
            site = _build(Path(work), parts, own, extensions, context.settings.preview)
            size = sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
            _move(site, place, Path(work))
    except OSError as error:
        if isinstance(error, LibraryError):
            raise
        raise LessonError(f"{target} can't be written: {error.strerror or error}.") from error
    count, notes = len(parts.need.digests()), (*parts.notes, *_notes(own))
    missing = tuple(parts.need.missing)
    origin = _origin(own)
    return LessonSite(target, source.path.name, count, size, missing, notes, origin)


def _target(path: str | os.PathLike[str]) -> Path:
    target = notebook_file.named_path(path)
    if target.suffix.lower() == ".zip":
        raise LessonError(
            f'A page is a folder, not {target.name}: leave out .zip, or the format="site".'
        )
    if not target.absolute().parent.is_dir():
        raise LessonError(f"There is no folder {target.parent}. Make it first.")
    if os.path.lexists(target) and not target.is_dir():
        raise LessonError(f"{target} is a file, and a page is a folder. Choose another name.")
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        raise LessonError(
            f"The folder {target} has something else in it, and nothing is overwritten. Choose a "
            "new folder, or an empty one."
        )
    return target


def _check_extra() -> list[Path]:
    """The front ends' folders, where all that builds a page is installed."""
    if any(importlib.util.find_spec(name) is None for name in MODULES):
        raise LessonError(f"A page needs JupyterLite, which is not installed: {EXTRA}")
    from jupyter_core.paths import jupyter_path  # with the extra
    from jupyterlite_pyodide_kernel import constants

    if not hasattr(constants, "PYODIDE_MJS"):
        raise LessonError(f"The page's kernel that is installed is too old: {EXTRA} -U")
    found = []
    for name in EXTENSIONS:
        places = (Path(folder) / name for folder in jupyter_path("labextensions"))
        place = next((each for each in places if (each / "package.json").is_file()), None)
        if place is None:
            raise LessonError(
                f"A page needs the extension {name} of JupyterLab, which is not installed: {EXTRA}"
            )
        found.append(place)
    return found


def _build(
    work: Path,
    parts: LessonParts,
    own: PyodideFolder | None,
    extensions: Iterable[Path],
    preview: int,
) -> Path:
    """Make the site in the folder for work."""
    project, files, made, site = (work / name for name in ("project", "files", "wheels", "site"))
    for folder in (project, made):
        folder.mkdir()
    parts.write(work / "lesson.zip")
    with zipfile.ZipFile(work / "lesson.zip") as archive:
        archive.extractall(files)
    _keep_previews(files / parts.home, parts, preview)
    name = parts.source.path.name
    (files / name).write_bytes(_for_page(parts.source.data))
    if own is not None:
        own.copy(project / "static" / "pyodide")
    _write_json(project / "jupyter-lite.json", _page_settings(own, made))
    build = {
        "apps": ["notebooks", "tree", "lab"],
        "contents": [str(files)],
        "output_dir": str(site),
        "federated_extensions": [str(each) for each in extensions],
        "ignore_sys_prefix": True,
        "ignore_contents": [_NEVER],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
    }
    settings = {
        "LiteBuildConfig": build,
        "PipliteAddon": {"piplite_urls": [str(made)]},
        "ContentsManager": {"allow_hidden": True},
    }
    _write_json(project / "jupyter_lite_config.json", settings)
    _run(project, site)
    url = f"notebooks/index.html?path={quote(name, safe='')}"
    title = html.escape(parts.source.path.stem)
    (site / "index.html").write_text(_INDEX.format(title=title, url=html.escape(url)), "utf-8")
    (site / ".nojekyll").touch()  # GitHub Pages would leave out what begins with _
    ours = sorted(each.name for each in site.iterdir())
    _write_json(site / MARK, {"nb_banana": __version__, "notebook": name, "files": ours})
    return site


def _keep_previews(home: Path, parts: LessonParts, longest: int) -> None:
    """Small copies beside the pictures: where the page has no Pillow, nothing there makes them."""
    for library, request_ids in parts.need.libraries().items():
        packed = Library(home / library.service, library.service)
        for kept in transfer.stored_answers(packed, request_ids):
            for each in kept.pictures:
                each.keep_preview(longest)


def _for_page(data: bytes) -> bytes:
    """The notebook; where it does not say that it is Python's, the page would ask for a kernel."""
    content = json.loads(data)
    language = content.setdefault("metadata", {}).setdefault("language_info", {})
    if language.get("name"):
        return data
    language["name"] = "python"
    return json.dumps(content, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _page_settings(own: PyodideFolder | None, made: Path) -> dict[str, Any]:
    """What the page loads before its first cell, so that `%load_ext nb_banana` finds it."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_PYTHON_VERSION

    there = AT_CDN if own is None else set(own.packages)
    python = f"{PYODIDE_PYTHON_VERSION}.0" if own is None else own.python
    load = []
    for name in wheels.needed(python):
        if name in there:
            load.append(name)
        elif name != wheels.PILLOW:
            load.append(f"{_UP}pypi/{wheels.build_wheel(name, made).name}")
    kernel = {"loadPyodideOptions": {"packages": load}, "disablePyPIFallback": own is not None}
    data = {"litePluginSettings": {f"{KERNEL}:kernel": kernel}}
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), "utf-8")


def _run(project: Path, site: Path) -> None:
    """Build with JupyterLite, in a process of its own that reads nobody's settings."""
    outer = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("JUPYTERLITE_") and name not in KEY_NAMES  # it draws nothing
    }
    nobody = {"JUPYTER_NO_CONFIG": "1", "JUPYTER_CONFIG_DIR": str(project / "config")}
    done = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(project)],
        cwd=project,
        env=outer | nobody,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode or not (site / "notebooks" / "index.html").is_file():
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        last = plain(lines[-1].strip()) if lines else f"it ended with {done.returncode}"
        raise LessonError(f"JupyterLite could not build the page: {last}")


def _move(site: Path, target: Path, work: Path) -> None:
    """Put the site in its place, with what others have put there beside an earlier one."""
    old = work / "old"
    if not target.is_dir():
        site.rename(target)
        return
    target.rename(old)
    try:
        for each in _foreign(old):
            if not (site / each.name).exists():
                (shutil.copytree if each.is_dir() else shutil.copy2)(each, site / each.name)
        site.rename(target)
    except BaseException:
        old.rename(target)
        raise


def _foreign(old: Path) -> list[Path]:
    """What in an earlier site is not ours, such as a CNAME or a .git."""
    if not (old / MARK).is_file():
        return []
    try:
        ours = {MARK, *json.loads((old / MARK).read_bytes())["files"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        ours = {MARK}
    return [each for each in old.iterdir() if each.name not in ours]


def _origin(own: PyodideFolder | None) -> str:
    if own is not None:
        return "All that the page needs is in the folder: it asks no other host."
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL

    host = urlsplit(PYODIDE_CDN_URL).hostname
    return (
        f"The page fetches its Python, Pyodide, from {host}. pyodide=FOLDER puts one into the site."
    )


def _notes(own: PyodideFolder | None) -> list[str]:
    if own is None:
        return []
    from jupyterlite_pyodide_kernel.constants import PYODIDE_PYTHON_VERSION

    notes = []
    if not own.python.startswith(f"{PYODIDE_PYTHON_VERSION}."):
        notes.append(
            f"This Pyodide is Python {own.python}, and the page's kernel was made for "
            f"{PYODIDE_PYTHON_VERSION}: try the page before you hand it out."
        )
    if wheels.PILLOW not in own.packages:
        notes.append(
            f"Pillow for WebAssembly is not in {own.path}: the page shows pictures as they are, "
            "and what needs their pixels says so."
        )
    return notes
