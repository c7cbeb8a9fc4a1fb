"""A client is one object: two of them share nothing, and two on one folder pay once."""

import ast
import copy
import gc
import os
import pickle
import signal
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

import nb_banana
from nb_banana import Client, _default, credentials, errors
from nb_banana.references.reference import ENCODE_CACHE
from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.moments import ctrl_c_when, is_main_in
from tests.support.servers import answering, picture, server

KEYS = ("first-key-51d2e84b06a1", "second-key-9c3f7a2b8d40")


@pytest.fixture
def two(tmp_path):
    """Two services with books of their own, and a client of each with its own key and folder."""
    with Sandbox(key=KEYS[0]) as one, Sandbox(key=KEYS[1]) as other:
        clients = [
            Client(key=key, base_url=service.url, library=tmp_path / key[:5], budget=1)
            for key, service in zip(KEYS, (one, other), strict=True)
        ]
        yield clients, (one, other)
        for client in clients:
            client.close()


def at_once(*calls):
    """What each gives, all of them in threads of their own."""
    found = {}
    threads = [
        threading.Thread(target=lambda n=number, c=call: found.update({n: c()}))
        for number, call in enumerate(calls)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return [found[number] for number in range(len(calls))]


def test_two_keys_two_folders_and_two_budgets_in_two_threads_share_nothing(two):
    (first, second), services = two
    prompts = [f"a banana {number}" for number in range(4)]
    made = at_once(lambda: first.generate_many(prompts), lambda: second.generate_many(prompts[:3]))
    assert [len(each.images) for each in made] == [4, 3]
    for client, service, count in zip((first, second), services, (4, 3), strict=True):
        assert len(service.posts) == count
        assert all(post.authorized for post in service.posts)
        assert len(client.history()) == count
        spent = client.context.budget[client.context.kinds()[-1]].spent
        assert float(spent) == sum(charge.credits for charge in service.charges) / 2_000_000 > 0
        assert client.spending().lines[0].count == count
    folders = [{image.path.parents[3] for image in gallery.images} for gallery in made]
    assert folders[0].isdisjoint(folders[1])
    assert len(nb_banana.history()) == 0  # nor does the default client know of them
    assert nb_banana.spending().lines[0].count == 0


def test_the_budget_of_one_stops_that_one_alone(two):
    (first, second), services = two
    first.configure(budget=0.1)
    first.generate("a banana")
    with pytest.raises(errors.BudgetError):
        first.generate("a pear")
    assert second.generate("a pear").came == "made"
    assert [len(service.posts) for service in services] == [1, 1]
    assert nb_banana.configure().budget is None


def test_two_clients_on_one_folder_pay_the_same_request_once(tmp_path):
    with Sandbox(key=KEYS[0]) as service:
        clients = [
            Client(key=KEYS[0], base_url=service.url, library=tmp_path / "shared") for _ in range(2)
        ]
        slow = "a banana [trouble: slow 0.5]"
        made = at_once(*[lambda client=each: client.generate(slow) for each in clients])
        assert {image.id for image in made} == {made[0].id}
        assert len(service.posts) == len(service.charges) == 1
        assert clients[1].generate(slow).came == "reused"
        for client in clients:
            client.close()


def test_an_edit_goes_where_its_picture_came_from(two):
    (first, second), (one, other) = two
    image = first.generate("a café", aspect_ratio="16:9")
    night = image.edit("make it night")
    assert nb_banana.edit(image, "make it rain").size == night.size == image.size
    gallery = first.generate("a tree [trouble: 400 x2]", count=2)
    assert len(gallery.failures) == 2
    assert gallery.retry()[:1].images[0].came == "made"
    assert {post.authorized for post in one.posts} == {True}
    assert other.posts == []
    assert second.edit(image, "make it dawn").size == image.size  # whoever is asked by name
    assert len(other.posts) == 1


def test_a_pickle_holds_no_key_and_no_client(two):
    (first, _), _ = two
    gallery = first.generate("a banana", count=2)
    pending = first.generate("a pear", background=True)
    for value in (gallery[0], gallery, pending, gallery.images):
        data = pickle.dumps(value)
        assert KEYS[0].encode() not in data
        assert b"Client" not in data
    again = pickle.loads(pickle.dumps(gallery[0]))
    assert again._client is None
    assert copy.copy(gallery).images == gallery.images
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(first)
    assert KEYS[0] not in repr(first) + repr(vars(first)) + repr(vars(first.context))


def test_a_client_that_is_left_closes_what_it_opened_and_loses_no_picture(tmp_path):
    with Client(backend="sandbox", library=tmp_path) as client:
        client.generate("a pear", background=True)
        url = client.context.running_sandbox or client.context.sandbox_url()
        assert client.context.running_sandbox() is not None
    assert client.context.running_sandbox() is None
    assert url
    assert [image.prompt for image in client.history()] == ["a pear"]
    assert client.generate("a pear").came == "reused"
    client.close()


def test_a_closed_client_has_no_key_any_more_and_no_word_is_refused_for_it(two):
    (first, _), _ = two
    with pytest.raises(errors.RequestError, match="has your key in it"):
        nb_banana.ImageRequest(f"a banana {KEYS[0]}")
    first.close()
    assert nb_banana.ImageRequest(f"a banana {KEYS[0]}").prompt
    assert first.context.search_key().found is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base_url": "http://example.com"}, "https address"),
        ({"colour": "red"}, "There is no setting 'colour'"),
        ({"backend": "cloud"}, "backend"),
        ({"budget": -1}, "budget"),
    ],
)
def test_what_a_client_can_not_be_is_said(options, said):
    with pytest.raises(errors.SettingsError, match=said):
        Client(**options)


