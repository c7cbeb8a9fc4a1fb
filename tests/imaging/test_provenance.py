"""Where a picture comes from stays with it: XMP in what is saved and shown, and what it says."""

import io
import zlib

import pytest
from PIL import Image, JpegImagePlugin
from PIL.PngImagePlugin import PngInfo

import nb_banana
from nb_banana.imaging.decode import preview
from nb_banana.imaging.provenance import Provenance, find_xmp, own_packet, read_provenance
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
