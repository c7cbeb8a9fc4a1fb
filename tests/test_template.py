"""`{{…}}` in a prompt: words are filled in, pictures become references, nothing of theirs runs."""

import asyncio
import collections
import io
import json
import logging
import math
import os
import threading
import types
from decimal import Decimal
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

import nb_banana
from nb_banana import errors
from nb_banana.errors import BadReferenceError, RequestError
from nb_banana.references.variables import NumberedReferences
from nb_banana.request import ImageRequest
from nb_banana.template import TemplateError, fill, value_of
from tests.conftest import KEY
from tests.support.amount import rounds
from tests.support.pictures import encode, picture
from tests.support.shells import ipython_shell


class Thing:
    """A person's object: looking at it is fine, running it is not."""

    colour = "red"
    parts = {"lid": "blue"}  # noqa: RUF012 - as a person writes it

    def explode(self):
        raise AssertionError("it ran")


NAMES = {"animal": "cat", "n": 3, "things": ["hat", "mug"], "thing": Thing(), "d": {"a b": 1}}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a {{animal}}", "a cat"),
        (
            "{{ n }} {{things[1]}} {{thing.colour}} {{thing.parts.lid}} {{d['a b']}}",
            "3 mug red blue 1",
        ),
        ("{{ animal | upper }} {{ things | join(' and ') }}", "CAT hat and mug"),
        ("{% for x in things %}{{x}}, {% endfor %}", "hat, mug, "),
        ("{{ animal.upper() }}", "CAT"),
        ("{animal} {x} {#fff} {# no comment #} $n", "{animal} {x} {#fff} {# no comment #} $n"),
        ("def f(): return {}", "def f(): return {}"),
        ("{{ '{{' }}animal}}", "{{animal}}"),
        ("a\n\nb {{animal}}\n", "a\n\nb cat\n"),
    ],
)
def test_words_are_filled_in_and_the_rest_stays(text, filled):
    assert fill(text, NAMES) == filled


@settings(max_examples=rounds(25, 100))
@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.dictionaries(st.text(), x)))
def test_json_is_a_prompt_as_it_is(value):
    text = json.dumps(value, indent=1)
    if "{{" not in text and "{%" not in text:
        assert fill(text, {}) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ animl }}", "There is no 'animl' in this notebook. Did you mean animal"),
        ("an imp\ntwo {{ animl }}", "^Line 2: There is no 'animl'"),
        ("a cat\nand {{ a }}", "^Line 2: There is no 'a'"),
        ("a\n{{ thing.explode() }}", r"^Line 2: explode\(\) is a call"),
        ("a\n\n{{ df }}", "^Line 3: df is a DataFrame, which does not go"),
        ("a\n{{ n / 0 }}", "^Line 2: The template can't be filled: division by zero"),
        ("{{ thing.color }}", "^thing has no 'color'. Did you mean colour"),
        ("{{ d['a c'] }} {{ d.b }}", "^d has no 'a c'. Did you mean a b"),
        ("{{ things[7] }}", "can't be filled"),
        ("{{ animal", "broken in line 1"),
        ("a\n{% for x %}", "broken in line 2"),
        ("{{ thing.explode() }}", "calls are made in a cell of their own"),
        ("{{ thing.__class__.__mro__ }}", "can't be filled|unsafe"),
        ("{{ ''.__class__ }}", "can't be filled|unsafe"),
        ("{{ n / 0 }}", "can't be filled"),
        ("{{ df }}", "df is a DataFrame, which does not go into a prompt"),
        ("{{ df.a }}", "A Series does not go into a prompt"),
        ("{{ table }}", "table is an ndarray, which does not go into a prompt.* with -i"),
        ("{{ df.index }}", "A RangeIndex does not go into a prompt"),
        ("{{ kinds }}", "kinds is a Categorical, which does not go into a prompt"),
        ("{{ [df] }}", "There is a table in it"),
        ("{{ {'a': table} }}", "There is a table in it"),
        ("{{ many }}", "many is a list, which does not go into a prompt. It has 99 items"),
        ("{{ long }}", "9,999 characters"),
        ("{{ n }} {{ nothing }}", "^nothing is None, which is no word"),
        ("{{ gap.a[1] }}", r"^A value in {{…}} is nan, which is no word"),
        ("{{ gap.b[1] }}", r"is <NA>, which is no word"),
        ("{{ gap.c[1] }}", r"is NaT, which is no word"),
        ("{{ thing }}", "has no words for a prompt: <.*Thing object at 0x"),
        ("{{ thing.explode }}", "A method does not go into a prompt"),
        ("{{ [thing.explode] }}", "has no words for a prompt"),
        ("{{ json }}", "json is a module, which does not go into a prompt"),
        ("{{ red ~ '!' }}", "has no words for a prompt.*a picture stands in {{…}} alone"),
        ("{{ {'a': red} }}", "has no words for a prompt"),
        ("{{ df.a.sum() }}", r"^sum\(\) is a call, and it was not made\. In a prompt"),
        (
            "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
            "more than 100,000 characters when it is filled",
        ),
    ],
)
def test_what_can_not_be_filled_says_why(text, words):
    names = NAMES | {
        "df": pd.DataFrame({"a": [1, 2]}),
        "table": np.zeros((2, 3, 4, 5)),
        "kinds": pd.Categorical(["a", "b"]),
        "gap": pd.DataFrame(
            {
                "a": ["x", float("nan")],
                "b": pd.array(["x", None], dtype="string[python]"),
                "c": pd.to_datetime(["2026-11-24", None]),
            }
        ).astype({"a": object}),
        "many": list(range(99)),
        "long": "x" * 9999,
        "nothing": None,
        "json": json,
        "red": PIL.Image.new("RGB", (8, 8)),
    }
    with pytest.raises(TemplateError, match=words):
        fill(text, names, NumberedReferences())


