"""A ticket: what was accepted is never lost, never sent twice, and asked for with its own key."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from multiprocessing import get_context

import distributed
import pytest

import nb_banana
from nb_banana import configure, errors, generate, generate_many
from nb_banana._default import client
from nb_banana.library import location
from nb_banana.library.library import Library
from nb_banana.services import tickets
from tests.conftest import KEY
from tests.services.test_each_service import other_service
from tests.support.amount import ALL, rounds, some
from tests.support.kernels import another_kernel
from tests.support.moments import one_question, rest, until, work_is_done
from tests.support.queue import running_queue

DETAIL = b'{"detail": "no"}'


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.01)


@pytest.fixture
def queue(monkeypatch):
    monkeypatch.setenv("FAL_KEY", KEY)
    with running_queue() as running:
        configure(service="fal", base_url=running.url)
        yield running


@pytest.fixture
def fal(monkeypatch):
    running = other_service("fal", monkeypatch)
    yield running
    running.stop()


OF_THE_QUESTION = {
    "a key that is refused": (401, DETAIL),
    "no credits": (402, DETAIL),
    "an account that is locked": (403, DETAIL),
    "a proxy that wants a name": (407, b""),
    "another method": (405, DETAIL),
    "a redirect to another host": (302, b""),
    "too many questions": (429, DETAIL),
    "a gateway's page": (502, b"<html></html>"),
    "a page in place of JSON": (200, b"<html>Log in</html>"),
    "half of it": (200, b'{"status": "COMPL'),
    "nothing": (200, b""),
    "a hang-up": None,
    "a request that is not there yet": (404, DETAIL),
    "a bad question": (400, DETAIL),
}


def outcome_of(prompt):
    """The picture and no error, or no picture and the error."""
    try:
        return generate(prompt), None
    except errors.BananaError as error:
        return None, error


@pytest.mark.parametrize(
    ("asked", "odd"), some(list(product(("status", "result"), OF_THE_QUESTION)), 15)
)
def test_what_a_question_meets_says_nothing_of_the_work(queue, asked, odd):
    queue.odd[asked] = [OF_THE_QUESTION[odd]]
    image, error = outcome_of("a banana")
    if image is None:
        said, is_said, _ = str(error).partition("Nothing is lost")
        assert is_said
        assert "charged" not in said
        (image,) = nb_banana.recover().images
    assert image.path.is_file()
    assert len(queue.posts) == 1
    assert {each.headers["Authorization"] for each in queue.seen if each.path != "/1.png"} == {
        f"Key {KEY}"
    }


def test_its_own_failure_while_the_state_is_asked_is_not_that_of_the_work(queue):
    queue.odd["status"] = [(500, DETAIL), (503, DETAIL)]
    assert generate("a banana").path
    queue.odd["result"] = [(500, DETAIL)]
    with pytest.raises(errors.ServerError, match="It was not charged"):
        generate("an apple")
    assert not nb_banana.recover()


def test_a_result_that_is_asked_for_too_early_is_asked_for_again(queue):
    early = 400, b'{"detail": "Request is still in progress"}'
    queue.odd["result"] = [early] * (tickets.MOST_ODD + 1)
    assert generate("a banana").path.is_file()
    assert len(queue.posts) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b'{"logs": [], "metrics": {}}'])
def test_a_state_that_is_fine_and_says_nothing_is_done(queue, body):
    queue.odd["status"] = [(202, body)] + [(200, body)] * 3 * tickets.MOST_ODD
    queue.odd["result"] = [(400, b'{"detail": "Request is still in progress"}')]
    assert generate("a banana").path.is_file()
    assert not queue.odd["result"]
    assert len(queue.posts) == 1


def test_a_key_in_a_link_of_a_ticket_is_kept_nowhere(queue, tmp_path):
    told = queue.told("1", "IN_QUEUE")
    told["status_url"] += f"?key={KEY}"
    queue.odd["post"] = [(200, json.dumps(told).encode())]
    with pytest.raises(errors.UncertainError, match="put your key into its answer") as raised:
        generate("a banana")
    assert KEY not in str(raised.value) + str(raised.value.facts)
    assert not any(KEY.encode() in each.read_bytes() for each in tmp_path.rglob("*.sqlite*"))
    assert len(queue.seen) == 1


@pytest.mark.parametrize("odd", [(404, DETAIL), (410, DETAIL), (200, b"?"), (400, DETAIL)])
@pytest.mark.parametrize("later", ["recover", "the cell again"])
def test_what_says_the_same_again_and_again_is_believed_and_looked_for_all_the_same(
    queue, odd, later
):
    queue.odd["status"] = [odd] * tickets.MOST_ODD
    with pytest.raises(errors.BananaError) as raised:
        generate("a banana")
    if isinstance(raised.value, errors.BadRequestError):  # it says itself that it failed
        assert not nb_banana.recover()
        return
    images = nb_banana.recover().images if later == "recover" else [generate("a banana")]
    assert len(images) == 1
    assert len(queue.posts) == 1


def test_what_is_gone_for_good_is_paid_anew_only_by_whoever_runs_it_again(queue):
    queue.odd["status"] = [(404, DETAIL)] * 3 * tickets.MOST_ODD
    with pytest.raises(errors.UncertainError, match=r"has this request no more.*pays for a new"):
        generate("a banana")
    assert "forget" in nb_banana.recover()[0].outcome
    assert len(queue.posts) == 1
    queue.odd["status"] = [(404, DETAIL)] * tickets.MOST_ODD
    generate("a banana")
    assert len(queue.posts) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "IN_QUEUE", "request_id": "1"},
        {"status": "IN_QUEUE", "status_url": 7, "response_url": None},
        {"status": "IN_QUEUE", "status_url": ""},
        {"status": "IN_QUEUE", "status_url": "https://user@127.0.0.1/1"},
        {"status": "IN_QUEUE", "status_url": "http://["},
    ],
)
def test_a_ticket_that_says_not_where_to_ask_is_not_known_and_not_sent_again(queue, answer):
    queue.odd["post"] = [(200, json.dumps(answer).encode())]
    with one_question(), pytest.raises(errors.UncertainError):
        generate("a banana")
    assert len(queue.posts) == 1
    assert not nb_banana.recover()[0].ended


def test_work_that_takes_longer_than_the_patience_is_had_by_running_it_again(queue):
    queue.odd["status"] = [(202, json.dumps(queue.told("1", "IN_PROGRESS")).encode())] * 40
    with one_question(), pytest.raises(errors.AnswerTimeoutError, match="Nothing is lost"):
        generate("a banana")
    found = nb_banana.recover()
    assert "not done yet" in found[0].outcome
    assert not found[0].ended
    queue.odd["status"].clear()
    assert generate("a banana").came == "reused"
    assert len(queue.posts) == 1


@pytest.mark.parametrize("again", [False, True])
def test_a_retry_of_a_gallery_fetches_what_was_accepted(queue, again):
    queue.odd["status"] = [(202, b"")] * 100
    with one_question():
        gallery = generate_many(["a banana"])
    assert isinstance(gallery.failures[0].error, errors.AnswerTimeoutError)
    queue.odd["status"].clear()
    assert gallery.retry(again=again)[0].path.is_file()
    assert len(queue.posts) == 1


def left_waiting(queue):
    """A request that is accepted, and that nobody waits for."""
    queue.odd["status"] = [(202, b"")] * 100
    with one_question(), pytest.raises(errors.AnswerTimeoutError):
        generate("a banana")
    queue.odd["status"].clear()


def test_work_without_a_picture_is_not_called_free_where_nobody_says_so(queue):
    left_waiting(queue)
    queue.odd["result"] = [(200, b'{"images": [{"url": null}]}')]
    found = nb_banana.recover()
    assert found[0].ended
    assert found[0].unsaid
    assert "Whether it was charged was not said" in found[0].outcome
    assert found.summary.endswith("1 without a picture, whether charged was not said.")
    assert len(nb_banana.recover()) == 0


@pytest.mark.parametrize("changed", [{"service": "aimlapi"}, {"base_url": "http://127.0.0.1:9"}])
def test_it_is_asked_where_it_was_given_whatever_the_settings_are_by_now(queue, changed):
    left_waiting(queue)
    configure(**changed)
    another_kernel()
    assert len(nb_banana.recover().images) == 1
    assert nb_banana.history(service="fal")
    assert len(queue.posts) == 1


def test_without_its_key_it_waits_and_the_person_is_told_which_one(tmp_path, monkeypatch):
    # At fal's own address, which no test asks: without a key nothing is sent there at all.
    library = Library(location.data_folder() / "fal", "fal")
    request = client().plan("a banana", service="fal").job.request
    library.begin(request, "nbb-1")
    handle = {"status_url": "https://queue.fal.run/1/status", "is_done": False}
    library.mark_accepted("nbb-1", "fal", "https://queue.fal.run", handle)
    library.release("nbb-1", "the kernel ended")
    (found,) = nb_banana.recover()
    assert 'set FAL_KEY, or call nb_banana.login(service="fal")' in found.outcome
    assert not found.ended
    with pytest.raises(errors.MissingKeyError, match="has it"):
        generate("a banana", service="fal")
    assert library.fate("nbb-1")[0] == "accepted"


def test_a_key_that_changed_meanwhile_is_said_and_loses_nothing(fal, monkeypatch):
    with one_question(), pytest.raises(errors.AnswerTimeoutError):
        generate("a banana [trouble: slow 600]")
    monkeypatch.setenv("FAL_KEY", "another-key-of-mine-7755")
    assert "does not accept the key" in nb_banana.recover()[0].outcome
    with pytest.raises(errors.KeyRefusedError, match="Nothing is lost"):
        generate("a banana [trouble: slow 600]")
    monkeypatch.setenv("FAL_KEY", KEY)
    work_is_done(monkeypatch)
    assert generate("a banana [trouble: slow 600]").came == "reused"
    assert (len(fal.posts), len(fal.charges)) == (1, 1)


def broken(*folders):
    """Put something in the place of each folder's index, as a disk that went away."""
    for folder in folders:
        index = folder / location.INDEX
        index.rename(folder / "aside")
        index.mkdir()


