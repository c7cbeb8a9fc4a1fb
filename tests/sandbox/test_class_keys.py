"""``/v1/keys`` over real HTTP: who may make keys, what is refused, what a key sees."""

import pytest
import requests

from nb_banana.sandbox import Sandbox

MANAGER = "management-0f3c"
MODEL = "google/nano-banana-2"
FIELDS = {
    *("name", "disabled", "prefix", "scopes", "limit", "created_at", "updated_at"),
    "monthly_usage",
}


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


def ask(sandbox, method, path="/v1/keys", key=MANAGER, **options):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return requests.request(method, sandbox.url + path, headers=headers, timeout=30, **options)


def make(sandbox, **fields):
    response = ask(sandbox, "POST", json=fields)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def draw(sandbox, key, prompt="a banana"):
    body = {"model": MODEL, "prompt": prompt}
    return ask(sandbox, "POST", "/v1/images/generations", key, json=body)


def test_a_key_is_shown_once_and_called_by_its_first_characters(sandbox):
    limit = {"retention": "week", "threshold": 0.5}
    made = make(sandbox, name="Ada", limit=limit, scopes=["model:image"])
    assert set(made) == FIELDS | {"key"}
    assert made["key"].startswith(made["prefix"])
    assert len(made["prefix"]) == 8
    [listed] = ask(sandbox, "GET").json()["data"]
    assert set(listed) == FIELDS
    assert (listed["name"], listed["limit"], listed["disabled"]) == ("Ada", limit, False)
    path = f"/v1/keys/{made['prefix']}"
    changed = ask(sandbox, "PATCH", path, json={"disabled": True}).json()["data"]
    assert (changed["disabled"], changed["name"]) == (True, "Ada")
    gone = ask(sandbox, "DELETE", path).json()
    assert gone == {"data": {"prefix": made["prefix"], "deleted": True}}
    assert ask(sandbox, "DELETE", path).status_code == 404
    assert ask(sandbox, "GET").json() == {"data": []}


def test_the_last_picture_that_fits_under_a_limit_is_made(sandbox):
    key = make(sandbox, limit={"retention": "no_reset", "threshold": 0.178975})["key"]
    assert [draw(sandbox, key).status_code for _ in range(3)] == [200, 200, 403]
    refused = draw(sandbox, key).json()
    assert "urther charges using this key are blocked" in refused["message"]
    assert refused["statusCode"] == 403
    assert ask(sandbox, "GET").json()["data"][0]["monthly_usage"] == 0.178975
    assert len(sandbox.charges) == 2


def test_what_was_made_here_has_its_limits_although_any_other_key_is_taken(sandbox):
    key = make(sandbox, limit={"retention": "day", "threshold": 0.01})["key"]
    assert [draw(sandbox, each).status_code for each in (key, "any", None)] == [403, 200, 200]
    [row] = ask(sandbox, "GET").json()["data"]
    assert row["monthly_usage"] == 0


def test_a_key_without_the_scope_makes_no_picture(sandbox):
    assert draw(sandbox, make(sandbox, scopes=["model:chat"])["key"]).status_code == 403
    assert draw(sandbox, make(sandbox, scopes=None)["key"]).status_code == 200


@pytest.mark.parametrize("key", [None, "a-class-key", "deleted", "the-drawing-key", "wrong"])
def test_only_a_management_key_manages(key):
    with Sandbox("the-drawing-key", management_key=MANAGER) as sandbox:
        made = make(sandbox)
        if key == "deleted":
            ask(sandbox, "DELETE", f"/v1/keys/{made['prefix']}")
        key = made["key"] if key in ("a-class-key", "deleted") else key
        before = ask(sandbox, "GET").json()
        for method, path in (
            ("GET", "/v1/keys"),
            ("POST", "/v1/keys"),
            ("PATCH", f"/v1/keys/{made['prefix']}"),
            ("DELETE", f"/v1/keys/{made['prefix']}"),
        ):
            response = ask(sandbox, method, path, key)
            assert (response.status_code, response.json()["statusCode"]) == (401, 401)
        assert ask(sandbox, "GET").json() == before
        assert draw(sandbox, MANAGER).status_code == 401


@pytest.mark.parametrize("key", [None, "class", "deleted"])
def test_without_a_management_key_any_key_but_one_that_was_made_here_manages(sandbox, key):
    made = make(sandbox)
    if key == "deleted":
        ask(sandbox, "DELETE", f"/v1/keys/{made['prefix']}")
    assert ask(sandbox, "GET", key=made["key"] if key else None).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b"[" * 100_000,
        {"name": 7},
        {"colour": "red"},
        {"disabled": "yes"},
        {"scopes": "model:image"},
        {"scopes": ["model:dance"]},
        {"limit": 2},
        {"limit": {"threshold": 2}},
        {"limit": {"retention": "fortnight", "threshold": 2}},
        {"limit": {"retention": "day", "threshold": 0}},
        {"limit": {"retention": "day", "threshold": True}},
        {"limit": {"retention": "day", "threshold": "2"}},
        {"limit": {"retention": ["day"], "threshold": 2}},
        {"limit": {"retention": "day", "threshold": 1e400}},
    ],
)
def test_what_can_be_no_key_is_refused_with_a_hint(sandbox, body):
    made = make(sandbox)
    for method, path in (("POST", "/v1/keys"), ("PATCH", f"/v1/keys/{made['prefix']}")):
        sent = {"data": body} if isinstance(body, bytes) else {"data": _json(body)}
        response = ask(sandbox, method, path, **sent)
        assert response.status_code == 400
        assert response.json()["message"][0] == "Body validation error!"
    assert len(ask(sandbox, "GET").json()["data"]) == 1


def _json(body):
    import json

    return json.dumps(body)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v1/keys"), ("DELETE", "/v1/keys"), ("GET", "/v1/keys/{}")]
)
def test_another_method_is_answered_with_those_that_there_are(sandbox, method, path):
    made = make(sandbox)
    response = ask(sandbox, method, path.format(made["prefix"]))
    assert response.status_code == 405
    assert response.headers["allow"]


def test_a_key_sees_its_own_limit_and_its_own_rows_alone(sandbox):
    ada = make(sandbox, name="Ada", limit={"retention": "day", "threshold": 1})["key"]
    draw(sandbox, ada)
    draw(sandbox, None)
    own = ask(sandbox, "GET", "/v1/key", ada).json()["data"]
    assert (own["name"], own["monthly_usage"]) == ("Ada", 0.0894875)
    other = ask(sandbox, "GET", "/v1/key", "another-key").json()["data"]
    assert (other["prefix"], other["limit"]) == ("another-", None)
    assert ask(sandbox, "GET", "/v1/key", None).status_code == 401
    query = {"period": "24h"}
    seen = [
        len(ask(sandbox, "GET", "/v2/logs", key, params=query).json()["data"])
        for key in (ada, "another-key")
    ]
    assert seen == [1, 2]


def test_no_key_is_remembered_with_the_requests(sandbox):
    made = make(sandbox, name="Ada")
    draw(sandbox, made["key"])
    ask(sandbox, "DELETE", f"/v1/keys/{made['prefix']}")
    assert made["key"] not in repr(sandbox.received) + repr(vars(sandbox.api.recorder))
    assert [each.authorized for each in sandbox.posts] == [True]
