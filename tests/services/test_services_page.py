"""The page about services is true: its tables are the code's, and its package is a real one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nb_banana import ImageRequest
from nb_banana._text import dollars
from nb_banana.credentials import PLACES
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services import SIZES, Service
from nb_banana.services.registry import BUILT_IN, find_service
from tests.conftest import KEY
from tests.support.servers import picture, posts, server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "notebooks" / "services.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
SERVICES = [find_service(name) for name in BUILT_IN]


def is_own(service, *methods):
    """Whether a service has one of these methods of its own."""
    return any(getattr(type(service), each) is not getattr(Service, each) for each in methods)


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def priced(service, model):
    """The prices that the service's page has, by size."""
    images = picture() if model.min_images else ()
    for size in model.resolutions or (None,):
        request = ImageRequest(
            "x", model.ids[0], images, resolution=size, catalogue=service.catalogue
        )
        if (price := service.price(request)) is not None:
            yield f"{size}: {dollars(price)}"


def model_row(service, model):
    least, most = model.min_images, model.max_images
    taken = "some" if most is None else str(most)
    return [
        f"`{service.name}`",
        f"`{min(model.short, key=len)}`",
        str(len(model.aspect_ratios)),
        " ".join(model.resolutions) or "–",
        f"{least} to {taken}" if least and most else taken,
        "yes" if model.web_search else "–",
        ", ".join(priced(service, model)) or "–",
    ]


def service_row(service):
    before = "by its page" if is_own(service, "price") else "not known"
    after = "its log is asked" if is_own(service, "find") else "not known"
    return [
        f"`{service.name}`",
        ", ".join(f"`{name}`" for name in service.key_names),
        "asked" if is_own(service, "quote") else before,
        "about, computed here" if service.computes_bill else "the service's own word",
        "its queue has it" if is_own(service, "poll") else after,
    ]


def test_the_tables_are_those_of_the_code():
    heads = [
        ["service", "model", "ratios", "sizes", "references", "web search", "a picture costs"],
        ["service", "its key", "price before", "bill", "after a lost answer"],
    ]
    models = [model_row(each, model) for each in SERVICES for model in each.models]
    for made in (table(heads[0], models), table(heads[1], map(service_row, SERVICES))):
        assert made in PAGE, f"the page says otherwise; true is:\n{made}"


def test_a_service_that_comes_with_us_is_known_spoken_and_told_of():
    assert set(BUILT_IN) == set(PLACES) == set(SPOKEN)
    readme = (ROOT / "README.md").read_text("utf-8")
    told = [
        line for line in readme.splitlines() if line.startswith(("| `--service", "| `service`"))
    ]
    which = PAGE[PAGE.index("## Which") : PAGE.index("## Who")]
    for name in BUILT_IN:
        assert all(f"`{name}`" in each for each in (*told, which)), name


def test_the_sets_of_ratios_are_those_of_the_code():
    told = re.search(r"^14 ratios are (.*?); 10 are .*?; 5 are (.*?)\. ", PAGE, re.M)
    all_of_them, few = (re.findall("`(.*?)`", each) for each in told.groups())
    sets = {len(each.aspect_ratios): set(each.aspect_ratios) for s in SERVICES for each in s.models}
    assert sets == {14: set(SIZES), 10: set(all_of_them[:10]), 5: set(few)}
    assert all_of_them == list(SIZES)


def block(start):
    """The one block of code that begins so."""
    (found,) = (code for _, code in BLOCKS if code.startswith(start))
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where the page's package is installed, as pip does it."""
    source, target = tmp_path_factory.mktemp("fresco"), tmp_path_factory.mktemp("site")
    line = re.search("`(fresco-queue = .*?)`", PAGE)[1]
    points = block("[build-system]").replace("fresco =", f"{line}\nfresco =")
    (source / "pyproject.toml").write_text(points)
    code = block('"""Fresco') + block("class FrescoQueue")
    (source / "nb_banana_fresco.py").write_text(code)
    (source / "test_fresco.py").write_text(block("import base64"))
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-build-isolation", "--no-deps", "--target", str(target)]
    done = subprocess.run([*pip, *offline, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return source, target


def said(target, *command, **environment):
    """What a new process prints that has the package."""
    paths = os.pathsep.join([str(target), str(ROOT)])
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_pages_own_test_passes(installed):
    source, target = installed
    plain = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={source}"]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    assert "1 passed" in said(target, *plain, f"{source}/test_fresco.py", **alone)


NOTEBOOK = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
def run(cell):
    done = shell.run_cell(cell)
    return done.error_before_exec or done.error_in_exec or done.result
run("%load_ext nb_banana")
print("loaded:", "nb_banana_fresco" in sys.modules)
run('%config Banana.service = "fresco"')
run(f"%config Banana.base_url = {sys.argv[1]!r}")
first = run("%%banana one -a 16:9 --quiet\\na banana")
print(first.cost, first.came, run("%banana -a 16:9 --service fresco --quiet a banana").came)
print(run("import nb_banana; nb_banana.generate('a banana', aspect_ratio='5:4')"))
print(repr(run("nb_banana.doctor()")))
print(repr(run("nb_banana.history(service='fresco')")))
"""


def test_in_a_notebook_it_draws_once_with_its_key_and_doctor_knows_it(installed):
    _, target = installed
    told = {"id": 7, "pictures": [{"link": "/1.png"}], "cost": {"usd": 0.03}}

    def answer(handler):
        is_post = handler.command == "POST"
        handler.reply(200, json.dumps(told).encode() if is_post else picture())

    with server(answer) as (url, seen):
        shown = said(target, "-c", NOTEBOOK, url, FRESCO_KEY=KEY, IPYTHONDIR=str(target))
    (post,) = posts(seen)
    asked = {"model": "fresco-2", "prompt": "a banana", "shape": "16:9"}
    assert (post.path, post.headers["X-Fresco-Key"], post.sent) == ("/v1/pictures", KEY, asked)
    assert [each.path for each in seen if KEY in str(each.headers)] == ["/v1/pictures"]
    assert "Authorization" not in post.headers
    assert "loaded: False\n" in shown  # it was not named
    assert "0.03 made reused\n" in shown
    assert "choose one of 1:1, 4:3, 16:9" in shown
    assert "the environment variable FRESCO_KEY" in shown  # doctor
    assert "1 picture by fresco" in shown
    assert KEY not in shown


QUEUE = """
import sys
import nb_banana
from nb_banana.services import tickets
tickets.FIRST_PAUSE = 0.01
nb_banana.configure(service="fresco-queue", base_url=sys.argv[1])
image = nb_banana.generate("a banana", resolution="2K")
print(image.receipt.usd, image.receipt.is_about, image.receipt.inference_id)
"""


def test_its_queue_is_waited_for_and_its_bill_computed(installed):
    _, target = installed
    told = [
        {"id": "f-1", "state": "waiting"},
        {"id": "f-1", "state": "working"},
        {"id": "f-1", "state": "done", "pictures": [{"link": "/1.png"}]},
    ]

    def answer(handler):
        is_picture = handler.path == "/1.png"
        handler.reply(200, picture() if is_picture else json.dumps(told.pop(0)).encode())

    with server(answer) as (url, seen):
        shown = said(target, "-c", QUEUE, url, FRESCO_KEY=KEY)
    assert [each.method for each in seen] == ["POST", "GET", "GET", "GET"]
    assert [each.headers["X-Fresco-Key"] for each in seen] == [KEY, KEY, KEY, None]
    assert "0.05 True" in shown