def mended(*folders):
    for folder in folders:
        (folder / location.INDEX).rmdir()
        (folder / "aside").rename(folder / location.INDEX)


def test_a_library_that_can_t_take_the_ticket_has_it_stood_in_for(queue):
    folder = client().context.places(client().context.kinds()[-1])[0].folder
    queue.on_post = lambda: broken(folder)
    left_waiting(queue)
    mended(folder)
    another_kernel()
    assert len(nb_banana.recover().images) == 1
    assert len(queue.posts) == 1


def test_a_ticket_that_nothing_can_take_is_in_the_error(queue):
    folder = client().context.places(client().context.kinds()[-1])[0].folder

    def nowhere():
        broken(folder)
        location.stand_in_root().write_text("")  # no folder of ours

    queue.on_post = nowhere
    queue.odd["status"] = [(202, b"")] * 100
    said = "could not be written down"
    with one_question(), pytest.raises(errors.AnswerTimeoutError, match=said) as raised:
        generate("a banana")
    assert raised.value.facts["ticket"]["status_url"].startswith(queue.url)
    assert "Nothing is lost" not in str(raised.value)
    mended(folder)
    queue.odd["status"].clear()
    image = generate("an apple")  # with patience it is in hand all the same
    assert image.path is None
    assert image.bytes
    location.stand_in_root().unlink()
    mended(folder)


