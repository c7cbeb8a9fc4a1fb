"""The sandbox over real HTTP: what it answers, what it charges, and every trouble it can make."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from types import SimpleNamespace

import pytest
import requests
from PIL import Image

from nb_banana.models import MODELS, SIZES
from nb_banana.sandbox import Sandbox, faults
from nb_banana.sandbox.api import Api
from nb_banana.sandbox.exchange import Request
from nb_banana.sandbox.faults import TROUBLES, Troubles, troubles_of
from nb_banana.sandbox.ledger import Ledger
from tests.support.moments import until

KEY = "a-key-that-must-not-be-kept"
MODEL = "google/nano-banana-2"
PRICE = 178_975
WITH_PERIOD = {"period": "24h"}


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def locked():
    with Sandbox(KEY) as running:
        yield running


def post(sandbox, body, **headers):
    url = f"{sandbox.url}/v1/images/generations"
    if isinstance(body, bytes):
        return requests.post(url, data=body, headers=headers, timeout=120)
    return requests.post(url, json=body, headers=headers, timeout=120)


def draw(sandbox, prompt="a banana", model=MODEL, **fields):
    return post(sandbox, {"model": model, "prompt": prompt, **fields})


def links(response):
    return [item["url"] for item in response.json()["data"]]


def picture(response):
    return Image.open(BytesIO(requests.get(links(response)[0], timeout=30).content))


def logs(sandbox, **query):
    response = requests.get(f"{sandbox.url}/v2/logs", params=WITH_PERIOD | query, timeout=30)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def balance(sandbox):
    return requests.get(f"{sandbox.url}/v2/billing", timeout=30).json()["current_balance"]


def prices(sandbox, **query):
    query = {"include": "pricing"} | query
    return requests.get(f"{sandbox.url}/v1/models", params=query, timeout=30)


def data_uri(size=(40, 30), mode="RGB", kind="PNG"):
    out = BytesIO()
    Image.new(mode, size, "gold").save(out, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def hints(response):
    assert response.status_code == 400, response.text
    heading, *found = response.json()["message"]
    assert heading == "Body validation error!"
    return "\n".join(found)


# A picture


def test_a_prompt_becomes_a_picture_behind_a_link(sandbox):
    """A generation answers 200 with the fields of the API, and its link leads to the picture."""
    response = draw(sandbox, aspect_ratio="16:9")
    [item] = response.json()["data"]
    assert item["url"].startswith(f"{sandbox.url}/generations/")
    assert item["b64_json"] is None
    assert (item["mime_type"], item["width"], item["height"]) == ("image/png", 1376, 768)
    file = requests.get(item["url"], timeout=30)
    assert file.headers["content-type"] == "image/png"
    image = Image.open(BytesIO(file.content))
    assert (image.format, image.size) == ("PNG", (1376, 768))


def test_without_ratio_and_resolution_it_is_square_at_1k(sandbox):
    """The defaults are 1:1 and 1K."""
    assert picture(draw(sandbox)).size == (1024, 1024)


def test_2k_is_twice_the_size(sandbox):
    """A resolution multiplies the size of the ratio."""
    assert picture(draw(sandbox, resolution="2K", aspect_ratio="4:3")).size == (2400, 1792)


@pytest.mark.parametrize("ratio", MODELS[2].aspect_ratios)
def test_every_ratio_has_the_size_of_the_table(sandbox, ratio):
    """The answer names the size that the table of models has for the ratio."""
    [item] = draw(sandbox, model="google/nano-banana-pro", aspect_ratio=ratio).json()["data"]
    assert (item["width"], item["height"]) == SIZES[ratio]


@pytest.mark.parametrize(
    ("references", "size"),
    [([], SIZES["16:9"]), ([data_uri((90, 160))], SIZES["9:16"]), ([data_uri()], SIZES["4:3"])],
)
@pytest.mark.parametrize(
    "model", ["google/gemini-3-1-flash-lite-image", "google/gemini-nano-banana-2.1"]
)
def test_the_lite_takes_the_shape_of_its_reference(sandbox, model, references, size):
    """The models without a default ratio take that of the first reference, else 16:9."""
    [item] = draw(sandbox, model=model, image_urls=references).json()["data"]
    assert (item["width"], item["height"]) == size


def test_a_fresh_sandbox_paints_the_same_pictures_again():
    """The same requests in the same order give the same bytes, and two takes differ."""

    def takes():
        with Sandbox() as fresh:
            found = [links(draw(fresh, "a fox", aspect_ratio="3:4"))[0] for _ in range(2)]
            return [requests.get(link, timeout=30).content for link in found]

    first, second = takes(), takes()
    assert first == second
    assert first[0] != first[1]


def test_a_link_outlives_the_memory_for_files(sandbox, monkeypatch):
    """A picture that was forgotten is painted again, to the byte."""
    monkeypatch.setattr("nb_banana.sandbox.picture_store.KEPT", 1)
    early, late = (links(draw(sandbox, prompt))[0] for prompt in ("one", "two"))
    before = requests.get(early, timeout=30).content
    requests.get(late, timeout=30)
    assert requests.get(early, timeout=30).content == before


def test_num_images_gives_that_many_pictures_at_that_price(sandbox):
    """The models that have num_images make and charge each of them."""
    one, three = (
        draw(sandbox, model="google/nano-banana-pro", num_images=count) for count in (1, 3)
    )
    assert len(set(links(three))) == 3
    assert credits_of(three) == 3 * credits_of(one)


def credits_of(response):
    return response.json()["meta"]["usage"]["credits_used"]


def test_fields_that_a_model_does_not_have_are_ignored(sandbox):
    """Unknown fields are ignored, as the published schema does."""
    extra = {"seed": 7, "num_images": 4, "negative_prompt": "x"}
    assert len(links(draw(sandbox, **extra))) == 1
    assert len(links(draw(sandbox, model="google/gemini-2.5-flash-image", resolution="9K"))) == 1


@pytest.mark.parametrize("name", [name for model in MODELS for name in model.ids])
def test_every_name_of_the_table_is_offered(sandbox, name):
    """Each model of the table draws, under each of its full names."""
    [model] = [model for model in MODELS if name in model.ids]
    needed = {"image_urls": [data_uri()] * model.min_images} if model.min_images else {}
    assert draw(sandbox, model=name, **needed).status_code == 200


# References


def test_references_are_read_and_charged(sandbox):
    """Two references at 1K cost what the vendor's sample says."""
    response = draw(
        sandbox, image_urls=[data_uri(), data_uri((300, 90), "RGBA")], aspect_ratio="4:3"
    )
    assert credits_of(response) == 185_093
    assert picture(response).size == (1200, 896)


