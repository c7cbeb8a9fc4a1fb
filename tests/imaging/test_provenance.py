"""Where a picture comes from stays with it: XMP in what is saved and shown, and what it says."""

import base64
import io
import re
import zlib

import pytest
from PIL import Image, JpegImagePlugin
from PIL.PngImagePlugin import PngInfo

import nb_banana
from nb_banana.imaging import metadata, save
from nb_banana.imaging.decode import preview
from nb_banana.imaging.provenance import (
    JPEG_START,
    Provenance,
    find_iptc,
    find_xmp,
    joint_packet,
    own_packet,
    read_provenance,
    saving,
)
from tests.support.pictures import clear, encode, picture

AI = "trainedAlgorithmicMedia"
AS_ELEMENTS = (
    b'<?xpacket begin="" id="W5M0"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
    b'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description '
    b'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'xmlns:p="http://ns.adobe.com/photoshop/1.0/"><e:DigitalSourceType '
    b'r:resource="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    b"<p:Credit>Made with Google AI</p:Credit></r:Description></r:RDF></x:xmpmeta>"
    b'<?xpacket end="w"?>'
)
"""As an element and not as an attribute, with other prefixes: as other programs write it."""


def marked(kind, packet, image=None):
    """A file with an XMP packet in it."""
    image = image or picture(200, 100)
    if kind != "PNG":
        return encode(image, kind, xmp=packet)
    about = PngInfo()
    about.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=len(packet) > 700)
    return encode(image, kind, pnginfo=about)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("packet", [AS_ELEMENTS, own_packet(AI, "Made with Google AI")])
def test_type_and_credit_are_read_in_each_form(kind, packet):
    data = marked(kind, packet)
    assert read_provenance(data) == Provenance(AI, "Made with Google AI")
    assert b"a packed text" not in data
    padded = marked(kind, packet + b" " * 800)
    assert find_xmp(padded).strip() == packet


@pytest.mark.parametrize(
    "packet",
    [
        *(b"", b"<", b"no xml", b"\xff\xfe\x00", AS_ELEMENTS[:300], b"<a/>" * 9),
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + AS_ELEMENTS,
        AS_ELEMENTS.replace(b"Made", b"&b;"),
        b'<?xml version="1.0" encoding="none-such"?><a/>',
    ],
)
def test_what_is_no_packet_says_nothing(packet):
    assert read_provenance(marked("JPEG", packet)) == Provenance()


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1", b"RIFF", b"GIF89a"]
)
def test_what_is_no_picture_says_nothing(data):
    found = read_provenance(data)
    assert (found.source_type, found.credit, found.c2pa or False) == (None, None, False)
    assert "no mark" in repr(found)


def test_a_c2pa_manifest_is_seen_in_each_kind_of_file():
    png, jpeg, webp = (encode(picture(), kind) for kind in ("PNG", "JPEG", "WEBP"))
    box = b"\x00\x00\x00\x04caBXjumb" + zlib.crc32(b"caBXjumb").to_bytes(4, "big")
    segment = b"JP\x00\x01\x00\x00\x00\x01....jumbc2pa"
    chunk = b"C2PA\x04\x00\x00\x00jumb"
    files = [
        png[:33] + box + png[33:],
        jpeg[:2] + b"\xff\xeb" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:],
        webp + chunk,
    ]
    assert [read_provenance(each).c2pa for each in (png, jpeg, webp)] == [False] * 3
    assert [read_provenance(each).c2pa for each in files] == [True] * 3


def test_a_preview_says_the_same_in_less_than_a_kilobyte():
    long = own_packet(AI, "Ä" * 500 + '"<&')
    for image in (picture(400, 400), clear(400, 400)):
        mime, small = preview(marked("PNG", long, image), 96)
        found = read_provenance(small)
        assert (found.source_type, found.credit[:9]) == (AI, "Ä" * 9)
        assert len(find_xmp(small)) < 1000
        bare = preview(encode(image), 96)
        assert bare[0] == mime
        assert read_provenance(bare[1]) == Provenance()  # nobody says that a photo is of a model
        pixels = [Image.open(io.BytesIO(each)).tobytes() for each in (small, bare[1])]
        assert pixels[0] == pixels[1]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_keeps_its_marks_in_each_file_that_is_written(suffix, service, tmp_path):
    fox = nb_banana.generate("a fox")
    assert fox.provenance.source_type == "algorithmicMedia"  # the sandbox is no model
    assert fox.save(tmp_path / f"fox{suffix}")
    written = (tmp_path / f"fox{suffix}").read_bytes()
    assert find_xmp(written) == find_xmp(fox.bytes)
    embedded = fox.save(tmp_path / f"two{suffix}", embed=True).read_bytes()
    assert find_xmp(embedded) == find_xmp(fox.bytes)
    assert nb_banana.load(tmp_path / f"two{suffix}").prompt == "a fox"


