"""What is loaded when, what is public, what names mean. Which room imports which: `make lint`."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import nb_banana

PACKAGE = Path(nb_banana.__file__).parent
HEAVY = ("requests", "PIL", "ipywidgets", "anywidget", "jinja2", "numpy", "urllib3", "tqdm")


@pytest.mark.parametrize(
    "code",
    [
        "import nb_banana",
        "from IPython.core.interactiveshell import InteractiveShell as S; "
        "S.instance().run_line_magic('load_ext', 'nb_banana')",
        "from IPython.core.interactiveshell import InteractiveShell as S; "
        "S.instance().run_cell('%load_ext nb_banana\\n%banana --help')",
    ],
)
def test_loading_loads_nothing_heavy(code):
    before = "import sys, IPython.core.interactiveshell, traitlets.config; old = set(sys.modules);"
    after = f"print([m for m in {HEAVY} if m in sys.modules and m not in old])"
    assert said(f"{before}{code}\n{after}") == "[]"


def test_loading_the_extension_loads_few_modules_of_ours():
    """At 1470f9c it were 14; each room whose module is needed counts for one more."""
    found = said(
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell as S\n"
        "S.instance().run_line_magic('load_ext', 'nb_banana')\n"
        "print(*(name for name in sys.modules if name.startswith('nb_banana')))"
    ).split()
    rooms = {name.rpartition(".")[0] for name in found} - {"", "nb_banana"}
    assert len(set(found) - rooms) <= 15, found


NOT_FOR_ONE_PICTURE = (
    *("PIL", "IPython", "jinja2", "anywidget", "numpy", "asyncio", "xml", "html", "uuid"),
    *("platform", "getpass", "shlex"),
)


def test_the_first_picture_of_a_script_loads_what_it_needs_and_no_more(service):
    """At eab5be1 it loaded 119 modules of ours, and five of these libraries."""
    found = said(
        "import sys, nb_banana\n"
        f"image = nb_banana.configure(base_url={service.url!r}) and nb_banana.generate('a fox')\n"
        "assert image.came == 'made' and image.path.exists()\n"
        "print(*sys.modules)"
    ).split()
    assert [name for name in NOT_FOR_ONE_PICTURE if name in found] == []
    ours = [name for name in found if name.startswith("nb_banana")]
    assert len(ours) <= 78, ours


def test_no_more_is_loaded_for_a_picture_that_is_there(service):
    nb_banana.generate("a fox")
    found = said(
        "import sys, nb_banana\n"
        f"nb_banana.configure(base_url={service.url!r})\n"
        "assert nb_banana.generate('a fox').came == 'reused'\n"
        "print(*sys.modules)"
    ).split()
    assert [name for name in NOT_FOR_ONE_PICTURE if name in found] == []


def said(code):
    """The last line that a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_the_extension_can_be_loaded_again_as_often_as_one_likes():
    found = said(
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell as S\n"
        "shell = S.instance(); shell.run_line_magic('load_ext', 'nb_banana')\n"
        "before = len(sys.meta_path)\n"
        "for _ in range(3): shell.run_line_magic('reload_ext', 'nb_banana')\n"
        "print(len(sys.meta_path) - before, 'banana' in shell.magics_manager.magics['cell'])"
    )
    assert found == "0 True"


def test_public_names_are_there_and_no_others():
    """Also after all of it was loaded: a module must not stand among them."""
    for name in nb_banana.__all__:
        assert getattr(nb_banana, name).__doc__ or name == "MODELS"
    assert dir(nb_banana) == sorted(nb_banana.__all__)
    with pytest.raises(AttributeError, match="no_such"):
        nb_banana.no_such  # noqa: B018
    assert not {path.stem for path in PACKAGE.iterdir()} & set(nb_banana.__all__)


def test_a_name_has_one_meaning():
    """A class means the same wherever it stands, a function wherever it is ours."""
    homes = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            of_ours = isinstance(node, ast.FunctionDef) and "sandbox" not in path.parts
            if (of_ours or isinstance(node, ast.ClassDef)) and not node.name.startswith("_"):
                homes[node.name].add(str(path.relative_to(PACKAGE)))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_a_model_that_is_added_to_the_table_alone_can_be_drawn():
    found = said(
        "from nb_banana import models\n"
        "new = models.Model(('acme/new-1', 'acme/new'), ('new',), max_images=2)\n"
        "models.MODELS += (new,)\n"
        "import nb_banana\n"
        "first = nb_banana.generate('a banana', model='new', aspect_ratio='21:9')\n"
        "edit = first.edit('make it night')\n"
        "price = nb_banana.dry_run('a cat', model='acme/new', resolution='4K').price\n"
        "print(first.size, edit.request.model, first.cost > 0, price)"
    )
    assert found == "(1584, 672) acme/new-1 True price not known"


def test_an_import_inside_of_a_function_says_why():
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text("utf-8")
        lines = source.splitlines()
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        for function in [
            each for each in ast.walk(ast.parse(source)) if isinstance(each, functions)
        ]:
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nb_banana"):
                    first = node.lineno - 1
                    while "import" in lines[first - 1]:
                        first -= 1
                    near = lines[first - 1 : node.end_lineno]
                    assert any("# " in line for line in near), f"{path}:{node.lineno}"
