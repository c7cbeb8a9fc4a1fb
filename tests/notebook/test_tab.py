"""Tab in a `%banana` line, in a real kernel and in IPython's shell: what is offered, what not."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from IPython import version_info
from PIL import Image

import nb_banana
from nb_banana.models import MODELS, PRO_RATIOS, RATIOS, RESOLUTIONS
from nb_banana.notebook.completion import complete
from nb_banana.notebook.options import OPTIONS
from nb_banana.services.fal import Fal
from nb_banana.settings import settings
from tests.support.kernels import started_kernel
from tests.support.shells import ipython_shell

FOUND = """
%load_ext nb_banana
import PIL.Image
cat = PIL.Image.new("RGB", (8, 8))
figs = {"a b": cat, "n": 3, 4: cat}
both = [cat, cat]
words = ["a", "b"]
"""
FLAGS = [flag for option in OPTIONS for flag in option.flags]
LONG = [option.flags[-1] for option in OPTIONS]
SHORT = [name for model in MODELS for name in model.short]
IDS = [name for model in MODELS for name in model.ids]
SERVICES = ["aimlapi", "google", "openrouter", "fal", "openai"]
OF_FAL = (
    [name for model in Fal.models for name in model.short],
    [name for model in Fal.models for name in model.ids],
)
PICTURES = ["both", "figs['a b']", "figs[4]", "cat"]
FILES = ["dog.webp", "'my dog.PNG'"]

OFFERED = [
    # The ratios and resolutions of the model: of the line wherever it stands there, else as set.
    ("%%banana x -a ¦", [*RATIOS]),
    ("%%banana x -m pro -a ¦", [*PRO_RATIOS]),
    ("%%banana x -a ¦ -m pro --fresh", [*PRO_RATIOS]),
    ("%%banana x --mod='pro' -a 2¦", ["21:9", "2:3"]),
    ("%%banana x -m some/other -a 8¦", ["8:1"]),
    ("%banana --asp 16¦", ["16:9"]),
    ("%banana --aspect-ratio=16¦", ["--aspect-ratio=16:9"]),
    ("%banana --asp=16¦", ["--asp=16:9"]),
    ("%%banana -m '' -a ¦", [*RATIOS]),
    ("%%banana -m {{words}} -a 8¦", ["8:1"]),
    ("%%banana -r ¦", [*RESOLUTIONS]),
    ("%%banana -r 2k¦", ["2K"]),
    ("%%banana -m 2.5 -r ¦", []),
    # Models: short names first.
    ("x = %banana -m ¦", [*SHORT, *IDS]),
    ("x = %banana -m pro¦", ["pro", "pro-edit"]),
    # Who draws, and what each of them has.
    ("%%banana x --service ¦", SERVICES),
    ("%banana --service=op¦", ["--service=openrouter", "--service=openai"]),
    ("%%banana x --service fal -m ¦", [*OF_FAL[0], *OF_FAL[1]]),
    ("%%banana x -m ¦ --service fal", [*OF_FAL[0], *OF_FAL[1]]),
    ("%%banana x --service google -r ¦", ["512", "1K", "2K", "4K"]),
    ("%%banana x --service google -m lite -r ¦", ["1K"]),
    ("%%banana x --service google -m 2.1 -r ¦", ["1K", "2K", "4K"]),
    ("%%banana x --service fal -a 8¦", ["8:1"]),
    ("%%banana x --service fal -m 2.5 -a 8¦", ["8:1"]),
    ("%%banana x --service nobody -m ¦", []),
    ("%%banana x --service nobody -a 8¦", ["8:1"]),
    # Pictures first, the latest variable first; then files, then folders.
    ("%%banana x -i ¦", [*PICTURES, *FILES, "more/"]),
    ("x = %banana --image=c¦", ["--image=cat"]),
    ("%banana -i both[¦", ["both[0]", "both[1]"]),
    ("%banana -i figs[¦", ["figs['a b']", "figs[4]"]),
    ('%banana -i figs["a¦', ['figs["a b"]']),
    ("%banana -i 'my¦", ["'my dog.PNG'"]),
    ('%banana -i "m¦', ['"my dog.PNG"', '"more/"']),
    ('%banana -i "my¦"', ['"my dog.PNG']),
    ("%banana -i more/¦", ["more/fox.jpg"]),
    ("%banana -i no/such/folder/¦", []),
    ("%%banana x --save ¦", [*FILES, "more/"]),
    # Sweeps.
    (
        "%%banana --sweep ¦",
        ["aspect_ratio=", "resolution=", "model=", "web_search=", "service="],
    ),
    ("%%banana --service fal --sweep s¦", []),
    ("%%banana --sweep service=fal,o¦", ["service=fal,openrouter", "service=fal,openai"]),
    ("%%banana --service google --sweep model=l¦", ["model=lite"]),
    ("%%banana --sweep r¦ -a 1:1", ["resolution="]),
    ("%%banana -a 1:1 --sweep a¦", []),
    ("%%banana -m 2.1 --sweep resolution=¦", [f"resolution={each}" for each in RESOLUTIONS]),
    ("%%banana --sweep=resolution=2K,¦", ["--sweep=resolution=2K,1K", "--sweep=resolution=2K,4K"]),
    ("%%banana --sweep 'model=lite, pro¦", ["'model=lite, pro'", "'model=lite, pro-edit'"]),
    ("%%banana --sweep web_search=¦", ["web_search=true", "web_search=false"]),
    ("%%banana --sweep style=¦", []),
    ("%banana --sweep st¦ a cat in {{style}} by {{name}}", ["style="]),
    # Options: those that are not there, and those that may be there again.
    ("%%banana x ¦", LONG),
    ("%%banana x -¦", FLAGS),
    ("%%banana x -a 1:1 --a¦", ["--alt"]),
    ("%%banana x --a¦ --alt b", ["--aspect-ratio"]),
    ("%%banana x -i cat --im¦", ["--image"]),
    # Where nobody knows what is meant, nothing: no names of Python, no magics.
    ("%%banana x -n ¦", []),
    ("%%banana x --alt t¦", []),
    ("%%banana x --param ¦", []),
    ("%%banana x -w=¦", []),
    ("%%banana x --nothing=¦", []),
    ("%banana a cat i¦", []),
    ("%%banana wo¦", []),
    # Names: of the pictures that a cell may bind anew, and in braces of what can be filled in.
    ("%%banana c¦", ["cat"]),
    ("%banana a {{wo¦", ["{{words}}"]),
    ("%banana a {{wo¦}} cat", ["{{words"]),
    ("%banana a {wo¦", ["{words}"]),
    ("%banana a $wo¦", ["$words"]),
    ("%%banana --alt {{wo¦", ["{{words}}"]),
]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel in a folder with pictures, and what Tab says in it."""
    folder = tmp_path_factory.mktemp("tab")
    for name in ("dog.webp", "my dog.PNG", "notes.txt", ".hidden.png"):
        (folder / name).write_bytes(b"")
    (folder / "more").mkdir()
    (folder / "more" / "fox.jpg").write_bytes(b"")
    manager, client = started_kernel(cwd=str(folder))
    client.execute_interactive(FOUND, output_hook=lambda _: None, timeout=60)

    def tab(cell):
        place = cell.index("¦")
        said = client.complete(cell.replace("¦", ""), place, reply=True, timeout=60)["content"]
        kinds = said["metadata"].get("_jupyter_types_experimental", ())
        before = cell[:place].rpartition("\n")[2]
        return SimpleNamespace(
            matches=said["matches"],
            kinds=[each["type"].replace("\xa0", " ").replace("\u2011", "-") for each in kinds],
            replaced=before[len(before) - (place - said["cursor_start"]) :],
        )

    yield tab
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def ip(service):
    """A shell with the extension; what Tab makes of lines in it."""
    with ipython_shell() as shell:
        yield shell


