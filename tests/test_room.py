"""A notebook in a room: http to exactly the private hosts that a setting names, and to no other."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import nb_banana
from nb_banana import Client, configure, credentials, errors, generate, login
from nb_banana._default import client
from nb_banana.credentials import private_host
from nb_banana.sandbox import Sandbox
from nb_banana.settings import Banana
from nb_banana.wire import downloads
from tests.conftest import KEY
from tests.support.moments import at_rest
from tests.support.room import own_address, room
from tests.support.servers import answering, picture, server

VENDOR = "https://api.aimlapi.com"
ROOM_KEY = "the-key-of-the-room-6620"


@pytest.fixture
def teacher():
    """The sandbox on another address than loopback, as students reach it."""
    with room(ROOM_KEY) as running:
        yield running


PRIVATE = {
    "192.168.1.5": "192.168.1.5",
    " 10.0.0.1 ": "10.0.0.1",
    "172.16.0.9": "172.16.0.9",
    "169.254.7.7": "169.254.7.7",
    "FD00:0:0::2": "fd00::2",
    "[fd00::2]": "fd00::2",
    "fe80::1": "fe80::1",
}
NO_HOST_OF_A_ROOM = [
    *("8.8.8.8", "172.32.0.1", "2606:4700::1", "100.64.0.1"),  # of the internet, or a provider's
    *("127.0.0.1", "127.1.2.3", "::1", "localhost", "0.0.0.0", "::", "0.1.2.3"),  # this machine
    *("192.168.1.0/24", "192.168.1.*", "*", "192.168.1", "192.168.1.1-9"),  # more than one
    *("192.168.1.5:8765", "[fd00::2]:80", "http://192.168.1.5", "192.168.1.5/", "a@192.168.1.5"),
    *("teacher.local", "example.com", "", " "),  # names may be anybody's
    *("3232235781", "0xC0A80105", "192.168.1.005", "192.168.257", "192.168.1.5."),
    *("::ffff:192.168.1.5", "fe80::1%eth0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1"),
]


@pytest.mark.parametrize(("written", "host"), PRIVATE.items())
def test_a_private_address_is_allowed_as_it_is(written, host):
    assert configure(allow_http=[written, written]).allow_http == [host]
    shown = f"[{host}]" if ":" in host else host
    assert configure(base_url=f"http://{shown}:8765").base_url == f"http://{shown}:8765"


@pytest.mark.parametrize("written", NO_HOST_OF_A_ROOM)
def test_what_is_no_private_address_is_refused_with_the_cure(written):
    with pytest.raises(errors.SettingsError, match=r"allow_http .*\[\"192.168.1.5\"\]"):
        configure(allow_http=["10.0.0.1", written])
    assert configure().allow_http == []
    assert private_host(written) is None


@pytest.mark.parametrize("wrong", [7, None, [7], {"192.168.1.5": 1}])
def test_allow_http_is_a_list_of_texts(wrong):
    with pytest.raises(errors.SettingsError, match="allow_http"):
        configure(allow_http=wrong)
    assert configure(allow_http="192.168.1.5").allow_http == ["192.168.1.5"]


OTHERS = [
    "http://192.168.1.6:8765",
    "http://192.168.1.50",
    "http://192.168.1.5.evil.example",
    "http://192.168.1.5@evil.example",
    "http://3232235781",
    "http://192.168.1.005",
    "http://[::ffff:192.168.1.5]",
    "ftp://192.168.1.5",
    "http://teacher.local",
]


@pytest.mark.parametrize("url", OTHERS)
def test_exactly_the_hosts_that_are_named_may_be_spoken_to(url):
    with pytest.raises(errors.SettingsError, match="base_url"):
        configure(allow_http=["192.168.1.5"], base_url=url)
    assert (configure().allow_http, configure().base_url) == ([], VENDOR)


def test_a_private_host_that_is_not_allowed_is_refused_with_the_line_that_allows_it():
    with pytest.raises(errors.SettingsError, match=r'%config Banana.allow_http = \["10.0.0.7"\]'):
        configure(base_url="http://10.0.0.7:8765")


@pytest.mark.parametrize("order", [1, -1])
def test_both_settings_may_be_made_at_once_in_any_order(order):
    given = {"allow_http": ["10.0.0.7"], "base_url": "http://10.0.0.7:8765"}
    configure(**dict(list(given.items())[::order]))
    back = {"allow_http": [], "base_url": VENDOR}
    configure(**dict(list(back.items())[::order]))
    assert Banana(**dict(list(given.items())[::order])).base_url == given["base_url"]
    configure(**given)
    with pytest.raises(errors.SettingsError, match="preview"):
        configure(**back, preview=1)
    assert {name: getattr(configure(), name) for name in given} == given


def test_a_list_with_a_key_in_it_is_refused_without_it(monkeypatch):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    with pytest.raises(errors.SettingsError, match="has your key in it") as caught:
        configure(allow_http=[KEY])
    assert KEY not in str(caught.value)


# The key


def test_only_a_key_that_was_given_for_the_host_goes_there(teacher, monkeypatch):
    for name in (*credentials.ENVIRONMENT, credentials.MANAGEMENT):
        monkeypatch.setenv(name, KEY)
    login(KEY)  # for the vendor
    configure(allow_http=[own_address()], base_url=teacher.url)
    with pytest.raises(errors.MissingKeyError, match="no key is sent there unasked"):
        generate("a banana")
    with pytest.raises(errors.MissingKeyError, match="unasked"):
        nb_banana.Classroom()
    nb_banana.doctor()
    nb_banana.spending()
    assert [each.with_key for each in teacher.received if each.with_key] == []
    login(ROOM_KEY)
    assert generate("a banana").came == "made"
    assert [each.authorized for each in teacher.posts] == [True]
    configure(base_url=VENDOR, allow_http=[])
    assert client().context.search_key().found.secret.reveal() == KEY


def test_a_key_of_a_call_or_of_a_client_is_given_for_the_host(teacher):
    there = {"allow_http": [own_address()], "base_url": teacher.url}
    with Client(key=ROOM_KEY, **there, keep=False) as other:
        assert other.generate("a banana").size == (1024, 1024)
    configure(**there)
    assert generate("a pear", key=ROOM_KEY).came == "made"
    assert generate("a pear").came == "reused"


def test_no_proxy_reads_what_goes_to_a_room(teacher, monkeypatch):
    with server(lambda each: each.reply(502)) as (proxy, seen):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        there = {"allow_http": [own_address()], "base_url": teacher.url}
        with Client(key=ROOM_KEY, **there, keep=False) as other:
            other.generate("a banana")
        assert seen == []


def test_what_is_no_longer_allowed_is_no_longer_spoken_to(teacher):
    host = own_address()
    other = Client(key=ROOM_KEY, allow_http=[host], base_url=teacher.url)
    kept = other.generate("a banana")
    at_rest()  # a thread asks the service for its models beside it
    seen = len(teacher.received)
    for take_out in (
        lambda: other.configure(allow_http=[]),
        lambda: other.settings.allow_http.append("10.0.0.1"),
        lambda: other.configure(allow_http=["10.0.0.1"]),
    ):
        take_out()
        for call in (
            lambda: other.generate("a pear"),
            lambda: other.generate("a pear", count=2),
            lambda: other.generate("a pear", background=True).wait(),
            lambda: kept.edit("make it night"),
            other.spending,
        ):
            with pytest.raises(errors.SettingsError, match=r"not in Banana\.allow_http any more"):
                call()
    assert len(teacher.received) == seen
    assert other.generate("a banana").came == "reused"  # what is kept needs nobody
    other.configure(allow_http=[host])
    assert other.generate("a pear").came == "made"
    other.close()


def test_a_list_that_was_changed_in_place_allows_no_stranger(teacher):
    other = Client(key=ROOM_KEY, allow_http=[own_address()], base_url=teacher.url)
    other.settings.allow_http.append("8.8.8.8")
    with pytest.raises(errors.SettingsError):
        other.configure(base_url="http://8.8.8.8")
    assert other.generate("a banana").came == "made"
    other.close()


# Pictures


LINKS = [
    ("http://192.168.1.5:8765", "http://192.168.1.5:8765/a.png", True),
    ("http://192.168.1.5:8765", "http://192.168.1.5/a.png", True),
    ("http://192.168.1.5:8765", "http://10.0.0.7/a.png", True),  # another one that is named
    ("http://192.168.1.5:8765", "https://cdn.example.com/a.png", True),
    ("http://192.168.1.5:8765", "http://192.168.1.6/a.png", False),
    ("http://192.168.1.5:8765", "http://127.0.0.1:8888/a.png", False),  # the student's machine
    ("http://192.168.1.5:8765", "http://localhost/a.png", False),
    ("http://192.168.1.5:8765", "http://example.com/a.png", False),
    ("https://192.168.1.5", "http://192.168.1.5/a.png", False),
    (VENDOR, "http://192.168.1.5/a.png", False),
    (VENDOR, "http://10.0.0.7/a.png", False),
    (VENDOR, "http://127.0.0.1/a.png", False),
    ("http://127.0.0.1:8000", "http://192.168.1.5/a.png", False),
    ("http://127.0.0.1:8000", "http://127.0.0.1:9/a.png", True),
]


@pytest.mark.parametrize(("base_url", "link", "is_fine"), LINKS)
def test_a_picture_comes_over_http_only_from_beside_its_service(base_url, link, is_fine):
    near = downloads._beside(base_url, ("192.168.1.5", "10.0.0.7"))
    if is_fine:
        downloads._check_address(link, near)
    else:
        with pytest.raises(errors.DownloadError, match="not https, so it was not opened"):
            downloads._check_address(link, near)


def test_a_service_of_this_machine_leads_nobody_into_the_room(teacher, brisk):
    link = f"{teacher.url}/generations/a.png"
    with server(answering([{"url": link}])) as (url, _):
        configure(base_url=url, allow_http=[own_address()])
        with pytest.raises(errors.DownloadError, match="not https"):
            generate("a banana")
    assert teacher.received == []


def test_a_service_of_the_room_leads_nobody_to_this_machine(brisk, monkeypatch):
    host = own_address()
    with server(answering([], {"/a.png": picture()})) as (here, seen):
        room_server = Sandbox(ROOM_KEY, host=host)
        monkeypatch.setattr(room_server.api, "_item", lambda *_: {"url": f"{here}/a.png"})
        with room_server as teacher:
            configure(base_url=teacher.url, allow_http=[host])
            with pytest.raises(errors.DownloadError, match="not https"):
                generate("a banana", key=ROOM_KEY)
        assert seen == []


def worker(url, host):
    return Client(key=ROOM_KEY, base_url=url, allow_http=[host], keep=False)


def test_a_room_is_asked_by_workers_too(teacher, monkeypatch):
    monkeypatch.setenv("KEY_OF_THE_ROOM", ROOM_KEY)
    with worker(teacher.url, own_address()) as other, ThreadPoolExecutor(2) as pool:
        gallery = other.generate_many(["a", "b"], executor=pool, key_name="KEY_OF_THE_ROOM")
        assert len(gallery.images) == 2
    fetched = [each for each in teacher.received if each.path.startswith("/generations/")]
    assert len(fetched) == 2  # by the workers: the notebook has no need to


def test_references_batches_edits_and_recovery_work_in_a_room(teacher):
    with Client(key=ROOM_KEY, base_url=teacher.url, allow_http=[own_address()]) as other:
        image = other.generate("a café", aspect_ratio="16:9")
        assert image.edit("make it night").size == image.size
        assert len(other.generate("a banana", count=3).images) == 3
        with pytest.raises(errors.DownloadError):
            other.generate("a plum [trouble: link-404]")
        with pytest.raises(errors.UncertainError, match="charged"):
            other.generate("a pear [trouble: drop-after]")
        assert len(other.recover()) == 2
        assert other.doctor().checks[0].fine
        assert other.spending().balance < 1000


def test_keys_of_a_class_draw_in_a_room(teacher):
    there = {"allow_http": [own_address()], "base_url": teacher.url}
    configure(**there)
    handout = nb_banana.Classroom("any-management-key-9").create(["Ada"], limit=0.1)
    with Client(key=handout["Ada"], **there, keep=False) as ada:
        ada.generate("a banana")
        with pytest.raises(errors.KeyLimitError):
            ada.generate("a pear")


def test_the_lines_that_the_command_prints_are_those_that_a_student_types():
    own_address()
    command = [sys.executable, "-m", "nb_banana.sandbox", "--host", "0.0.0.0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = [process.stdout.readline().strip() for _ in range(6)]
        key = lines[1].rpartition(" ")[2]
        for line in lines[3:5]:
            name, _, value = line.removeprefix("%config Banana.").partition(" = ")
            configure(**{name: eval(value)})
        login(key)
        assert generate("a banana").came == "made"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_the_doctor_says_that_a_host_is_not_allowed_any_more():
    configure(allow_http=["192.168.1.5"], base_url="http://192.168.1.5:8765")
    configure().allow_http.clear()
    said = {each.what: each for each in nb_banana.doctor().checks}
    assert not said["who draws"].fine
    assert "not in Banana.allow_http any more" in said["who draws"].found