def test_a_child_that_was_forked_leaves_the_ticket_of_its_parent_alone(queue):
    queue.odd["status"] = [(202, b"")] * 1000
    waiting = ThreadPoolExecutor(1).submit(generate, "a banana")
    until(lambda: any(each.path.endswith("/status") for each in queue.seen))
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as children:
        assert children.submit(_unfinished).result() == 0
    queue.odd["status"].clear()
    assert waiting.result().path
    assert len(queue.posts) == 1


def _unfinished():
    return len(nb_banana.recover())


def in_kernel(code, *rest):
    """A kernel of its own that runs this."""
    command = [sys.executable, "-c", f"import sys, nb_banana\n{code}", *rest]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


DRAWS = """
nb_banana.configure(service="fal", base_url=sys.argv[1], timeout=60)
for number in range(int(sys.argv[3])):
    print(nb_banana.generate(f"{sys.argv[2]} {number} [trouble: slow 0.3]").id, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_kernels_that_are_killed_at_any_moment_pay_once_and_lose_nothing(fal):
    chance = random.Random(17)
    for life in range(rounds(1, 40)):
        with in_kernel(DRAWS, fal.url, f"{life}", "99") as kernel:
            kernel.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                kernel.wait(chance.uniform(0, 1.5))
            kernel.kill()
    rest(fal)
    until(lambda: not any("not done yet" in each.outcome for each in nb_banana.recover()))
    kept = {image.prompt for image in nb_banana.history(limit=None)}
    named = {each.prompt for each in nb_banana.recover()}  # the id of these never came
    sent = [each.body["prompt"] for each in fal.posts]
    assert len(sent) == len(set(sent)) >= len(fal.charges)
    assert set(sent) <= kept | named
    assert not kept & named
    for prompt in sorted(kept):
        assert generate(prompt).came == "reused"
    assert len(fal.posts) == len(sent)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_kernel_that_is_killed_before_its_ticket_came_is_not_known_and_not_sent_again(queue):
    kernel = []

    def die():
        until(lambda: kernel)
        kernel[0].kill()
        kernel[0].wait()

    queue.on_post = die
    with in_kernel(DRAWS, queue.url, "a", "1") as started:
        kernel.append(started)
        until(lambda: queue.posts)
        started.wait()
    for _ in range(2):
        (found,) = nb_banana.recover()
        assert found.outcome.startswith("not known")
    assert len(queue.posts) == 1


def test_two_kernels_at_once_pay_once(fal):
    asked = fal.url, "a banana", "1"
    with in_kernel(DRAWS, *asked) as first, in_kernel(DRAWS, *asked) as second:
        ids = [each.stdout.read().strip() for each in (first, second)]
    assert ids[0] == ids[1] != ""
    assert (len(fal.posts), len(fal.charges)) == (1, 1)


def test_two_kernels_that_fetch_the_same_work_at_once_both_have_it(queue):
    left_waiting(queue)
    code = DRAWS.replace('f"{sys.argv[2]} {number} [trouble: slow 0.3]"', '"a banana"')
    asked = queue.url, "", "1"
    with in_kernel(code, *asked) as first, in_kernel(code, *asked) as second:
        ids = [each.stdout.read().strip() for each in (first, second)]
    assert ids[0] == ids[1] != ""
    assert len(queue.posts) == 1
    assert len(nb_banana.history()) == 1


def test_an_interrupt_while_it_waits_and_the_same_cell_again(fal, monkeypatch):
    def press():
        until(lambda: any(each.path.endswith("/status") for each in fal.received))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(errors.Interrupted, match="Nothing is lost"):
        generate("a banana [trouble: slow 600]")
    work_is_done(monkeypatch)
    assert generate("a banana [trouble: slow 600]").came == "reused"
    assert (len(fal.posts), len(fal.charges)) == (1, 1)


def test_workers_ask_with_their_own_key_which_the_notebook_need_not_have(queue, monkeypatch):
    monkeypatch.delenv("FAL_KEY")
    monkeypatch.setenv("LAB_KEY", KEY)
    queue.odd["status"] = [(202, b"")] * 3
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        (image,) = generate_many(["a banana"], executor=executor, key_name="LAB_KEY").images
    assert image.path.is_file()
    asked = [each.headers["Authorization"] for each in queue.seen if each.path != "/1.png"]
    assert asked == [f"Key {KEY}"] * 6
    assert not any("Authorization" in each.headers for each in queue.seen if each.path == "/1.png")


class Frail(ThreadPoolExecutor):
    """Takes so many tasks, and is gone; or loses its worker with each of these."""

    def __init__(self, most=99, lost=()):
        super().__init__(1)
        self.count, self.most, self.lost = 0, most, lost

    def submit(self, function, *arguments):
        self.count += 1
        if self.count > self.most:
            raise RuntimeError("the pool is broken")
        if self.count in self.lost:
            future = Future()
            future.set_exception(BrokenExecutor("a worker died"))
            return future
        return super().submit(function, *arguments)


def test_a_worker_that_dies_while_it_asks_is_asked_through_another(queue):
    assert generate_many(["a banana"], executor=Frail(lost={2, 4})).images
    assert len(queue.posts) == 1


def test_a_pool_that_is_gone_while_it_waits_loses_no_picture(queue):
    with pytest.raises(errors.NotSentError, match="Nothing is lost") as raised:
        generate_many(["a banana"], executor=Frail(most=1))
    assert "Nothing was sent" not in str(raised.value)
    assert raised.value.facts["gallery"].retry()[0].path.is_file()
    assert len(queue.posts) == 1


@pytest.mark.skipif(not ALL, reason="its cluster takes its time to start: make test-all")
def test_dask_asks_for_the_work_too(queue):
    queue.odd["status"] = [(202, b"")] * 3
    cluster = distributed.LocalCluster(
        n_workers=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", env={"FAL_KEY": KEY}
    )
    with cluster, distributed.Client(cluster) as dask:
        assert generate_many(["a banana"], executor=dask.get_executor()).images
    assert len(queue.posts) == 1
