"""`pack(format="site")`: a folder that any server can serve, whole, with nothing private in it."""

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

import nb_banana
from nb_banana import Client, errors
from nb_banana.credentials import KEY_NAMES
from nb_banana.lesson import site as lesson_site
from nb_banana.lesson import wheels
from nb_banana.lesson.pyodide_folder import CORE, open_pyodide
from nb_banana.library.library import Library
from nb_banana.request import ImageRequest
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.shelf import picture, put

NAME = "my lesson.ipynb"
PRIVATE = "my private prompt"


def save(path, *cells, **more):
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=more), path)
    return path


def cell_of(source, request_id):
    shown = {"nb_banana": {"request": request_id}}
    return nbformat.v4.new_code_cell(
        source, outputs=[nbformat.v4.new_output("display_data", {}, metadata=shown)]
    )


def teach(folder):
    """What a teacher has: a notebook, its picture, and others that are nobody's business."""
    folder.mkdir()
    shelf = Library(folder / "nb_banana_library" / "api", "api")
    put(shelf, ImageRequest("a banana"), "nbb-1")
    put(shelf, ImageRequest(PRIVATE), "nbb-2", notebook=str(folder / "other.ipynb"))
    save(folder / NAME, cell_of("%%banana\na banana", "nbb-1"))
    return folder


def pack(folder, path, **options):
    with Client(library=str(folder / "nb_banana_library"), key=KEY) as client:
        return client.pack(path, **{"notebook": folder / NAME, "format": "site"} | options)


def write_wheel(path, module):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}.py", "")
        archive.writestr(f"{module}-1.0.dist-info/METADATA", "")
    return path


@pytest.fixture
def pyodide(tmp_path):
    """The smallest folder with Pyodide in it: nothing of it runs."""
    folder = tmp_path / "unpacked" / "package"
    folder.mkdir(parents=True)
    for name in (*CORE, "pyodide.d.ts"):
        (folder / name).write_text(name)
    locked = {
        name: {
            "depends": depends,
            "file_name": f"{name}-1.0-py3-none-any.whl",
            "imports": [name],
            "name": name,
            "sha256": "of another file",
            "version": "1.0",
        }
        for name, depends in (("six", ["numpy", "micropip"]), ("micropip", []), ("numpy", []))
    }
    lock = {"info": {"python": "3.14.2", "arch": "wasm32"}, "packages": locked}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    for name in ("six", "micropip"):
        write_wheel(folder / locked[name]["file_name"], name)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return teach(tmp_path_factory.mktemp("course") / "teacher")


@pytest.fixture(scope="module")
def page(teacher):
    """A real page, with Pyodide from its usual place."""
    return pack(teacher, teacher.parent / "site")


def loaded(page):
    """What the page's Python loads before the first cell: names, and files of the site."""
    settings = json.loads((page.path / "jupyter-lite.json").read_bytes())
    plugins = settings["jupyter-config-data"]["litePluginSettings"]
    kernel = plugins["@jupyterlite/pyodide-kernel-extension:kernel"]
    both = kernel["loadPyodideOptions"]["packages"]
    worker = page.path / "extensions/@jupyterlite/pyodide-kernel-extension/static"
    assert list(worker.glob("*.worker.*.js"))
    files = [(worker / each).resolve() for each in both if each.endswith(".whl")]
    return {each for each in both if not each.endswith(".whl")}, files


def test_a_page_has_the_notebook_and_the_same_files_as_the_zip(page, teacher, tmp_path):
    lesson = pack(teacher, tmp_path / "lesson.zip", format="zip")
    with zipfile.ZipFile(lesson) as archive:
        archive.extractall(tmp_path / "zip")
    zipped = {each.relative_to(tmp_path / "zip") for each in (tmp_path / "zip").rglob("*")}
    files = page.path / "files"
    found = {each.relative_to(files) for each in files.rglob("*")}
    small = {each for each in found if "previews" in each.parts}  # for a page without Pillow
    assert found - small == zipped
    assert len([each for each in small if each.suffix == ".preview"]) == 1
    (name,) = [each for each in zipped if each.suffix == ".png"]
    assert (files / name).read_bytes() == picture("nbb-1")[0]
    assert (page.pictures, page.notebook) == (1, NAME)


def test_its_first_file_opens_the_notebook(page):
    first = (page.path / "index.html").read_text()
    (address,) = re.findall(r'url=([^"]+)"', first)
    place, _, name = address.partition("?path=")
    assert (page.path / place).is_file()
    assert unquote(name) == NAME
    listing = json.loads((page.path / "api/contents/all.json").read_bytes())
    assert NAME in [each["name"] for each in listing["content"]]


def test_what_the_first_cell_needs_is_loaded_before_it(page):
    names, files = loaded(page)
    assert all(each.is_file() and each.is_relative_to(page.path) for each in files)
    brought = {each.name.partition("-")[0] for each in files}
    assert {"nb_banana", "anywidget", "ipywidgets", "comm", "psygnal"} <= brought
    assert {"pillow", "requests", "jinja2", "ipython"} <= names
    assert not brought & {each.replace("-", "_") for each in names}