def test_a_copy_of_a_picture_without_marks_says_that_it_is_of_a_model(service, tmp_path):
    """Google's own JPEGs have none: what is made of them says what our books know."""
    fox = nb_banana.generate("a fox [trouble: jpeg]")
    assert fox.provenance == Provenance()
    assert fox.save(tmp_path / "fox.jpg").read_bytes() == fox.bytes  # as the service made it
    for data in (fox.save(tmp_path / "fox.webp").read_bytes(), fox.preview(99)[1]):
        found = read_provenance(data)
        assert (found.source_type, found.credit) == ("algorithmicMedia", fox.credit)
    assert fox.credit == f"nb_banana sandbox · {fox.receipt.created:%Y-%m-%d} · no AI model"
    plain = encode(fox.pil, "JPEG", xmp=fox.pil.info["xmp"])
    assert read_provenance(plain).source_type == "algorithmicMedia"
    assert isinstance(Image.open(io.BytesIO(plain)), JpegImagePlugin.JpegImageFile)


def test_a_picture_says_its_model_and_the_ratio_that_it_has(service):
    wide = nb_banana.generate("a fox", aspect_ratio="16:9")
    assert (wide.model, wide.aspect_ratio) == ("google/nano-banana-2", "16:9")
    assert nb_banana.generate("a fox").aspect_ratio == "1:1"


def edited(packet=AS_ELEMENTS, iptc=None, kind="PNG"):
    """A file with XMP and, where it is given, with IPTC records."""
    options = saving(kind, packet, iptc or b"")
    return encode(picture(64, 48), kind, **options)


RECORDS = b"\x1c\x02\x50\x00\x01x\x1c\x02\x6e\x00\x13Made with Google \xc4I"
BARE = AS_ELEMENTS.replace(b"<p:Credit>Made with Google AI</p:Credit>", b"")
SILENT = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a:RDF xmlns:a="%s"><a:Description a:about="" ' % (
    b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
)
SILENT += b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="a tool"/></a:RDF></x:xmpmeta>'
MARK = own_packet("algorithmicMedia", "a mark")


@pytest.mark.parametrize("start", ["PNG", "JPEG"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_converted_file_bears_the_same_xmp_and_iptc(start, suffix):
    data = edited(iptc=RECORDS, kind=start)
    out = save.encode(data, f"image/{start.lower()}", suffix, MARK)
    with Image.open(io.BytesIO(out)) as read:
        packet, tags = read.info.get("xmp"), getattr(read, "tag_v2", {})
    assert packet == AS_ELEMENTS
    iptc = tags.get(33723) if suffix == ".tif" else find_iptc(out)
    assert iptc == (b"" if suffix == ".webp" else RECORDS)
    assert read_provenance(out).source_type == AI


def test_a_credit_that_only_the_older_iptc_has_is_read_and_told_in_a_preview():
    data = edited(BARE, RECORDS)
    assert read_provenance(data) == Provenance(AI, "Made with Google ÄI")
    assert read_provenance(preview(data, 48)[1]).credit == "Made with Google ÄI"


@pytest.mark.parametrize("suffix", [".gif", ".bmp", ".pdf"])
def test_formats_without_a_place_for_it_are_written_all_the_same(suffix):
    assert read_provenance(save.encode(edited(), "image/png", suffix)).source_type is None


HUGE = AS_ELEMENTS.replace(
    b"<p:Credit>", b"<p:History>" + b"h" * 70_000 + b"</p:History><p:Credit>"
)


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (HUGE, (AI, "Made with Google AI")),  # more than a segment of a JPEG holds
        (SILENT, ("algorithmicMedia", "a mark")),
        (b"no xml", ("algorithmicMedia", "a mark")),
        (AS_ELEMENTS[:300], ("algorithmicMedia", "a mark")),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + AS_ELEMENTS, ("algorithmicMedia", "a mark")),
    ],
)
def test_odd_packets_lose_no_picture_and_no_meaning(packet, told):
    data = edited(packet)
    out = save.encode(data, "image/png", ".jpg", MARK)
    found = read_provenance(out)
    assert (found.source_type, found.credit) == told
    if packet == SILENT:
        assert b'xmp:CreatorTool="a tool"' in find_xmp(out)  # its own words stay beside the mark
    pixels = [Image.open(io.BytesIO(each)).convert("RGB").tobytes() for each in (out, bare(out))]
    assert pixels[0] == pixels[1]


def bare(data):
    """The same JPEG without metadata."""
    return metadata.strip(data).data


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_letters_of_another_encoding_are_told_again_in_utf_8(kind):
    for odd in (AS_ELEMENTS.decode().encode("utf-16"), AS_ELEMENTS.replace(b"with", b"w\xefth")):
        data = encode(picture(), kind, xmp=odd)
        out = save.encode(data, f"image/{kind.lower()}", ".png")
        assert read_provenance(out).source_type == AI
        find_xmp(out).decode()


