"""Settings are checked when they are made; the key goes only where it may."""

import getpass
import pickle
import sys
import types

import keyring
import keyring.backend
import keyring.errors
import pytest

from nb_banana import configure, credentials, errors, login
from nb_banana.credentials import Secret, find_key
from nb_banana.generation import context

from .conftest import KEY

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
        ({"model": " "}, "name such as"),
    ],
)
def test_a_bad_setting_is_refused_and_nothing_changes(wrong, words):
    before = configure().trait_values()
    with pytest.raises(errors.SettingsError, match=words):
        configure(aspect_ratio="16:9", **wrong)
    assert configure().trait_values() == before


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
        context.find_service()
    with pytest.raises(errors.MissingKeyError):
        configure(base_url="https://api.aimlapi.com.evil.example") and context.find_service()


def test_a_key_given_for_a_stranger_goes_there_and_nowhere_else(capsys):
    configure(base_url="https://gateway.example")
    login(KEY)
    assert context.find_service().secret.reveal() == KEY
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
    assert context.find_service().base_url == context.sandbox_url()
    configure(backend="api")
    with pytest.raises(errors.MissingKeyError, match=r"AIMLAPI_KEY.*login"):
        context.find_service()


def test_with_a_key_the_api_is_used_unless_the_sandbox_is_asked_for(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    assert context.find_service().base_url == VENDOR
    configure(backend="sandbox")
    service = context.find_service()
    assert service.base_url == context.sandbox_url()
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
    credentials.forget_logins()
    assert find_key(VENDOR).place == "the keyring"
    assert find_key(VENDOR).secret.reveal() == KEY
    assert find_key("https://gateway.example") is None


def test_a_keyring_that_is_locked_is_no_error():
    class Locked(MemoryKeyring):
        def get_password(self, service, username):
            raise keyring.errors.KeyringLocked("locked")

    before = keyring.get_keyring()
    keyring.set_keyring(Locked())
    try:
        assert find_key(VENDOR) is None
    finally:
        keyring.set_keyring(before)


def test_a_colab_secret_is_found(monkeypatch):
    # Colab itself can't be had here: this stands for its module, with the names that it has.
    class SecretNotFoundError(Exception):
        pass

    class NotebookAccessError(Exception):
        pass

    def get(name):
        if name != "AIMLAPI_API_KEY":
            raise SecretNotFoundError(name)
        return KEY

    userdata = types.SimpleNamespace(
        get=get, SecretNotFoundError=SecretNotFoundError, NotebookAccessError=NotebookAccessError
    )
    colab = types.ModuleType("google.colab")
    colab.userdata = userdata
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert find_key(VENDOR).place == "the Colab secret AIMLAPI_API_KEY"
    assert find_key("https://evil.example") is None
