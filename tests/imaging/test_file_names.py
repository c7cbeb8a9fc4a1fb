"""The names of the files that we make are taken by every system; so is what a lesson unpacks."""

import unicodedata
from datetime import UTC, datetime
from types import SimpleNamespace

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb_banana import errors
from nb_banana._text import slug
from nb_banana.imaging import save
from nb_banana.library.files import picture_names
from nb_banana.results.export import _names
from nb_banana.settings import settings
from nb_banana.widgets.pictures import keep_upload
from tests.support.amount import rounds
from tests.support.pictures import encode, picture

DEVICES = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"] + [
    f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³"
]
"""https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file"""
FORBIDDEN = [*'<>:"/\\|?*', *map(chr, range(32)), "\x7f"]
ODD = [
    *DEVICES,
    *(f"{each.lower()}.tar.gz" for each in DEVICES),
    "nul .txt",
    "fox.",
    "fox ",
    "...",
    *(f"a{each}b" for each in FORBIDDEN),
]
FINE = ["fox.png", "console", "com", "com10", "nullable.png", "a.con", "café", "日本", "🍌"]
PROMPTS = st.text() | st.sampled_from(
    [*ODD, *FINE, "𝔸" * 300, "日" * 300, "e\u0301" * 90, "\ud800"]
)


def test_a_name_that_some_system_does_not_take_is_known():
    assert [name for name in ODD if not save.is_reserved(name)] == []


def test_a_name_that_every_system_takes_is_taken():
    assert [name for name in FINE if save.is_reserved(name)] == []


def is_fine(name):
    """Whether every system takes it, at its full length."""
    return (
        not save.is_reserved(name)
        and len(name.encode()) <= 255
        and unicodedata.is_normalized("NFC", name)
    )


@hypothesis.settings(max_examples=rounds(40, 2000), deadline=None)
@hypothesis.example("NUL")
@hypothesis.example("\u1100\u1161")  # one letter of Korean, typed as two
@given(PROMPTS)
def test_every_name_from_a_prompt_is_one_that_every_system_takes(prompt):
    names = picture_names(prompt, datetime(2026, 11, 26, tzinfo=UTC), "0" * 64, "image/webp")
    names = [name.rpartition("/")[2] for name in [*names, f"{save.stem(prompt)}.jpeg"]]
    assert [each for each in names if not is_fine(each)] == []


@hypothesis.settings(max_examples=rounds(40, 2000), deadline=None)
@given(st.lists(PROMPTS, min_size=2, max_size=4))
def test_so_is_every_name_in_the_folder_of_a_gallery_and_none_is_another_in_other_letters(prompts):
    entries = [SimpleNamespace(prompt=each, mime="image/jpeg") for each in prompts]
    for variants, labels in (
        ([{}] * len(prompts), None),
        ([{"word": each} for each in prompts], None),
        ([{}] * len(prompts), prompts),
    ):
        names = [name for name, _ in _names(entries, variants, labels)]
        assert [each for each in names if not is_fine(each)] == []
        assert len({each.casefold() for each in names}) == len(names)


def test_a_word_has_one_spelling_however_it_was_typed():
    assert slug("Cafe\u0301") == slug("Caf\u00e9") == "caf\u00e9"


@pytest.mark.parametrize(
    ("title", "name"),
    [("CON", "con-picture.png"), ("com¹", "com¹-picture.png"), ("a fox", "a-fox.png")],
)
def test_in_a_folder_no_picture_has_the_name_of_a_device(tmp_path, title, name):
    path = save.save_target(f"{tmp_path}/", suffix=".png", title=title)
    assert path.name == name


def test_nor_has_one_that_was_dropped_on_the_panel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert settings.resize
    assert keep_upload("C:\\photos\\nul.PNG", encode(picture())).endswith("/nul-picture.png")


@pytest.mark.parametrize("name", ["con.png", "a fox: night.png", "fox?.png"])
def test_on_windows_a_name_that_it_does_not_take_is_refused_before_a_picture_is_paid(
    tmp_path, monkeypatch, name
):
    assert save.save_target(tmp_path / name, suffix=".png", title="").name == name
    monkeypatch.setattr(save, "ON_WINDOWS", True)
    with pytest.raises(errors.SaveError, match="Windows takes no file of the name"):
        save.save_target(tmp_path / name, suffix=".png", title="")


def test_titles_that_differ_in_their_letters_case_alone_are_files_of_different_names(tmp_path):
    for title in ("Fox", "fox", "FOX", "fo\u0078"):
        target = save.save_target(f"{tmp_path}/", suffix=".png", title=title)
        assert not target.exists()
        target.write_bytes(title.encode())
    names = [each.name.casefold() for each in tmp_path.iterdir()]
    assert len(names) == len(set(names)) == 4
