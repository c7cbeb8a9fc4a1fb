"""A plain script says on its terminal, or to who reads its log, what a notebook would show."""

import io
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import nb_banana
from nb_banana.sandbox import Sandbox
from nb_banana.settings import settings

SCRIPT = """
nb_banana.generate("a fox")
nb_banana.generate("a fox")
many = nb_banana.generate_many(["a cat", "a dog [trouble: refusal]"])
nb_banana.generate("a mug", background=True).wait()
nb_banana.generate("a secret", quiet=True)
nb_banana.sweep("a {{colour}} secret", colour=["red", "blue"], quiet=True)
nb_banana.configure(quiet=True)
nb_banana.generate("another secret")
many.retry()
print("the script's own output")
"""


def on_a_terminal(
    script: str, service: Sandbox, seen: dict[str, str], columns: int = 100
) -> tuple[str, str]:
    """What a script writes to a terminal that is its stderr, and to its stdout.

    ``seen`` has by their prompts the pictures that come when what is named there is to be read.
    """
    termios = pytest.importorskip("termios", reason="this system has no terminals of that kind")
    import pty

    handle, shown = service.api.handle, {prompt: threading.Event() for prompt in seen}

    def answer(request):
        response = handle(request)
        for prompt, is_shown in shown.items():
            if f'"{prompt}"'.encode() in request.body:
                is_shown.wait(60)
        return response

    service.api.handle = answer
    reads, writes = pty.openpty()
    termios.tcsetwinsize(writes, (30, columns))
    start = f"import nb_banana\nnb_banana.configure(base_url={service.url!r})\n"
    with subprocess.Popen(
        [sys.executable, "-c", start + script],
        stdout=subprocess.PIPE,
        stderr=writes,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    ) as process:
        os.close(writes)
        said = b""
        try:
            while more := os.read(reads, 65536):
                said += more
                for prompt, words in seen.items():
                    if re.search(words, said.decode(errors="ignore")):
                        shown[prompt].set()
        except OSError:  # how Linux says that nobody writes any more
            pass
        os.close(reads)
        output = process.stdout.read()
    assert process.returncode == 0
    return said.decode(), output


def test_on_a_terminal_a_script_says_on_stderr_what_it_draws_and_what_came(service):
    drawing = r"\r(\x1b\[K)?nano-banana-2 is drawing … \d+ s"
    many = r"\r\x1b\[K██████░░░░░░ 1 of 2 pictures · 1 failed · \$0 · \d+ s\r"
    said, output = on_a_terminal(SCRIPT, service, {"a fox": drawing, "a cat": many[:-2]})
    assert output == "the script's own output\n"
    assert re.search(drawing, said)
    assert re.search(many, said)
    lines = [re.split(r"\r|\x1b\[K", line.rstrip("\r"))[-1] for line in said.split("\n")]
    lines = [re.sub(r" · /.*", " · PATH", re.sub(r"\d+\.\d s", "N s", line)) for line in lines]
    mine = "SANDBOX, no AI model"
    plain = f"{mine} · 1024×1024 · nano-banana-2"
    paid = f"{plain} · N s · $0.089 play money · PATH"
    assert [re.sub(r"made \d{4}-\d\d-\d\d", "made DAY", line) for line in lines if line] == [
        paid,
        f"{plain} · from your library · $0 · made DAY · PATH",
        "2 pictures, about $0.18 play money",
        f"{mine} · 1 picture · 1 failed · $0.089 play money",
        next(line for line in lines if line.startswith("[1] failed: The model made no picture")),
        paid,
    ]


def test_of_a_batch_a_narrow_terminal_has_one_line_that_is_written_over(service):
    script = (  # one after the other: the second begins when there is something to be shown
        "nb_banana.configure(concurrency=1)\nnb_banana.generate_many(['a cat', 'a dog'])"
    )
    said, _ = on_a_terminal(script, service, {"a dog": "█ *░"}, columns=40)
    shown = [line for line in re.split(r"\r\x1b\[K|\n", said) if "of 2 pictures · $0" in line]
    assert {len(line) for line in shown} == {39}
    # Before the first picture came, or in the moment after the last, it says 0 or 2.
    half = [line for line in shown if line.startswith("██████░")]
    assert half
    assert all(line.startswith("██████░░░░░░ 1 of 2 pictures · $0") for line in half)


