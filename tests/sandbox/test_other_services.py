"""What the sandbox of each other service takes and refuses, in that service's own words."""

import base64
import subprocess
import sys
from io import BytesIO

import pytest
import requests
from PIL import Image

from nb_banana.sandbox import Sandbox
from nb_banana.sandbox.faults import troubles_of
from nb_banana.sandbox.services import SPOKEN
from tests.support.servers import picture

B64 = base64.b64encode(picture()).decode()
DATA = f"data:image/png;base64,{B64}"
LINK = {"type": "image_url", "image_url": {"url": DATA}}
INLINE = {"inlineData": {"mimeType": "image/png", "data": B64}}
FLASH, NEW = (
    f"/v1beta/models/{name}:generateContent"
    for name in ("gemini-3.1-flash-image", "gemini-nano-banana-2.1")
)
FAL, EDIT = "/fal-ai/nano-banana-2", "/fal-ai/nano-banana-2/edit"
ROUTER, OPENAI = "/v1/images", "/v1/images/generations"


def google(*parts, **image):
    """A body of Google's, with these parts and these settings of the picture."""
    settings = {"responseModalities": ["IMAGE"], "imageConfig": image}
    return {
        "contents": [{"role": "user", "parts": [*parts, {"text": "a banana"}]}],
        "generationConfig": settings,
    }


def router(**more):
    return {"model": "google/gemini-nano-banana-2.1", "prompt": "a banana", **more}


def fal(**more):
    return {"prompt": "a banana", **more}


def openai(**more):
    return {"model": "nano-banana-2", "prompt": "a banana", **more}


TAKEN = {
    "every size of 3.1": ("google", FLASH, google(imageSize="512", aspectRatio="1:8")),
    "references": ("google", FLASH, google(INLINE, INLINE)),
    "a search": ("google", FLASH, google() | {"tools": [{"googleSearch": {}}]}),
    "snake case": ("google", FLASH, {"contents": [{"parts": [{"text": "a"}]}]} | {
        "generation_config": {"image_config": {"aspect_ratio": "16:9"}, "thinking_config": {}}
    }),
    "no beta": ("google", FLASH.replace("v1beta", "v1"), google()),
    "all fields of OpenRouter": ("openrouter", ROUTER, router(
        aspect_ratio="16:9", resolution="2K", n=2, seed=7, input_references=[LINK]
    )),
    "a size": ("openrouter", ROUTER, router(size="1024x1024")),
    "as OpenAI's": ("openrouter", OPENAI, router()),
    "all fields of fal": ("fal", FAL, fal(
        aspect_ratio="auto", resolution="0.5K", num_images=4, seed=7, output_format="png",
        enable_web_search=True, thinking_level="high",
    )),
    "an edit": ("fal", EDIT, fal(image_urls=[DATA] * 14)),
    "2.1": ("fal", "/google/nano-banana-2.1", fal()),
    "a size that it drops": ("openai", OPENAI, openai(size="1000x1", response_format="url", n=4)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "path", "body"), TAKEN.values(), ids=TAKEN)
