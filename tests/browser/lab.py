"""A real JupyterLab and Notebook 7, which one server has, in a real Chromium.

`running_server` starts it, a `Lab` opens notebooks in it, and a `LabPage` is one of them:

    page = lab.open(["answer = 42", "answer"])
    page.run_all()
    expect(page.output(1)).to_contain_text("42")
    lab.open(page.save(), name="strange", app="notebook", trusted=False)
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import nbformat
import requests
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from tests.safety import LIGHTER

expect.set_options(timeout=60_000)  # ms; a slow machine is no failure
HELD = """import pathlib, time
from nb_banana.sandbox import painter
def _held(prompt, *asked, paint=painter.paint):
    while "held" in prompt and not pathlib.Path("go").exists():
        time.sleep(0.02)
    return paint(prompt, *asked)
painter.paint = _held"""
"""Run by a kernel: no picture of a prompt with ``held`` comes while its page holds it."""
KEY_VARIABLES = ("AIMLAPI_KEY", "AIMLAPI_API_KEY", "AIML_API_KEY")
SETTINGS = {
    # "Would you like to get notified about official Jupyter news?" comes in spite of news_url=None.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Otherwise a cell that is not in sight is not in the page, and cells cannot be counted.
    "notebook-extension/tracker": {"windowingMode": "none"},
}
App = Literal["lab", "notebook"]
PATHS: dict[App, str] = {"lab": "lab/tree", "notebook": "notebooks"}
WIDE, NARROW, PROJECTOR = (1280, 900), (480, 800), (1024, 512)
"""Windows: as a person's, half of one, and a projector's at 150 %."""
WINDOW: ViewportSize = {"width": WIDE[0], "height": WIDE[1]}
KERNELSPEC = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
}

NOTEBOOK = "window.jupyterapp.shell.currentWidget"
# data-status="idle" stands in the page before the kernel is connected; what is run then is lost.
KERNEL_IS_READY = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    const kernel = context?.session?.kernel;
    const connected = kernel?.connectionStatus === 'connected';
    return !!(context?.isReady && connected && kernel.status === 'idle');
}"""
FORGET_PROMPTS = f"""indices => indices.forEach(index => {{
    {NOTEBOOK}.content.widgets[index].model.executionCount = null;
}})"""
CODE_CELLS = f"""() => {NOTEBOOK}.content.widgets.map((cell, index) => [cell.model, index])
    .filter(([model]) => model.type === 'code' && model.sharedModel.source.trim())
    .map(([, index]) => index)"""
OUTPUTS = f"index => {NOTEBOOK}.content.widgets[index].model.outputs.toJSON()"
# JupyterLab takes seconds to start. The next notebook is opened in a window that has none open.
IS_FREE = """() => {
    const app = window.jupyterapp;
    const open = app && [...app.shell.widgets('main')].some(each => each.context);
    return app?.name === 'JupyterLab' && !open && !document.querySelector('.jp-Dialog');
}"""
OPEN = """async path => {
    const app = window.jupyterapp;
    if (app.shell.leftCollapsed) app.shell.expandLeft();
    await app.commands.execute('docmanager:open', { path });
}"""
CLOSE_ALL = """() => [...(window.jupyterapp?.shell.widgets('main') ?? [])].forEach(each => {
    if (each.context) each.context.model.dirty = false;
    each.close();
})"""
RUN_ALL = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
HIDE_SIDEBAR = """() => {
    if (!window.jupyterapp.shell.leftCollapsed) window.jupyterapp.shell.collapseLeft();
}"""
SET_THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
# With a new theme JupyterLab hides itself for a moment, to be drawn anew.
HAS_THEME = """name => document.body.dataset.jpThemeName === name
    && !window.jupyterapp.shell.isHidden"""


class CellError(AssertionError):
    """A cell ended with an error, which the message names."""