@pytest.mark.parametrize("key", ["", "two words", "schlüssel"])
def test_what_can_be_no_key_is_said_without_it(key):
    with pytest.raises(errors.MissingKeyError) as caught:
        Client(key=key)
    assert not key or key not in str(caught.value)


def test_the_functions_are_those_of_the_default_client(service):
    client = _default.client()
    image = nb_banana.generate("a banana")
    assert client.load(image.id).id == image.id
    assert client.settings is nb_banana.configure(preview=512)
    assert client.settings.preview == 512
    public = {name for name in nb_banana.__all__ if name[0].islower()}
    own = {"compare", "panel", "unpack"}  # these need no client
    assert public - own <= set(dir(client))


FACTS_OF_THE_PROCESS = {
    ("_text", "key_checks"),
    ("_threads", "_locks"),
    ("_default", "_client"),
    ("_default", "_factory"),
    ("credentials", "_known"),
    ("credentials", "default_store"),
    ("settings", "settings"),
    ("generation/lookup", "_in_flight"),
    ("generation/lookup", "_lock"),
    ("library/database", "_queues"),
    ("library/database", "_turns"),
    ("library/owner", "_given_up"),
    ("notebook/magic", "_loaded"),
    ("widgets/panel", "_opened"),
}
"""Locks and requests by folder, keys that nothing may show, shells, panels, the default client."""
MUTABLE = {"dict", "list", "set", "deque", "defaultdict", "Counter", "Lock", "RLock", "Banana"} | {
    *("WeakSet", "WeakValueDictionary", "CredentialStore", "HttpTransport", "Budget", "PriceList")
}


def changes(tree):
    """The names of a module that hold something which is made to be changed."""
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        value = getattr(node, "value", None)
        if not isinstance(node, ast.Assign | ast.AnnAssign) or value is None:
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        name = getattr(target, "id", "")
        is_constant = name.isupper()
        kind = value.func if isinstance(value, ast.Call) else value
        called = getattr(kind, "attr", getattr(kind, "id", ""))
        literal = isinstance(value, ast.Dict | ast.List | ast.Set)
        if name in own | {name} and not is_constant and (called in MUTABLE or literal):
            yield name


