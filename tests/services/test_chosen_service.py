"""Every door speaks of the service that is chosen: Tab, cells, keys, `doctor`, `forget`."""

import getpass

import pytest
from traitlets.config import Config

import nb_banana
from nb_banana import MODELS, Client, configure, doctor, errors, forget, generate, login
from nb_banana._default import client
from nb_banana.credentials import PLACES, KeySearch, Secret, default_store
from nb_banana.notebook.completion import complete
from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.services.test_each_service import fal, other_service  # noqa: F401 - a fixture
from tests.services.test_others import CODE, package  # noqa: F401 - a fixture
from tests.support.moments import one_question, work_is_done
from tests.support.shells import ipython_shell
from tests.test_settings_and_keys import memory_keyring, userdata  # noqa: F401 - fixtures

OTHERS = [name for name in PLACES if name != "aimlapi"]
FOREIGN = "%%banana --service {}\na pear"


@pytest.fixture
def ip():
    with ipython_shell() as shell:
        yield shell


# Cells and pictures.


@pytest.mark.parametrize("name", OTHERS)
def test_the_cell_of_a_picture_names_who_drew_it_and_asks_for_the_same_again(ip, name):
    image = ip.run(f"%%banana pear --service {name} -m 2.1 -a 16:9\na pear")
    assert image.cell() == f"%%banana pear --service {name} -m nano-banana-2.1 -a 16:9\na pear"
    kept = nb_banana.load(image.id)
    for cell in (image.cell(), kept.cell().replace("%%banana", "%%banana x")):
        assert ip.run(cell).came == "reused"
    configure(service=name)
    assert image.cell() == "%%banana pear -m nano-banana-2.1 -a 16:9\na pear"
    assert generate("an owl").cell() == "%%banana\nan owl"


def test_with_another_service_chosen_the_cell_of_the_usual_one_says_so():
    image = generate("a pear")
    configure(service="fal")
    assert image.cell() == "%%banana --service aimlapi\na pear"


def test_a_picture_once_more_is_of_the_service_that_drew_it():
    image = generate("a pear", service="google", model="pro")
    (second,) = image.again(count=1)
    third = image.again(resolution="2K")
    for each in (second, third):
        assert (each.request.catalogue.service, each.request.model) == (
            "google",
            "gemini-3-pro-image",
        )
    assert image.again(service="fal", model="2").request.model == "fal-ai/nano-banana-2"


def test_a_model_keeps_its_sense_where_another_service_goes_on():
    image = generate("a pear", service="google", aspect_ratio="16:9")
    assert image.request.model == "gemini-3.1-flash-image"
    night = nb_banana.edit(image, "make it night", service="fal")
    assert (night.request.model, night.request.aspect_ratio) == ("fal-ai/nano-banana-2", "16:9")
    assert generate(image.request).request.model == "google/nano-banana-2"
    assert generate(image.request, service="openai").request.model == "nano-banana-2"
    pro = generate("a pear", service="google", model="pro")
    assert nb_banana.edit(pro, "at night", service="fal").request.model == "fal-ai/nano-banana-2"
    with pytest.raises(errors.RequestError, match="fal has no nano-banana-pro: its models are"):
        generate(pro.request, service="fal")


@pytest.mark.parametrize("name", OTHERS)
def test_the_line_and_the_table_name_model_and_service(name, monkeypatch):
    other = other_service(name, monkeypatch)
    monkeypatch.setattr("nb_banana.sandbox.exchange.SANDBOX_HEADER", "x-none", raising=False)
    image = generate("a pear", model="2.1")
    other.stop()
    assert "nano-banana-2.1" in image.caption
    history = nb_banana.history()
    assert "nano-banana-2.1" in history._repr_html_()
    assert list(history.to_frame()["service"]) == [name]


@pytest.mark.parametrize("name", OTHERS)
def test_the_models_of_a_service_are_a_table_too(name):
    table = MODELS.of(name)
    assert table == client().context.services[name].models
    for model in table:
        assert f"\n{', '.join(model.short[:2])}" in repr(table)
    assert "$" not in repr(table)
    assert "nano-banana-2.1" in table._repr_html_()
    assert MODELS.of("aimlapi") is MODELS
    with pytest.raises(errors.SettingsError, match="There is no service"):
        MODELS.of("nobody")


