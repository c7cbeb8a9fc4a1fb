"""Two kernels of one machine that draw the same at the same moment pay once."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

import nb_banana
from nb_banana import errors
from nb_banana.generation import pipeline
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from tests.support.moments import ctrl_c_when, until
from tests.support.servers import posts, server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who lives is read in /proc")
SLOW = "a banana [trouble: slow 1.5]"
CODE = "import sys, nb_banana; nb_banana.configure(base_url=sys.argv[1]); "


def start(service, code):
    return subprocess.Popen(
        [sys.executable, "-c", CODE + code, service.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )


@contextmanager
def another_kernel(service, prompt=SLOW):
    """It has sent the request and waits for the answer."""
    with start(service, f"print(nb_banana.generate({prompt!r}).id)") as kernel:
        until(lambda: service.posts or kernel.poll() is not None)
        try:
            yield kernel
        finally:
            kernel.kill()


@pytest.fixture
def waits(monkeypatch):
    """Whether this kernel waits for the other one."""
    begun, plain = threading.Event(), pipeline._while_open

    def wait(*asked):
        for each in plain(*asked):
            begun.set()
            yield each

    monkeypatch.setattr(pipeline, "_while_open", wait)
    return begun.is_set


def test_the_second_waits_for_the_picture_of_the_first(service):
    with another_kernel(service) as other:
        image = nb_banana.generate(SLOW)
        assert other.stdout.read().strip() == image.id
    assert image.came == "reused"
    assert len(service.posts) == 1


def test_a_batch_waits_for_the_pictures_of_another_kernel_too(service):
    with another_kernel(service):
        many = nb_banana.generate_many([SLOW, "a pear"])
    assert [each.came for each in many] == ["reused", "made"]
    assert len(service.posts) == 2


def test_nobody_waits_for_a_kernel_that_is_dead(service, waits):
    prompt = "a banana [trouble: slow 100 x1]"
    with another_kernel(service, prompt) as other:
        waiting = nb_banana.generate(prompt, background=True)
        until(waits)
        other.kill()
        assert waiting.wait().came == "made"
    assert len(service.posts) == 2  # of the first nobody knows, and recover() names it
    assert len(nb_banana.recover()) == 1


def test_a_fresh_one_never_waits(service):
    with another_kernel(service):
        assert nb_banana.generate(SLOW, fresh=True).came == "made"
    assert len(service.posts) == 2


def test_ctrl_c_leaves_the_wait_and_nothing_was_sent(service, waits):
    prompt = "a banana [trouble: slow 100]"
    with (
        another_kernel(service, prompt),
        ctrl_c_when(waits),
        pytest.raises(errors.Interrupted, match="still being drawn"),
    ):
        nb_banana.generate(prompt)
    assert len(service.posts) == 1


def test_what_the_first_failed_to_get_the_second_draws(service):
    with another_kernel(service, "a banana [trouble: 400 x1]"):
        assert nb_banana.generate("a banana [trouble: 400 x1]").came == "made"
    assert len(service.posts) == 2


def test_what_the_first_paid_and_did_not_get_the_second_does_not_pay_unasked(
    service, waits, monkeypatch
):
    monkeypatch.setattr(pipeline, "LOG_SECONDS", 0.5)
    go = threading.Event()

    def answer(handler):
        if handler.command == "POST":
            go.wait(120)
        handler.close_connection = True  # without a word

    with server(answer) as (url, seen):
        there = Mock(url=url)
        type(there).posts = property(lambda _: posts(seen))
        nb_banana.configure(base_url=url)
        with another_kernel(there):
            waiting = nb_banana.generate(SLOW, background=True)
            until(waits)
            go.set()
            with pytest.raises(errors.UncertainError, match=r"Another kernel.*--fresh"):
                waiting.wait()
        assert len(posts(seen)) == 1


@pytest.fixture
def while_asked(service, monkeypatch):
    """Another kernel asks for a prompt after this one has looked for it, and before it is sent."""
    monkeypatch.setattr(nb_banana.configure(), "confirm_over", 0.0)

    def drawn_meanwhile(prompt):
        def answer(question):
            start(service, f"nb_banana.generate({prompt!r})").communicate()
            return "y"

        monkeypatch.setattr("builtins.input", answer)
        return prompt

    return drawn_meanwhile


def test_what_another_kernel_has_drawn_since_it_was_looked_for_is_not_paid_again(
    service, while_asked
):
    assert nb_banana.generate(while_asked("a pear")).came == "reused"
    assert len(service.posts) == 1


def test_what_another_kernel_was_charged_for_meanwhile_is_not_paid_unasked(service, while_asked):
    with pytest.raises(errors.UncertainError, match=r"Another kernel.*--fresh") as caught:
        nb_banana.generate(while_asked("a pear [trouble: drop-after]"))
    assert len(service.posts) == 1
    failed = Failure(nb_banana.ImageRequest("a pear"), caught.value)  # it is on the other's bill
    assert Gallery([failed]).to_frame().usd.to_list() == [0.0]


def test_kernels_that_begin_at_once_pay_once(service):
    prompts = [f"fruit {number}" for number in range(10)]
    code = f"print(sum(i.came == 'made' for i in nb_banana.generate_many({prompts!r})))"
    kernels = [start(service, code) for _ in range(3)]
    made = [kernel.communicate()[0] for kernel in kernels]
    assert sum(map(int, made)) == len(service.posts) == len(prompts)


def test_the_other_kernel_that_is_waited_for_is_named(service):
    from tests.support.shells import run_notebook

    with another_kernel(service):
        notebook = run_notebook(
            f"%load_ext nb_banana\n%config Banana.base_url = {service.url!r}", f"%banana {SLOW}"
        )
    assert "from your library" in str(notebook.cells[1].outputs)
    assert len(service.posts) == 1