def test_a_call_is_refused_in_one_line_whatever_the_object_looks_like():
    with pytest.raises(TemplateError) as caught:
        fill("{{ df.a.sum() }}", {"df": pd.DataFrame({"a": range(99)})})
    assert "\n" not in str(caught.value)


def test_one_value_of_a_table_is_words():
    names = {"df": pd.DataFrame({"animal": ["cat", "dog"], "n": [1, 2]})}
    assert fill("{{df.n[1]}} {{df.animal[0]}}", names) == "2 cat"


def test_a_picture_becomes_a_reference_and_the_prose_counts_it():
    red, blue = (PIL.Image.new("RGB", (8, 8), each) for each in ("red", "blue"))
    references = NumberedReferences()
    text = fill("{{red}} by {{blue}}, then {{red}}", {"red": red, "blue": blue}, references)
    assert text == "image 1 by image 2, then image 1"
    assert [each.label for each in references] == ["red", "blue"]


def test_pictures_that_were_given_before_are_counted_first():
    red, blue = (PIL.Image.new("RGB", (8, 8), each) for each in ("red", "blue"))
    references = NumberedReferences()
    references.number(red, "red")
    assert fill("{{blue}} and {{red}}", {"red": red, "blue": blue}, references) == (
        "image 2 and image 1"
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: encode(picture()),
        lambda: io.BytesIO(encode(picture())),
        lambda: np.zeros((8, 9, 3), "uint8"),
        lambda: np.zeros((8, 9, 4)),
        lambda: Path("mug.png"),
    ],
    ids=["bytes", "open file", "array", "array with alpha", "path"],
)
def test_what_is_no_word_but_a_picture_is_a_reference_too(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mug.png").write_bytes(encode(picture()))
    references = NumberedReferences()
    assert fill("a {{thing}}", {"thing": make()}, references) == "a image 1"
    assert [each.label for each in references] == ["thing"]


def test_bytes_that_are_no_picture_are_refused():
    with pytest.raises(BadReferenceError, match=r"^data is not a picture"):
        fill("{{ data }}", {"data": b"abc"}, NumberedReferences())


def test_a_path_of_another_file_is_words():
    assert fill("{{ notes }}", {"notes": Path("notes.txt")}, NumberedReferences()) == "notes.txt"


def test_a_picture_is_called_as_the_prompt_calls_it():
    red = PIL.Image.new("RGB", (8, 8))
    references = NumberedReferences()
    fill("{{cats[0]}}", {"red": red, "cats": [red]}, references)
    assert [each.label for each in references] == ["cats[0]"]


def test_a_list_of_pictures_is_counted_in_order():
    pictures = [PIL.Image.new("RGB", (8, 8), each) for each in ("red", "blue")]
    assert fill("{{pictures}}", {"pictures": pictures}, NumberedReferences()) == "image 1, image 2"


def test_a_picture_is_called_by_its_place_where_it_has_no_name_of_its_own():
    red, blue = (PIL.Image.new("RGB", (8, 8), each) for each in ("red", "blue"))
    references = NumberedReferences()
    fill("{{cats[0]}} {{figs.a}}", {"cats": [red], "figs": {"a": blue}}, references)
    assert [each.label for each in references] == ["cats[0]", "figs['a']"]


def test_an_options_value_may_be_an_object():
    picture = PIL.Image.new("RGB", (8, 8))
    assert value_of("{{ a[0] }}", {"a": [picture]}) is picture
    assert value_of("x-{{n}}.png", NAMES) == "x-3.png"
    assert value_of("16:9", NAMES) == "16:9"
    with pytest.raises(TemplateError, match="Did you mean animal"):
        value_of("{{ animl }}", NAMES)


@pytest.mark.parametrize("prompt", ["a {{animal}} fox", "{% if x %}", "a {{", "{{ {{a}} }}"])
def test_braces_that_nobody_fills_are_refused_before_anything_is_paid(service, prompt):
    calls = [
        lambda **raw: nb_banana.generate(prompt, **raw),
        lambda **raw: nb_banana.generate(prompt, count=2, **raw)[0],
        lambda **raw: nb_banana.generate(prompt, background=True, **raw).wait(),
        lambda **raw: nb_banana.generate_many([prompt], **raw)[0],
        lambda **raw: nb_banana.generate_many([{"prompt": prompt, **raw}])[0],
        lambda **raw: nb_banana.edit(PIL.Image.new("RGB", (64, 64)), prompt, **raw),
        lambda **raw: asyncio.run(nb_banana.agenerate(prompt, **raw)),
        lambda **raw: nb_banana.dry_run(prompt, **raw),
    ]
    for call in calls[:-1]:
        with pytest.raises(errors.RequestError, match=r"nobody fills it in.*raw=True"):
            call()
    with pytest.raises(errors.RequestError):
        calls[-1]()
    assert service.received == []
    for call in calls:
        assert call(raw=True).request.prompt == prompt


def test_json_with_single_braces_and_values_with_braces_are_drawn_as_they_are(service):
    text = '{"a": {"b": {"c": 1}}, "d": "100 %}"}'
    assert nb_banana.generate(text).prompt == text
    with ipython_shell() as ip:
        ip.names["value"] = "{{x}} {% y"
        assert ip.run("%%banana\na {{value}}").prompt == "a {{x}} {% y"
        assert ip.run("%%banana --dry-run\na {{value}}").payload["prompt"] == "a {{x}} {% y"
    assert nb_banana.sweep("a {{z}}", z=["{{x}}"])[0].prompt == "a {{x}}"


class Equal:
    """Says that it equals anything, as mock.ANY does, and nothing."""

    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return True

    def __str__(self):
        return "words"


class EqualCallable(Equal):
    """The same, and it says that it is a method of a text and comes from Jinja."""

    __self__ = "a text"
    __module__ = "jinja2.runtime"

    def __call__(self):
        raise AssertionError("it ran")


class EqualArray(np.ndarray):
    """The same of an array, whose comparisons have no answer."""

    def __call__(self):
        raise AssertionError("it ran")


class AnyKind(type):
    """The same of a class."""

    def __eq__(cls, other):
        return True

    def __hash__(cls):
        return hash(str)


class OfAnyKind(metaclass=AnyKind):
    def __call__(self):
        raise AssertionError("it ran")


@pytest.mark.parametrize(
    "value",
    [EqualCallable(), np.zeros(3).view(EqualArray), OfAnyKind(), mock.ANY, mock.MagicMock()],
)
@pytest.mark.parametrize(
    "text", ["{{ x() }}", "{{ xs[0]() }}", "{{ x() | upper }}", "{{ f(x)() }}"]
)
def test_nothing_of_a_person_is_called_whatever_it_says_that_it_equals(value, text):
    text = "{% macro f(y) %}{{ y() }}{% endmacro %}" + text
    with pytest.raises(TemplateError, match=r"\(\) is a call, and it was not made"):
        fill(text, {"x": value, "xs": [value]})


def test_a_persons_comparisons_are_not_asked_what_is_absent():
    assert fill("{{ x }}", {"x": Equal()}) == "words"
    for absent in (float("nan"), np.float32("nan"), Decimal("NaN"), pd.NaT, np.datetime64("NaT")):
        with pytest.raises(TemplateError, match="which is no word"):
            fill("{{ x }}", {"x": absent})


class Unhelpful:
    """Raises what it likes, whatever it is asked."""

    def __getattr__(self, name):
        raise AttributeError(name)

    def __dir__(self):
        raise RuntimeError("no")


def test_a_value_that_raises_when_it_is_asked_for_near_names_is_no_strange_error():
    with pytest.raises(TemplateError, match="x has no 'size'"):
        fill("{{ x.size }}", {"x": Unhelpful()})
    with pytest.raises(BadReferenceError, match=r"no x\.lid"):
        NumberedReferences().add("x.lid", {"x": Unhelpful()})


ENVIRONMENTS = [
    "{{ os.environ }}",
    "{{ os.environ.HOME }}",
    "{{ os.environ | tojson }}",
    "{{ os.environ ~ '' }}",
    "{{ os.environb }}",
    "{% for name, value in copy.items() %}{{ name }}={{ value }}{% endfor %}",
    "{{ copy }}",
    "{{ copy.MY_PASSWORD }}",
    "{{ changed }}",
    "{{ part }}",
    "{{ more ~ '' }}",
    "{{ listed }}",
    "{{ listed | first }}",
    "{{ nested.env }}",
    "{{ nested | string }}",
]


@pytest.mark.parametrize("text", ENVIRONMENTS)
def test_the_environment_does_not_go_into_a_prompt(monkeypatch, text):
    monkeypatch.setenv("MY_PASSWORD", "do-not-tell")
    names = {
        "os": os,
        "copy": dict(os.environ),
        "changed": dict(os.environ) | {"PATH": "another", "NEW": "1"},
        "part": {"MY_PASSWORD": os.environ["MY_PASSWORD"]},
        "more": dict(list(os.environ.items())[-6:]) | {str(number): "x" for number in range(9)},
        "listed": [os.environ],
        "nested": {"env": os.environ},
    }
    with pytest.raises(TemplateError, match="The environment does not go into a prompt") as caught:
        fill(text, names)
    assert "do-not-tell" not in str(caught.value)


SECRETS = {f"SECRET_{number}": f"hunter-{number}-{number}" for number in range(4)}
WRAPPINGS = {
    "items": SECRETS.items(),
    "values": SECRETS.values(),
    "list": list(SECRETS.items()),
    "tuple": tuple(SECRETS.items()),
    "set": frozenset(SECRETS.items()),
    "proxy": types.MappingProxyType(SECRETS),
    "user dict": collections.UserDict(SECRETS),
    "chain": collections.ChainMap({}, SECRETS),
    "deque": collections.deque([SECRETS]),
    "namespace": types.SimpleNamespace(**SECRETS),
    "nested": {"a": {"b": SECRETS}},
    "lists": [[SECRETS]],
    "json": json.dumps(SECRETS),
    "lines": "\n".join(f"{name}={value}" for name, value in SECRETS.items()),
}


@pytest.mark.parametrize("value", WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize("text", ["{{ value }}", "{{ value | string }}", "{{ value ~ '' }}"])
def test_the_environment_does_not_go_into_a_prompt_however_it_is_wrapped(monkeypatch, value, text):
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    with pytest.raises(TemplateError, match="The environment does not go into a prompt"):
        fill(text, {"value": value})


def test_the_environment_does_not_go_into_a_prompt_value_by_value(monkeypatch):
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    with pytest.raises(TemplateError, match="The environment does not go into a prompt"):
        fill("{% for each in them %}{{ each }} {% endfor %}", {"them": SECRETS.values()})


@pytest.mark.parametrize(
    "value",
    [
        {"HOME": "/home/alice"},
        "/home/alice/work/cat.png is in production on an xterm-256color",
        ["/home/alice/work/a.png", "/home/alice/work/b.png"],
    ],
)
def test_a_path_or_a_word_of_the_environment_is_a_word(monkeypatch, value):
    places = {"HOME": "/home/alice", "PWD": "/home/alice/work", "OLDPWD": "/home/alice/work"}
    for name, each in {**places, "STAGE": "production", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, each)
    assert fill("{{ value }}", {"value": value}) == str(value)


def test_words_that_happen_to_be_in_the_environment_are_words():
    assert fill("{{ d.a }} {{ home }}", {"d": {"a": "b"}, "home": os.environ["PATH"]}).startswith(
        "b "
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ key }}",
        "{{ key | upper }}",
        "{{ key[:20] }}",
        "{{ 'as %s' | format(key) }}",
        "{{ things[key] }}",
        "{{ d[key] }}",
        "{{ d.inner }}",
        "{% for each in [d.inner] %}{{ each }}{% endfor %}",
        "{{ shown }}",
        "{{ bytes }}",
    ],
)
def test_a_key_does_not_go_into_a_prompt_and_no_error_quotes_it(monkeypatch, text):
    monkeypatch.setenv("AIMLAPI_KEY", KEY)
    names = NAMES | {"key": KEY, "bytes": KEY.encode(), "shown": Path(KEY), "d": {"inner": KEY}}
    with pytest.raises(RequestError, match="key in it") as caught:
        ImageRequest(fill(text, names))
    assert KEY[4:16] not in str(caught.value)


@pytest.mark.parametrize(
    "value", [os, requests.Response(), logging.getLogger("x"), threading.Lock(), mock.ANY, object()]
)
def test_an_object_that_is_no_data_is_refused(value):
    with pytest.raises(TemplateError, match=r"does not go into a prompt|has no words for a prompt"):
        fill("{{ x }}", {"x": value}, NumberedReferences())


def test_what_a_module_has_and_what_an_object_says_of_itself_are_words():
    assert fill(
        "{{ json.__name__ | default('j') }}{{ math.pi }} {{ h }}",
        {"math": math, "json": 1, "h": "<b>x</b>"},
    ) == ("j3.141592653589793 <b>x</b>")
