"""Pictures of different services never stand in for each other, wherever those services are."""

import copy
import pickle
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

import nb_banana
from nb_banana import Client, configure, errors, generate, generate_many
from nb_banana._default import client
from nb_banana.credentials import PLACES, Secret
from nb_banana.library.database import Database
from nb_banana.library.location import INDEX, kind_of
from nb_banana.library.schema import MIGRATIONS
from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.services import SPOKEN
from nb_banana.services import tickets
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.registry import find_service
from tests.conftest import KEY
from tests.services.test_each_service import other_service
from tests.support.kernels import another_kernel
from tests.support.moments import one_question
from tests.support.shelf import make_older
from tests.support.shells import ipython_shell

GOLDEN = Path(__file__).parents[1] / "promises" / "data" / "library"


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(tickets, "FIRST_PAUSE", 0.01)


@pytest.mark.parametrize(
    ("url", "service", "kind"),
    [
        ("https://api.aimlapi.com", "aimlapi", "api"),
        ("https://LLM.campus.edu:443", "aimlapi", "LLM.campus.edu-443"),  # as it always was
        ("https://queue.fal.run", "fal", "fal"),
        ("https://queue.fal.run/", "fal", "fal"),
        ("https://Queue.FAL.run:443", "fal", "fal"),
        ("https://queue.fal.run:8443", "fal", "fal@queue.fal.run-8443"),
        ("https://openrouter.ai/api", "openrouter", "openrouter"),
        ("https://openrouter.ai", "openrouter", "openrouter@openrouter.ai"),
        ("https://api.openai.com", "openai", "openai@api.openai.com"),
        ("https://LLM.campus.edu:443/", "openai", "openai@llm.campus.edu"),
        ("https://llm.campus.edu/openai", "openai", "openai@llm.campus.edu-openai"),
        ("http://[::1]:8000", "google", "google@[--1]-8000"),
    ],
)
def test_one_place_is_one_kind_however_it_is_spelled(url, service, kind):
    own = "" if find_service(service).is_by_host else PLACES[service].base_url
    assert kind_of(url, service, own) == kind