@pytest.mark.parametrize(("line", "offered"), OFFERED)
def test_tab_offers_what_can_stand_there_and_nothing_else(kernel, line, offered):
    found = kernel(line).matches
    if version_info < (8, 6):  # it hands over its own last word, which our text goes on from
        offered = offered or [line.partition("¦")[0]]  # what is written, as it is
        assert len(found) == len(offered)
        assert all(text.endswith(each) for text, each in zip(offered, found, strict=True))
    else:
        assert found == offered


@pytest.mark.parametrize(
    ("line", "guess"),
    [
        ("cat.siz¦", "size"),
        ("figs['¦", "a b"),
        ("%timei¦", "%timeit"),
        ("%%banana x\na {{cat.siz¦", "size"),
        ("%banana a {{cat.siz¦", "size"),
    ],
)
def test_other_lines_and_attributes_are_left_to_ipython(kernel, line, guess):
    assert any(each.endswith(guess) for each in kernel(line).matches)


@pytest.mark.skipif(version_info < (8, 6), reason="it knows the line alone")
def test_names_of_the_prompt_below_are_offered_for_a_sweep(kernel):
    cell = "%%banana --sweep ¦ -a 1:1\na {{style}} cat\nin {{place.name}} {% if x %}{{style}}"
    fields = ["resolution=", "model=", "web_search=", "service="]
    assert kernel(cell).matches == fields  # not finished
    found = kernel(f"{cell}{{% endif %}}")
    assert found.matches == [*fields, "style=", "place=", "x="]
    assert found.kinds[-1] == "in the prompt"
    assert kernel(f"%%banana --raw --sweep ¦{cell[18:]}").matches[-1] == "service="


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%%banana -a ¦", "1024×1024"),
        ("%%banana -r 2K -a 16¦", "2752×1536"),
        ("%%banana -a 16:9 -r 1¦", "1376×768"),
        ("%%banana -m lite¦", "nano-banana-2-lite · 5 references · up to 4K"),
        ("%%banana -m 2.5¦", "gemini-2.5-flash-image · no references · one size"),
        ("%%banana -m pro-e¦", "nano-banana-pro-edit · needs a reference · up to 4K"),
        ("%%banana -i c¦", "Image"),
        ("%%banana -i bo¦", "list of pictures"),
        ("%%banana -i d¦", "file"),
        ("%%banana --alt¦", "alt text"),
    ],
)
@pytest.mark.skipif(version_info < (8, 6), reason="it knows no types of ours")
def test_what_is_offered_says_what_it_is(kernel, line, said):
    assert kernel(line).kinds[0] == said