def test_it_says_what_it_is_where_python_comes_from_and_how_to_look_at_it(page):
    said = repr(page)
    assert re.match(r"site: my lesson\.ipynb and 1 picture, [\d.]+ MB\n", said)
    assert "Pyodide, from cdn.jsdelivr.net" in said
    assert f"python -m http.server -d {page.path}" in said
    assert os.fspath(page) == str(page.path)


def test_nothing_private_is_in_a_page(page, teacher):
    package = Path(nb_banana.__file__).parent
    secrets = (KEY, PRIVATE, str(teacher.parent), sys.prefix, str(package))
    found = re.compile(b"|".join(re.escape(each.encode()) for each in secrets))
    for file in page.path.rglob("*"):
        if file.suffix == ".whl":
            with zipfile.ZipFile(file) as archive:
                assert not any(found.search(archive.read(name)) for name in archive.namelist())
        elif file.is_file():
            assert not found.search(file.read_bytes()), file


def test_a_notebook_keeps_its_bytes_and_says_which_language_it_is(page, teacher):
    notebook = json.loads((page.path / "files" / NAME).read_bytes())
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    mine = (teacher / NAME).read_bytes()
    assert notebook["cells"] == json.loads(mine)["cells"]
    says = json.dumps({"cells": [], "metadata": {"language_info": {"name": "python"}}}).encode()
    assert lesson_site._for_page(says) is says


def test_our_wheel_is_one_that_an_installer_takes(page, tmp_path):
    (wheel,) = (page.path / "pypi").glob("nb_banana-*.whl")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", tmp_path / "there", wheel], check=True)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import nb_banana as n; print(n.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, tmp_path / "there"], capture_output=True, check=True
    )
    assert str(tmp_path / "there") in done.stdout.decode()
    with zipfile.ZipFile(wheel) as archive:
        (record,) = [each for each in archive.namelist() if each.endswith(".dist-info/RECORD")]
        listed = list(csv.reader(archive.read(record).decode().splitlines()))
        assert sorted(row[0] for row in listed) == sorted(archive.namelist())
        for name, digest, size in listed:
            if name != record:
                data = archive.read(name)
                hashed = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
                assert (digest, size) == (f"sha256={hashed.rstrip('=')}", str(len(data)))
        assert not [each for each in archive.namelist() if "__pycache__" in each]


