"""A picture that was paid is not lost, however oddly it comes: what is there is handed over."""

import base64
import io
import json
import time
from functools import partial
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from nb_banana import configure, errors, generate, load, recover
from nb_banana._default import client
from nb_banana.credentials import PLACES
from nb_banana.imaging.save import SAVE_FORMATS
from nb_banana.references.reference import as_reference
from nb_banana.services.endpoint import Endpoint
from nb_banana.services.exchange import Reply, ResultItem
from nb_banana.services.registry import find_service
from nb_banana.services.result import BilledAnswer, fetch_pictures
from tests.conftest import KEY
from tests.support.amount import ALL
from tests.support.moments import until
from tests.support.pictures import LARGE_PNGS
from tests.support.servers import answering, picture, posts, server
from tests.support.shelf import receipt
from tests.support.shells import ipython_shell

CMYK = picture("JPEG", "CMYK")


def drawn(data, pictures=None, prompt="a banana", **options):
    with server(answering(data, pictures)) as (url, _):
        configure(base_url=url)
        return generate(prompt, **options)


@pytest.fixture
def print_ready():
    """A picture of four inks, which no model should send."""
    return drawn([{"url": "/a.jpg"}], {"/a.jpg": CMYK})


@pytest.mark.parametrize("suffix", SAVE_FORMATS)
def test_a_picture_of_four_inks_is_saved_as_every_format(print_ready, tmp_path, suffix):
    path = print_ready.save(tmp_path / f"a{suffix}")
    if suffix in {".jpg", ".jpeg"}:
        assert path.read_bytes() == CMYK
    elif suffix != ".pdf":
        with Image.open(path) as saved:
            assert (saved.format, saved.size) == (SAVE_FORMATS[suffix], (64, 48))
    else:
        assert path.read_bytes().startswith(b"%PDF")


# Both are 70 MB: "many texts" stands for it here, and it for these in test_references.
@pytest.mark.parametrize("name", [each for each in LARGE_PNGS if ALL or each != "plain text"])
def test_a_png_with_large_texts_or_a_large_profile_is_kept_as_it_came_and_shown(name, tmp_path):
    data = LARGE_PNGS[name]()
    image = drawn([{"url": "/a.png"}], {"/a.png": data})
    assert image.path.read_bytes() == data
    assert image.pil.size == np.asarray(image).shape[1::-1] == (60, 40)
    assert "image/jpeg" in image._repr_mimebundle_()[0]
    assert image.save(tmp_path / "a.webp").stat().st_size < 100_000
    assert load(image.save(tmp_path / "a.png", embed=True)).prompt == "a banana"


def test_a_picture_with_large_texts_can_be_edited_in_the_sandbox(service):
    with server(answering([{"url": "/a.png"}], {"/a.png": LARGE_PNGS["profile"]()})) as (url, _):
        configure(base_url=url)
        image = generate("a banana")
    configure(base_url=service.url)
    assert image.edit("make it night").size


def test_a_picture_of_four_inks_shows_itself(print_ready):
    mime, data = print_ready.preview(768)
    assert mime == "image/jpeg"
    assert Image.open(io.BytesIO(data)).mode == "RGB"


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_a_cell_saves_a_picture_of_four_inks_as_it_is_told(tmp_path, suffix):
    with (
        server(answering([{"url": "/a.jpg"}], {"/a.jpg": CMYK})) as (url, _),
        ipython_shell() as ip,
    ):
        configure(base_url=url)
        ip.run(f"%%banana --save '{tmp_path}/a{suffix}'\na banana")
    with Image.open(tmp_path / f"a{suffix}") as saved:
        assert saved.format == SAVE_FORMATS[suffix]


def test_two_pictures_saved_into_one_folder_are_two_files(service, tmp_path):
    one, two = generate("a banana"), generate("a banana", take=2)
    paths = [one.save(tmp_path), two.save(tmp_path), one.save(tmp_path)]
    assert [path.name for path in paths] == ["a-banana.png", "a-banana-2.png", "a-banana-3.png"]
    assert [path.read_bytes() for path in paths] == [one.bytes, two.bytes, one.bytes]


def test_two_calls_that_save_into_one_folder_are_two_files(service, tmp_path):
    for take in (1, 2):
        generate("a banana", take=take, save=tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        "a-banana-2.png",
        "a-banana.png",
    ]


GOOD = {"url": "/good.png"}
OTHER = {"url": "/other.png"}
BAD = {"url": "/gone.png"}