def drawn(**options):
    nb_banana.generate("a banana", **options)


def many(**options):
    nb_banana.generate_many(["a banana", "a fox"], **options)


def swept(**options):
    nb_banana.sweep("a {{x}}", x=["banana", "fox"], **options)


def later(**options):
    nb_banana.generate("a banana", background=True, **options).wait()
    for each in threading.enumerate():
        if each.name == "nb_banana":  # it says what came after it has handed it over
            each.join()


def edited(**options):
    nb_banana.edit(nb_banana.generate("a banana", quiet=True), "at night", **options)


@pytest.mark.parametrize("door", [drawn, many, swept, later, edited])
def test_where_no_terminal_is_the_log_has_the_same_lines_and_quiet_turns_them_off(
    service, caplog, capfd, door
):
    with caplog.at_level(logging.INFO, "nb_banana"):
        door(quiet=True)
        assert not caplog.messages
        door(fresh=True)
        told = list(caplog.messages)
        settings.quiet = True
        door(fresh=True)
    assert any(line.startswith("SANDBOX, no AI model · ") for line in told)
    assert ("2 pictures, about $0.18" in told[0]) == (door in {many, swept})
    assert caplog.messages == told
    assert capfd.readouterr() == ("", "")


def test_a_script_whose_log_nobody_reads_asks_for_no_price_and_says_nothing(service, caplog, capfd):
    many()
    assert not caplog.messages
    assert not [each for each in service.received if each.path == "/v1/models"]
    assert capfd.readouterr() == ("", "")


def test_what_failed_in_the_background_is_raised_where_it_is_used_and_not_said(service, caplog):
    with caplog.at_level(logging.INFO, "nb_banana"):
        late = nb_banana.generate("a dog [trouble: refusal]", background=True)
        with pytest.raises(nb_banana.errors.RefusalError):
            late.wait()
    assert not caplog.messages


def test_quiet_is_yes_or_no_and_nothing_is_sent_before_it_is_known(service):
    with pytest.raises(nb_banana.errors.RequestError, match=r"^quiet is True or False"):
        drawn(quiet=np.zeros(2))
    assert not service.posts


@pytest.mark.parametrize("error_output", ["None", "closed"])
def test_a_script_without_an_error_output_draws_all_the_same(tmp_path, error_output):
    lose = "sys.stderr = None" if error_output == "None" else "sys.stderr.close()"
    script = textwrap.dedent(f"""
        import sys, nb_banana
        {lose}
        print(len(nb_banana.generate_many(["a fox", "a cat"]).images))
    """)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_DATA_HOME": str(tmp_path)},
        check=True,
    )
    assert done.stdout == "2\n"


class HungUp(io.StringIO):
    """A terminal whose window was closed."""

    def isatty(self):
        return True

    def write(self, _text):
        raise OSError(5, "Input/output error")

    flush = write


class Raising(logging.Handler):
    """A handler of the person's that fails."""

    def emit(self, _record):
        raise RuntimeError("no handler for this")

    flush = close = lambda _self, *_: None


@pytest.mark.parametrize("lost", ["terminal", "log"])
def test_where_nothing_can_be_said_no_picture_is_lost(service, monkeypatch, lost):
    if lost == "terminal":
        monkeypatch.setattr(HungUp, "flush", lambda self: self.write(""))
        monkeypatch.setattr(sys, "stderr", HungUp())
    else:
        monkeypatch.setattr(logging.getLogger("nb_banana"), "handlers", [Raising()])
        monkeypatch.setattr(logging.getLogger("nb_banana"), "level", logging.INFO)
    assert nb_banana.generate("a fox [trouble: slow 1.5]").came == "made"
    assert len(nb_banana.generate_many(["a cat", "an owl [trouble: slow 1.5]"]).images) == 2
    assert nb_banana.generate("a mug", background=True).wait().came == "made"
    assert len(service.posts) == 4
