"""Whatever is given, it works or it ends in an error of ours: nothing raw, nothing endless."""

import io
import itertools
import json
import os
import re
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from IPython.utils.capture import capture_output

import nb_banana
from nb_banana import configure, errors
from nb_banana._default import client
from nb_banana.notebook import parser
from nb_banana.notebook.call import read_call
from nb_banana.notebook.options import OPTIONS
from tests.support.amount import rounds
from tests.support.pictures import encode, picture, with_chunk
from tests.support.servers import ending
from tests.support.shells import ipython_shell

SAFE = rules(
    deadline=None,
    max_examples=rounds(25, 100),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def nothing_is_drawn(tmp_path, monkeypatch):
    configure(backend="library", base_url="http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def tried(call, *values, **options):
    """Make a call, which works or raises an error of ours."""
    with suppress(errors.BananaError, errors.Interrupted):
        call(*values, **options)


def refused(call, *values, **options):
    """The words of the error that a call raises."""
    with pytest.raises(errors.BananaError) as caught:
        call(*values, **options)
    return str(caught.value)


class Odd:
    """A value that raises whatever is asked of it."""

    def __str__(self, *values, **options):
        raise RuntimeError("no")

    __array__ = __eq__ = __hash__ = _repr_png_ = __str__

    def __repr__(self):
        return "Odd()"


class NoPath(os.PathLike):
    __fspath__ = Odd.__str__


class Mute(Odd):
    __repr__ = Odd.__str__


ENDLESS = []
ENDLESS.append(ENDLESS)
ROUND = {}
ROUND["round"] = ROUND
DEEP = json.loads("[" * 900 + "]" * 900)
NAMES = {
    "cat": picture(),
    "cats": [picture(), picture(50, 50)],
    "endless": ENDLESS,
    "odd": Odd(),
    "huge": 10**5000,
    "nan": float("nan"),
    "infinite": float("inf"),
    "text": "{{text}}",
}
WORDS = [flag for option in OPTIONS for flag in option.flags] + [
    *("{{cat}}", "{{endless}}", "{{odd}}", "{{huge}}", "{{nan}}", "{{infinite}}", "{{text}}"),
    *("{{", "}}", "{%", "'", '"', "\\", "\0", "=", "9" * 5000, "1e999", "nan", "-1", "16:9"),
    *("a" * 300, "~nobody/a", "/", "x=" + "[" * 5000, "x=" + "9" * 5000, "x=NaN", "x=1", "a\ud800"),
    *("take=1,2", "text=a,b", "aspect_ratio=1:1", "9" * 200 + ":1", "((((" * 300, "deadbeef"),
    *(
        "{cat}",
        "{odd}",
        "{odd.x}",
        "{huge}",
        "{cat!r}",
        "{",
        "}",
        "$cat",
        "$",
        "{x:1}",
        "{cats[0]}",
    ),
    "{" + "(" * 3000 + ")" * 3000 + "}",
    "{{" + "(" * 3000 + ")" * 3000 + "}}",
    "{{" + "[" * 150 + "]" * 150 + "}}",
]
LINES = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=6).map(" ".join),
)


def run(line, text):
    """What the cell does, but for showing it."""
    call = read_call(client(), parser.parse_cell_line(line, NAMES), text, NAMES)
    if call.dry_run:
        return client().dry_run(call.prompt, **call.arguments)
    draw = client().sweep if "over" in call.arguments else client().generate
    return draw(call.prompt, name=call.name, **call.arguments)


@SAFE
@given(LINES, LINES)
@example("--take " + "9" * 5000, "a fox")
@example("w \\", "a fox")
@example("--count {{infinite}}", "a fox")
@example("-n 999999999999", "a fox")
@example("--timeout 1e999", "a fox")
@example("--sweep text={{endless}}", "{{text}}")
@example("", "{{" + "(" * 5000)
@example("--sweep a=1", "{{" + "(" * 5000)
@example("-a " + "9" * 400 + ":1", "a fox")
@example("--sweep 'a=\r\n\"b'", "{{a}}")
def test_any_cell(line, text):
    tried(run, line, text)


