"""A name that is not there says what may have been meant, and is quiet to whoever only probes."""

import copy
import pickle
from io import BytesIO

import numpy as np
import pytest

import nb_banana
from nb_banana import errors
from nb_banana._hints import ELSEWHERE, Hinted, hinted
from nb_banana.generation.options import unknown_option
from nb_banana.results.failure import Failure
from nb_banana.results.gallery import Gallery
from tests.support.shells import ipython_shell


@pytest.fixture
def values(service):
    """One of each kind of value that a person holds."""
    image = nb_banana.generate("a banana")
    return {
        "image": image,
        "pending": nb_banana.generate("an owl", background=True),
        "gallery": Gallery([image]),
        "pending gallery": nb_banana.sweep("a {{x}}", x=["cat", "cow"], background=True),
        "history": nb_banana.history(),
        "receipt": image.receipt,
        "request": image.request,
        "comparison": nb_banana.compare(image, image),
        "tree": image.tree(),
        "provenance": image.provenance,
        "client": nb_banana.Client(backend="sandbox"),
        "spending": nb_banana.spending(),
        "doctor": nb_banana.doctor(),
        "dry run": nb_banana.dry_run("a banana"),
        "estimate": nb_banana.estimate("a banana"),
        "recovery": nb_banana.recover(),
        "models": nb_banana.MODELS,
        "module": nb_banana,
    }


MEANT = [
    ("gallery", "failed", ".failures"),
    ("gallery", "errors", ".failures"),
    ("gallery", "grid", ".contact_sheet()"),
    ("gallery", "contactsheet", ".contact_sheet()"),
    ("gallery", "to_pandas", ".to_frame()"),
    ("gallery", "price", ".cost"),
    ("pending gallery", "failed", ".failures"),
    ("image", "to_pil", ".pil"),
    ("image", "resize", ".pil"),
    ("image", "to_numpy", "numpy.asarray(…)"),
    ("image", "url", ".path"),
    ("image", "b64_json", ".bytes"),
    ("image", "Width", ".width"),
    ("image", "download", ".save()"),
    ("pending", "hieght", ".height"),
    ("history", "dataframe", ".to_frame()"),
    ("receipt", "price", ".usd"),
    ("receipt", "client_request", ".client_request_id"),
    ("request", "aspectratio", ".aspect_ratio"),
    ("request", "seed", ".take"),
    ("comparison", "side_by_syde", ".side_by_side()"),
    ("tree", "imgae", ".image"),
    ("provenance", "credt", ".credit"),
    ("client", "create", ".generate()"),
    ("client", "spendings", ".spending()"),
    ("spending", "ballance", ".balance"),
    ("doctor", "cheks", ".checks"),
    ("dry run", "payloads", ".payload"),
    ("recovery", "image", ".images"),
    ("estimate", "price", ".usd"),
    ("estimate", "total", ".usd"),
    ("doctor", "ok", ".fine"),
    ("spending", "total", ".lines"),
    ("spending", "to_frame", ".lines"),
    ("gallery", "successes", ".images"),
    ("gallery", "iloc", "gallery[0]"),
    ("pending gallery", "to_csv", ".to_frame().to_csv(…)"),
    ("gallery", "paths", "[each.path for each in gallery.images]"),
    ("history", "delete", "nb_banana.forget(history)"),
    ("history", "where", "nb_banana.Gallery(history).where(…)"),
    ("history", "caption", "[each.caption for each in history]"),
    ("image", "time", ".receipt.created or .receipt.seconds"),
    ("image", "mode", ".pil.mode"),
    ("pending", "delete", "nb_banana.forget(picture)"),
    ("image", "exif", ".provenance or .receipt"),
    ("image", "license", ".credit"),
    ("image", "retry", ".again()"),
    ("image", "seed", ".request.take"),
    ("image", "ratio", ".aspect_ratio"),
    ("models", "keys", "[each.short[0] for each in MODELS]"),
    ("module", "estimte", "nb_banana.estimate"),
    ("module", "swep", "nb_banana.sweep"),
    ("module", "generate_image", "nb_banana.generate"),
    ("module", "grid", "nb_banana.sweep"),
    ("module", "galery", "nb_banana.Gallery"),
]