def test_the_model_is_the_one_that_is_set(ip):
    settings.model = "pro"
    assert ip.tab("%banana -a 21") == {"%banana -a 21:9"}


LOOKED_AT = []


class Stranger:
    """Whatever is looked at of it, it writes down."""

    def __getattribute__(self, name):
        LOOKED_AT.append(name)
        raise RuntimeError(name)


class Proxy:
    """Says that it is another class, as lazy objects do."""

    @property
    def __class__(self):
        LOOKED_AT.append("__class__")
        raise RuntimeError

    @property
    def picture(self):
        LOOKED_AT.append("picture")
        raise RuntimeError


class Slotted:
    __slots__ = ()

    def __getattr__(self, name):
        LOOKED_AT.append(name)
        raise RuntimeError(name)


class Holder:
    def __init__(self, **state):
        vars(self).update(state)

    @property
    def lazy(self):
        LOOKED_AT.append("lazy")
        raise RuntimeError


def test_nothing_of_a_strangers_object_runs_and_its_neighbours_are_offered():
    LOOKED_AT.clear()
    cat = Image.new("RGB", (2, 2))
    strangers = [Stranger(), Proxy(), Slotted(), Stranger, Holder, np]
    names = {f"stranger{number}": each for number, each in enumerate(strangers)}
    names |= {"them": strangers, "mixed": [*strangers, cat], "inside": {"s": Stranger(), "c": cat}}
    names |= {"holder": Holder(cat=cat, other=Stranger()), "pixels": np.zeros((2, 2, 3), "uint8")}
    names["table"] = np.zeros((2, 2))
    words = [each.text for each in complete("%banana -i ", names)]
    assert words[:4] == ["pixels", "holder.cat", "inside['c']", "mixed"]
    assert not any("stranger" in word or "them" in word for word in words)
    assert [each.text for each in complete("%banana -i mixed[", names)] == ["mixed[6]"]
    assert "{{stranger0}}" in {each.text for each in complete("%banana {{", names)}
    assert LOOKED_AT == []