def test_a_picture_of_its_own_can_be_a_reference(sandbox):
    """A link on loopback is fetched, as when a picture is edited by its address."""
    link = links(draw(sandbox, aspect_ratio="9:16"))[0]
    edited = draw(sandbox, "at night", "google/gemini-3-1-flash-lite-image", image_urls=[link])
    assert [(item["width"], item["height"]) for item in edited.json()["data"]] == [SIZES["9:16"]]


def test_a_reference_elsewhere_is_not_fetched(sandbox):
    """An address that is not on loopback is drawn without: the sandbox uses no network."""
    response = draw(sandbox, image_urls=["https://example.invalid/mug.jpg"])
    assert picture(response).size == (1024, 1024)


@pytest.mark.parametrize(
    "uri",
    [
        "data:image/png;base64,bm90IGEgcGljdHVyZQ==",
        "data:image/png;base64,not base64",
        data_uri((400, 400))[:300],
        "http://127.0.0.1:9/nothing-listens.png",
    ],
)
def test_a_reference_that_is_no_picture_is_refused(sandbox, uri):
    """A reference has to be a picture that Pillow opens, or one that can be fetched."""
    assert "image_urls.0: Invalid image. Expected a picture" in hints(
        draw(sandbox, image_urls=[uri])
    )
    assert sandbox.charges == []


# Requests that are wrong


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        (
            {"aspect_ratio": "5:4"},
            "Expected '1:1' | '9:16' | '16:9' | '3:4' | '4:3', received '5:4'",
        ),
        ({"resolution": "8K"}, "resolution: Invalid enum value. Expected '1K' | '2K' | '4K'"),
        ({"resolution": None}, "received null"),
        ({"prompt": 3}, "prompt: Invalid type. Expected string, received number"),
        ({"enable_web_search": "yes"}, "Expected boolean, received string"),
        ({"image_urls": "a.png"}, "image_urls: Invalid type. Expected array, received string"),
        ({"image_urls": [data_uri()] * 6}, "Expected at most 5 element(s), received 6"),
        ({"image_urls": ["mug.jpg"]}, "image_urls.0: Invalid url."),
        ({"image_urls": ["file:///etc/hostname"]}, "image_urls.0: Invalid url."),
        ({"image_urls": ["data:image/png,raw"]}, "image_urls.0: Invalid url."),
        ({"image_urls": [4]}, "image_urls.0: Invalid url."),
        ({"model": 5}, "model: Invalid type. Expected string, received number"),
        ({"model": "google/nano-banana-pro", "num_images": 5}, "from 1 to 4, received 5"),
        ({"model": "google/nano-banana-pro", "num_images": True}, "received boolean"),
        ({"model": "google/nano-banana-pro-edit"}, "image_urls: Required. Expected array"),
        ({"model": "google/nano-banana-pro-edit", "image_urls": []}, "at least 1 element(s)"),
    ],
)
def test_a_wrong_field_is_refused_with_a_hint(sandbox, fields, hint):
    """A 400 says which field was wrong, what was expected and what was received."""
    assert hint in hints(draw(sandbox, **({"model": MODEL, "prompt": "p"} | fields)))
    assert (sandbox.charges, logs(sandbox)) == ([], [])