def test_an_attribute_that_is_not_there_says_what_was_meant(values):
    for whose, name, meant in MEANT:
        with pytest.raises(AttributeError) as caught:
            getattr(values[whose], name)
        assert f"has no attribute {name!r}. Did you mean {meant}" in str(caught.value)
        assert caught.value.name == name
        assert not hasattr(values[whose], name)


def test_private_names_and_names_like_nothing_get_the_plain_answer(values):
    for value in values.values():
        for name in ("_failures", "_repr_png_", "__array_interface__", "_ipython_canary_", "zzzz"):
            assert getattr(value, name, "nothing") == "nothing"
            with pytest.raises(AttributeError) as caught:
                getattr(value, name)
            assert str(caught.value).endswith(f"has no attribute {name!r}")


def test_every_word_leads_to_a_name_that_somebody_has(values):
    held = {name for value in values.values() for name in dir(value)}
    taken = {"again", "ask", "columns", "count", "embed", "folder", "limit"}  # of functions
    assert set(ELSEWHERE) <= held | taken


def test_what_is_done_in_another_way_is_done_as_it_says(values, tmp_path):
    picture, gallery, history = (values[each] for each in ("image", "gallery", "history"))
    assert all((picture.receipt.created, picture.receipt.seconds, picture.credit))
    assert (picture.request.take, picture.pil.mode) == (1, "RGB")
    picture.pil.save(tmp_path / "fox.jpg", quality=90, optimize=True)
    picture.pil.save(BytesIO(), "PNG")
    assert picture.save(tmp_path / "owl.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert [each.path for each in gallery.images] == [picture.path]
    assert len([each.caption for each in history]) == len(list(history)) > 0
    for each in (gallery, history):
        each.to_frame().to_csv(tmp_path / "all.csv")
        assert "<table" in each.to_frame().to_html()
    assert history.to_frame().usd.sum() > 0
    assert nb_banana.Gallery(history).contact_sheet().width
    assert nb_banana.Gallery(history).where(prompt="a banana")[0].id == picture.id
    assert len([each for each in nb_banana.MODELS if "lite" in each.short]) == 1
    nb_banana.forget(gallery, ask=False)
    nb_banana.forget(nb_banana.history(), ask=False)
    assert not nb_banana.history()


WRONG = [
    (lambda v: nb_banana.generate(["a", "b"]), "not list. Of several each its picture: generate_m"),
    (
        lambda v: nb_banana.generate(v["image"]),
        r"picture\.again\(\), or generate\(",
    ),
    (lambda v: nb_banana.generate(v["image"].pil), r"picture comes first: edit\(picture"),
    (lambda v: nb_banana.sweep(v["image"], x=["a"]), r"picture\.again\(\)"),
    (lambda v: nb_banana.edit("make it day", v["image"]), r"edit\(.*, the picture first"),
    (lambda v: nb_banana.generate(7), r"^The prompt is a text, not int\.$"),
    (lambda v: nb_banana.generate_many("a {{x}}", df=[{"x": 1}]), r"rows=table"),
    (lambda v: nb_banana.generate_many("a {{x}}", x=["a"]), r'sweep\("a {{x}}", x=\['),
    (lambda v: nb_banana.generate_many(["a"], n=2), r"generate\(prompt, count=4\).*sweep\("),
    (lambda v: nb_banana.generate_many(["a"], max_workers=2), r"configure\(concurrency=4\)"),
    (lambda v: nb_banana.generate("a", max_retries=2), r"gallery\.retry\(\)"),
    (lambda v: nb_banana.generate("a", response_format="b64_json"), r"\.bytes"),
    (lambda v: nb_banana.configure(ratio="16:9"), r"Did you mean aspect_ratio\?"),
    (lambda v: nb_banana.configure(api_key="x"), r"Client\(key=…\), or nb_banana\.login"),
    (lambda v: nb_banana.Client(sandbox=True), 'Did you mean backend="sandbox"'),
    (lambda v: v["image"].save(BytesIO()), r'picture\.pil\.save\(file, "PNG"\)'),
    (lambda v: v["models"]["lite"], r"MODELS is a tuple.*if 'lite' in each\.short"),
    (lambda v: v["gallery"][7], r"no picture \[7\]: there are 1, from \[0\] to \[0\]"),
    (lambda v: v["history"][-9], r"no picture \[-9\]: there are \d"),
    (lambda v: v["gallery"][:0][0], r"no picture \[0\]: there are none"),
    (lambda v: nb_banana.compare(1, 2, 3), r"but 3 were given\. It takes before, after\."),
    (lambda v: nb_banana.compare([1, 2]), r"'after'\. It takes before, after\."),
    (lambda v: nb_banana.sweep("a {{x}}", {"x": ["a"]}), "takes prompt, and by its name over, "),
    (lambda v: nb_banana.pack("l.zip", "n.ipynb"), "takes path, and by its name notebook, format"),
    (lambda v: nb_banana.generate("a", model="gpt-image-1"), r"nb_banana\.MODELS has"),
]
KINDS = (TypeError, IndexError, errors.BananaError)


def test_what_was_guessed_and_is_wrong_says_what_is_right(values):
    for call, said in WRONG:
        with pytest.raises(KINDS, match=said):
            call(values)


def test_values_are_copied_pickled_and_shown_as_ever(values):
    for name in ("image", "gallery", "receipt", "request", "spending"):
        for clone in (copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))):
            assert repr(clone(values[name])) == repr(values[name])
    assert pickle.loads(pickle.dumps(values["pending"])).prompt == "an owl"
    assert np.asarray(values["image"]).shape == (1024, 1024, 3)
    with ipython_shell() as ip:
        ip.names.update({name.replace(" ", "_"): value for name, value in values.items()})
        for name in ip.names.keys() & {"image", "gallery", "history", "receipt", "tree"}:
            ip.run(name)
            assert ip.shown or ip.printed
        assert "Did you mean .failures?" in str(ip.run("gallery.failed", fails=True))


