"""`--background`: the cell comes back at once, the picture comes into its own place."""

import asyncio
import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import Future
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest

import nb_banana
from nb_banana import errors, generate, pending
from nb_banana._default import client
from nb_banana.batch.background import PendingGallery, PendingImage
from nb_banana.services import send
from tests.support.moments import at_rest, ctrl_c_when, is_main_in, until
from tests.support.shells import ipython_shell, run_notebook

HELD = """%load_ext nb_banana
import threading
from nb_banana.sandbox.api import Api
go, answer = threading.Event(), Api._generate
def held(*asked):
    go.wait(60)
    return answer(*asked)
Api._generate = held"""
"""The sandbox answers no request before a cell says so."""
SLOW = "a cat [trouble: slow 1]"


@pytest.fixture(params=["function", "magic"])
def begin(request, service):
    """A picture in the background, through each door."""
    if request.param == "function":
        yield lambda prompt, **options: generate(prompt, background=True, **options)
        return
    with ipython_shell() as ip:

        def by_cell(prompt, **options):
            words = " ".join(f"--{name} {value}" for name, value in options.items())
            ip.run(f"%%banana img --background {words}\n{prompt}")
            return ip.names["img"]

        yield by_cell


def test_it_is_there_at_once_and_using_it_waits(begin, held):
    image = begin(SLOW)
    assert isinstance(image, nb_banana.BananaImage)
    assert "on its way" in repr(image)
    assert image.prompt == SLOW
    assert not image.done
    assert list(pending()) == [image]
    held.set()
    assert image.size == (1024, 1024)
    assert image.done
    assert not pending()
    assert repr(image).startswith("<BananaImage")
    assert "1024×1024" in repr(image)


USES = {
    "pil": lambda image: image.pil.size,
    "numpy": lambda image: np.asarray(image).shape[:2],
    "Pillow": lambda image: opened(image),
    "a path": lambda image: opened(os.fspath(image)),
    "pickle": lambda image: pickle.loads(pickle.dumps(image)).size,
    "copy": lambda image: copy.copy(image).size,
    "wait": lambda image: image.wait().size,
    "await": lambda image: asyncio.run(_awaited(image)).size,
    "a reference": lambda image: nb_banana.edit(image, "make it night").parents[0].size,
}


def opened(place):
    with PIL.Image.open(place) as picture:
        return picture.size


async def _awaited(image):
    return await image


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_each_use_waits_for_it(service, use):
    assert use(generate("a cat [trouble: slow 0.3]", background=True)) == (1024, 1024)


def test_a_picture_from_the_library_is_there_at_once(begin, service):
    generate("a cat")
    image = begin("a cat")
    assert image.done
    assert image.came == "reused"
    assert len(service.posts) == 1


def test_what_went_wrong_is_raised_where_it_is_used(begin, brisk):
    image = begin("a cat [trouble: refusal]")
    with pytest.raises(errors.RefusalError, match="no picture"):
        image.wait()
    with pytest.raises(errors.RefusalError):
        _ = image.pil
    assert "failed" in repr(image)


def test_what_can_be_refused_is_refused_before_it_begins(service):
    nb_banana.configure(budget=0.01)
    with pytest.raises(errors.BudgetError):
        generate("a cat", background=True)
    assert not pending()
    assert not service.posts


def test_without_a_key_several_are_refused_before_they_begin(monkeypatch):
    monkeypatch.delenv("AIMLAPI_KEY", raising=False)
    nb_banana.configure(backend="api")
    with pytest.raises(errors.MissingKeyError):
        generate("a cat", count=2, background=True)
    assert not pending()


def test_several_from_the_library_are_there_at_once(begin, service):
    generate("a cat", count=2)
    gallery = begin("a cat", count=2)
    assert gallery.done
    assert [image.came for image in gallery] == ["reused"] * 2


def test_several_come_as_one_gallery(begin, held):
    gallery = begin(SLOW, count=3)
    assert isinstance(gallery, PendingGallery)
    assert "3 pictures, on its way" in repr(gallery)
    held.set()
    assert len(gallery) == 3
    assert len(gallery.images) == 3


def test_cancelled_it_is_waited_for_no_more_and_what_comes_is_kept(begin, service, held):
    image = begin(SLOW)
    until(lambda: service.posts)
    assert image.cancel()
    assert not image.cancel()
    with pytest.raises(errors.Interrupted, match="You cancelled it"):
        image.wait()
    assert not pending()
    held.set()
    at_rest()
    assert nb_banana.history()[0].prompt == SLOW
    assert len(service.posts) == len(service.charges) == 1


def test_cancelled_before_it_is_sent_again_it_is_not_sent_again(service, monkeypatch):
    pauses, over = [], threading.Event()
    clock = SimpleNamespace(sleep=lambda pause: pauses.append(pause) or over.wait(120))
    monkeypatch.setattr(send, "time", clock)
    image = generate("a cat [trouble: 503]", background=True)
    until(lambda: pauses)
    image.cancel()
    over.set()
    at_rest()
    assert len(service.posts) == 1
    context = client().context
    assert not context.budget.used(context.kinds()[-1])
    assert not nb_banana.recover()


