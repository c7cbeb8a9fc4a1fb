"""Ctrl-C in a batch: nothing new begins, what is paid is kept, the same again goes on for free."""

import pickle
import signal
import sys
from contextlib import ExitStack
from itertools import count

import pytest

import nb_banana
from nb_banana import _threads, configure, errors, generate_many
from nb_banana._default import client
from nb_banana.batch import runner
from tests.support.amount import some
from tests.support.moments import at_rest, ctrl_c_when, until
from tests.support.shells import ipython_shell


@pytest.fixture
def interrupt(service, held, monkeypatch):
    """Ctrl-C as soon as the service has been sent so many requests: what is slow is held so long.

    However slow the machine, what has no place at the service says what became of it.
    """
    monkeypatch.setattr(runner, "SETTLING", 60.0)
    with ExitStack() as stack:
        yield lambda count: stack.enter_context(ctrl_c_when(lambda: len(service.posts) >= count))


def prompts(count, quick=0):
    """Slow ones, but for the first."""
    names = [f"a cat {number}" for number in range(count)]
    return [*names[:quick], *(f"{name} [trouble: slow]" for name in names[quick:])]


def test_what_is_done_is_in_the_gallery_and_the_rest_is_free_or_not_sent(service, interrupt, held):
    configure(concurrency=2)
    eight = prompts(8, quick=2)
    interrupt(4)
    with pytest.raises(errors.Interrupted, match="2 of 8 are done") as it:
        generate_many(eight)
    gallery = it.value.gallery
    assert len(service.posts) == 4
    assert [image.prompt for image in gallery.images] == eight[:2]
    said = [str(each.error) for each in gallery[2:]]
    assert ["on its way" in each for each in said] == [True] * 2 + [False] * 4
    assert ["Nothing was charged" in each for each in said] == [False] * 2 + [True] * 4
    held.set()
    again = generate_many(eight)
    # Those that were on their way are waited for and not sent a second time.
    assert len(again.images) == 8
    assert len(service.posts) == len(service.charges) == 8


class SecondInterrupt:
    """Raises a real SIGINT at the N-th line that a batch runs after its first Ctrl-C."""

    def __init__(self, line):
        self.line, self.count = line, -1

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != runner.__file__:
            return None
        if event == "exception" and argument[0] is KeyboardInterrupt and self.count < 0:
            self.count = 0
        if event == "line" and self.count >= 0 and frame.f_code.co_name != "_told":
            self.count += 1
            if self.count == self.line:
                signal.raise_signal(signal.SIGINT)
        return self


@pytest.mark.parametrize("line", some([1, 3, 8, 15, 25], 2))
def test_a_second_ctrl_c_takes_nothing_away(service, interrupt, held, line):
    configure(concurrency=2)
    interrupt(2)
    second, before = SecondInterrupt(line), sys.gettrace()
    sys.settrace(second)
    try:
        with pytest.raises(errors.Interrupted) as it:
            generate_many(prompts(4))
    finally:
        sys.settrace(before)
    assert second.count >= line
    assert len(it.value.gallery) == 4
    held.set()
    at_rest()
    assert len(generate_many(prompts(4)).images) == len(service.posts) == 4


def test_what_was_sent_as_ctrl_c_came_is_counted(service, held, monkeypatch):
    submit = runner.Pool.submit

    def interrupted(*args):
        future = submit(*args)
        until(lambda: service.posts)
        signal.raise_signal(signal.SIGINT)
        return future

    monkeypatch.setattr(runner.Pool, "submit", interrupted)
    monkeypatch.setattr(runner, "SETTLING", 0.0)
    with pytest.raises(errors.Interrupted) as it:
        generate_many(prompts(2))
    said = [str(each.error) for each in it.value.gallery]
    assert ["on its way" in each for each in said] == [True, False]
    assert ["Nothing was charged" in each for each in said] == [False, True]


def test_ctrl_c_comes_at_once_in_a_wait_of_a_picture_that_no_thread_draws(
    service, interrupt, monkeypatch
):
    monkeypatch.setattr(_threads, "HAS_THREADS", False)
    interrupt(1)
    with pytest.raises(errors.Interrupted) as it:
        generate_many(prompts(2))
    assert "Stopped waiting for a request that was sent" in str(it.value.gallery[0].error)
    assert len(service.posts) == 1


def test_what_is_in_the_library_comes_at_once_the_second_time(service, interrupt, held):
    configure(concurrency=1)
    interrupt(3)
    four = [*prompts(3, quick=2), "a cat that was not sent"]
    with pytest.raises(errors.Interrupted):
        generate_many(four)
    held.set()
    at_rest()
    again = generate_many(four)
    assert [image.came for image in again] == ["reused"] * 3 + ["made"]


def test_who_waits_for_a_place_is_not_sent_and_says_so(service, interrupt, held):
    configure(concurrency=4)  # and a fifth thread, which waits for a place
    interrupt(4)
    with pytest.raises(errors.Interrupted, match="4 more are on their way") as it:
        generate_many(prompts(6))
    said = [str(entry.error) for entry in it.value.gallery]
    assert sum("on its way" in each for each in said) == 4
    assert sum("Nothing was charged" in each for each in said) == 2
    held.set()
    at_rest()
    assert len(service.posts) == 4
    assert list(nb_banana.recover()) == []


def test_an_endless_iterator_ends_with_ctrl_c(service, interrupt):
    configure(concurrency=2)
    interrupt(5)

    def endless():
        number = 0
        while True:
            yield f"a cat {number}"
            number += 1

    with pytest.raises(errors.Interrupted) as it:
        generate_many(endless())
    assert len(it.value.gallery) < 1000


