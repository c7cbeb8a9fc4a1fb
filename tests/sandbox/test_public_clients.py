"""The public clients of Google and OpenAI work against the sandbox as they do against the services.

Each runs in a process of its own, which can reach nothing but this machine.
"""

import json
import subprocess
import sys

from nb_banana.sandbox import Sandbox
from tests.conftest import KEY
from tests.support.servers import picture

WORKER = """
import io, json, sys

def loopback_alone(event, given):
    if event == "socket.connect" and not str(given[1][0]).startswith(("127.", "/")):
        raise OSError("there is no network here")

sys.addaudithook(loopback_alone)
from PIL import Image

url, key, where = sys.argv[1:]
told = {}

def size(data):
    return Image.open(io.BytesIO(data)).size

def failing(name, work, kind):
    try:
        work()
    except kind as error:
        told[name] = [type(error).__name__, getattr(error, "code", None), str(error)]
"""

GOOGLE = """
from google import genai
from google.genai import errors, types

def client(key=key):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))

def draw(contents, model="gemini-3.1-flash-image", by=client(), **image):
    image = types.ImageConfig(**image)
    config = types.GenerateContentConfig(response_modalities=["IMAGE"], image_config=image)
    return by.models.generate_content(model=model, contents=contents, config=config)

def pictures(answer):
    parts = [each for each in answer.candidates[0].content.parts or [] if each.inline_data]
    return [size(each.inline_data.data) for each in parts if not each.thought]

answer = draw("a banana", aspect_ratio="16:9", image_size="2K")
told["drawn"] = pictures(answer)
told["tokens"] = answer.usage_metadata.prompt_token_count
with Image.open(where) as reference:
    with_reference = draw([reference, "as this"])
told["edited"] = pictures(with_reference)
told["tokens with a reference"] = with_reference.usage_metadata.prompt_token_count
refused = draw("a banana [trouble: refusal]")
told["refused"] = str(refused.candidates[0].finish_reason)
blocked = draw("a banana [trouble: refusal-null]")
told["blocked"] = str(blocked.prompt_feedback.block_reason)
small = dict(image_size="512", model="gemini-nano-banana-2.1")
failing("a wrong size", lambda: draw("a banana", **small), errors.ClientError)
failing("a wrong model", lambda: draw("a banana", "banana-9"), errors.ClientError)
failing("a wrong key", lambda: draw("a banana", by=client("another")), errors.ClientError)
failing("too many", lambda: draw("a banana [trouble: 429]"), errors.ClientError)
failing("its failure", lambda: draw("a banana [trouble: 503]"), errors.ServerError)
print(json.dumps(told))
"""

OPENAI = """
import base64
import openai

def client(key=key):
    return openai.OpenAI(api_key=key, base_url=url + "/v1", max_retries=0)

def draw(prompt, by=client(), **asked):
    return by.images.generate(model="nano-banana-2", prompt=prompt, **asked)

def edit(images):
    asked = dict(model="nano-banana-2", prompt="as these", size="1536x2752")
    return client().images.edit(image=images, **asked)

def pictures(answer):
    return [size(base64.b64decode(each.b64_json)) for each in answer.data]

told["drawn"] = pictures(draw("a banana", size="2752x1536", n=2))
told["a size that it does not know"] = pictures(draw("a banana", size="1000x1000"))
told["link"] = draw("a banana", response_format="url").data[0].url
raw = client().images.with_raw_response.generate(model="nano-banana-2", prompt="a banana")
told["cost"] = raw.headers["x-litellm-response-cost"]
one, other = open(where, "rb"), open(where, "rb")
told["edited"] = pictures(edit([one, other]))
told["edited one"] = pictures(edit(open(where, "rb")))
failing("a wrong count", lambda: draw("a banana", n=9), openai.BadRequestError)
failing("a wrong key", lambda: draw("a banana", client("another")), openai.AuthenticationError)
failing("too many", lambda: draw("a banana [trouble: 429]"), openai.RateLimitError)
failing("its failure", lambda: draw("a banana [trouble: 500]"), openai.InternalServerError)
failing("a page", lambda: draw("a banana [trouble: 502-gateway]"), openai.InternalServerError)
failing("a drop", lambda: draw("a banana [trouble: drop-after]"), openai.APIConnectionError)
print(json.dumps(told))
"""


def told_by(worker, service, tmp_path):
    """What a client says of a sandbox, and the sandbox."""
    where = tmp_path / "reference.png"
    where.write_bytes(picture())
    with Sandbox(KEY, service=service) as running:
        command = [sys.executable, "-c", WORKER + worker, running.url, KEY, str(where)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1]), running


def test_the_client_of_google_draws_edits_and_is_refused(tmp_path):
    told, running = told_by(GOOGLE, "google", tmp_path)
    assert told["drawn"] == [[2752, 1536]]
    assert told["edited"] == [[1024, 1024]]
    assert told["tokens with a reference"] == told["tokens"] + 1120
    assert "IMAGE_SAFETY" in told["refused"]
    assert "PROHIBITED_CONTENT" in told["blocked"]
    codes = {name: told[name][1] for name in told if name.startswith(("a wrong", "too", "its"))}
    wrong = {"a wrong size": 400, "a wrong model": 404, "a wrong key": 400}
    assert codes == {**wrong, "too many": 429, "its failure": 503}
    assert "API key not valid" in told["a wrong key"][2]
    assert "RESOURCE_EXHAUSTED" in told["too many"][2]
    assert len(running.charges) == 4  # two of them for their tokens alone
    assert all(each.authorized for each in running.posts[:4])


def test_the_client_of_openai_draws_edits_several_and_is_refused(tmp_path):
    told, running = told_by(OPENAI, "openai", tmp_path)
    assert told["drawn"] == [[2752, 1536]] * 2
    assert told["a size that it does not know"] == [[1024, 1024]]
    assert told["link"].startswith(f"{running.api.url}/generations/")
    assert told["cost"] == "0.067000000"
    assert told["edited"] == told["edited one"] == [[1536, 2752]]
    kinds = {name: told[name][0] for name in told if name.startswith(("a wrong", "too", "its"))}
    assert kinds == {
        "a wrong count": "BadRequestError",
        "a wrong key": "AuthenticationError",
        "too many": "RateLimitError",
        "its failure": "InternalServerError",
    }
    assert told["a drop"][0] == "APIConnectionError"
    assert told["a page"][0] == "InternalServerError"
    assert len(running.charges) == 7