@SAFE
@given(LINES)
@example("--save ~nobody/a a fox")
@example("--dry-run {{huge}}")
@example("{" + "[" * 5000)
@example("-a {endless} {odd} $huge")
def test_any_line(line):
    def run_line():
        parsed, prompt = parser.parse_line(line, NAMES)
        return read_call(client(), parsed, prompt, NAMES)

    tried(run_line)


LINE_ENDS = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What would end the line of a magic: what follows is Python then."""


@pytest.fixture(scope="module")
def shell():
    with ipython_shell() as running:
        running.names.update(NAMES)
        yield running


@SAFE
@given(LINES, LINES, st.booleans())
@example("--sweep text={{endless}}", "{{text}}", True)
@example("-i {{odd}} {odd} $huge", "", False)
@example("a\ud800 {huge}", "a\0 fox", True)
@example("--background --count 2 --save '{nan}'", "{{infinite}}", True)
def test_any_magic_in_a_real_shell_is_an_error_of_ours_in_a_sentence(shell, line, text, is_cell):
    line = LINE_ENDS.sub(" ", line)
    cell = f"%%banana {line}\n{text or 'a'}" if is_cell else f"%banana {line}"
    with capture_output() as told:
        result = shell.shell.run_cell(cell)
    assert isinstance(result.error_in_exec, OURS), repr(cell)
    assert result.error_before_exec is None, repr(cell)
    assert "Traceback" not in told.stdout + told.stderr
    assert result.success or str(result.error_in_exec)[:20] in told.stdout + told.stderr


OURS = errors.BananaError | errors.Interrupted | None
ODD = [
    *(10**5000, -(10**5000), 10**30, ENDLESS, ROUND, DEEP, Odd(), Mute(), Odd, object(), 1j),
    *("a" * 300, "\0", "~nobody/a.png", "a\ud800", "9" * 400 + ":1", "/", "", " ", "{{a}}"),
    *(Path("a" * 300), Path("~nobody/a.png"), np.zeros(3), np.zeros((2, 2, 3))),
    *(encode(picture(), "AVIF")[:-40], encode(picture(), "WEBP")[:40], [picture()]),
]
PATHS = ["a" * 300, "\0", "~nobody/a", "a\ud800", "/" + "a/" * 3000, "", "/dev/null/a", "."]


@pytest.mark.parametrize("path", PATHS)
def test_any_path(path):
    configure(backend="sandbox")
    Path("lesson.ipynb").write_text('{"cells": []}')
    tried(nb_banana.pack, path, notebook="lesson.ipynb")
    tried(nb_banana.pack, "lesson.zip", notebook=path)
    tried(nb_banana.unpack, path)
    tried(nb_banana.unpack, "lesson.zip", path)
    tried(nb_banana.generate, "a fox", images=path)
    tried(nb_banana.generate, "a fox", images=f"https://example.com/{path}")
    tried(nb_banana.generate, "a fox", save=path)
    tried(nb_banana.generate, "a fox", count=2, save=path)
    tried(nb_banana.load, path)
    tried(configure, library=path)
    tried(nb_banana.generate, "a fox")
    tried(nb_banana.history)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=30),
    st.binary(max_size=30),
    st.lists(st.one_of(st.text(max_size=5), st.integers(), st.none()), max_size=4),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.sampled_from(range(len(ODD))).map(ODD.__getitem__),  # their reprs are not fit for a report
    st.builds(lambda: itertools.count()),
    st.builds(lambda: (each for each in [1, 2])),
)
OPTION_NAMES = [
    *("images", "model", "aspect_ratio", "resolution", "web_search", "params", "take", "count"),
    *(
        "timeout",
        "alt",
        "name",
        "save",
        "resize",
        "raw",
        "strict",
        "fresh",
        "background",
        "unknown",
    ),
]


@SAFE
@given(st.one_of(st.just("a fox"), VALUES), st.dictionaries(st.sampled_from(OPTION_NAMES), VALUES))
def test_any_prompt_with_any_options(prompt, options):
    tried(nb_banana.generate, prompt, **options)
    tried(nb_banana.dry_run, prompt, **{n: v for n, v in options.items() if n not in SENDING})


SENDING = ("timeout", "alt", "name", "save", "strict", "fresh", "background")


@pytest.mark.parametrize("name", OPTION_NAMES)
@rules(SAFE, max_examples=rounds(8, 30))
@given(value=VALUES)
def test_any_value_of_an_option(name, value):
    tried(nb_banana.generate, "a fox", **{name: value})


@SAFE
@given(VALUES, VALUES)
def test_whatever_is_looked_up(one, other):
    tried(nb_banana.load, one)
    tried(nb_banana.history, one, other)
    tried(nb_banana.compare, one, other)
    tried(nb_banana.edit, one, "a fox")
    tried(nb_banana.sweep, "a {{x}}", x=one)
    tried(nb_banana.sweep, "a {{x}}", over={"x": one})
    tried(nb_banana.sweep, "a fox", over=one)
    tried(nb_banana.configure, library=one, preview=one, budget=one, model=other)
    configure(library=None)


@SAFE
@given(VALUES, st.one_of(VALUES, st.dictionaries(st.text(max_size=3), VALUES, max_size=2)))
@example("\ud800", {"x": ENDLESS})
def test_any_value_of_a_name(one, other):
    tried(nb_banana.generate, "a {{x}}", x=one)
    tried(nb_banana.generate, "a {{x}}", values=other)
    tried(nb_banana.sweep, "a {{x}} {{y}}", y=one, values=other)
    tried(nb_banana.estimate, one)
    tried(nb_banana.generate, nb_banana.ImageRequest("a fox"), images=one, values=other)


@SAFE
@given(
    VALUES.filter(lambda each: not isinstance(each, itertools.count)),
    st.lists(st.dictionaries(st.sampled_from(["x", "y", "take", "images"]), VALUES), max_size=3),
)
def test_any_rows(one, rows):
    tried(nb_banana.generate_many, "a {{x}}", rows)
    tried(nb_banana.generate_many, "a {{x}}", one)
    tried(nb_banana.generate_many, one, rows)
    tried(nb_banana.generate_many, "a {{x}}", {"x": one, "y": one})
    tried(nb_banana.estimate, "a {{x}}", rows)


@SAFE
@given(st.lists(VALUES.filter(lambda each: not isinstance(each, itertools.count)), max_size=3))
@example(["a fox", {"prompt": "a fox", "take": 10**5000}])
def test_any_prompts(values):
    tried(nb_banana.generate_many, values)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: nb_banana.load("a" * 300), "There is no picture with the id 'aaa"),
        (lambda: nb_banana.generate("a fox", take=10**5000), "not one of so many digits"),
        (lambda: nb_banana.generate("a fox", take=-(10**5000)), "take is a whole number from 1"),
        (lambda: nb_banana.generate("a fox", count=10**5000), "count is a whole number from 1"),
        (lambda: nb_banana.generate("a fox", timeout=10**5000), "timeout is a number of seconds"),
        (lambda: nb_banana.generate("a fox", images=ENDLESS), "a list"),
        (lambda: nb_banana.generate("a fox", images=ROUND), "Several pictures are given as a list"),
        (lambda: nb_banana.generate("a fox", params=ROUND), "is not JSON: Circular"),
        (lambda: nb_banana.generate("a fox", params={"a": float("nan")}), "is not JSON"),
        (lambda: nb_banana.generate("a fox", params={"a": 10**5000}), "is not JSON"),
        (lambda: nb_banana.sweep("a {{x}}", x=itertools.count()), "the most at once"),
        (lambda: nb_banana.history("a " * 100_000), "a few words"),
        (lambda: nb_banana.generate("a fox", images=Mute()), "can't be read as an array: no"),
        (lambda: nb_banana.generate("a fox", take=Mute()), "take is a whole number from 1"),
        (lambda: nb_banana.generate("a fox", save=Mute()), "is no path to save to"),
        (lambda: nb_banana.load(Mute()), "load takes an id"),
        (lambda: nb_banana.forget(ENDLESS, ask=False), "holds itself"),
        (lambda: nb_banana.generate("a fox", alt="\ud800"), "half of a character"),
        (lambda: nb_banana.configure(preview=10**5000), "preview"),
        (lambda: run("a\0b", "a fox"), "NUL"),
        (lambda: run("w \\", "a fox"), "ends with a backslash"),
        (lambda: run("--a 16:9", "a fox"), "--a can be --aspect-ratio or --alt"),
        (lambda: run("--aspect", "a fox"), "--aspect-ratio: expected one argument"),
        (lambda: run("--param x=" + "[" * 100_000, "a fox"), "is not JSON"),
        (lambda: nb_banana.sweep("{{" + "(" * 50_000, x=[1]), "nested too deep|broken"),
        (lambda: nb_banana.sweep("a {{x}}", x=[1], names="x"), "names is a dict"),
        (lambda: nb_banana.dry_run("a fox", names=[1]), "names is a dict"),
        (lambda: nb_banana.login("a-key", service={}), "service is a name"),
        (lambda: client().login("a-key", service=10**5000), "service is a name"),
        (lambda: nb_banana.history(service={}), "service is a name"),
        (lambda: nb_banana.history(notebook=NoPath()), "notebook has no name"),
        (lambda: nb_banana.load(NoPath()), "has no name that a file can have"),
        (lambda: nb_banana.unpack(NoPath()), "can't be the name of a file: RuntimeError: no"),
        (lambda: nb_banana.compare(NoPath(), picture()), "NoPath given as a reference"),
        (lambda: nb_banana.edit(nb_banana, "a fox"), "module"),
        (lambda: nb_banana.pack("a.zip", format={}), "can't be packed as {}"),
    ],
)
def test_what_is_wrong_is_said(call, sentence):
    assert re.search(sentence, refused(call))


def test_a_setting_that_can_not_be_is_told_in_a_line_however_long_it_is():
    assert len(refused(configure, keep="a" * 10**6)) <= 1_000
    configure(shared_libraries=["a" * 300, "a" * 5_000], budget=None)
    tried(nb_banana.generate, "a fox")
    assert "can't be read: " in refused(nb_banana.history)


TRUTHLESS = np.zeros(3)
LOOKS = {
    "preview": lambda image, _: image.preview({}),
    "embed": lambda image, _: image.save("a.png", embed=TRUTHLESS),
    "labels": lambda _, gallery: gallery.contact_sheet(labels=TRUTHLESS),
    "again": lambda _, gallery: gallery.retry(again=TRUTHLESS),
    "forget": lambda image, _: nb_banana.forget(image, ask=TRUTHLESS),
    "model": lambda _, gallery: gallery.where(model={}),
    "many digits": lambda _, gallery: gallery.where(model=10**5000, aspect_ratio=10**5000),
    "nothing": lambda _, gallery: gallery.where(aspect_ratio=Mute()),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_any_value_for_what_is_done_with_pictures(look):
    configure(backend="sandbox")
    gallery = nb_banana.generate_many(["a fox"])
    tried(look, gallery[0], gallery)
    assert nb_banana.load(gallery[0].id).bytes == gallery[0].bytes
    for some in (gallery, nb_banana.history()):
        with pytest.raises(IndexError, match=r"no picture \[an int\]: there are 1"):
            some[10**5000]


def test_a_bomb_in_any_chunk_takes_no_memory():
    """A megabyte that would become a gigabyte."""
    packed = zlib.compressobj(9)
    body = b"".join(packed.compress(bytes(1 << 20)) for _ in range(1 << 10)) + packed.flush()
    for name in (b"zTXt", b"iCCP"):
        tried(nb_banana.generate, "a fox", images=with_chunk(name, b"a\0\0" + body))


# References


class Reader:
    """A file that gives whatever it is made of."""

    def __init__(self, gives):
        self.gives = gives

    def read(self, *_):
        return self.gives


@pytest.fixture
def places(tmp_path):
    """Paths that are no picture, one of each kind that a folder can have."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "to-fifo.png").symlink_to("fifo")
    (tmp_path / "nowhere.png").symlink_to("gone.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").touch()
    (tmp_path / "good.png").write_bytes(encode(picture()))
    (tmp_path / "secret.png").write_bytes(encode(picture()))
    with (tmp_path / "huge.png").open("wb") as file:
        file.write(encode(picture()))
        file.truncate(3 << 30)
    devices = ["/dev/zero", "/dev/null", "/dev/random", "/dev/tty", "/dev/stdin", "/proc/self/mem"]
    return [*map(str, tmp_path.iterdir()), *tmp_path.iterdir(), *devices, tmp_path / "good.png/a"]