def test_every_wrong_field_is_told_at_once(sandbox):
    """The hints are a list, one for each wrong field."""
    response = draw(sandbox, aspect_ratio="x", resolution="y", image_urls=1)
    assert len(response.json()["message"]) == 4


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b"\xff\xfe{", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(sandbox, body):
    """Malformed JSON and JSON that is no object are a 400."""
    assert "Expected object, received" in hints(post(sandbox, body))


def test_a_missing_prompt_and_model_are_told(sandbox):
    """What is required and missing is named."""
    assert "model: Required. Expected string, received undefined" in hints(post(sandbox, {}))
    assert "prompt: Required. Expected string" in hints(post(sandbox, {"model": MODEL}))


def test_an_unknown_model_is_404_in_the_service_s_words(sandbox):
    """An error body has the five fields of the API."""
    response = draw(sandbox, model="nano-banana-2")
    assert response.status_code == 404
    body = response.json()
    assert set(body) == {"message", "path", "requestId", "statusCode", "timestamp"}
    assert (body["path"], body["statusCode"]) == ("/v1/images/generations", 404)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/v1/nothing", 404),
        ("GET", "/generations/unknown.png", 404),
        ("GET", "/v1/images/generations", 405),
        ("DELETE", "/v2/logs", 405),
        ("POST", "/v1/models", 405),
        ("HEAD", "/v1/models", 200),
    ],
)
def test_other_paths_and_methods_are_answered_sensibly(sandbox, method, path, status):
    """An unknown path is 404 and a wrong method 405, both in JSON."""
    response = requests.request(method, sandbox.url + path, timeout=30)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/json")


# Keys and ids


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v2/logs", "/v2/billing"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", KEY, "bearer", "Bearer ключ"])
def test_a_locked_sandbox_wants_its_key(locked, path, header):
    """Without the right key the answer is 401 in the documented words."""
    headers = {"Authorization": header.encode()} if header else {}
    method = "POST" if "images" in path else "GET"
    response = requests.request(method, locked.url + path, headers=headers, timeout=30)
    assert response.status_code == 401
    assert response.json()["message"].startswith("This request requires a valid API key.")


def test_the_key_opens_and_is_not_kept(locked):
    """What is remembered of a request says that the key was right, and not the key."""
    post(locked, {"model": MODEL, "prompt": "p"}, Authorization=f"Bearer {KEY}")
    post(locked, {"model": MODEL, "prompt": "p"}, Authorization="Bearer wrong")
    assert [(each.with_key, each.authorized) for each in locked.posts] == [
        (True, True),
        (True, False),
    ]
    assert [each.body["prompt"] for each in locked.posts] == ["p", "p"]
    assert KEY not in repr(locked.received) + repr(locked)


def test_prices_and_pictures_need_no_key(locked):
    """GET /v1/models and the pictures are public."""
    made = post(locked, {"model": MODEL, "prompt": "p"}, Authorization=f"Bearer {KEY}")
    assert picture(made).size == (1024, 1024)
    assert prices(locked).status_code == 200
    assert [each.with_key for each in locked.received] == [True, False, False]


@pytest.mark.parametrize(
    ("own", "echo"),
    [("order-8f.21_c4:b", True), ("x" * 128, True), ("x" * 129, False), ("a b", False)],
)
def test_a_well_formed_id_of_the_caller_is_echoed_and_logged(sandbox, own, echo):
    """A malformed X-Client-Request-Id is dropped without a word."""
    response = post(sandbox, {"model": MODEL, "prompt": "p"}, **{"X-Client-Request-Id": own})
    assert response.status_code == 200
    assert response.headers.get("x-client-request-id") == (own if echo else None)
    assert logs(sandbox)[0]["client_request_id"] == (own if echo else None)


def test_every_answer_has_an_inference_id_and_says_sandbox(sandbox):
    """The ids differ, and errors have one too."""
    answers = [draw(sandbox), draw(sandbox, model="?"), post(sandbox, b"{"), prices(sandbox)]
    assert len({answer.headers["x-inference-id"] for answer in answers}) == 4
    file = requests.get(links(answers[0])[0], timeout=30)
    assert {answer.headers["x-nb-banana-sandbox"] for answer in [*answers, file]} == {"1"}


# Money


def test_the_charge_is_the_same_wherever_it_is_told(sandbox):
    """Body, headers, log, ledger and balance agree."""
    response = draw(sandbox, aspect_ratio="16:9")
    assert response.json()["meta"]["usage"] == {"credits_used": PRICE, "usd_spent": 0.0894875}
    assert json.loads(response.headers["x-aimlapi-credits-used"]) == PRICE
    assert json.loads(response.headers["x-aimlapi-usd-spent"]) == 0.0894875
    [row] = logs(sandbox)
    assert row["cost"] == {"usd": 0.0894875, "credits": PRICE}
    assert row["inference_id"] == response.headers["x-inference-id"]
    assert [charge.credits for charge in sandbox.charges] == [PRICE]
    assert balance(sandbox) == 1000 - 0.0894875