@pytest.mark.parametrize("items", [[GOOD, BAD], [BAD, GOOD]])
def test_the_good_picture_of_an_answer_is_on_the_error_of_the_bad_one(items):
    with pytest.raises(errors.LinkGoneError, match=r"gone.png") as caught:
        drawn(items, {"/good.png": picture()})
    assert caught.value.facts["image"].bytes == picture()


def test_all_good_pictures_of_an_answer_are_on_the_error():
    shapes = [picture(size=(64, 48)), picture(size=(32, 32))]
    with pytest.raises(errors.PictureError) as caught:
        drawn([GOOD, BAD, OTHER], {GOOD["url"]: shapes[0], OTHER["url"]: shapes[1]})
    image = caught.value.facts["image"]
    assert [each.bytes for each in (image, *image.extras)] == shapes


WHOLE, NONE = ResultItem(data=picture()), ResultItem(data=b"<html>")
LINK, GONE, LATE = (ResultItem(url=f"/{name}.png") for name in ("good", "gone", "late"))


@pytest.mark.parametrize(
    ("items", "came", "is_whole", "kept"),
    [
        ([WHOLE], 1, True, []),
        ([WHOLE, NONE], 1, True, [1]),
        ([NONE], 0, False, [0]),
        ([WHOLE, LATE], 1, False, [0]),
        ([WHOLE, NONE, LATE], 1, False, [0, 1]),
        ([LINK, GONE], 1, True, []),
        ([LINK, LATE], 1, False, []),
        ([LATE, GONE, WHOLE], 1, False, [2]),
        ([GONE], 0, False, []),
    ],
)
def test_what_can_t_be_fetched_again_is_kept_where_more_is_to_come(
    brisk, items, came, is_whole, kept
):
    def answer(handler):
        status = {"/good.png": 200, "/late.png": 503}.get(handler.path, 404)
        handler.reply(status, picture() if status == 200 else b"")

    bill = receipt("nbb-1")
    with server(answer) as (url, _):
        found = fetch_pictures(BilledAnswer(tuple(items), bill), Endpoint(url))
    assert [data for data, _ in found.pictures] == [picture()] * came
    assert found.is_whole is is_whole
    assert found.inside == {number: items[number].data for number in kept}
    assert found.is_unread is (NONE in items)
    assert (found.problem is None) is (items == [WHOLE])
    if found.problem is not None:
        told = {"client_request_id": "nbb-1", "inference_id": "inf-nbb-1", "receipt": bill}
        assert {name: found.problem.facts[name] for name in told} == told


def test_a_cell_binds_the_good_picture_although_it_fails():
    with (
        server(answering([BAD, GOOD], {"/good.png": picture()})) as (url, _),
        ipython_shell() as ip,
    ):
        configure(base_url=url)
        error = ip.run("%%banana x\na banana", fails=True)
        assert ip.names["x"] is error.facts["image"] is ip.names["_"]


NOISE = io.BytesIO()
Image.effect_noise((64, 48), 60).save(NOISE, "PNG")
B64 = base64.b64encode(NOISE.getvalue()).decode()
ODD_SHAPES = {
    "another name": {"data": [{"image": B64}]},
    "another name of a link": {"data": [{"URL": "https://example.invalid/a.png"}]},
    "one deeper": {"data": [{"image": {"at": "https://example.invalid/a.png"}}]},
    "numbers": {"data": [{"b64_json": list(NOISE.getvalue())}]},
    "beside": {"data": None, "images": [{"url": "https://example.invalid/a.png"}]},
    "with words": {"data": [], "message": "Here it is.", "output": [B64]},
    "an error too": {"error": {"message": "partly"}, "data": [], "picture": B64},
    "no comma": {"data": [{"b64_json": "data:image/png;base64;" + B64}]},
    "a list": [B64],
}


@pytest.mark.parametrize("body", ODD_SHAPES.values(), ids=ODD_SHAPES)
def test_an_answer_of_a_shape_that_is_not_known_is_kept_and_not_paid_again(brisk, body):
    def answer(handler):
        handler.reply(200 if handler.command == "POST" else 404, json.dumps(body).encode())

    with server(answer) as (url, seen):
        configure(base_url=url)
        for _ in range(3):
            with pytest.raises(errors.UnreadableAnswerError, match="--fresh"):
                generate("a banana")
        assert len(posts(seen)) == 1
        (kept,) = client().context.places(client().context.kinds()[-1])[0].folder.glob("answers/*")
        assert json.loads(kept.read_bytes()) == body
        assert [each.ended for each in recover()] == [False]