WIDE = struct.pack(">II", 2**31 - 1, 2**31 - 1)
PICTURES = [
    *(picture(), picture(mode="1"), picture(mode="I"), picture(mode="F"), picture(mode="CMYK")),
    *(encode(picture()), bytearray(encode(picture())), memoryview(encode(picture(), "GIF"))),
    *(b"", b"<svg></svg>", encode(picture())[:60], encode(picture())[:16] + WIDE + bytes(60)),
    *(
        "https://example.com/a.png",
        "http://[",
        "ftp://a/b",
        "file:///etc/passwd",
        "//a",
        "C:\\a.png",
    ),
    *(
        "data:",
        "data:,a",
        "data:image/png;base64,",
        "data:image/png;base64,AAAA",
        "data:;base64,%%",
    ),
    *(np.broadcast_to(np.uint8(7), (10**6, 10**6, 3)), np.empty((0, 5, 3)), np.empty((5, 0))),
    *(np.full((2, 2), None), np.array([["a"]]), np.zeros((2, 2), "M8[s]"), np.zeros((2, 2), "V4")),
    *(
        np.ma.masked_all((4, 4)),
        np.zeros((4, 4, 3), "u1")[::-1, ::-2],
        np.asfortranarray(np.eye(4)),
    ),
    *(
        np.zeros((4, 4), ">u2"),
        np.zeros((4, 4), "f2"),
        np.zeros((4, 4), "G"),
        np.array("a"),
        np.int8(3),
    ),
    *(Reader(b""), Reader(None), Reader("a"), Reader(7), Reader(Odd()), Reader(encode(picture()))),
    *(
        io.BytesIO(encode(picture())),
        io.StringIO("a"),
        {"a": picture()},
        {1, 2},
        range(3),
        slice(1),
    ),
    *(Odd(), Mute(), Odd, ENDLESS, ROUND, DEEP, [picture(), [picture()]], ((),), iter([picture()])),
]


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices are POSIX")
def test_any_mix_of_references_is_taken_or_refused_in_a_sentence(places):
    kinds = [*places, *PICTURES, *ODD]
    numbers = st.sampled_from(range(len(kinds)))  # for not each has a repr to be reported

    def valued(inner):
        return [*map(valued, inner)] if isinstance(inner, list) else kinds[inner]

    def use(images):
        tried(nb_banana.generate, "a fox", images=images)
        tried(nb_banana.dry_run, "a fox", images=images)
        tried(nb_banana.generate, "a {{x}}", x=images)

    @SAFE
    @given(st.recursive(numbers, lambda inner: st.lists(inner, max_size=7), max_leaves=8))
    def proves(chosen):
        use(valued(chosen))

    def each():
        for number in range(len(kinds)):
            use(kinds[number])
        for place in ["/dev/zero", "fifo", "loop"]:
            tried(nb_banana.load, place)
            tried(nb_banana.lint, place)
            tried(nb_banana.pack, "a.zip", notebook=place)
            tried(nb_banana.unpack, place, "lesson")
        with io.FileIO("/dev/zero") as endless:
            use(endless)

    for work in (each, proves):
        assert ending(work) is None