@pytest.mark.parametrize("resolution", ["1K", "2K", "4K"])
@pytest.mark.parametrize("model", [MODEL, "google/nano-banana-pro"])
def test_the_quoted_price_is_the_price_charged(sandbox, model, resolution):
    """GET /v1/models quotes for each resolution what a generation then costs."""
    [entry] = prices(sandbox, id=model).json()["data"]
    [quoted] = [
        each["price"] / each["per"]
        for each in entry["pricing"]["variants"]
        if each["when"] == {"resolution": resolution}
    ]
    usage = draw(sandbox, model=model, resolution=resolution).json()["meta"]["usage"]
    assert usage["usd_spent"] == quoted


def test_prices_come_in_every_documented_kind(sandbox):
    """A client meets a fixed price by the image and by the token, variants, and no price."""
    kinds = {
        (entry["pricing"]["kind"], entry["pricing"].get("units", [{}])[0].get("name"))
        for entry in prices(sandbox).json()["data"]
    }
    assert kinds == {
        ("fixed", "image"),
        ("fixed", "token"),
        ("variants", None),
        ("variable", None),
    }


def test_models_are_found_by_alias_and_have_no_price_unasked(sandbox):
    """The filter matches ids and aliases; pricing is there only when it is included."""
    alias = "google/gemini-3-1-flash-image-preview"
    [entry] = prices(sandbox, id=alias.upper(), include="nothing").json()["data"]
    assert (entry["id"], entry["aliases"]) == (MODEL, [alias])
    assert {"type", "info", "tags"} <= set(entry)
    assert "pricing" not in entry
    assert prices(sandbox, id="acme/none").json() == {"object": "list", "data": []}


def test_prices_that_did_not_change_are_304(sandbox):
    """If-None-Match with the ETag gives 304 without a body, on a connection that lives on."""
    with requests.Session() as session:
        url = f"{sandbox.url}/v1/models?include=pricing"
        tag = session.get(url, timeout=30).headers["etag"]
        for seen in (tag, f'"other", {tag}', "*"):
            again = session.get(url, headers={"If-None-Match": seen}, timeout=30)
            assert (again.status_code, again.content) == (304, b"")
        assert session.get(url, headers={"If-None-Match": '"other"'}, timeout=30).content


def test_without_credits_nothing_is_drawn():
    """A balance that is too small is a 403 in the documented words, and it is not charged."""
    with Sandbox(balance=0.1) as poor:
        assert draw(poor).status_code == 200
        response = draw(poor)
        assert response.status_code == 403
        assert response.json()["message"].startswith("You've run out of credits.")
        assert len(poor.charges) == 1
        assert balance(poor) == pytest.approx(0.1 - 0.0894875)


# Logs


def test_logs_are_newest_first_and_come_in_pages(sandbox):
    """limit and offset walk the rows, and the pagination tells where one is."""
    ids = [draw(sandbox, f"picture {n}").headers["x-inference-id"] for n in range(3)]
    response = requests.get(
        f"{sandbox.url}/v2/logs", params=WITH_PERIOD | {"limit": 1, "offset": 1}, timeout=30
    )
    assert [row["inference_id"] for row in response.json()["data"]] == [ids[1]]
    assert response.json()["pagination"] == {"limit": 1, "offset": 1, "total": 3, "has_more": True}
    assert [row["inference_id"] for row in logs(sandbox)] == ids[::-1]


def test_logs_are_filtered_by_outcome_and_model(sandbox):
    """Filters are repeated, and a model matches with or without its source."""
    draw(sandbox)
    draw(sandbox, "[trouble: 500]")
    assert [row["status"] for row in logs(sandbox, status="failed")] == ["failed"]
    assert len(logs(sandbox, status=["failed", "succeeded"])) == 2
    assert len(logs(sandbox, model="nano-banana-2")) == len(logs(sandbox, model=MODEL)) == 2
    assert logs(sandbox, model="other/model") == []


def test_logs_are_narrowed_by_start_and_end(sandbox):
    """A window that ends before the request does not have its row."""
    draw(sandbox)
    row = logs(sandbox)[0]
    day = row["created"][:10]
    window = {"period": None, "start": f"{day}T00:00:00", "end": "2999-01-01T00:00:00Z"}
    past = {"period": None, "start": "2020-01-01", "end": "2020-01-02"}
    assert requests.get(f"{sandbox.url}/v2/logs", params=window, timeout=30).status_code == 400
    window["end"] = f"{day}T23:59:59.999Z"
    assert logs(sandbox, **window) == [row]
    assert logs(sandbox, **past) == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"period": "24h", "start": "2020-01-01", "end": "2020-01-02"},
        {"start": "2020-01-01"},
        {"start": "yesterday", "end": "today"},
        {"start": "2020-01-02", "end": "2020-01-01"},
        {"period": "93d"},
        {"period": "0h"},
        {"period": "24h", "status": "succeeded,failed"},
        {"period": "24h", "limit": "0"},
        {"period": "24h", "limit": "101"},
        {"period": "24h", "offset": "-1"},
    ],
)
def test_a_wrong_query_of_the_logs_is_refused(sandbox, query):
    """The rules that the vendor's page has for the query are kept."""
    response = requests.get(f"{sandbox.url}/v2/logs", params=query, timeout=30)
    assert response.status_code == 400
    assert response.json()["message"][0] == "Query validation error!"


