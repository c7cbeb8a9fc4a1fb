"""All that is done with a key: ``-m tests.support.canary_worker SERVICE URL SOURCE [everything]``.

The key is in the variable `HELD` where ``SOURCE`` is not the environment, and never in a variable
of this module. All that is shown is put out, with all that can be logged.
"""

import asyncio
import contextlib
import copy
import dataclasses
import gc
import http.client
import json
import logging
import os
import pickle
import sys
import traceback
import types
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context

import nbformat
from IPython.core.interactiveshell import InteractiveShell

import nb_banana
from nb_banana import Classroom, Client, generate
from nb_banana._default import client
from nb_banana.sandbox.faults import TROUBLES
from nb_banana.services import account, send
from nb_banana.wire import downloads

HELD = "CANARY_HELD"
QUICK = ("400", "401", "drop-after", "half-picture", "cut-json", "html")


def held():
    return os.environ[HELD]


class Keyring(types.ModuleType):
    """In place of the package."""

    @staticmethod
    def get_password(*_):
        return held()


class Colab(types.ModuleType):
    """In place of Colab's secrets."""

    userdata = types.SimpleNamespace(get=lambda name: held() if "KEY" in name else None)


def put(*values):
    for each in values:
        print(each)  # noqa: T201 - the test reads it


def give(source):
    """Let the package have the key; what a single call is given besides."""
    if source == "login":
        nb_banana.login(held())
    elif source == "keyring":
        sys.modules["keyring"] = Keyring("keyring")
    elif source == "colab":
        sys.modules["google.colab"] = Colab("google.colab")
    return (lambda: {"key": held()}) if source == "argument" else dict


def tell(value):
    """All ways to look at a value and to take it along."""
    put(repr(value), str(value), getattr(value, "__dict__", ""), dir(value))
    for way in (
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        dataclasses.asdict,
        lambda each: json.dumps(each, default=vars),
        lambda each: each._repr_mimebundle_(),
        lambda each: each._repr_html_(),
        lambda each: each.to_frame(),
    ):
        try:
            put(way(value))
        except Exception as error:  # noqa: BLE001 - not every value knows every way
            put(error)


def fail(call):
    """An error as anybody may write it down, the variables of all frames included."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - Interrupted, too
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        put(*shown.format(), error.__dict__, getattr(error, "facts", ""))
        with warnings.catch_warnings(), contextlib.suppress(ImportError, AttributeError):
            warnings.simplefilter("ignore")
            import cgitb  # 3.13 has none, and it can't show an OSError

            put(cgitb.text((type(error), error, error.__traceback__)))
        tell(error)


class Carried(Executor):
    """Does its work at once, and puts out what would travel there and back."""

    def submit(self, work, /, *args, **options):
        put(pickle.dumps((args, options)), args)
        future = Future()
        future.set_result(work(*args, **options))
        put(pickle.dumps(future.result()), future.result())
        return future


def be_brisk():
    send.SHORTEST_PAUSE = 0.0
    send.ATTEMPTS = send.ATTEMPTS.new(total=1, backoff_factor=0.01)
    downloads.ATTEMPTS = downloads.ATTEMPTS.new(total=1, backoff_factor=0.01)
    account.PAUSES = (0.0, 0.01)


def show_all():
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    logging.getLogger("PIL").setLevel(logging.INFO)
    warnings.simplefilter("always")
    http.client.HTTPConnection.debuglevel = 1


def draw(given, workers):
    """Each way to a picture; the picture and the gallery of it."""
    image = generate("a banana", **given())
    many = nb_banana.generate_many(["an owl", "a pear [trouble: 400]"], **given())
    made = [image, many, image.edit("riper", **given())]
    made += [generate("a tree", background=True, **given()).wait()]
    made += [asyncio.run(nb_banana.agenerate("a fox", **given()), debug=True)]
    made += [nb_banana.sweep("a {{x}}", x=["cat"], **given())]
    made += [nb_banana.generate_many(["a hen"], executor=Carried(), key_name=workers)]
    made += [generate(f"a [trouble: {each}]", **given()) for each in ("base64", "jpeg")]
    return made


def elsewhere(workers):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        put(nb_banana.generate_many(["a bee"], executor=pool, key_name=workers))


def own_client(service, url):
    with Client(key=held(), service=service, base_url=url, library="own") as own:
        tell(own)
        tell(own.generate("a hat"))
        tell(own.context.credentials)
        tell(own.context.find_service())
        fail(lambda: own.generate("a hat [trouble: 401]"))
    fail(lambda: Client(key=held(), colour="red"))


def look(given, image):
    """What is told of what was done."""
    asked = {"aspect_ratio": "16:9", **given()}
    for each in (
        nb_banana.dry_run("a banana", **asked),
        nb_banana.estimate("a banana", **asked),
        nb_banana.history(),
        nb_banana.spending(),
        nb_banana.doctor(),
        nb_banana.recover(),
        nb_banana.pending(),
        nb_banana.configure(),
        nb_banana.MODELS,
        image.request,
        image.receipt,
        image.tree(),
        client(),
        client().context,
        client().context.find_service(**given()),
    ):
        tell(each)


def in_cells(service):
    """Cells of IPython, which keeps what was typed and what came."""
    shell = InteractiveShell.instance()
    for cell in (
        "%xmode Verbose",
        "%load_ext nb_banana",
        "%%banana x\na lemon",
        "x, x.receipt, x.path",
        "%%banana -m '{{ nothing }}'\na lemon",
        "%%banana\na lemon [trouble: 401]",
        "%%banana\na lemon [trouble: half-picture]",
        "%xmode Context",
        "%%banana --dry-run\na lemon",
        "%banana --help",
        "import nb_banana; p = nb_banana.panel(); p",
        "print(p.get_state()); p.close()",
        "%config Banana",
        "%whos",
        "%unload_ext nb_banana",
    ):
        shell.run_cell(cell, store_history=True)
    put(shell.history_manager.input_hist_raw)
    shell.history_manager.end_session()


def lesson(everything):
    cells = ["%load_ext nb_banana", "%%banana x\na banana"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    nbformat.write(notebook, "lesson.ipynb")
    tell(nb_banana.lint("lesson.ipynb"))
    tell(nb_banana.pack("lesson.zip", notebook="lesson.ipynb"))
    if everything:
        tell(nb_banana.pack("site", notebook="lesson.ipynb", format="site"))


def classroom(url):
    room = Classroom(held(), base_url=url)
    tell(room)
    handout = room.create(2)
    tell(handout)
    tell(room.keys())
    handout.save("handed-out.csv")


def main(service, url, source, *more):
    show_all()
    be_brisk()
    nb_banana.configure(service=service, base_url=url, timeout=60)
    given = give(source)
    workers = HELD if source != "environment" else None
    made = draw(given, workers)
    for each in made:
        tell(each)
    for each in TROUBLES if more else QUICK:
        name = {"slow": "slow 9", "429-retry-after": "429-retry-after 999"}.get(each, each)
        fail(lambda name=name: generate(f"a fig [trouble: {name}]", timeout=0.5, **given()))
    look(given, made[0])
    if more:
        elsewhere(workers)
    own_client(service, url)
    if source != "argument":  # cells have none
        in_cells(service)
    lesson(bool(more))
    if service == "aimlapi":
        classroom(url)
    put(*(each for each in gc.get_objects() if "nb_banana" in str(type(each).__module__)))


if __name__ == "__main__":
    main(*sys.argv[1:])