def test_two_gateways_are_two_services_and_both_are_listed_ever_after(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Sandbox(KEY, service="openai") as one, Sandbox(KEY, service="openai") as two:
        for each in (one, two, one, two):
            configure(service="openai", base_url=each.url)
            image = generate("a banana", model="2.1")
        assert [len(each.posts) for each in (one, two)] == [1, 1]
        assert image.came == "reused"
        configure(service="openai", base_url=one.url)
        with pytest.raises(errors.ConnectionDroppedError):
            generate("a pear [trouble: drop-after]")
    configure(service="aimlapi")
    another_kernel()
    assert len(nb_banana.history(service="openai")) == len(nb_banana.history()) == 2
    assert not nb_banana.history(service="fal")
    assert [each.prompt for each in nb_banana.recover()] == ["a pear [trouble: drop-after]"]
    with ipython_shell() as shell:
        shell.run("%reload_ext nb_banana")
        assert "1 unfinished" in shell.printed
    nb_banana.forget(nb_banana.recover()[0].request_id, ask=False)
    assert not nb_banana.recover()


def test_the_same_model_at_two_services_is_two_pictures(monkeypatch, tmp_path):
    drawn = {}
    for name in ("google", "fal", "openrouter", "openai"):
        service = other_service(name, monkeypatch)
        drawn[name] = generate("a banana", model="2.1")
        service.stop()
        assert len(service.posts) == 1
    gallery = nb_banana.Gallery(drawn.values())
    gallery.save(tmp_path / "all")
    assert len(list((tmp_path / "all").glob("*.png"))) == 4
    nb_banana.pack(tmp_path / "lesson.zip", notebook=_notebook(tmp_path, drawn))
    with zipfile.ZipFile(tmp_path / "lesson.zip") as packed:
        indices = [each for each in packed.namelist() if each.endswith(INDEX)]
    assert len(indices) == 4
    assert len({each.path.parents[2] for each in drawn.values()}) == 4
    assert len(nb_banana.history()) == 4


@pytest.mark.parametrize("name", SPOKEN)
def test_a_library_of_version_2_takes_the_first_picture_of_any_service(name, tmp_path):
    configure(library=str(tmp_path), backend="sandbox")
    before = generate("a banana", service="aimlapi")
    library = client().context.places("sandbox")[0]
    make_older(library, 2)
    another_kernel()
    assert generate("a banana", service="aimlapi").came == "reused"
    assert generate("an apple", service=name).came == "made"
    assert Database(library.folder / INDEX, 1).rows("PRAGMA user_version")[0]["user_version"] == 3
    assert generate("a banana", service="aimlapi").id == before.id
    older = Database(library.folder / INDEX, 1, MIGRATIONS[:2])
    with pytest.raises(errors.NewerLibraryError, match=r"newer.*[Uu]pdate|pip install"):
        older.rows("SELECT 1 FROM requests")


def test_what_people_have_stays_a_hit_beside_pictures_of_other_services(monkeypatch, tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "library")
    configure(library=str(tmp_path / "library"))
    known = {image.digest for image in nb_banana.history(limit=None)}
    for name in SPOKEN:
        service = other_service(name, monkeypatch)
        generate("a banana")
        service.stop()
    configure(service="aimlapi", backend="library")
    now = nb_banana.history(limit=None)
    assert known < {image.digest for image in now}
    for image in (image for image in now if image.digest in known and not image.sandbox):
        assert generate(image.request).digest == image.digest


@pytest.mark.parametrize(
    ("base", "link", "asked"),
    [
        ("https://a.edu", "/1/status", "https://a.edu/1/status"),
        ("https://a.edu/openai", "/1", "https://a.edu/openai/1"),
        ("https://a.edu", "https://A.edu:443/1?x=2#y", "https://a.edu/1?x=2"),
        ("https://a.edu:443", "https://a.edu/1", "https://a.edu:443/1"),
        ("http://[::1]:80", "http://[::1]/1", "http://[::1]:80/1"),
        ("https://a.edu", "//b.edu/1", "https://a.edu//b.edu/1"),
        ("https://a.edu", "https:///b.edu/1", "https://a.edu/b.edu/1"),
        ("https://a.edu", r"https:\\b.edu/1", r"https://a.edu/\\b.edu/1"),
        ("https://a.edu", "https://a.edu@b.edu/1", None),
        ("https://a.edu", "https://me@a.edu/1", None),
        ("https://a.edu", r"https://a.edu\@b.edu/1", None),
        ("https://a.edu", "https://a.edu.b.edu/1", None),
        ("https://a.edu", "https://a.edu:8443/1", None),
        ("https://a.edu", "https://a.edu:x/1", None),
        ("https://a.edu", "http://a.edu/1", None),
        ("https://a.edu", "https://[::1", None),
        ("https://a.edu", "ftp://a.edu/1", None),
        ("https://a.edu", "data:text/plain,1", None),
        ("https://a.edu", "\thttps://b.edu/", None),
    ],
)
def test_a_link_is_asked_at_the_own_host_or_not_at_all(base, link, asked):
    endpoint = Endpoint(base, Secret(KEY), service=find_service("fal"))
    if asked is not None:
        assert endpoint.address_of(link) == asked
        return
    with pytest.raises(errors.ServiceError, match="another host"):
        endpoint.address_of(link)


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
def test_a_gateway_below_a_path_is_asked_below_it(monkeypatch, tail):
    service = other_service("openai", monkeypatch)
    configure(service="openai", base_url=f"{service.url}/openai{tail}")
    with pytest.raises(errors.NotFoundError):  # the sandbox has nothing there
        generate("a banana")
    service.stop()
    assert [each.path for each in service.received if each.method == "POST"] == [
        "/openai/v1/images/generations"
    ]


def test_google_s_address_may_be_given_with_its_version():
    configure(service="google", base_url="https://generativelanguage.googleapis.com/v1beta/")
    assert client().context.kinds()[0] == "google"


def test_two_clients_of_two_services_know_nothing_of_each_other(monkeypatch, tmp_path):
    for name in ("fal", "google"):
        monkeypatch.setenv(PLACES[name].names[0], f"key-of-{name}-{KEY}")
    with (
        Sandbox(f"key-of-fal-{KEY}", service="fal") as fal,
        Sandbox(f"key-of-google-{KEY}", service="google") as google,
    ):
        made = {
            "fal": Client(service="fal", base_url=fal.url, budget=1),
            "google": Client(service="google", base_url=google.url, budget=1),
        }
        came = {name: [] for name in made}

        def draw(name):
            came[name] += [made[name].generate(f"banana {n}") for n in range(3)]

        threads = [threading.Thread(target=draw, args=(name,)) for name in made]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert [len(each.posts) for each in (fal, google)] == [3, 3]
        assert all(each.authorized for each in (*fal.posts, *google.posts))
        assert all(len(images) == 3 for images in came.values())
        assert configure().service == "aimlapi"


def test_settings_that_change_while_a_batch_runs_are_those_of_what_is_asked_then(monkeypatch):
    fal = other_service("fal", monkeypatch)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with Sandbox(KEY, service="google") as google:

        def prompts():
            for number in range(4):
                yield f"banana {number}"
                configure(service="google", base_url=google.url)

        gallery = generate_many(prompts())
        assert not gallery.failures, [str(each.error) for each in gallery.failures]
        by = [image.request.catalogue.service for image in gallery]
        assert [by.count(name) for name in ("fal", "google")] == [len(fal.posts), len(google.posts)]
        assert len(fal.charges) + len(google.charges) == 4
        assert all(each.authorized for each in (*fal.posts, *google.posts))
    fal.stop()


def test_a_shared_library_of_a_service_is_a_hit_and_its_open_work_is_its_owner_s(
    monkeypatch, tmp_path
):
    fal = other_service("fal", monkeypatch)
    configure(library=str(tmp_path / "shared"))
    drawn = generate("a banana")
    with one_question(), pytest.raises(errors.AnswerTimeoutError):
        generate("a pear [trouble: slow 600]")
    configure(library=str(tmp_path / "own"), shared_libraries=[str(tmp_path / "shared")])
    another_kernel()
    again = generate("a banana")
    assert (again.came, again.path) == ("reused", drawn.path)
    assert len(nb_banana.history(service="fal")) == 1
    assert not nb_banana.recover()
    fal.stop()
    assert len(fal.posts) == 2


@pytest.mark.parametrize("name", SPOKEN)
def test_what_came_of_a_service_can_be_copied_and_sent_elsewhere(name, monkeypatch):
    service = other_service(name, monkeypatch)
    image = generate("a banana", model="2.1" if name != "aimlapi" else "2")
    with pytest.raises(errors.BananaError) as raised:
        generate("a banana [trouble: drop-after]")
    for value in (image, image.request, image.receipt, raised.value):
        for same in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert str(same) == str(value)
            assert KEY not in repr(vars(same))
            assert KEY.encode() not in pickle.dumps(same)
    assert pickle.loads(pickle.dumps(image.request)).key == image.request.key
    assert pickle.loads(pickle.dumps(image)).request.catalogue.service == name
    assert generate(copy.deepcopy(image.request)).came == "reused"
    service.stop()
    assert len(service.posts) == 2


def test_the_extension_loaded_anew_draws_with_the_service_that_was_chosen(monkeypatch):
    fal = other_service("fal", monkeypatch)
    with ipython_shell() as shell:
        shell.run("%reload_ext nb_banana")
        assert shell.run("%%banana\na banana").request.catalogue.service == "fal"
    fal.stop()
    assert len(fal.posts) == 1


def _notebook(folder, drawn):
    """A notebook whose cells have drawn these."""
    import nbformat

    cells = [
        nbformat.v4.new_code_cell(f"%%banana -m 2.1 --service {name}\na banana") for name in drawn
    ]
    path = folder / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path