def test_a_row_can_lag_the_answer(monkeypatch):
    """With log_lag the row of a charge is shown some time later."""
    with Sandbox(log_lag=600) as slow:
        draw(slow)
        assert (len(slow.charges), logs(slow)) == (1, [])
        monkeypatch.setattr(slow.api.ledger, "_lag", time.monotonic() - slow.charges[0].clock)
        assert len(logs(slow)) == 1


def test_the_logs_have_a_limit(sandbox, monkeypatch):
    """The 201st call in a minute is refused with 429."""
    seconds = [0.0]
    clock = SimpleNamespace(monotonic=lambda: seconds[0])
    monkeypatch.setattr("nb_banana.sandbox.ledger.time", clock)
    with requests.Session() as session:
        url = f"{sandbox.url}/v2/logs?period=24h"
        statuses = [session.get(url, timeout=30).status_code for _ in range(201)]
        assert statuses == [200] * 200 + [429]
        seconds[0] = 60
        assert session.get(url, timeout=30).status_code == 200


# Trouble: what is charged, then what it looks like

CHARGED, FAILED, NO_ROW = ["succeeded"], ["failed"], []
OUTCOMES = {
    "slow 0.1": (200, CHARGED),
    "400": (400, NO_ROW),
    "401": (401, NO_ROW),
    "402": (402, NO_ROW),
    "403": (403, NO_ROW),
    "404": (404, NO_ROW),
    "422": (422, NO_ROW),
    "429": (429, NO_ROW),
    "429-retry-after": (429, NO_ROW),
    "500": (500, FAILED),
    "502-gateway": (502, FAILED),
    "503": (503, FAILED),
    "504-gateway": (504, CHARGED),
    "maintenance": (500, FAILED),
    "refusal": (200, FAILED),
    "refusal-null": (200, FAILED),
    "empty-item": (200, CHARGED),
    "drop-before": (None, NO_ROW),
    "drop-after": (None, CHARGED),
    "cut-picture": (200, CHARGED),
    "half-picture": (200, CHARGED),
    "link-404": (200, CHARGED),
    "not-a-picture": (200, CHARGED),
    "wrong-size": (200, CHARGED),
    "dropped-size": (200, CHARGED),
    "html": (200, CHARGED),
    "cut-json": (200, CHARGED),
    "base64": (200, CHARGED),
    "jpeg": (200, CHARGED),
    "two-pictures": (200, CHARGED),
}


def in_trouble(sandbox, name, **fields):
    return draw(sandbox, f"a banana [trouble: {name}]", **fields)


def test_every_trouble_is_documented_and_proven():
    """The table in the docstring, the table in the code and the one here have the same names."""
    rows = [line.split("  ")[0] for line in faults.__doc__.splitlines() if "  " in line]
    documented = {row for row in rows if row and row != "NAME" and not row.startswith("=")}
    assert documented == set(TROUBLES)
    assert set(troubles_of("aimlapi")) == {name.split()[0] for name in OUTCOMES}


@pytest.mark.parametrize(("name", "status", "rows"), [(k, *v) for k, v in OUTCOMES.items()])
def test_trouble_has_its_status_its_log_and_its_charge(sandbox, name, status, rows):
    """Each trouble answers with its status, and the log and the ledger tell the truth about it."""
    try:
        assert in_trouble(sandbox, name).status_code == status
    except requests.ConnectionError:
        assert status is None
    found = logs(sandbox)
    assert [row["status"] for row in found] == rows
    assert [row["cost"]["credits"] for row in found] == [PRICE if rows == CHARGED else 0] * len(
        rows
    )
    assert len(sandbox.charges) == (rows == CHARGED)


def test_slow_takes_its_seconds(sandbox):
    """The number after slow is how many seconds it takes."""
    started = time.monotonic()
    in_trouble(sandbox, "slow 0.5")
    assert time.monotonic() - started >= 0.5
    assert TROUBLES["slow"].number == 5


