"""The oldest versions that are promised: `make test-floor` runs this and more on them.

An install in Google Colab must change nothing there: with another IPython its own package can't be
imported any more.
"""

import time
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from nb_banana.widgets.form import Form
from tests.support.kernels import started_kernel

ROOT = Path(__file__).parent.parent
PINS = {
    each.name: next(iter(each.specifier)).version
    for line in (ROOT / "tests" / "floor.txt").read_text("utf-8").splitlines()
    if "==" in line and (each := Requirement(line))
}
PATIENCE = 180


def wanted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    # A page is built where there is a newer Jupyter; whoever opens it has nothing installed.
    tried = [extras[name] for name in extras if name != "site"]
    return list(map(Requirement, chain(project["dependencies"], *tried)))


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_what_we_ask_for_is_satisfied_by_the_oldest_versions(requirement):
    if requirement.name == "distributed":  # nobody tries it there
        pytest.skip("not among the oldest versions")
    assert PINS[requirement.name] in requirement.specifier


@pytest.fixture
def kernel():
    manager, client = started_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def news(client, *, until):
    """What the kernel publishes, up to the first message for which something holds."""
    deadline = time.monotonic() + PATIENCE
    found = []
    while not found or not until(found[-1]):
        assert time.monotonic() < deadline, [each["msg_type"] for each in found]
        found.append(client.get_iopub_msg(timeout=PATIENCE))
    return found


def run(client, code):
    """What a cell publishes."""
    asked = client.execute(code)

    def is_idle(message):
        state = message["content"].get("execution_state")
        return state == "idle" and message["parent_header"].get("msg_id") == asked

    return news(client, until=is_idle)


def tell(client, comm_id, **data):
    """A message of a widget in the browser to its half in the kernel."""
    message = client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
    client.shell_channel.send(message)


def test_a_panel_draws_what_the_browser_asks_for(kernel):
    """With the messages that a real front end sends, through a real kernel."""
    shown = run(kernel, "%load_ext nb_banana\n%banana")
    opened = [each["content"] for each in shown if each["msg_type"] == "comm_open"]
    panel = next(each for each in opened if "prompt" in each["data"]["state"])
    comm_id, state = panel["comm_id"], panel["data"]["state"]
    assert "export default" in state["_esm"]
    views = [each["content"]["data"] for each in shown if each["msg_type"] == "display_data"]
    view = next(each for each in views if "application/vnd.jupyter.widget-view+json" in each)
    assert view["application/vnd.jupyter.widget-view+json"]["model_id"] == comm_id

    changed = {"prompt": "a banana on a beach", "name": "beach", "aspect_ratio": "16:9"}
    form = {name: state[name] for name in vars(Form())} | changed
    tell(kernel, comm_id, method="update", state=changed, buffer_paths=[])
    tell(kernel, comm_id, method="custom", content={"do": "generate", "form": form})

    def told(message):
        is_ours = message["content"].get("comm_id") == comm_id
        return message["content"]["data"] if is_ours else {}

    came = news(kernel, until=lambda each: told(each).get("state", {}).get("busy") == {})
    states = [told(each).get("state", {}) for each in came]
    assert not [each["message"] for each in states if each.get("message", {}).get("text")]
    (result,) = next(each["results"] for each in states if each.get("results"))
    assert "1376×768" in result["caption"]

    def is_its_picture(message):
        return told(message).get("content", {}).get("thumbnail") == result["thumbnail"]

    sent = [each for each in came if is_its_picture(each)]  # by a thread: before or after
    sent = sent or news(kernel, until=is_its_picture)
    assert bytes(sent[-1]["buffers"][0]).startswith(b"\xff\xd8\xff")
    said = run(kernel, "print(beach.size, beach.sandbox)")
    assert "(1376, 768) True\n" in "".join(each["content"].get("text", "") for each in said)