def test_how_large_a_reference_may_be_is_the_services_own_word(package, monkeypatch):  # noqa: F811
    limits = "    limits = ReferenceLimits(longest_side=64)\n\n    def encode"
    head = "from nb_banana.references.limits import ReferenceLimits\n"
    package(head + CODE.replace("    def encode", limits, 1))
    monkeypatch.setenv("CAMPUS_KEY", KEY)
    from PIL import Image

    large = Image.new("RGB", (400, 200))
    with pytest.raises(errors.BadReferenceError, match="64 is the limit"):
        generate("as this", images=large, service="campus", resize=False)
    with pytest.raises(errors.BadReferenceError, match="64 is the limit"):
        generate("as {{it}}", it=large, service="campus", resize=False)
    assert generate("as this", images=large, resize=False).sandbox  # which takes as much as ever


# Settings.


def test_a_service_that_is_none_is_refused_in_a_sentence(ip):
    result = ip.shell.run_cell("%config Banana.service = 'gogle'")
    assert configure().service == "aimlapi"
    assert not result.error_in_exec
    with pytest.raises(errors.SettingsError, match=r"service is one of aimlapi, google.*google"):
        configure(service="gogle")


def test_each_config_line_leaves_the_address_of_the_service_alone(ip):
    gateway = "https://gateway.example"
    ip.run(f"%config Banana.base_url = '{gateway}'")
    ip.run("%config Banana.service = 'fal'")
    assert configure().base_url == PLACES["fal"].base_url
    ip.run("%config Banana.resolution = '2K'")
    assert (configure().service, configure().base_url) == ("fal", PLACES["fal"].base_url)
    ip.run(f"%config Banana.base_url = '{gateway}'")
    ip.run("%config Banana.resolution = '1K'")
    assert configure().base_url == gateway
    configure(service="google")
    ip.run("%config Banana.resolution = '2K'")
    assert (configure().service, configure().base_url) == ("google", PLACES["google"].base_url)


def test_a_configuration_file_may_have_service_and_address_in_any_order():
    for names in (("base_url", "service"), ("service", "base_url")):
        values = {"base_url": "https://gateway.example", "service": "openai"}
        with ipython_shell() as ip:
            ip.shell.config.Banana = Config({name: values[name] for name in names})
            ip.run("%reload_ext nb_banana")
        assert configure().base_url == "https://gateway.example"
        configure(service="aimlapi")


# Keys.


@pytest.mark.parametrize("name", OTHERS)
def test_login_asks_for_the_key_of_the_service_and_names_its_page(monkeypatch, capsys, name):
    asked = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or KEY)
    login(service=name)
    place = PLACES[name]
    assert place.page in asked[0]
    cure = f"Copy it again from {place.page}" if place.page else "Copy it again\\."
    assert KeySearch(place.base_url, None, default_store, place).found.secret == Secret(KEY)
    assert KeySearch(PLACES["aimlapi"].base_url, None, default_store).found is None
    with pytest.raises(errors.MissingKeyError, match=cure):
        login("two words", service=name)
    monkeypatch.setenv(place.names[0], "two words")
    default_store.forget()
    with pytest.raises(errors.MissingKeyError, match=cure):
        generate("a pear", service=name)
    assert KEY not in capsys.readouterr().out


def test_the_keyring_has_a_key_for_each_service(memory_keyring):  # noqa: F811
    login(KEY, save=True, service="google")
    default_store.forget()
    place = PLACES["google"]
    assert KeySearch(place.base_url, place=place).found.place == "the keyring"
    assert list(memory_keyring.kept) == [("nb_banana", "generativelanguage.googleapis.com")]
    assert KeySearch(PLACES["fal"].base_url, place=PLACES["fal"]).found is None


def test_colab_is_asked_for_the_secrets_of_the_service_alone(userdata):  # noqa: F811
    asked = []

    def get(name):
        asked.append(name)
        if name != "GOOGLE_API_KEY":
            raise userdata.SecretNotFoundError(name)
        return KEY

    userdata.get = get
    place = PLACES["google"]
    assert KeySearch(place.base_url, place=place).found.place == "the Colab secret GOOGLE_API_KEY"
    assert asked == ["GEMINI_API_KEY", "GOOGLE_API_KEY"]


def said_in_a_new_kernel():
    """What is said when the extension is loaded; where a keyring may have a key, with a cell."""
    with ipython_shell() as ip:
        ip.run("%reload_ext nb_banana")
        said = ip.printed
        ip.run("%%banana\na pear")
    return said + ip.printed