def test_what_a_service_takes_is_taken(name, path, body):
    with Sandbox(service=name) as running:
        answer = requests.post(running.url + path, json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        assert len(running.charges) == 1


REFUSED = {
    "a small k": ("google", FLASH, google(imageSize="2k"), 400, "imageSize"),
    "512 at 2.1": ("google", NEW, google(imageSize="512"), 400, "imageSize"),
    "a ratio": ("google", FLASH, google(aspectRatio="5:1"), 400, "aspectRatio"),
    "15 references": ("google", FLASH, google(*[INLINE] * 15), 400, "At most 14"),
    "no picture": (
        "google", FLASH, google({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}),
        400, "contents",
    ),
    "no type of it": ("google", FLASH, google({"inlineData": {"data": B64}}), 400, "contents"),
    "an unknown field": ("google", FLASH, google() | {"seed": 1}, 400, 'Unknown name "seed"'),
    "one inside": ("google", FLASH, google(size="1K"), 400, "'imageConfig'"),
    "no words": ("google", FLASH, {"contents": [{"parts": []}]}, 400, "prompt"),
    "no contents": ("google", FLASH, {}, 400, "contents is not specified"),
    "an unknown model": ("google", FLASH.replace("3.1", "9"), google(), 404, "is not found"),
    "size and ratio": (
        "openrouter", ROUTER, router(size="1x1", aspect_ratio="1:1"), 400, "together"
    ),
    "5 at once": ("openrouter", ROUTER, router(n=5), 400, "1 to 4"),
    "a seed of letters": ("openrouter", ROUTER, router(seed="a"), 400, "seed"),
    "0.5K": ("openrouter", ROUTER, router(resolution="0.5K"), 400, "resolution"),
    "an odd reference": ("openrouter", ROUTER, router(input_references=[DATA]), 400, "addresses"),
    "odd references": ("openrouter", ROUTER, router(input_references=7), 400, "addresses"),
    "its model": ("openrouter", ROUTER, router(model="banana"), 404, "No endpoints"),
    "512 at fal": ("fal", FAL, fal(resolution="512"), 422, "resolution"),
    "references, no edit": ("fal", FAL, fal(image_urls=[DATA]), 422, "Extra inputs"),
    "an edit of nothing": ("fal", EDIT, fal(), 422, "Field required"),
    "15 of them": ("fal", EDIT, fal(image_urls=[DATA] * 15), 422, "At most 14"),
    "an odd address": ("fal", EDIT, fal(image_urls=["banana.png"]), 422, "addresses"),
    "a GIF": ("fal", FAL, fal(output_format="gif"), 422, "output_format"),
    "another app": ("fal", "/fal-ai/banana", fal(), 404, "not found"),
    "nothing": ("openai", OPENAI, openai(prompt=""), 400, "prompt"),
    "a format": ("openai", OPENAI, openai(response_format="png"), 400, "response_format"),
    "an edit without": ("openai", "/v1/images/edits", openai(), 400, "Field required"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "path", "body", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_what_a_service_refuses_is_refused_and_costs_nothing(name, path, body, status, words):
    with Sandbox(service=name) as running:
        answer = requests.post(running.url + path, json=body, timeout=30)
        assert answer.status_code == status, answer.text
        assert words in answer.text.replace('\\"', '"')
        assert not running.charges


PATHS = {"google": FLASH, "openrouter": ROUTER, "fal": FAL, "openai": OPENAI}
BODIES = {"google": google, "openrouter": router, "fal": fal, "openai": openai}
HEADERS = {"google": ("x-goog-api-key", ""), "fal": ("Authorization", "Key ")}


@pytest.mark.parametrize("name", PATHS)
def test_a_key_opens_in_its_own_header_alone_and_is_not_kept(name):
    header, before = HEADERS.get(name, ("Authorization", "Bearer "))
    wrong = {"X-Key": "a-key"}, {header: f"{before}b-key"}, {header: f"Token {'a-key'}"}
    with Sandbox("a-key", service=name) as running:
        codes = []
        for headers in (*wrong, {header: f"{before}a-key"}):
            answer = requests.post(
                running.url + PATHS[name], json=BODIES[name](), headers=headers, timeout=30
            )
            codes.append(answer.status_code)
            assert "x-inference-id" not in answer.headers
        assert codes == [400 if name == "google" else 401] * 3 + [200]
        assert [each.authorized for each in running.posts] == [False] * 3 + [True]
        assert "a-key" not in str([each.headers for each in running.received[1:]])


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("trouble", ["400", "402", "429", "500"])
def test_an_error_has_the_shape_of_its_service(name, trouble):
    if name == "fal" and trouble == "500":
        return  # found when the work is done, see the queue
    with Sandbox(service=name, trouble=trouble) as running:
        answer = requests.post(running.url + PATHS[name], json=BODIES[name](), timeout=30)
    body = answer.json()
    if name == "google":
        error = (body[0] if trouble in {"402", "429"} else body)["error"]
        assert (error["code"], type(error["status"])) == (answer.status_code, str)
    elif name == "openrouter":
        assert body["error"]["code"] == answer.status_code == int(trouble)
    elif name == "openai":
        assert set(body["error"]) == {"message", "type", "param", "code"}
    else:
        assert isinstance(body["detail"], str)
        assert ("x-fal-error-type" in answer.headers) is (answer.status_code == 403)


@pytest.fixture
def queue():
    with Sandbox(service="fal") as running:
        yield running


def queued(running, prompt="a banana", path=FAL, **fields):
    answer = requests.post(running.url + path, json=fal(prompt=prompt, **fields), timeout=30)
    assert answer.json()["status"] == "IN_QUEUE"
    return answer.json()


def state_of(work):
    answer = requests.get(work["status_url"], timeout=30)
    return answer.status_code, answer.json()["status"]


ENDLESS = "a banana [trouble: queue-works]"


def test_work_in_the_queue_is_booked_when_it_is_done(queue):
    early = queued(queue, ENDLESS)
    assert requests.get(early["response_url"], timeout=30).status_code == 400
    assert not queue.charges
    work = queued(queue)
    assert len(queue.charges) == 1  # whether anybody asks for it or not
    assert state_of(work) == (200, "COMPLETED")
    results = [requests.get(work["response_url"], timeout=30).json() for _ in range(2)]
    assert results[0] == results[1]  # it can be fetched again
    (image,) = results[0]["images"]
    assert Image.open(BytesIO(requests.get(image["url"], timeout=30).content)).size == (1024, 1024)
    assert len(queue.charges) == 1


def test_work_that_is_given_up_in_time_costs_nothing_and_is_gone(queue):
    work, done = queued(queue, ENDLESS), queued(queue)
    assert requests.put(work["cancel_url"], timeout=30).status_code == 202
    assert requests.get(work["status_url"], timeout=30).status_code == 404
    late = requests.put(done["cancel_url"], timeout=30)
    assert (late.status_code, late.json()["status"]) == (400, "ALREADY_COMPLETED")
    assert requests.get(done["response_url"], timeout=30).status_code == 200
    assert len(queue.charges) == 1


def test_work_takes_its_time():
    with Sandbox(service="fal", delay=0.3) as running:
        work, seen = queued(running), set()
        while (now := state_of(work)) != (200, "COMPLETED"):
            seen.add(now)
        assert seen <= {(202, "IN_QUEUE"), (202, "IN_PROGRESS")}
        assert len(running.charges) == 1


@pytest.mark.parametrize(
    ("trouble", "state", "status"),
    [
        ("500", "COMPLETED", 500),
        ("refusal", "COMPLETED", 422),
        ("queue-failed", "FAILED", 500),
        ("queue-error", "COMPLETED", 200),
        ("queue-gone", "COMPLETED", 404),
        ("queue-gone 410", "COMPLETED", 410),
    ],
)
def test_what_goes_wrong_in_the_queue_is_met_at_the_result(trouble, state, status):
    with Sandbox(service="fal", trouble=trouble) as running:
        work = queued(running)
        assert state_of(work) == (200, state)
        answer = requests.get(work["response_url"], timeout=30)
        assert answer.status_code == status
        assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("trouble", "state"), [("queue-stays", "QUEUE"), ("queue-works", "PROGRESS")]
)
def test_work_can_stay_where_it_is_for_ever(trouble, state):
    with Sandbox(service="fal", trouble=trouble) as running:
        assert state_of(queued(running)) == (202, f"IN_{state}")
        assert not running.charges


@pytest.mark.parametrize("name", SPOKEN)
def test_a_trouble_that_a_service_has_not_is_refused_with_those_that_it_has(name):
    with pytest.raises(ValueError, match="one of: slow") as raised:
        Sandbox(service=name, trouble="queue-9")
    said = str(raised.value)
    assert ("queue-gone" in said) is (name == "fal")
    assert ("link-404" in said) is (name in {"aimlapi", "fal", "openai"})
    assert all(each in said for each in troubles_of(name))


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("what", [{"management_key": "k"}, {"retired": {"2": "withdrawn"}}])
def test_what_the_ai_ml_api_alone_has_is_refused_of_others(name, what):
    with pytest.raises(ValueError, match="alone"):
        Sandbox(service=name, **what)


def command(*arguments):
    return [sys.executable, "-m", "nb_banana.sandbox", *arguments]


def test_the_command_says_how_a_notebook_uses_a_service():
    with subprocess.Popen(
        command("--service", "google", "--trouble", "503"), stdout=subprocess.PIPE, text=True
    ) as started:
        try:
            line = started.stdout.readline()
            url = line.split()[2]
            assert f'nb_banana.configure(service="google", base_url="{url}")' in line
            assert requests.post(url + FLASH, json=google(), timeout=30).status_code == 503
        finally:
            started.kill()


@pytest.mark.parametrize(
    "wrong",
    [["--service", "gogle"], ["--trouble", "link-404"], ["--retire", "2"]],
)
def test_the_command_refuses_what_a_service_has_not(wrong):
    done = subprocess.run(
        command("--service", "google", *wrong), capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "error: " in done.stderr
