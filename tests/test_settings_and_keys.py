"""Settings are checked when they are made; the key goes only where it may."""

import getpass
import pickle
import subprocess
import sys
import types
from importlib.machinery import ModuleSpec

import keyring
import keyring.backend
import keyring.errors
import pytest

import nb_banana
from nb_banana import (
    configure,
    credentials,
    doctor,
    dry_run,
    errors,
    generate,
    generate_many,
    login,
    pending,
    spending,
)
from nb_banana._default import client
from nb_banana.credentials import KeySearch, Secret, default_store
from tests.conftest import KEY

VENDOR = "https://api.aimlapi.com"


def test_configure_understands_what_people_write():
    settings = configure(resolution="2k", aspect_ratio="16x9", model="pro")
    assert (settings.resolution, settings.aspect_ratio) == ("2K", "16:9")
    assert settings.model == "google/nano-banana-pro"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"resolution": "3K"}, "choose one of 1K, 2K, 4K"),
        ({"resolutoin": "2K"}, "Did you mean resolution"),
        ({"backend": "cloud"}, "auto"),
        ({"base_url": "http://example.com"}, "https"),
        ({"base_url": "https://user:secret@example.com"}, "only an address"),
        ({"base_url": "example.com"}, "https"),
        ({"timeout": -1}, "timeout"),
        ({"preview": 1}, "preview"),
        ({"caption": "short"}, "full.*stable"),
        ({"caption": None}, "full.*stable"),
        ({"model": " "}, "name such as"),
    ],
)
def test_a_bad_setting_is_refused_and_nothing_changes(wrong, words):
    before = configure().trait_values()
    with pytest.raises(errors.SettingsError, match=words):
        configure(aspect_ratio="16:9", **wrong)
    assert configure().trait_values() == before


def find_key(url):
    return KeySearch(url, None, default_store).found


def test_base_url_may_end_as_other_clients_write_it():
    assert configure(base_url="https://api.aimlapi.com/v1/").base_url == VENDOR


@pytest.mark.parametrize("name", credentials.ENVIRONMENT)
def test_each_environment_variable_is_heard(monkeypatch, name):
    assert find_key(VENDOR) is None
    monkeypatch.setenv(name, f" {KEY}\n")
    found = find_key(VENDOR)
    assert found.secret.reveal() == KEY
    assert name in found.place


@pytest.mark.parametrize(
    "form",
    ['"{}"', "'{}'", " “{}” ", "„{}“", "‘{}’", "«{}»", "`{}`", "\ufeff{}", "'\"{}\"'\n", '"{}'],
)
def test_quotes_around_a_key_are_no_part_of_it(monkeypatch, memory_keyring, form):
    text = form.format(KEY)
    assert Secret(text).reveal() == KEY
    memory_keyring.set_password("nb_banana", "api.aimlapi.com", text)
    assert find_key(VENDOR).secret.reveal() == KEY
    monkeypatch.setenv("AIMLAPI_KEY", text)
    assert find_key(VENDOR).secret.reveal() == KEY
    login(text)
    assert find_key(VENDOR).secret.reveal() == KEY


def test_the_first_environment_variable_wins(monkeypatch):
    for number, name in enumerate(credentials.ENVIRONMENT):
        monkeypatch.setenv(name, f"{KEY}-{number}")
    assert find_key(VENDOR).secret.reveal() == f"{KEY}-0"