def test_the_same_files_make_the_same_wheel(tmp_path):
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(wheels.build_wheel("comm", tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_each_dependency_has_a_way_into_the_page(tmp_path):
    """Pyodide distributes it, or a pure wheel is made of it; Pillow alone can't be made here."""
    for name in wheels.needed("3.14.2"):
        assert name in lesson_site.AT_CDN or wheels.build_wheel(name, tmp_path)
    asked = [each for each in metadata.requires("nb-banana") or () if "extra ==" not in each]
    ours = {wheels.normalized(re.split(r"[^\w.-]", each)[0]) for each in asked}
    assert ours
    assert ours <= set(wheels.needed("3.14.2"))


def test_what_is_compiled_and_nothing_else_can_not_be_taken_along(tmp_path):
    with pytest.raises(errors.LessonError, match="numpy is compiled for this machine"):
        wheels.build_wheel("numpy", tmp_path)
    with pytest.raises(errors.LessonError, match="pip install no-such-package"):
        wheels.build_wheel("no-such-package", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_copied_pyodide_names_what_is_there_and_no_more(pyodide, tmp_path):
    write_wheel(pyodide / "extra-1.0-py3-none-any.whl", "extra")
    write_wheel(pyodide / "extra-2.0-py3-none-any.whl", "extra")
    write_wheel(pyodide / "native-1.0-cp314-cp314-manylinux_2_28_x86_64.whl", "native")
    write_wheel(pyodide / "fast-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl", "fast")
    write_wheel(pyodide / "old-1.0-cp312-cp312-pyodide_2024_0_wasm32.whl", "old")
    (pyodide / "no wheel.whl").write_text("")
    open_pyodide(pyodide.parent).copy(tmp_path / "copy")
    lock = json.loads((tmp_path / "copy" / "pyodide-lock.json").read_bytes())
    assert lock["info"]["python"] == "3.14.2"
    assert sorted(lock["packages"]) == ["extra", "fast", "micropip", "six"]
    assert lock["packages"]["six"]["depends"] == ["micropip"]
    assert lock["packages"]["extra"]["version"] == "2.0"
    assert lock["packages"]["extra"]["imports"] == ["extra"]
    for said in lock["packages"].values():
        data = (tmp_path / "copy" / said["file_name"]).read_bytes()
        assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(list((tmp_path / "copy").iterdir())) == len(CORE) + 1 + 4


@pytest.mark.skipif(not ALL, reason="it builds two pages more: make test-all")
def test_a_page_with_its_own_pyodide_replaces_one_and_keeps_what_others_put_there(
    page, teacher, pyodide, tmp_path
):
    target = tmp_path / "course" / "site"
    shutil.copytree(page, target)
    (target / "CNAME").write_text("lesson.example")
    (target / ".git").mkdir()
    (target / ".git" / "HEAD").write_text("ref")
    (target / "files" / "old.txt").write_text("of the page before")
    new = pack(teacher, target, pyodide=pyodide.parent)
    names, files = loaded(new)
    assert (names, "requests" in str(files), "markupsafe" in str(files)) == (set(), True, True)
    settings = (target / "jupyter-lite.json").read_text()
    assert '"pyodideUrl": "./static/pyodide/pyodide.mjs"' in settings
    assert '"disablePyPIFallback": true' in settings
    assert "asks no other host" in repr(new)
    assert "Pillow for WebAssembly is not in" in repr(new)
    assert (target / "CNAME").read_text() == "lesson.example"
    assert (target / ".git" / "HEAD").read_text() == "ref"
    assert not (target / "files" / "old.txt").exists()
    assert list(target.parent.iterdir()) == [target]


def tree(folder):
    return {
        str(each.relative_to(folder)): each.is_file() and each.read_bytes()
        for each in folder.rglob("*")
    }


def no_wheel(folder):
    (folder / "micropip-1.0-py3-none-any.whl").unlink()


def no_lock(folder):
    (folder / "pyodide-lock.json").write_text("[]")


def no_core(folder):
    (folder / "pyodide.mjs").unlink()


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("site.zip", {}, "A page is a folder, not site.zip"),
        ("site", {"format": "pdf"}, 'choose "zip" or "site"'),
        ("site.zip", {"format": None, "pyodide": "unpacked"}, 'add format="site"'),
        ("no/site", {}, "There is no folder no"),
        ("file", {}, "file is a file, and a page is a folder"),
        ("full", {}, "full has something else in it, and nothing is overwritten"),
        ("site", {"notebook": "missing.ipynb"}, "missing.ipynb can't be read"),
        ("site", {"pyodide": "nowhere"}, "There is no folder nowhere with Pyodide. Unpack"),
        ("site", {"pyodide": "full"}, "no Pyodide that runs here: no pyodide.mjs"),
        ("site", {"pyodide": no_core}, "no pyodide.mjs"),
        ("site", {"pyodide": no_lock}, "can't be read as Pyodide's"),
        ("site", {"pyodide": no_wheel}, "no wheel of micropip, .* pip download .* 3.14 "),
    ],
)
def test_what_can_not_become_a_page_is_said_and_nothing_changes(
    path, options, said, tmp_path, pyodide, monkeypatch
):
    folder = teach(tmp_path / "teacher")
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("mine")
    Path("file").write_text("mine")
    if callable(options.get("pyodide")):
        options["pyodide"](pyodide)
        options = options | {"pyodide": pyodide.parent}
    before = tree(tmp_path)
    with pytest.raises(errors.LessonError, match=said):
        pack(folder, path, **options)
    assert tree(tmp_path) == before


def test_a_page_of_a_notebook_with_the_key_in_it_is_not_made(tmp_path):
    folder = teach(tmp_path / "teacher")
    save(folder / NAME, cell_of(f"nb_banana.login('{KEY}')", "nbb-1"))
    with pytest.raises(errors.LessonError, match="has your key in it"):
        pack(folder, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_without_jupyterlite_the_cure_is_said(teacher, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyterlite_core", None)
    with pytest.raises(errors.LessonError, match="pip install jupyter-server 'jup"):
        pack(teacher, tmp_path / "site")


def test_a_build_that_fails_says_its_last_line_and_the_old_page_stays(
    teacher, tmp_path, monkeypatch
):
    target = tmp_path / "site"
    target.mkdir()
    (target / lesson_site.MARK).write_text("{}")
    (tmp_path / "doit").mkdir()
    (tmp_path / "doit" / "__init__.py").write_text("raise OSError('no room on the Moon')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    before = tree(tmp_path)
    with pytest.raises(errors.LessonError, match="build the page: OSError: no room on the Moon"):
        pack(teacher, target)
    assert tree(tmp_path) == before


def test_what_builds_the_page_is_not_given_the_keys(teacher, tmp_path, monkeypatch):
    (tmp_path / "doit").mkdir()
    program = f"import os\nraise OSError([each for each in {KEY_NAMES} if each in os.environ])"
    (tmp_path / "doit" / "__init__.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in KEY_NAMES:
        monkeypatch.setenv(name, KEY)
    with pytest.raises(errors.LessonError, match=r"OSError: \[\]$"):
        pack(teacher, tmp_path / "site")


def test_what_somebody_works_on_beside_the_package_is_on_no_page(monkeypatch, tmp_path):
    package = tmp_path / "nb_banana"
    for name in ("lesson/wheels.py", "py.typed", "widgets/static/panel.js"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("")
    for name in (".env", "notes.ipynb", "lesson/.ipynb_checkpoints/a.py", "__pycache__/a.pyc"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("private")
    monkeypatch.setattr(wheels, "__file__", str(package / "lesson" / "wheels.py"))
    taken = {name for name, _ in wheels._own_files()}
    assert taken == {
        f"nb_banana/{name}" for name in ("lesson/wheels.py", "py.typed", "widgets/static/panel.js")
    }