def test_a_caller_that_gave_up_is_charged_all_the_same(sandbox, monkeypatch):
    """After a read timeout the work goes on, and the log has the caller's id."""
    body = {"model": MODEL, "prompt": "[trouble: slow 600]"}
    headers = {"X-Client-Request-Id": "gave-up"}
    asked, is_over = [], threading.Event()

    def wait(seconds):
        asked.append(seconds)
        is_over.wait(60)

    monkeypatch.setattr(sandbox._server.stopping, "wait", wait)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{sandbox.url}/v1/images/generations", json=body, headers=headers, timeout=0.1
        )
    until(lambda: asked)
    assert (asked, sandbox.charges) == ([600], [])
    is_over.set()
    until(lambda: sandbox.charges)
    assert [row["client_request_id"] for row in logs(sandbox)] == ["gave-up"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("400", "Body validation error!"),
        ("401", "This request requires a valid API key."),
        ("402", "Payment required"),
        ("403", "You've run out of credits."),
        ("404", "Model not found"),
        ("429", "Too Many Requests"),
        ("500", "Something wrong with the server. Please, try again later."),
        ("503", "Service unavailable"),
        ("maintenance", "The model is under maintenance"),
    ],
)
def test_a_refusal_of_the_service_is_in_its_own_words(sandbox, name, words):
    """The service's errors are JSON with the documented message, and say so with their ids."""
    response = in_trouble(sandbox, name)
    assert response.json()["message"].startswith(words)
    assert response.headers["x-inference-id"]
    assert "Retry-After" not in response.headers


def test_maintenance_names_the_request(sandbox):
    """The message of a model under maintenance ends with the request id."""
    body = in_trouble(sandbox, "maintenance").json()
    assert body["message"].endswith(f"Your Request ID is {body['requestId']}.")


@pytest.mark.parametrize(
    ("name", "wait"), [("", "1"), (" 0", "0"), (" 2.5", "2.5"), (" 7 x1", "7")]
)
def test_retry_after_has_the_seconds_asked(sandbox, name, wait):
    """429-retry-after sends Retry-After with its number."""
    assert in_trouble(sandbox, f"429-retry-after{name}").headers["Retry-After"] == wait


@pytest.mark.parametrize("name", ["502-gateway", "504-gateway", "html"])
def test_a_gateway_s_page_knows_nothing_of_the_service(sandbox, name):
    """A page in between is HTML and has none of the service's ids."""
    response = in_trouble(sandbox, name)
    assert response.headers["content-type"].startswith("text/html")
    assert "<html>" in response.text
    assert "x-inference-id" not in response.headers


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("refusal", []),
        ("refusal-null", None),
        ("empty-item", [{"b64_json": None, "url": None}]),
    ],
)
def test_an_answer_without_a_picture(sandbox, name, data):
    """A refusal is 200 without a picture, and tells that it cost nothing."""
    response = in_trouble(sandbox, name)
    assert response.json()["data"] == data
    cost = PRICE if name == "empty-item" else 0
    assert response.headers["x-aimlapi-credits-used"] == str(cost)
    usage = {"credits_used": cost, "usd_spent": cost / 2_000_000}
    assert response.json()["meta"] == (None if name == "refusal-null" else {"usage": usage})


def test_cut_json_is_cut_with_the_right_length(sandbox):
    """cut-json cannot be parsed, and HTTP sees nothing wrong with it."""
    response = in_trouble(sandbox, "cut-json")
    assert len(response.content) == int(response.headers["Content-Length"])
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_a_cut_picture_ends_before_its_length(sandbox):
    """cut-picture breaks off in the middle of the file."""
    link = links(in_trouble(sandbox, "cut-picture"))[0]
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        requests.get(link, timeout=30)


def test_half_a_picture_looks_whole_to_http(sandbox):
    """half-picture cannot be decoded, and HTTP sees nothing wrong with it."""
    file = requests.get(links(in_trouble(sandbox, "half-picture"))[0], timeout=30)
    image = Image.open(BytesIO(file.content))
    with pytest.raises((OSError, SyntaxError)):
        image.load()


def test_a_link_can_be_dead_or_lead_elsewhere(sandbox):
    """link-404 is gone, and not-a-picture is a page."""
    assert requests.get(links(in_trouble(sandbox, "link-404"))[0], timeout=30).status_code == 404
    page = requests.get(links(in_trouble(sandbox, "not-a-picture"))[0], timeout=30)
    assert (page.status_code, page.content[:9]) == (200, b"<!DOCTYPE")


@pytest.mark.parametrize(
    ("asked", "label", "got"), [("1K", (1376, 768), (688, 384)), ("4K", (5504, 3072), (1376, 768))]
)
def test_a_wrong_size_is_labelled_as_asked(sandbox, asked, label, got):
    """wrong-size delivers less than was asked without a word."""
    response = in_trouble(sandbox, "wrong-size", resolution=asked, aspect_ratio="16:9")
    [item] = response.json()["data"]
    assert (item["width"], item["height"]) == label
    assert picture(response).size == got


def test_a_size_can_be_dropped_without_a_word(sandbox):
    """dropped-size draws a square at 1K, whatever was asked."""
    response = in_trouble(sandbox, "dropped-size", aspect_ratio="16:9", resolution="4K")
    assert picture(response).size == (1024, 1024)
    assert len(sandbox.charges) == 1