def test_an_endless_iterator_ends_where_the_rest_would_fail_alike(service):
    configure(concurrency=2)
    gallery = generate_many("a cat" if n < 3 else f"a cat {n} [trouble: 403]" for n in count())
    assert len(gallery.images) == 3
    assert 1 <= len(gallery.failures) < 10


def test_a_folder_that_has_another_picture_loses_none(service, tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats/02-take2.png").write_bytes(b"mine")
    with ipython_shell() as ip:
        error = ip.run(f"%%banana cats -n 2 --save {tmp_path / 'cats'}\na cat", fails=True)
        assert isinstance(error, errors.SaveError)
        assert len(ip.names["cats"].images) == 2


def test_the_name_is_bound_to_what_is_done_and_the_cell_fails(service, interrupt, held):
    configure(concurrency=1)
    interrupt(2)
    with ipython_shell() as ip:
        ip.names["cats"] = ["cat", "owl [trouble: slow]", "fox"]
        error = ip.run("%%banana zoo --sweep cat={{cats}}\na {{cat}}", fails=True)
        assert isinstance(error, errors.Interrupted)
        assert len(ip.names["zoo"]) == 3
        assert len(ip.names["zoo"].images) == 1
        held.set()
        at_rest()


def test_retry_makes_only_what_failed(service, interrupt, held):
    configure(concurrency=1)
    interrupt(2)
    with pytest.raises(errors.Interrupted) as it:
        generate_many([*prompts(2, quick=1), "a cat that was not sent"])
    held.set()
    gallery = it.value.gallery.retry()
    assert len(gallery.images) == 3
    assert len(service.posts) == 3


def test_retry_fetches_what_is_paid_and_does_not_pay_again_unasked(service, brisk):
    gallery = generate_many(
        ["a cat", "an owl [trouble: link-404 x9]", "a fox [trouble: drop-after]"]
    )
    assert [bool(each) for each in gallery] == [True, False, False]
    again = gallery.retry()
    # The fox was charged, and nobody has its picture: it is paid again only where that is said.
    assert len(service.posts) == 3
    assert "again=True" in str(again[2].error)
    generous = gallery.retry(again=True)
    assert service.posts[-1].body["prompt"].startswith("a fox")
    assert len(generous) == 3


def test_retry_pays_once_for_what_is_there_twice(service, brisk):
    gallery = generate_many(["a cat [trouble: drop-after x1]"] * 3)
    assert len(service.charges) == 1
    again = gallery.retry(again=True)
    assert len(service.charges) == 2
    assert len(again.images) == 3


def test_a_failure_that_cost_nothing_is_simply_sent_again(service, brisk):
    gallery = generate_many(["a cat", "an owl [trouble: 400 x1]"])
    assert len(gallery.failures) == 1
    assert len(gallery.retry().images) == 2


def test_a_retry_that_sends_nothing_says_why(service, brisk, capsys):
    gallery = generate_many(
        [
            "a cat",
            "an owl [trouble: link-404 x9]",
            "a fox [trouble: drop-after]",
            "a bee [trouble: refusal x1]",
            "a pig [trouble: drop-after]",
        ]
    )
    nb_banana.generate("a bee [trouble: refusal x1]")  # meanwhile it was made
    sent, _ = len(service.posts), capsys.readouterr()
    gallery.retry()
    assert len(service.posts) == sent
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Nothing was sent again. ")
    assert "[2], [4] charged, or may have been: gallery.retry(again=True) sends it" in line
    assert "[3] is in your library, for $0" in line
    assert "[1] was not sent: " in line
    gallery[:1].retry()
    assert "no picture of this gallery failed" in capsys.readouterr().out
    gallery.retry(again=True)
    assert not capsys.readouterr().out
    assert len(service.posts) > sent


@pytest.mark.parametrize(
    "clone", [lambda each: each, lambda each: pickle.loads(pickle.dumps(each))]
)
def test_a_retry_wants_what_was_wanted_at_first(service, brisk, tmp_path, capsys, clone):
    prompts = ["a cat [trouble: 400 x1]", "an owl [trouble: wrong-size x2]"]
    gallery = clone(generate_many(prompts, resolution="4K", strict=True, save=tmp_path / "zoo"))
    assert [bool(each) for each in gallery] == [False, False]
    again = gallery.retry()
    assert [path.name for path in (tmp_path / "zoo").iterdir()] == ["01-a-cat-trouble-400-x1.png"]
    assert isinstance(again[1].error, errors.SizeMismatchError)  # it is paid: not sent unasked
    assert len(service.posts) == 3
    for size in (errors.SizeMismatchError, type(None)):
        again = again.retry(again=True)
        assert isinstance(getattr(again[1], "error", None) if not again[1] else None, size)
    assert len(list((tmp_path / "zoo").iterdir())) == 2
    assert "1 of 2 are in" in capsys.readouterr().out


def test_a_retry_of_a_fresh_one_is_fresh(service):
    nb_banana.generate("a cat")
    configure(budget=0)
    with pytest.raises(errors.BudgetError) as it:
        generate_many(iter(["a cat"]), fresh=True)
    configure(budget=None)
    assert it.value.facts["gallery"].retry()[0].came == "made"
    assert len(service.posts) == 2


def test_a_batch_that_is_broken_off_leaves_nothing_unfinished(service, interrupt, held):
    configure(concurrency=2)
    interrupt(3)
    with pytest.raises(errors.Interrupted):
        generate_many(prompts(6, quick=2))
    held.set()
    at_rest()
    assert not client().context.places(client().context.kinds()[-1])[0].unfinished()
    assert not nb_banana.recover()