def test_an_unfinished_value_asks_itself_nothing():
    for kind in (nb_banana.BananaImage, Gallery):
        with pytest.raises(AttributeError, match=r"has no attribute 'cots'\. Did you mean"):
            object.__new__(kind).cots  # noqa: B018


def test_a_property_that_fails_keeps_its_own_error():
    class Odd(Hinted):
        @property
        def size(self):
            return None.missing

    with pytest.raises(AttributeError, match="'NoneType' object has no"):
        Odd().size  # noqa: B018


def test_a_failure_still_says_why_there_is_no_picture(service):
    failed = Failure(nb_banana.ImageRequest("a banana"), errors.RefusalError("The model said no."))
    with pytest.raises(errors.RefusalError, match="The model said no"):
        failed.pill  # noqa: B018


TAKEN = [
    (lambda v: v["gallery"].save(dir="x"), "'dir'. Did you mean folder? It takes folder."),
    (lambda v: v["image"].save("x", format="png"), "'format'. Did you mean save(\"fox.jpg\"), "),
    (lambda v: v["image"].save("x.jpg", quality=3), "'quality'. Did you mean picture.pil.save(…)?"),
    (lambda v: v["image"].save("x.png", exif=b""), "'exif'. It takes path, embed."),
    (lambda v: v["gallery"].contact_sheet(cols=2), "'cols'. Did you mean columns?"),
    (lambda v: v["gallery"].to_frame(index=2), "'index'. It takes none."),
    (lambda v: v["gallery"].retry(force=True), "'force'. Did you mean again?"),
    (lambda v: nb_banana.history(n=3), "'n'. Did you mean limit?"),
    (lambda v: nb_banana.forget("x", confirm=False), "'confirm'. Did you mean ask?"),
    (lambda v: nb_banana.pack("x.zip", notebok="y"), "'notebok'. Did you mean notebook?"),
    (lambda v: nb_banana.compare(1, aftr=2), "'aftr'. Did you mean after?"),
]


def test_an_argument_that_is_not_there_says_which_there_are(values):
    for call, said in TAKEN:
        with pytest.raises(TypeError) as caught:
            call(values)
        assert f"has no argument {said}" in str(caught.value)


def test_other_type_errors_stay_as_they_are():
    @hinted
    def add(one, two=1, **more):
        return one + two

    with pytest.raises(TypeError, match="missing 1 required positional"):
        add(two=1)
    with pytest.raises(TypeError, match="can only concatenate"):
        add("a", two=1, three=2)


def test_an_option_of_others_leads_to_ours():
    assert 'aspect_ratio="16:9"' in str(unknown_option("ratio", "16:9"))
    assert "fresh=True" in str(unknown_option("cache", False))
    assert "estimate" in str(unknown_option("dry_run", True))
    assert "quiet=True" in str(unknown_option("verbose", False))