def test_what_is_on_its_way_is_offered_and_not_waited_for(ip, service):
    ip.run("one = %banana --background a [trouble: slow 300]")
    ip.run("two = %banana -n 2 --background a [trouble: slow 300]")
    waiting = [ip.names[name] for name in ("one", "two")]
    assert {"%banana -i one", "%banana -i two"} <= ip.tab("%banana -i ")
    assert not any(each.done for each in waiting)
    for each in waiting:
        each.cancel()


def test_tab_sends_nothing(ip, service):
    before = len(service.received)
    for line, _ in OFFERED:
        ip.tab(line.partition("¦")[0])
    assert service.received[before:] == []


def test_each_picture_that_is_offered_is_understood_behind_i(ip, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("dog.png", "it's a dog.png", "-dog.png", 'a "dog" $5.jpg', "dög {1}.webp"):
        Image.new("RGB", (4, 4)).save(name)
    cat = Image.new("RGB", (2, 2))
    ip.names |= {"cats": [cat, cat], "figs": {"a b": cat}, "seen": Holder(cat=cat), "cat": cat}
    ip.names["drawn"] = nb_banana.generate("a", count=2, quiet=True)
    lines = itertools.chain(ip.tab("%banana -i "), ip.tab("%banana -i drawn["))
    found = {line: ip.run(f"%{line} --dry-run\na").payload["image_urls"] for line in lines}
    assert len(found) == 5 + 2 + 5
    assert all(found.values())


@pytest.mark.parametrize("line", ["%banana -i ", "%banana --save "])
def test_a_folder_that_can_not_be_read_is_no_error(ip, line):
    assert ip.tab(f"{line}{'a' * 5000}/") <= {f"{line}{'a' * 5000}/"}
    assert ip.tab(f"{line}/no/such/x") <= {f"{line}/no/such/x"}


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("closing", ["", "same"])
def test_what_is_offered_in_open_quotes_is_understood(ip, tmp_path, monkeypatch, quote, closing):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("it's a dog.png", 'a "dog".png'):
        Image.new("RGB", (4, 4)).save(name)
    cat = Image.new("RGB", (2, 2))
    ip.names |= {"figs": {"a b": cat}, "seen": Holder(**{"cat": cat, "a-b": cat, "class": cat})}
    closing = quote if closing else ""
    found = [each.text for each in complete(f"%banana -i {quote}", ip.names, rest=closing)]
    assert len(found) == 4
    for text in found:
        assert ip.run(f"%banana -i {text}{closing} --dry-run a").payload["image_urls"]


def test_only_attributes_that_can_be_written_are_offered():
    cat = Image.new("RGB", (2, 2))
    seen = Holder(**{"cat": cat, "a-b": cat, "class": cat, "a b": cat})
    assert [each.text for each in complete("%banana -i seen", {"seen": seen})] == ["seen.cat"]


@pytest.mark.parametrize(
    ("cell", "matches"),
    [
        ("%%banana x\na {{wo¦", ["{{words}}"]),
        ("%%banana\nit's a {{ca¦}} or", ["it's a {{cat"]),
        ("#| label: a\n%%banana x\n\na ca¦", []),
        ("%%banana\nca¦", []),
        ("%%banana\n%ca¦", []),
        ("%%banana\na {ca¦", []),
    ],
)
@pytest.mark.skipif(version_info < (8, 6), reason="it knows the line alone")
def test_in_a_cells_prompt_the_names_are_offered_and_nothing_of_ipython(kernel, cell, matches):
    assert kernel(cell).matches == matches
    assert "%%capture" in kernel("%%bananas\n%ca¦").matches