@pytest.mark.parametrize(
    "use",
    [
        lambda image: image.wait(),
        lambda image: image.bytes,
        copy.copy,
        lambda image: asyncio.run(awaited(image)),
    ],
    ids=["wait", "an attribute", "copy", "await"],
)
def test_a_forked_process_is_told_at_once_that_a_picture_does_not_come_there(held, use):
    image = generate(SLOW, background=True)
    with warnings.catch_warnings():  # of a fork beside threads, from Python 3.12 on
        warnings.simplefilter("ignore", DeprecationWarning)
        reading, writing = os.pipe()
        child = os.fork()
    if not child:
        signal.alarm(100)  # where it would wait for ever
        try:
            use(image)
        except errors.BananaError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        assert "is on its way in another process" in told.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    held.set()
    assert image.wait().path


async def awaited(image):
    return await image


def test_waiting_has_an_end_and_the_picture_goes_on(held):
    image = generate(SLOW, background=True)
    with pytest.raises(TimeoutError, match="it goes on"):
        image.wait(timeout=0.05)
    held.set()
    assert image.size == (1024, 1024)


def test_ctrl_c_ends_the_wait_and_not_the_picture(held):
    image = generate(SLOW, background=True)
    with (
        ctrl_c_when(lambda: is_main_in(Future.result)),
        pytest.raises(errors.Interrupted, match="still on its way"),
    ):
        image.wait()
    held.set()
    assert image.size == (1024, 1024)


def test_who_stops_to_await_does_not_take_it_from_others(held):
    image = generate(SLOW, background=True)

    async def two():
        first = asyncio.ensure_future(_awaited(image))
        await asyncio.sleep(0.05)
        first.cancel()
        held.set()
        return await image

    assert asyncio.run(two()).size == (1024, 1024)


def test_a_pending_picture_knows_what_it_does_not_know_yet(service, held):
    finished = vars(generate("a cat"))
    image = generate(SLOW, background=True)
    assert set(finished) - set(vars(image)) == PendingImage._comes_later
    held.set()
    image.wait()
    assert set(finished) <= set(vars(image))
    gallery = generate(SLOW, background=True, count=2)
    done = vars(gallery.wait())
    assert set(done) - {"name", "_client"} == PendingGallery._comes_later


def test_front_ends_that_feel_their_way_do_not_wait(held):
    image = generate(SLOW, background=True)
    assert not hasattr(image, "_repr_html_")
    assert not image.done
    held.set()
    image.wait()


UNTIL_IT_IS_SHOWN = (
    "import threading\n"
    "for each in threading.enumerate():\n"
    "    if each.name == 'nb_banana': each.join()"
)
"""The thread that draws ends when what it drew stands in its place."""


def test_the_placeholder_becomes_the_picture_while_other_cells_run():
    notebook = run_notebook(
        HELD,
        # It comes during the next cell: between two cells nobody listens in `nbclient`.
        "%%banana cat --background -a 16:9\na cat",
        f"go.set()\n{UNTIL_IT_IS_SHOWN}\ncat.size",
    )
    (output,) = notebook.cells[1].outputs
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "(1376, 768)"
    # In the saved notebook, too: `nbclient` writes what came into the place later.
    assert output["output_type"] == "display_data"
    assert 'alt="a cat' in output["data"]["text/html"]
    assert "image/jpeg" in output["data"]


def test_the_placeholder_becomes_the_error():
    notebook = run_notebook(
        HELD,
        # It fails during the next cell, as above.
        "%%banana cat --background\na cat [trouble: 400]",
        f"go.set()\n{UNTIL_IT_IS_SHOWN}",
    )
    (output,) = notebook.cells[1].outputs
    assert output["data"]["text/plain"].startswith("BadRequestError: ")


def test_a_kernel_that_ends_meanwhile_has_it_in_its_journal(service, held):
    begin = f"nb_banana.generate({SLOW!r}, background=True)\n"
    with script(begin + "input(); os._exit(0)", service) as it:
        until(lambda: service.posts)
        it.communicate("it is on its way\n")
    (left,) = client().context.places(client().context.kinds()[-1])[0].unfinished()
    assert left.state == "sent"


def script(code, service):
    head = f"import os, nb_banana; nb_banana.configure(base_url={service.url!r})\n"
    return subprocess.Popen([sys.executable, "-c", head + code], stdin=subprocess.PIPE, text=True)


def test_a_script_that_ends_waits_for_what_it_has_paid(service):
    with script(f"nb_banana.generate({SLOW!r}, background=True)", service) as it:
        it.communicate()
    assert it.returncode == 0
    assert nb_banana.history()[0].prompt == SLOW


def test_in_a_terminal_it_says_that_it_draws(held):
    with ipython_shell() as ip:
        ip.run(f"%%banana cat --background\n{SLOW}")
        assert "nano-banana-2 is drawing in the background" in ip.printed
        held.set()
        ip.names["cat"].wait()