def clean_environment(outer: Mapping[str, str], home: Path) -> dict[str, str]:
    """The server's variables: folders below `home`, no way to a person's key or library."""
    kept = {name: value for name, value in outer.items() if not name.startswith("JUPYTER")}
    for name in KEY_VARIABLES:
        kept.pop(name, None)
    return kept | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "no",  # our kernelspec in JUPYTER_DATA_DIR goes first
        "IPYTHONDIR": str(home / "ipython"),
        "XDG_CONFIG_HOME": str(home / "xdg-config"),
        "XDG_DATA_HOME": str(home / "xdg-data"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


@dataclass(frozen=True)
class Server:
    """A JupyterLab server that runs below `home`; notebooks live in `root`."""

    url: str
    token: str = field(repr=False)
    home: Path

    @property
    def root(self) -> Path:
        return self.home / "notebooks"

    def request(self, method: str, path: str) -> Any:
        """Call the server's REST API: `request("GET", "kernels")`."""
        headers = {"Authorization": f"token {self.token}"}
        response = requests.request(method, f"{self.url}/api/{path}", headers=headers, timeout=60)
        response.raise_for_status()
        return response.json() if response.content else None

    def write_kernelspec(self, env: Mapping[str, str]) -> None:
        """Give the kernels that start from now on these variables."""
        path = self.home / "data/kernels/python3/kernel.json"
        write_json(path, KERNELSPEC | {"env": dict(env)})

    def write_settings(self) -> None:
        """Put the settings back to what every notebook starts from, the light theme too."""
        folder = self.home / "settings/@jupyterlab"
        (folder / "apputils-extension/themes.jupyterlab-settings").unlink(missing_ok=True)
        for name, values in SETTINGS.items():
            write_json(folder / f"{name}.jupyterlab-settings", values)

    def judge(self, path: Path, trusted: bool) -> None:
        """Say whether the outputs in a notebook's file are one's own."""
        notebook = nbformat.read(path, as_version=4)
        with NotebookNotary(data_dir=str(self.home / "data")) as notary:
            (notary.sign if trusted else notary.unsign)(notebook)


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_server(home: Path, tries: int = 3) -> Iterator[Server]:
    """Start JupyterLab on a free loopback port, and end it with all its kernels."""
    (home / "notebooks").mkdir()
    for left in reversed(range(tries)):
        server = Server(f"http://127.0.0.1:{free_port()}", secrets.token_hex(), home)
        server.write_settings()
        process = start(server)
        try:
            wait_until_up(server, process)
        except RuntimeError:
            was_taken = process.poll() is not None  # by somebody else, since it was free
            stop(process)
            if not (was_taken and left):
                raise
        except BaseException:
            stop(process)
            raise
        else:
            break
    try:
        yield server
    finally:
        stop(process)


def start(server: Server) -> subprocess.Popen[bytes]:
    """Begin JupyterLab, as the leader of a group."""
    home, port = server.home, urlsplit(server.url).port
    env = clean_environment(os.environ, home) | {"JUPYTER_TOKEN": server.token}
    with (home / "server.log").open("w") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-c", f"{LIGHTER}import jupyterlab.labapp as lab; lab.main()"),
                *("--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
                f"--ServerApp.root_dir={server.root}",
                "--LabApp.expose_app_in_browser=True",
                "--JupyterNotebookApp.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
            ],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until_up(server: Server, process: subprocess.Popen[bytes], timeout: float = 180) -> None:
    deadline = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.request("GET", "status")
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    log = (server.home / "server.log").read_text()
    raise RuntimeError(f"JupyterLab did not start. The end of its log:\n{log[-2000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the group that `process` leads: politely first, so that the server ends its kernels."""
    for way in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, way)
            process.wait(timeout=10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        return


class Lab:
    """Opens notebooks on a server, in one browser context; `close` ends what it opened."""

    def __init__(self, server: Server, context: BrowserContext, env: Mapping[str, str]) -> None:
        self.server = server
        self.context = context
        self.env = env
        self.pages: list[LabPage] = []

    def open(
        self,
        notebook: NotebookNode | Sequence[str],
        name: str = "notebook",
        *,
        app: App = "lab",
        trusted: bool = True,
    ) -> LabPage:
        """Write the notebook (or code cells) as NAME.ipynb, open it, and wait for its kernel.

        The outputs that it comes with are a stranger's where it is not `trusted`.
        """
        if not isinstance(notebook, NotebookNode):
            notebook = new_notebook(cells=[new_code_cell(source) for source in notebook])
        notebook.metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3"})
        path = self.server.root / f"{name}.ipynb"
        nbformat.write(notebook, path)
        self.server.judge(path, trusted)
        self.server.write_settings()
        self.server.write_kernelspec(self.env)
        free = (each for each in self.context.pages if app == "lab" and each.evaluate(IS_FREE))
        window = next(free, None)
        page = LabPage(self.server, window or self.context.new_page(), path, app)
        self.pages.append(page)
        if window is None:
            page.load()
        else:
            page.show()
        return page

    def close(self) -> None:
        while self.pages:
            self.pages.pop().close()


class LabPage:
    """One open notebook. Cells are counted from 0, markdown cells too; timeouts are in seconds."""

    def __init__(self, server: Server, page: Page, path: Path, app: App = "lab") -> None:
        self.server = server
        self.page = page
        self.path = path
        self.app = app
        self.is_fresh = True
        """Whether the kernel is a new one. Who runs what comes first in it says that it is not."""

    def load(self) -> None:
        """Open the notebook's file, or open it again: it comes as it was saved."""
        address = f"{self.server.url}/{PATHS[self.app]}/{self.path.name}"
        self.page.goto(f"{address}?reset&token={self.server.token}", timeout=60_000)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        self.wait_for_kernel()

    def show(self) -> None:
        """Open the notebook in a JupyterLab that runs already, and looks as if just started."""
        self.page.emulate_media(media="screen", forced_colors="none")
        self.viewport(*WIDE)
        self.page.evaluate(OPEN, self.path.name)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        self.wait_for_kernel()
        self.set_theme("light")

    def reopen(self, *, trusted: bool = True) -> None:
        """Close it in its JupyterLab, end its kernel, and open its file again as it was saved."""
        self.server.judge(self.path, trusted)
        self.close()
        self.page.wait_for_function(IS_FREE)
        self.show()

    def wait_for_kernel(self, timeout: float = 60) -> None:
        self.page.wait_for_function(KERNEL_IS_READY, timeout=timeout * 1000)
        self.is_fresh = True

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def prompt(self, index: int) -> Locator:
        """What stands left of the cell: `[ ]:`, `[*]:` or `[3]:`."""
        return self.cell(index).locator(".jp-InputPrompt")

    def output(self, index: int) -> Locator:
        """All that stands under the cell, with the prompt of its value: mind `to_contain_text`."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def hold(self) -> None:
        """No picture of a prompt with ``held`` comes from now on, where `HELD` was run."""
        (self.server.root / "go").unlink(missing_ok=True)

    def let_go(self) -> None:
        """They come."""
        (self.server.root / "go").touch()

    def run_cell(self, index: int, timeout: float = 60) -> None:
        """Run the cell as a person does, and wait for its end; an error in it is `CellError`."""
        self.start_cell(index)
        self.wait_for_cell(index, timeout)

    def run_all(self, timeout: float = 60) -> None:
        """Run All Cells; `timeout` is for each. Stops at the first cell that is `CellError`."""
        cells = self.page.evaluate(CODE_CELLS)
        self.page.evaluate(FORGET_PROMPTS, cells)
        self.page.evaluate(RUN_ALL)
        for index in cells:
            self.wait_for_cell(index, timeout)

    def start_cell(self, index: int) -> None:
        """Press Ctrl+Enter in the cell: Shift+Enter would add a cell below the last one."""
        self.page.evaluate(FORGET_PROMPTS, [index])
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def wait_for_cell(self, index: int, timeout: float = 60) -> None:
        """Wait until the prompt reads [n]; an error in the cell's outputs is `CellError`."""
        expect(self.prompt(index)).to_have_text(re.compile(r"^\[\d+\]"), timeout=timeout * 1000)
        for output in self.page.evaluate(OUTPUTS, index):
            if output["output_type"] == "error":
                raise CellError(f"Cell {index}: {output['ename']}: {output['evalue']}")

    def save(self) -> NotebookNode:
        """Save the notebook and read it back from its file."""
        self.page.evaluate(f"() => {NOTEBOOK}.context.save()")
        return self.saved

    @property
    def saved(self) -> NotebookNode:
        """The notebook as its file has it."""
        return nbformat.read(self.path, as_version=4)

    def restart_kernel(self) -> None:
        """Restart through the page's own REST call: the page would not hear of one of ours."""
        self.page.evaluate(f"() => {NOTEBOOK}.sessionContext.restartKernel()")
        self.wait_for_kernel()

    def shutdown_kernel(self) -> None:
        for session in self.server.request("GET", "sessions"):
            if session["path"] == self.path.name:
                self.server.request("DELETE", f"sessions/{session['id']}")

    def set_theme(self, theme: str) -> None:
        """Choose "dark" or "light"; the next notebook that is opened is light again."""
        name = f"JupyterLab {theme.title()}"
        self.page.evaluate(SET_THEME, name)
        self.page.wait_for_function(HAS_THEME, arg=name)

    def hide_sidebar(self) -> None:
        """Give the notebook the whole of JupyterLab's window, as a narrow one needs it."""
        self.page.evaluate(HIDE_SIDEBAR)
        self.page.locator("#jp-left-stack").wait_for(state="hidden")

    def viewport(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def screenshot(self, path: Path, of: Locator | None = None, *, moving: bool = False) -> None:
        """Write a PNG of the window, or of one part of it; animations are at their end."""
        (of or self.page).screenshot(path=path, animations="allow" if moving else "disabled")

    def close(self) -> None:
        """Close the notebook; its window stays for the next one."""
        if self.app == "lab" and not self.page.is_closed():
            self.page.evaluate(CLOSE_ALL)
        else:
            self.page.close()
        self.shutdown_kernel()