def test_what_a_module_holds_and_changes_is_a_fact_of_the_process():
    package = Path(nb_banana.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        place = path.relative_to(package).with_suffix("").as_posix()
        if not place.startswith("sandbox"):
            tree = ast.parse(path.read_text("utf-8"))
            found |= {(place, name) for name in changes(tree)}
            has_global = any(isinstance(node, ast.Global) for node in ast.walk(tree))
            assert not has_global or place == "generation/lookup", place
    assert {each for each in found if each[1] not in {"__all__", "_HOMES"}} == FACTS_OF_THE_PROCESS


def test_a_plan_goes_where_the_settings_said_when_it_was_made_but_for_the_budget(two):
    (first, second), (one, other) = two
    plan = first.plan("a banana", count=2)
    first.configure(base_url=second.settings.base_url, backend="library")
    assert [image.came for image in first.run(plan)] == ["made", "made"]
    assert [len(one.posts), len(other.posts)] == [2, 0]
    first.configure(base_url=one.url, backend="auto")
    plan = first.plan("a pear")
    first.configure(budget=0.0)
    with pytest.raises(errors.BudgetError):
        first.run(plan)
    assert len(one.posts) == 2


def test_keys_are_known_as_long_as_one_of_many_threads_clients_has_them():
    key, before = "shared-key-2f7c91d04e6b", sys.getswitchinterval()
    with Client(key=key):
        sys.setswitchinterval(1e-6)
        try:
            at_once(*[lambda: [Client(key=key).close() for _ in range(150)]] * 8)
        finally:
            sys.setswitchinterval(before)
        assert credentials.has_key(key)
    assert not credentials.has_key(key)


def test_no_key_is_left_of_clients_that_failed_or_are_gone():
    keys = [f"gone-key-{number}-7d30b6a1c958" for number in range(3)]
    with pytest.raises(errors.SettingsError):
        Client(key=keys[0], budget=-1)
    Client(key=keys[1])
    with Client() as client:
        client.login(keys[1])
        client.login(keys[2])
    gc.collect()
    assert not any(map(credentials.has_key, keys))
    assert credentials._known == {}


@pytest.mark.parametrize("backend", ["auto", "api"])
def test_no_other_key_pays_for_a_client_that_is_closed(two, backend, monkeypatch):
    (first, _), (one, other) = two
    monkeypatch.setenv("AIMLAPI_KEY", KEYS[1])
    first.configure(base_url=other.url, backend=backend)
    first.login(KEYS[1])
    image = first.generate("a banana")
    first.close()
    with pytest.raises(errors.MissingKeyError, match="closed"):
        image.edit("make it night")
    with pytest.raises(errors.MissingKeyError, match="closed"):
        first.generate("a pear", background=True)
    assert first.generate("a banana").came == "reused"
    assert len(other.posts) == 1
    assert first.generate("a pear", key=KEYS[1]).came == "made"
    first.login(KEYS[1])
    assert image.edit("make it night").came == "made"
    assert one.posts == []


def test_a_closed_client_does_not_play_in_place_of_the_vendors_model():
    client = Client(key=KEYS[0])
    client.close()
    with pytest.raises(errors.MissingKeyError, match="closed"):
        client.generate("a banana")
    assert client.context.running_sandbox() is None


def test_a_folder_of_another_kind_is_no_setting():
    with pytest.raises(errors.SettingsError, match="library"):
        Client(library=3)


def test_copies_ask_the_client_of_their_original(two):
    (first, _), (one, other) = two
    gallery = first.generate_many(["a banana", "a pear [trouble: 400]"])
    pending = first.generate("a plum", background=True)
    for copied in (copy.copy, copy.deepcopy):
        assert copied(gallery)._client is first
        assert copied(gallery).retry()._client is first
        assert copied([gallery[0]])[0]._client is first
        assert copied(pending)._client is first
        assert copied(gallery[0]).edit(f"with {copied.__name__}").came == "made"
    assert len(one.posts) == 7
    assert other.posts == []


def test_further_pictures_of_an_answer_are_edited_where_the_first_one_is(tmp_path):
    items = {"/a.png": picture(), "/b.png": picture(size=(32, 32))}
    with server(answering([{"url": name} for name in items], items)) as (url, _):
        client = Client(base_url=url, library=tmp_path / "both")
        image = client.generate("two bananas")
        kept = client.history()[0]
        assert [each._client for each in (*image.extras, *kept.extras)] == [client, client]
        assert client.load(image.extras[0].id)._client is client
        client.close()


def test_ctrl_c_while_a_client_closes_is_heard_and_all_is_closed(service, held, tmp_path):
    client = Client(key=KEY, base_url=service.url, library=tmp_path / "own")
    image = client.generate("a banana [trouble: slow]", background=True)
    with (
        ctrl_c_when(lambda: is_main_in(Future.result)),
        pytest.raises(errors.Interrupted, match="still on its way"),
    ):
        client.close()
    assert client.context.search_key().found is None
    held.set()
    assert image.wait().came == "made"
    assert client.generate("a banana [trouble: slow]").came == "reused"


def test_what_failed_or_was_cancelled_does_not_keep_a_client_from_closing(two):
    (first, _), _ = two
    first.generate("a banana [trouble: 400]", background=True)
    first.generate("a pear [trouble: slow 1]", background=True).cancel()
    first.close()
    assert list(first.pending()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_waits_for_nothing_of_its_parents(two):
    (first, _), _ = two
    image = first.generate("a banana [trouble: slow 1]", background=True)
    child = os.fork()
    if child == 0:
        signal.alarm(100)
        code = 1
        with suppress(BaseException):
            code = len(first.pending())
            first.close()
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert image.wait().came == "made"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_waits_for_no_lock_that_a_thread_of_its_parent_has(two):
    (first, _), _ = two
    held, over = threading.Barrier(2), threading.Event()

    def hold():
        budget, status = first.context.budget._lock, first.context.model_status._lock
        notes, claiming = first.context.cell_notes._lock, first.context.claiming
        with budget, status, notes, claiming, first.context._sandbox_lock, ENCODE_CACHE._lock:
            held.wait()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(100)
        code = 1
        with suppress(BaseException):
            made = first.generate("a banana", images=[Image.new("RGB", (8, 8))])
            code = int(first.again(made).came != "made")
            first.close()
        os._exit(code)
    status = os.waitpid(child, 0)[1]
    over.set()
    thread.join()
    assert status == 0


def test_galleries_of_two_clients_in_one_are_tried_again_each_where_it_came_from(two):
    (first, second), (one, other) = two
    broken = "a tree [trouble: 400 x2]"
    both = first.generate(broken, count=2) + second.generate(broken, count=2)
    assert len(both.failures) == 4
    assert [image.came for image in both.retry().images] == ["made"] * 4
    assert [len(service.posts) for service in (one, other)] == [4, 4]
    assert len(pickle.loads(pickle.dumps(both)).failures) == 4