@pytest.mark.parametrize(
    "body",
    [
        picture(),
        picture("JPEG"),
        json.dumps(B64).encode(),
        B64.encode(),
        f"data:image/png;base64,{B64}".encode(),
        json.dumps({"data": [{"url": f"data:image/png;base64%2C{B64}"}]}).encode(),
    ],
)
def test_an_answer_that_is_the_picture_itself_is_that_picture(body):
    with server(lambda handler: handler.reply(200, body)) as (url, _):
        configure(base_url=url)
        assert generate("a banana").size == (64, 48)


def test_what_came_inside_waits_for_what_is_behind_a_link(brisk):
    ready = []

    def answer(handler):
        if handler.command == "POST":
            data = [{"b64_json": B64}, {"url": "/late.png"}]
            return handler.reply(200, json.dumps({"data": data}).encode())
        there = handler.path == "/late.png" and ready
        return handler.reply(200, picture("JPEG")) if there else handler.reply(503)

    with server(answer) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.DownloadError) as caught:
            generate("two")
        assert caught.value.facts["image"].bytes == NOISE.getvalue()
        ready.append(True)
        image = generate("two")
        assert [image.mime, *(each.mime for each in image.extras)] == ["image/png", "image/jpeg"]
        assert len(posts(seen)) == 1


def test_the_answer_with_a_bad_picture_is_not_sent_again(brisk):
    with server(answering([GOOD, BAD], {"/good.png": picture()})) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.PictureError):
            generate("a banana")
    assert len(posts(seen)) == 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<html>no picture</html>", errors.NotAPictureError),
        (picture()[:-20], errors.TruncatedPictureError),
        (b"\x00" * 10, errors.NotAPictureError),
    ],
)
def test_bytes_in_the_answer_that_are_no_picture_are_on_the_error(data, kind):
    with pytest.raises(
        kind, match=r"charged; what came is in the error's facts\['data'\]"
    ) as caught:
        drawn([{"b64_json": base64.b64encode(data).decode()}])
    assert caught.value.facts["data"] == data
    assert "recover()" in str(caught.value)  # it is kept beside its row


def test_base64_that_is_cut_off_is_on_the_error_as_it_came(brisk):
    text = base64.b64encode(picture()).decode()[:-3]
    with pytest.raises(errors.UnreadableAnswerError, match="not whole base64") as caught:
        drawn([{"b64_json": text}])
    assert text.encode() in caught.value.facts["body"]


HALF = B64[:-3]
MIXED = {
    "aimlapi": {"data": [{"b64_json": HALF}, {"b64_json": B64}]},
    "fal": {"images": [{"url": f"data:image/png;base64,{HALF}"}, {"url": f"data:,{B64}"}]},
    "google": {
        "candidates": [
            {"content": {"parts": [{"inlineData": {"data": each}} for each in (B64, HALF)]}}
        ]
    },
    "openai": {"data": [{"b64_json": B64}, [HALF]]},
    "openrouter": {"data": [{"b64_json": B64}, {"b64_json": HALF}, None]},
}


@pytest.mark.parametrize("name", MIXED)
def test_a_picture_that_can_t_be_read_takes_no_other_of_its_answer_along(name, monkeypatch):
    monkeypatch.setenv(PLACES[name].names[0], KEY)
    body = json.dumps(MIXED[name]).encode()
    with server(lambda handler: handler.reply(200, body)) as (url, seen):
        configure(service=name, base_url=url)
        with pytest.raises(errors.NotAPictureError, match="made and charged") as caught:
            generate("two")
        assert generate("two").bytes == caught.value.facts["image"].bytes == NOISE.getvalue()
        assert HALF.encode() in caught.value.facts["data"]
    assert len(posts(seen)) == 1


@pytest.mark.parametrize("odd", [None, 7, "nothing", {}, []])
def test_what_holds_no_picture_beside_one_is_nothing(odd):
    assert drawn([odd, {"b64_json": B64}]).bytes == NOISE.getvalue()


def test_a_smaller_draft_that_can_t_be_read_is_nothing():
    parts = [{"inlineData": {"data": each}} for each in (HALF, B64)]
    body = json.dumps({"candidates": [{"content": {"parts": parts}}]}).encode()
    found = find_service("google").decode(Reply(200, {}, body))
    assert [each.data for each in found.items] == [NOISE.getvalue()]