def test_base64_delivers_the_picture_in_the_answer(sandbox):
    """base64 has no link."""
    [item] = in_trouble(sandbox, "base64").json()["data"]
    assert item["url"] is None
    assert Image.open(BytesIO(base64.b64decode(item["b64_json"]))).size == (1024, 1024)


def test_a_jpeg_is_labelled_png(sandbox):
    """jpeg sends other bytes than its labels promise."""
    response = in_trouble(sandbox, "jpeg")
    [item] = response.json()["data"]
    assert item["mime_type"] == "image/png"
    assert requests.get(item["url"], timeout=30).headers["content-type"] == "image/png"
    assert picture(response).format == "JPEG"


def test_two_pictures_come_for_the_price_of_one(sandbox):
    """two-pictures answers with one more than was asked."""
    response = in_trouble(sandbox, "two-pictures")
    assert len(set(links(response))) == 2
    assert credits_of(response) == PRICE


def test_trouble_can_end(sandbox):
    """xN strikes the first N generations of a prompt, and another prompt has its own count."""
    statuses = [in_trouble(sandbox, "503 x2").status_code for _ in range(3)]
    other = draw(sandbox, "another [trouble: 503 x2]").status_code
    assert (statuses, other) == ([503, 503, 200], 503)


def test_trouble_of_a_link_ends_by_fetches(sandbox):
    """xN for a link counts the times that it is fetched, so that fetching again can be tested."""
    link = links(in_trouble(sandbox, "link-404 x2"))[0]
    assert requests.head(link, timeout=30).status_code == 200
    assert [requests.get(link, timeout=30).status_code for _ in range(3)] == [404, 404, 200]
    assert len(sandbox.charges) == 1


def test_unknown_trouble_is_refused_with_the_names(sandbox):
    """A 400 lists every trouble that there is, and so does the start option."""
    response = in_trouble(sandbox, "gremlins")
    assert response.status_code == 400
    assert all(name in response.json()["message"] for name in troubles_of("aimlapi"))
    assert "queue" not in response.json()["message"]
    with pytest.raises(ValueError, match="drop-after"):
        Sandbox(trouble="gremlins")


def test_the_start_option_troubles_every_prompt_but_those_with_their_own():
    """The option strikes each prompt, and a prompt's own trouble wins."""
    with Sandbox(trouble="500 x1") as sandbox:
        assert [draw(sandbox, "a").status_code for _ in range(2)] == [500, 200]
        assert draw(sandbox, "b").status_code == 500
        assert in_trouble(sandbox, "503").status_code == 503


# The API without HTTP


def test_the_api_is_a_function_over_its_state_and_a_delay_is_data():
    """A request in, a response out: nobody waits in there, and what is late is not yet charged."""
    api = Api(None, Ledger(1.0), Troubles(), 600.0, fetch=bytes)

    def respond(prompt):
        body = json.dumps({"model": MODEL, "prompt": prompt}).encode()
        return api.handle(Request("POST", "/v1/images/generations", {}, {}, body))

    made = respond("a banana")
    assert (made.status, made.delay, api.ledger.rows) == (200, 600.0, [])
    api.settle(made)
    assert [row.credits for row in api.ledger.rows] == [PRICE]
    assert respond("[trouble: slow 3]").delay == 603
    assert respond("[trouble: drop-after]").dropped
    assert (respond("[trouble: 503]").status, respond("[trouble: 429]").delay) == (503, 0)
    [item] = json.loads(respond("[trouble: cut-picture x1]").body)["data"]
    cut, whole = (api.handle(Request("GET", item["url"], {}, {})) for _ in range(2))
    assert (cut.sent, whole.sent) == (len(whole.body) // 2, None)
    assert Image.open(BytesIO(whole.body)).size == (1024, 1024)


# HTTP and the process


def test_one_connection_serves_many_requests(sandbox):
    """Connections are kept alive, also after an error and a body that nobody wanted."""
    with requests.Session() as session:
        url = f"{sandbox.url}/v1/images/generations"
        session.post(url, json={}, timeout=30)
        session.put(url, data=b"unwanted", timeout=30)
        session.post(url, json={"model": MODEL, "prompt": "p"}, timeout=30)
        pools = session.get_adapter(url).poolmanager.pools
        [pool] = [pools[key] for key in pools.keys()]  # noqa: SIM118 - it cannot be iterated
        assert (pool.num_connections, pool.num_requests) == (1, 3)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Content-Length: 999999999999", b"413"),
        ("Content-Length: many", b"400"),
        ("Transfer-Encoding: chunked", b"411"),
    ],
)
def test_a_body_that_cannot_be_read_ends_the_connection(sandbox, head, status):
    """Too large, no number and no length are refused before anything is read."""
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"POST /v1/images/generations HTTP/1.1\r\n{head}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split()[1] == status