def test_entities_are_not_let_in_by_an_encoding():
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]>' + AS_ELEMENTS.decode()
    data = encode(picture(), "JPEG", xmp=bomb.encode("utf-16"))
    assert read_provenance(data) == Provenance()


def test_of_several_packets_the_first_that_is_one_counts():
    jpeg = encode(picture(), "JPEG", xmp=AS_ELEMENTS)
    segment = JPEG_START + b"no xml"
    broken = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    long = b"http://ns.adobe.com/xmp/extension/\0" + b"f" * 40
    extended = b"\xff\xe1" + (len(long) + 2).to_bytes(2, "big") + long
    data = jpeg[:2] + broken + extended + jpeg[2:]
    assert find_xmp(data) == AS_ELEMENTS
    assert find_xmp(save.encode(data, "image/jpeg", ".png")) == AS_ELEMENTS


def test_xmp_of_other_kinds_of_files_is_found_and_c2pa_is_not_denied():
    found = read_provenance(encode(picture(), "AVIF", xmp=AS_ELEMENTS))
    assert found == Provenance(AI, "Made with Google AI", None)
    assert "not looked for" in repr(found)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_cut_file_says_what_is_left_of_it(cut):
    for data in (edited(iptc=RECORDS), edited(iptc=RECORDS, kind="JPEG")):
        assert isinstance(read_provenance(data[: len(data) * cut // 60]), Provenance)
    block = find_iptc(edited(iptc=RECORDS[:cut], kind="JPEG"))
    assert block == RECORDS[:cut]


@pytest.mark.parametrize("credit", ['"' * 300, "🍌" * 300, "&" * 200, "Ä" * 500, ""])
def test_a_packet_of_ours_stays_below_a_kilobyte_whatever_it_credits(credit):
    packet = own_packet(AI, credit)
    assert len(packet) < 1000
    read = read_provenance(encode(picture(), "JPEG", xmp=packet))
    assert read.source_type == AI
    assert (read.credit or "").rstrip("…") == credit[: len((read.credit or "").rstrip("…"))]


def test_place_and_camera_of_a_photo_are_in_no_copy(service, tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "SECRETCAM"
    made = encode(picture(64, 48), "PNG", exif=exif.tobytes())
    for suffix in (".jpg", ".webp", ".tif"):
        out = save.encode(made, "image/png", suffix, MARK)
        assert b"SECRETCAM" not in out
    assert b"SECRETCAM" not in preview(made, 48, MARK)[1]
    fox = nb_banana.generate("a fox", images=encode(picture(), "JPEG", exif=exif.tobytes()))
    for data in (fox.bytes, fox.save(tmp_path / "a.jpg").read_bytes(), fox.preview(64)[1]):
        assert b"SECRETCAM" not in data


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_sheets_and_comparisons_say_how_their_pictures_were_made(suffix, service, tmp_path):
    grid = nb_banana.generate("a fox", count=2)
    credit = "nb_banana sandbox, no AI model"
    grid.contact_sheet().save(tmp_path / f"sheet{suffix}")
    nb_banana.compare(*grid).save(tmp_path / f"both{suffix}")
    for name in ("sheet", "both"):
        with Image.open(tmp_path / f"{name}{suffix}") as read:
            found = encode(Image.new("L", (1, 1)), "JPEG", xmp=read.info["xmp"])
        assert read_provenance(found) == Provenance("algorithmicMedia", credit)


def test_what_a_notebook_shows_of_several_bears_a_packet_too(service):
    grid = nb_banana.generate("a fox", count=2)
    for value in (grid, nb_banana.compare(*grid)):
        bundle = value._repr_mimebundle_()[0]
        shown = [bundle["image/jpeg"], *re.findall(r"base64,([^\"]+)", bundle["text/html"])]
        for each in map(base64.b64decode, shown):
            assert read_provenance(each).source_type == "algorithmicMedia"


@pytest.mark.parametrize(
    ("types", "told"),
    [
        ((AI, AI), AI),
        ((AI, "algorithmicMedia"), "compositeSynthetic"),
        ((AI, None), "compositeSynthetic"),
        ((None, "algorithmicMedia"), "algorithmicMedia"),
        ((None, None), None),
        ((), None),
    ],
)
def test_a_sheet_of_several_kinds_says_that_some_are_of_a_model(types, told):
    packet = joint_packet([each and own_packet(each, f"by {each}") for each in types])
    found = read_provenance(encode(picture(), "JPEG", **saving("JPEG", packet)))
    said = "; ".join(f"by {each}" for each in dict.fromkeys(types) if each and told)
    assert found.source_type == told
    assert found.credit == (said or None)