def test_base64_that_is_cut_off_does_not_matter_where_there_is_a_link_too():
    item = {"b64_json": "AAAAA", "url": "/a.png"}
    assert drawn([item], {"/a.png": picture()}).bytes == picture()


def trickle(handler, *, chunked=False):
    """An answer that goes on for ever, a little at a time: it never falls silent."""
    if handler.path.startswith("/v2/logs"):
        handler.reply(404)
        return
    handler.send_response(200)
    length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": "1000000"}
    for header in length.items():
        handler.send_header(*header)
    handler.end_headers()
    while True:
        handler.wfile.write(b"1\r\n \r\n" if chunked else b" ")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_trickles_for_ever_is_given_up(brisk, chunked):
    with server(partial(trickle, chunked=chunked)) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.AnswerTimeoutError, match=r"within 0.5 s"):
            generate("a banana", timeout=0.5)
        until(lambda: posts(seen))  # it may be read when nobody waits any more
    assert len(posts(seen)) == 1


def test_an_answer_in_chunks_is_bounded_whatever_length_it_names(brisk, monkeypatch):
    monkeypatch.setattr("nb_banana.services.send.LONGEST_ANSWER", 300_000)

    def flood(handler):
        if handler.command == "GET":
            handler.reply(404)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", "200000")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    with server(flood) as (url, _):
        configure(base_url=url)
        with pytest.raises(errors.UnreadableAnswerError, match="larger than any picture"):
            generate("a banana")


def test_a_picture_that_trickles_for_ever_is_given_up_and_its_link_is_kept(brisk, monkeypatch):
    monkeypatch.setattr("nb_banana.wire.downloads.LONGEST_DOWNLOAD", 0.1)

    def answer(handler):
        answering([{"url": "/a.png"}])(handler) if handler.command == "POST" else trickle(handler)

    with server(answer) as (url, seen):
        configure(base_url=url)
        with pytest.raises(errors.DownloadError, match=r"its link is http.*/a.png"):
            generate("a banana")
    assert len(posts(seen)) == 1


def percent(text):
    return "".join(f"%{ord(each):02x}" for each in text)


SPELLINGS = {
    "plain": lambda text: text,
    "url-safe": lambda text: text.replace("+", "-").replace("/", "_"),
    "without its end": lambda text: text.rstrip("="),
    "url-safe without its end": lambda text: text.translate(str.maketrans("+/", "-_")).rstrip("="),
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "all in percent": percent,
    "lines": lambda text: "\r\n\t".join(text[at : at + 76] for at in range(0, len(text), 76)),
    "odd spaces": lambda text: f"\ufeff {text[:9]}\xa0{text[9:20]}%0A{text[20:]}\u2028%C2%A0",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "head",
    [
        "",
        "data:image/png;base64,",
        "DATA:image/png;BASE64,",
        " data:image/png;charset=utf-8;base64,",
        "data:;base64 ,",
        "data:image/png;base64;name=a.png,",
    ],
)
def test_a_picture_in_the_answer_is_the_same_in_every_spelling_of_base64(spelling, head):
    data = next(
        each for n in range(3) if len(each := picture() + b"\xfb\xff\xbf" * 9 + b"a" * n) % 3
    )
    assert base64.urlsafe_b64encode(data) != base64.b64encode(data)
    text = head + SPELLINGS[spelling](base64.b64encode(data).decode())
    assert drawn([{"b64_json": text, "url": None}]).bytes == data
    if head:
        assert drawn([{"url": text}], prompt="by its link").bytes == data
        assert as_reference(text).digest == as_reference(data).digest


@pytest.mark.parametrize(
    "text", ["!!!!", "no base64!", "AAAAA", "AAA=AAAA", "ü", "AAAA\ud800", "A*A="]
)
@pytest.mark.parametrize("item", [{"b64_json": "{}"}, {"url": "data:image/png;base64,{}"}])
def test_what_is_no_base64_is_not_made_to_fit(brisk, text, item):
    with pytest.raises(errors.UnreadableAnswerError, match="not whole base64") as caught:
        drawn([{name: value.format(text) for name, value in item.items()}])
    assert json.dumps(text)[1:-1].encode() in caught.value.facts["body"]


def test_of_two_forms_in_an_answer_the_one_that_is_whole_is_the_picture():
    whole = "data:image/png;base64," + base64.b64encode(picture()).decode()
    assert drawn([{"b64_json": "!!!", "url": whole}]).bytes == picture()