@pytest.mark.parametrize("there", [b"", b"{}", b'{"model": "'])
def test_a_request_whose_caller_dies_while_it_sends_is_none(sandbox, there):
    """As at any server: what did not come whole is neither read nor answered."""
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"POST /v1/images/generations HTTP/1.1\r\nContent-Length: {len(there) + 1}\r\n\r\n"
        connection.sendall(head.encode() + there)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536) == b""
    assert sandbox.received == []


def test_many_requests_at_once_are_each_charged_once(sandbox):
    """Twenty threads make twenty pictures and twenty charges."""
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda n: draw(sandbox, f"picture {n % 2}"), range(20)))
    assert len({link for response in responses for link in links(response)}) == 20
    assert len({row.ids.inference_id for row in sandbox.charges}) == 20


def test_a_caller_that_goes_away_is_not_reported(sandbox, capfd):
    """Nothing is written to the terminal, whatever the other side does."""
    body = {"model": MODEL, "prompt": "[trouble: slow 0.2]"}
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{sandbox.url}/v1/images/generations", json=body, timeout=0.05)
    draw(sandbox, model="?")
    until(lambda: not sandbox._server._open)  # also the answer for nobody was written
    assert (len(sandbox.posts), len(sandbox.charges)) == (2, 1)
    assert capfd.readouterr() == ("", "")


def test_stop_ends_kept_connections_and_work_under_way():
    """After stop nothing answers, and what was not finished is not charged."""
    sandbox = Sandbox(delay=600).start()
    url = f"{sandbox.url}/v1/images/generations"
    with requests.Session() as session, ThreadPoolExecutor(1) as pool:
        session.get(f"{sandbox.url}/v1/models", timeout=30)
        waiting = pool.submit(draw, sandbox)
        until(lambda: sandbox.posts)
        sandbox.stop()
        with pytest.raises(requests.ConnectionError):
            waiting.result()
        with pytest.raises(requests.ConnectionError):
            session.post(url, json={}, timeout=5)
    assert sandbox.charges == []
    assert repr(sandbox) == "<Sandbox not running>"
    with pytest.raises(RuntimeError, match="start"):
        sandbox.url  # noqa: B018 - it is the reading that raises


def test_it_stops_where_its_own_address_does_not_answer_any_more(monkeypatch):
    """As on a machine that has left the network of its room: it looks up by itself then."""

    def no_way(*_, **__):
        raise OSError("Network is unreachable")

    with Sandbox() as running, monkeypatch.context() as away:
        port = int(running.url.rpartition(":")[2])
        away.setattr(socket, "create_connection", no_way)
        running.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_it_listens_on_loopback_only(sandbox):
    """The address is 127.0.0.1, and the same on another interface is refused."""
    assert sandbox.url.startswith("http://127.0.0.1:")
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_starting_it_does_not_load_pillow():
    """Pillow is imported with the first picture."""
    code = (
        "import sys; from nb_banana.sandbox import Sandbox; Sandbox().start(); "
        "sys.exit('PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_says_where_it_is_and_ends_with_ctrl_c():
    """python -m nb_banana.sandbox prints one line to paste into a notebook, and takes its key from
    the environment."""
    command = [sys.executable, "-m", "nb_banana.sandbox", "--key-env", "SECRET", "--trouble", "500"]
    environment = os.environ | {"SECRET": KEY}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        url = line.split()[2]
        assert f'%config Banana.base_url = "{url}"' in line
        statuses = [
            requests.post(
                f"{url}/v1/images/generations",
                json={"model": MODEL, "prompt": "p"},
                headers={"Authorization": f"Bearer {key}"},
                timeout=30,
            ).status_code
            for key in ("wrong", KEY)
        ]
        process.send_signal(signal.SIGINT)
        assert (statuses, process.wait(60), process.stdout.read()) == ([401, 500], 0, "")


@pytest.mark.parametrize(
    "arguments",
    [["--key-env", "NB_BANANA_NOT_SET"], ["--trouble", "gremlins"], ["--port", "99999"]],
)
def test_the_command_refuses_wrong_options(arguments):
    """A wrong option is one sentence and exit status 2."""
    command = [sys.executable, "-m", "nb_banana.sandbox", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_a_page_in_a_browser_may_call_it_with_a_key_and_read_the_cost(sandbox):
    """The question before a call is free, is no request of ours, and no answer keeps its cost."""
    asked = {
        "Origin": "https://class.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-client-request-id",
    }
    before = requests.options(f"{sandbox.url}/v1/images/generations", headers=asked, timeout=30)
    assert (before.status_code, before.content) == (204, b"")
    allowed = before.headers["Access-Control-Allow-Headers"].split(", ")
    assert set(asked["Access-Control-Request-Headers"].split(",")) <= set(allowed)
    assert not sandbox.received
    for answer in (draw(sandbox), draw(sandbox, model="?"), prices(sandbox)):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        told = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"x-inference-id", "x-aimlapi-usd-spent", "x-nb-banana-sandbox"} <= set(told)