def test_without_its_own_key_the_keys_of_others_are_named_and_not_taken(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with pytest.raises(errors.MissingKeyError) as raised:
        Client(backend="api").generate("a pear")
    assert 'google (GEMINI_API_KEY): %config Banana.service = "google"' in str(raised.value)
    with pytest.raises(errors.MissingKeyError, match=r"FAL_KEY.*login\(service=\"fal\"\)"):
        Client(backend="api", service="fal").generate("a pear")
    said = said_in_a_new_kernel()
    assert 'There is a key for google (GEMINI_API_KEY): %config Banana.service = "google"' in said
    assert KEY not in said


def test_the_note_of_the_sandbox_names_the_key_of_the_chosen_service():
    configure(service="fal")
    said = said_in_a_new_kernel()
    assert 'With a key: FAL_KEY or nb_banana.login(service="fal")' in said


# doctor


def rows(checkup):
    return {check.what: check.found for check in checkup.checks}


def test_the_doctor_says_which_services_have_a_key_and_where_it_is(monkeypatch):
    with Sandbox(KEY, service="google") as google:
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        speaks = client().context.services["google"]
        monkeypatch.setattr(type(speaks), "base_url", google.url)
        found = doctor()
        assert not google.posts
        assert not any(each.authorized and KEY in str(each.headers) for each in google.received)
    said = rows(found)["service google"]
    assert "the environment variable GEMINI_API_KEY" in said
    assert 'answers. %config Banana.service = "google" chooses it' in said
    assert rows(found)["other services"] == "no key for openrouter, fal, openai"
    assert KEY not in repr(found) + found._repr_html_()
    assert found.fine


def test_the_doctor_looks_at_the_chosen_service_as_at_the_usual_one(monkeypatch):
    other = other_service("fal", monkeypatch)
    found, host = rows(doctor()), other.url.rpartition("/")[2]
    other.stop()
    assert found["who draws"] == f"fal, at {host}"
    assert "answers; a picture costs about $0.08" in found["reachable"]
    assert found["model"] == "fal-ai/nano-banana-2"
    assert "aimlapi" in found["other services"]
    assert not other.posts


def test_a_model_that_the_chosen_service_has_not_is_to_mend(monkeypatch):
    other = other_service("fal", monkeypatch)
    configure(model="pro")
    found = doctor()
    other.stop()
    (bad,) = [check for check in found.checks if not check.fine]
    assert bad.what == "model"
    assert "fal has no nano-banana-pro" in bad.found


@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("code", ["1 / 0", CODE.replace('"campus"', '"college"')])
def test_a_package_that_is_broken_is_a_sentence_of_the_doctor(package, code, chosen):  # noqa: F811
    package(code)
    if chosen:
        configure(service="campus")
    (bad,) = [check for check in doctor().checks if not check.fine]
    assert bad.what == ("who draws" if chosen else "service campus")
    assert "campus-pictures can't be used" in bad.found


def test_a_service_of_a_package_is_offered_and_looked_at(package, monkeypatch):  # noqa: F811
    package(CODE)
    assert "campus" in [each.text for each in complete("%%banana --service ", {})]
    assert [each.text for each in complete("%%banana --service campus -m 2", {})] == [
        "2",
        "2.1",
        "2.5",
        "2.5-edit",
    ]
    assert "campus" in rows(doctor())["other services"]
    with pytest.raises(errors.SettingsError, match="campus"):
        configure(service="campsu")


# forget


def accepted(fal):  # noqa: F811
    with one_question(), pytest.raises(errors.AnswerTimeoutError):
        generate("a pear [trouble: slow 600]")
    (row,) = [
        row
        for library in client().context.every_library()
        for row in library.unfinished(problems=[])
    ]
    return row.request_id


def test_what_was_accepted_is_cancelled_where_it_is_forgotten(fal, capsys):  # noqa: F811
    name = accepted(fal)
    forget(name, ask=False)
    assert "Deleted 1 unfinished request" in capsys.readouterr().out
    assert [each.method for each in fal.received].count("PUT") == 1
    assert not nb_banana.recover()
    assert len(fal.posts) == 1


def test_what_was_done_when_it_was_to_be_cancelled_is_fetched(fal, capsys, monkeypatch):  # noqa: F811
    name = accepted(fal)
    work_is_done(monkeypatch)
    forget(name, ask=False)
    assert "not deleted" in capsys.readouterr().out
    (image,) = nb_banana.recover().images
    assert image.prompt.startswith("a pear")
    assert (len(fal.posts), len(fal.charges)) == (1, 1)


def test_where_nobody_answers_what_was_accepted_stays(fal, capsys):  # noqa: F811
    name = accepted(fal)
    fal.stop()
    forget(name, ask=False)
    assert "not deleted" in capsys.readouterr().out
    assert [found.request_id for found in nb_banana.recover()] == [name]
