"""What the wire does in a browser, tried here over sockets: nobody says what of a request went."""

import pytest

import nb_banana
from nb_banana import errors
from nb_banana.services import account, send
from nb_banana.wire import connection
from tests.conftest import KEY
from tests.support.servers import closed


@pytest.fixture(autouse=True)
def in_browser(monkeypatch):
    monkeypatch.setattr(connection, "IN_BROWSER", True)
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 60.0)  # the question before it is answered
    monkeypatch.setattr(account, "PAUSES", (0.0, 0.1))  # seconds before each look into the log


def test_a_key_draws_and_its_picture_is_fetched_without_it(service):
    nb_banana.configure(base_url=service.url)
    image = nb_banana.generate("a fox", key=KEY, timeout=30)
    assert image.size == (1024, 1024)
    assert [each.with_key for each in service.received if each.path.startswith("/gen")] == [False]
    assert "nb_banana" not in str(service.posts[0].headers)  # the browser's own are sent


def test_the_question_before_it_is_no_row_of_the_request_in_a_log(service):
    nb_banana.generate("a fox", key=KEY)
    own = service.posts[0].headers["x-client-request-id"]
    asked = [each for each in service.received if each.path == service.posts[0].path]
    assert [each.method for each in asked] == ["GET", "POST"]
    assert asked[0].headers.keys() >= {"x-client-request-id", "content-type"}
    assert asked[0].headers["x-client-request-id"] != own


def test_the_person_s_patience_is_the_browser_s(service):
    with pytest.raises(errors.AnswerTimeoutError, match="within"):
        nb_banana.generate("a fox [trouble: slow 30]", timeout=0.2)
    assert nb_banana.generate("an owl [trouble: slow 0.3]", timeout=30).came == "made"


def test_a_connection_that_may_have_carried_it_is_not_used_twice(service):
    with pytest.raises(errors.ConnectionDroppedError, match=r"charged: \$0.089"):
        nb_banana.generate("a fox [trouble: drop-after]")
    assert len(service.posts) == 1


def test_a_body_that_is_too_long_is_not_kept(service, monkeypatch):
    monkeypatch.setattr(send, "LONGEST_ANSWER", 20)
    with pytest.raises(errors.UnreadableAnswerError, match="larger than any picture"):
        nb_banana.generate("a fox")


def test_where_the_page_may_not_call_nothing_is_sent():
    """CORS that says no looks like a network that is down: it is asked before anything is paid."""
    with closed() as place:
        nb_banana.configure(base_url=f"http://{place}")
        with pytest.raises(errors.NotConnectedError, match=r"nothing was\scharged.*CORS"):
            nb_banana.generate("a fox", key=KEY)
    assert not nb_banana.recover()
