"""`MODELS` is a tuple to code and a table to people."""

import pickle
import re

import pytest

from nb_banana import MODELS, models
from nb_banana.models import PRICES_READ
from tests.support.shells import ipython_shell

DOCUMENTED = [
    # short name, ratios, resolutions, references (None: no maximum), web search, num_images
    ("nano-banana-2", 5, 3, (0, 5), True, 1),
    ("nano-banana-2.1", 5, 3, (0, 5), True, 1),
    ("nano-banana-2-lite", 5, 3, (0, 5), True, 1),
    ("nano-banana-pro", 10, 3, (0, 0), False, 4),
    ("nano-banana-pro-edit", 10, 3, (1, 14), False, 4),
    ("gemini-3-pro-image-edit", 5, 3, (0, 5), False, 4),
    ("gemini-2.5-flash-image", 10, 0, (0, 0), False, 4),
    ("gemini-2.5-flash-image-edit", 10, 0, (1, None), False, 1),
    ("nano-banana-edit", 5, 0, (0, 3), False, 4),
]


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda each: each[0])
def test_a_model_takes_what_its_page_says(documented):
    model = models.find_model(documented[0])
    assert documented == (
        model.short[0],
        len(model.aspect_ratios),
        len(model.resolutions),
        (model.min_images, model.max_images),
        model.web_search,
        model.max_count,
    )
    assert set(model.aspect_ratios) >= set(models.RATIOS)


def test_to_code_it_is_the_tuple_of_its_rows():
    assert MODELS == models.MODELS
    assert len(MODELS) == len(DOCUMENTED)
    assert MODELS[0] in MODELS
    assert list(MODELS)[1:] == list(MODELS[1:])
    assert pickle.loads(pickle.dumps(MODELS)) == MODELS


def test_the_table_says_of_each_model_what_to_type_what_it_takes_and_its_documented_price():
    head, *rows, below = repr(MODELS).splitlines()
    assert len({head.index("price"), *(re.search("[$]|not on", row).start() for row in rows)}) == 1
    assert head.split()[:2] == ["-m,", "model="]
    for model, row in zip(MODELS, rows, strict=True):
        assert row.startswith(", ".join(model.short[:2]))
        assert " ".join(model.aspect_ratios) in row
        assert " ".join(model.resolutions) in row
        assert ("$" in row) == bool(model.credits)
    assert rows[0].endswith("0 to 5      yes         1           $0.089 at 1K")
    assert PRICES_READ in below
    assert re.search(r"20\d\d", PRICES_READ)


def test_a_notebook_shows_the_same_table_and_nobody_is_asked(service):
    with ipython_shell() as ip:
        formatted, _ = ip.shell.display_formatter.format(MODELS)
    assert formatted["text/plain"] == repr(MODELS)
    cells = re.findall(r"<t[dh] (?!scope=.col)[^>]*>([^<]*)</t", formatted["text/html"])
    assert len(cells) == 7 * len(MODELS)
    assert {"1K 2K 4K", "$0.089 at 1K", "nano-banana-2, 2", "1 or more"} <= set(cells)
    assert PRICES_READ in formatted["text/html"]
    assert service.received == []