def test_a_key_is_not_sent_to_a_stranger(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    configure(base_url="https://evil.example")
    assert find_key("https://evil.example") is None
    with pytest.raises(errors.MissingKeyError, match=r"evil.example"):
        client().context.find_service()
    with pytest.raises(errors.MissingKeyError):
        configure(
            base_url="https://api.aimlapi.com.evil.example"
        ) and client().context.find_service()


def test_a_key_given_for_a_stranger_goes_there_and_nowhere_else(capsys):
    configure(base_url="https://gateway.example")
    login(KEY)
    assert client().context.find_service().secret.reveal() == KEY
    assert find_key(VENDOR) is None
    assert KEY not in capsys.readouterr().out


def test_login_asks_unseen_and_says_where_the_key_is(monkeypatch, capsys):
    monkeypatch.setattr(getpass, "getpass", lambda prompt: KEY)
    login()
    assert find_key(VENDOR).place == "login() in this kernel"
    assert "Key for api.aimlapi.com kept in this kernel" in capsys.readouterr().out


def test_login_where_nobody_can_be_asked_says_what_to_do(monkeypatch):
    def nobody(prompt):
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    with pytest.raises(errors.MissingKeyError, match="Set AIMLAPI_KEY"):
        login()


@pytest.mark.parametrize("text", ["", "  ", "two words", "ключ", "a\nb", '""', "“ ”"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(errors.MissingKeyError, match="Copy it again"):
        login(text)


def test_a_key_does_not_show_itself():
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]} {credentials.FoundKey(secret, 'x')}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_parts_of_a_key_are_not_shown_either():
    text = Secret(KEY).redact(f"Bad key {KEY[:6]}...{KEY[-5:]}, not '{KEY}'. Try again.")
    assert text == "Bad key …, not '…'. Try again."


def test_without_a_key_the_sandbox_draws_and_api_refuses():
    assert client().context.find_service().base_url == client().context.sandbox_url()
    configure(backend="api")
    with pytest.raises(errors.MissingKeyError, match=r"AIMLAPI_KEY.*login"):
        client().context.find_service()


def test_with_a_key_the_api_is_used_unless_the_sandbox_is_asked_for(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    assert client().context.find_service().base_url == VENDOR
    configure(backend="sandbox")
    service = client().context.find_service()
    assert service.base_url == client().context.sandbox_url()
    assert service.secret is None


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that keeps nothing beyond the test."""

    priority = 1

    def __init__(self):
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password


@pytest.fixture
def memory_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield keyring.get_keyring()
    keyring.set_keyring(before)


def test_a_saved_key_is_found_by_later_kernels_for_its_own_host(memory_keyring):
    login(KEY, save=True)
    default_store.forget()
    assert find_key(VENDOR).place == "the keyring"
    assert find_key(VENDOR).secret.reveal() == KEY
    assert find_key("https://gateway.example") is None


class SilentError(Exception):
    """A stranger's error that does not even say what it is."""

    def __str__(self):
        raise ValueError


def raiser(error):
    def fail(*_):
        raise error

    return fail


@pytest.fixture
def keyring_module(monkeypatch):
    """A keyring whose backend does what the test says."""
    module = types.ModuleType("keyring")
    module.__spec__ = ModuleSpec("keyring", None)
    monkeypatch.setitem(sys.modules, "keyring", module)
    return module


@pytest.fixture
def userdata(monkeypatch):
    """Colab's secrets. Colab itself can't be had here: this has the names that its module has."""
    names = ("SecretNotFoundError", "NotebookAccessError", "TimeoutException")
    secrets = types.SimpleNamespace(**{name: type(name, (Exception,), {}) for name in names})
    secrets.get = raiser(secrets.SecretNotFoundError("no such secret"))
    colab = types.ModuleType("google.colab")
    colab.userdata = secrets
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    return secrets


ODD = [
    (RuntimeError(f"can't decrypt {KEY}\nin \x1b[31m/home/u/.keys"), "can't decrypt …"),
    (keyring.errors.KeyringLocked("the collection is locked"), "the collection is locked"),
    (TimeoutError("Secrets can only be fetched when running from the Colab UI."), "Colab UI"),
    (SilentError(), "SilentError"),
    (AttributeError("x" * 10_000), "AttributeError"),
    (errors.LibraryError("not ours to expect here"), "not ours"),
]


@pytest.mark.parametrize(("error", "words"), ODD)
@pytest.mark.parametrize("place", ["keyring", "import keyring", "Colab", "import userdata"])
def test_a_place_that_raises_has_no_key_and_the_doctor_says_so(
    place, error, words, keyring_module, userdata, monkeypatch
):
    keyring_module.get_password = raiser(error) if place == "keyring" else lambda *_: None
    if place == "import keyring":
        del keyring_module.get_password
        keyring_module.__getattr__ = raiser(error)
    if place == "Colab":
        userdata.get = raiser(error)
    if place == "import userdata":
        del sys.modules["google.colab"].userdata
        sys.modules["google.colab"].__getattr__ = raiser(error)
    assert generate("a banana").sandbox
    (said,) = [each.found for each in doctor().checks if "did not answer" in each.found]
    assert said.startswith("The keyring" if "keyring" in place else "Colab")
    assert len(said) < 250
    configure(backend="api")
    with pytest.raises(errors.MissingKeyError, match="No key found") as caught:
        generate("a banana without a kept picture")
    assert said in str(caught.value)
    if type(error) is not AttributeError or place != "import userdata":  # Python's own words then
        assert words in said
    for text in (said, str(caught.value), repr(caught.value.facts)):
        assert KEY[:8] not in text
        assert text.isprintable()


def test_a_keyring_that_cannot_be_imported_has_no_key(monkeypatch, tmp_path):
    (tmp_path / "keyring").mkdir()
    (tmp_path / "keyring" / "__init__.py").write_text("raise OSError('no libsecret')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    for name in [each for each in sys.modules if each.partition(".")[0] == "keyring"]:
        monkeypatch.delitem(sys.modules, name)
    assert "The keyring did not answer: OSError: no libsecret" in repr(doctor())
    with pytest.raises(errors.SettingsError, match=r"kept in this kernel.*no libsecret"):
        login(KEY, save=True)


@pytest.mark.parametrize(
    "name", ["NoKeyringError", "SecretNotFoundError"], ids=["keyring", "Colab"]
)
def test_a_place_that_has_no_keys_at_all_is_nothing_to_speak_of(name, keyring_module, userdata):
    nothing = type(name, (RuntimeError,), {})("No recommended backend was available.")
    keyring_module.get_password = userdata.get = raiser(nothing)
    assert "did not answer" not in repr(doctor())


@pytest.mark.parametrize(("error", "words"), ODD)
def test_a_keyring_that_does_not_take_the_key_says_why_without_it(error, words, keyring_module):
    keyring_module.set_password = raiser(error)
    with pytest.raises(errors.SettingsError, match="kept in this kernel") as caught:
        login(KEY, save=True)
    assert words in str(caught.value)
    assert KEY[:8] not in str(caught.value)
    assert find_key(VENDOR).place == "login() in this kernel"


@pytest.mark.parametrize("text", [KEY.encode(), 7, object(), "two words", "a\nb"])
def test_what_is_no_key_in_a_keyring_is_said_by_an_error_of_ours(text, keyring_module):
    keyring_module.get_password = lambda *_: text
    with pytest.raises(errors.MissingKeyError, match=r"the keyring\).*Copy it again"):
        generate("a banana")
    assert not doctor().checks[0].fine


CALLS = {
    "generate": lambda: generate("a banana"),
    "several": lambda: generate("a banana", count=3),
    "many": lambda: generate_many(["a banana", "a mug"]),
    "background": lambda: (generate("a banana", background=True).wait(), pending()),
    "iterator": lambda: generate_many(iter(["a banana"])),
    "dry_run": lambda: dry_run("a banana", count=2),
    "spending": spending,
    "doctor": doctor,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("backend", ["auto", "api"])
def test_a_place_is_asked_at_most_once_by_each_call(call, backend, keyring_module, userdata):
    asked = []
    keyring_module.get_password = lambda *_: asked.append("keyring")

    def time_out(name):
        asked.append("Colab")
        raise userdata.TimeoutException(name)

    userdata.get = time_out
    configure(backend=backend)
    try:
        CALLS[call]()
    except errors.MissingKeyError:
        assert backend == "api"
    assert sorted(asked) in (["Colab", "keyring"], [])


def test_one_secret_of_colab_that_is_refused_does_not_hide_the_next(userdata):
    def get(name):
        if name != "AIMLAPI_API_KEY":
            raise userdata.NotebookAccessError(f"Notebook does not have access to secret {name}")
        return KEY

    userdata.get = get
    assert find_key(VENDOR).place == "the Colab secret AIMLAPI_API_KEY"
    assert find_key("https://evil.example") is None
    userdata.get = raiser(userdata.NotebookAccessError("no access"))
    assert "Colab did not answer: NotebookAccessError: no access" in repr(doctor())


NOTED = """\
import sys, types
from IPython.core.interactiveshell import InteractiveShell
class Colab(types.ModuleType):
    def __getattr__(self, name):
        if name == "userdata":
            print("Colab was asked")
        raise AttributeError(name)
sys.modules["google.colab"] = Colab("google.colab")
shell = InteractiveShell.instance()
for cell in ("%load_ext nb_banana", "print('loaded')", "%banana a banana", "%banana a mug"):
    shell.run_cell(cell)
"""


def test_loading_asks_nobody_for_a_key_and_the_first_cell_does(tmp_path, monkeypatch):
    """Then it is known who draws, and said, once."""
    (tmp_path / "keyring.py").write_text(
        "print('keyring was imported')\ndef get_password(*_): print('keyring was asked')"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    done = subprocess.run([sys.executable, "-c", NOTED], capture_output=True, text=True)
    before, loaded, after = done.stdout.partition("loaded\n")
    assert loaded, done.stderr
    assert before == ""
    lines = after.splitlines()
    assert lines[:3] == ["keyring was imported", "keyring was asked", "Colab was asked"]
    assert len([each for each in lines if "draws in its sandbox" in each]) == 1


@pytest.mark.parametrize("backend", ["auto", "api", "library"])
def test_for_a_picture_that_is_kept_no_keyring_is_asked(service, monkeypatch, backend):
    nb_banana.generate("a banana")
    configure(backend=backend)
    monkeypatch.delenv("AIMLAPI_KEY")
    monkeypatch.setattr(credentials, "_has_keyring", lambda **_: True)
    monkeypatch.setattr(credentials.KeySearch, "_from_keyring", lambda _: pytest.fail("asked"))
    assert nb_banana.generate("a banana").came == "reused"
