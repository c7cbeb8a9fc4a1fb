"""A result with references works where other tools expect a file, an array, a value."""

import copy
import json
import os
import pickle
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest

import nb_banana
from nb_banana import errors
from nb_banana._default import client
from nb_banana._text import UNSHOWN, clean, one_line
from tests.support.pictures import encode, picture
from tests.support.shelf import index_of


@pytest.fixture
def cafe(service):
    return nb_banana.generate("a café", aspect_ratio="16:9", name="cafe")


@pytest.fixture
def night(cafe):
    return cafe.edit("make it night", images=picture())


def test_a_batch_is_one_array_as_a_model_takes_it(cafe, night):
    batch = np.stack([cafe, night])
    assert (batch.shape, batch.dtype) == ((2, 768, 1376, 3), np.uint8)
    channels_first = batch.transpose(0, 3, 1, 2).astype("float32") / 255
    assert channels_first.shape == (2, 3, 768, 1376)
    assert 0 <= channels_first.min() <= channels_first.max() <= 1
    flat = np.stack([np.asarray(each.pil.resize((8, 8))).ravel() for each in (cafe, night)])
    assert flat.shape == (2, 192)


def test_an_array_is_the_readers_own(cafe):
    array = np.array(cafe)
    array[:] = 0
    assert np.asarray(cafe).any()


def test_a_table_holds_pictures_as_values_with_a_short_text(cafe, night):
    frame = pd.DataFrame({"prompt": [cafe.prompt, night.prompt], "image": [cafe, night]})
    assert frame.image[1] is night
    assert pd.Series([cafe, night], name="image")[0] is cafe
    assert frame.image.map(lambda each: each.width).tolist() == [1376, 1376]
    assert "<BananaImage cafe 1376×768" in frame.to_string()
    assert len(frame.to_html(max_rows=5)) < 5000
    frame["other"] = [night, cafe]
    assert frame.loc[0, "other"] is night


def test_lists_and_dicts_show_one_short_line_for_each(cafe, night):
    text = repr({"a": cafe, "b": [night]})
    assert "\n" not in text
    assert len(text) < 200
    assert text.startswith("{'a': <BananaImage cafe 1376×768 image/png 'a café'>")


def test_it_is_a_key_of_a_dict_and_a_member_of_a_set(cafe, night):
    assert {cafe: 1}[cafe] == 1
    assert len({cafe, night, cafe}) == 2


@pytest.mark.parametrize(
    "clone", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy]
)
def test_a_picture_with_references_is_pickled_and_copied(night, clone):
    twin = clone(night)
    assert twin.bytes == night.bytes
    assert [each.label for each in twin.request.references] == ["cafe", "image"]
    assert twin.request.key == night.request.key
    assert [each.prompt for each in twin.parents] == ["a café"]
    assert repr(twin.tree()) == repr(night.tree())
    assert twin.edit("fog").parents[0] is twin


def test_another_process_opens_a_pickle(night, tmp_path):
    (tmp_path / "night.pickle").write_bytes(pickle.dumps(night))
    code = (
        "import pickle, sys; image = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(image.size, [each.prompt for each in image.parents])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "night.pickle")],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.strip() == "(1376, 768) ['a café']"


def test_a_chain_of_edits_does_not_make_the_pickle_grow(cafe):
    last = cafe
    for number in range(4):
        last = last.edit(f"step {number}")
    assert len(pickle.dumps(last)) < 4 * max(len(cafe.bytes), len(last.bytes))


def test_pillow_opens_it_and_its_reference_is_still_there(night):
    with PIL.Image.open(night) as opened:
        opened.load()
        assert opened.size == night.size
    assert len(night.request.references) == 2


ODD = "a cat\x1b[2J\x1b]0;mine\x07 \u202ewith\x9b31m a\u2066 hat"


def shown(value):
    """All that a front end or a terminal is given of a value."""
    yield repr(value)
    bundle = getattr(value, "_repr_mimebundle_", dict)()
    shown, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    yield from (text for text in shown.values() if isinstance(text, str))
    yield json.dumps(metadata, ensure_ascii=False)
    yield getattr(value, "_repr_html_", str)()


def test_no_value_shows_what_a_terminal_obeys_or_a_kernel_cannot_send(service, brisk, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")  # half a character
    Path(path).write_bytes(encode(picture()))
    image = nb_banana.generate(ODD, images=path, name="x", alt=ODD)
    many = nb_banana.generate_many([f"{ODD} [trouble: 400]", f"{ODD} [trouble: drop-before]", ODD])
    with (
        closing(
            sqlite3.connect(index_of(client().context.places(client().context.kinds()[0])[0]))
        ) as index,
        index,
    ):
        index.execute("UPDATE requests SET model = ?", [ODD])
        index.execute(r"UPDATE requests SET refs = replace(refs, 'caf', '\ud800\u001b')")
        index.execute("UPDATE requests SET state = 'unknown' WHERE state = 'failed'")
    found = nb_banana.history()
    values = [image, image.tree(), many, *many, found, *found, found[0].tree(), found[-1].tree()]
    values += [nb_banana.compare(image, image), nb_banana.spending(), nb_banana.recover()]
    for value in [*values, nb_banana.doctor(), nb_banana.dry_run(ODD, images=path)]:
        for text in shown(value):
            text.encode()
            assert not re.search(UNSHOWN, text), type(value)


def test_half_a_character_in_a_persons_words_is_refused_before_it_is_sent(service):
    for options in ({"alt": "a \ud800"}, {"name": "\ud800"}, {"params": {"a": ["\ud800"]}}):
        with pytest.raises(errors.RequestError, match="half of a character"):
            nb_banana.generate("a cat", **options)
    with pytest.raises(errors.RequestError, match="half of a character"):
        nb_banana.generate("a cat", model="acme/new", aspect_ratio="\ud800")
    assert service.posts == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Donau\xaddampf \u200babc\u200e d\u200fe", "Donaudampf abc de"),
        ("a \u200b\u2060 b\u202e \x1b c", "a b c"),
        ("\U0001f469\u200d\U0001f33e क्\u200dष نمی\u200cخواهم", None),
        ("a\ud800\x07b\u2028c", "a b c"),
    ],
)
def test_a_mark_without_width_leaves_no_gap_and_what_joins_letters_stays(text, shown):
    assert one_line(text) == clean(text, 80) == (shown or text)
