"""A name that is not there says what may have been meant, and is quiet to whoever only probes."""

import copy
import pickle

import numpy as np
import pytest

import nb_banana
from nb_banana import errors
from nb_banana._hints import ELSEWHERE, Hinted, hinted
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
    (lambda v: v["image"].save("x", format="png"), "'format'. Did you mean path?"),
    (lambda v: v["image"].save("x.png", quality=3), "'quality'. It takes path, embed."),
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
