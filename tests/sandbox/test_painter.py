"""The sandbox's painter: sizes, words, references, label and odd input."""

import io

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from nb_banana.models import SCALES, SIZES
from nb_banana.sandbox.painter import LABEL_KEY, SIDE, label, paint
from nb_banana.sandbox.painter.brush import rgb
from nb_banana.sandbox.painter.effects import STYLES
from nb_banana.sandbox.painter.label import SET, font, plain, wrap
from nb_banana.sandbox.painter.scenery import BACKDROPS
from nb_banana.sandbox.painter.things import SUBJECTS
from nb_banana.sandbox.painter.words import read
from nb_banana.sandbox.validation import shrink

SMALL = (344, 192)
TREX = "A T-Rex relaxing on a beach, lying on a sun lounger and wearing sunglasses."


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def scene(prompt, size=SMALL, references=(), seed=""):
    """What is painted above the label."""
    image = opened(paint(prompt, size, [shrink(each) for each in references], seed))
    return image.crop((0, 0, image.width, image.height - int(image.info[LABEL_KEY])))


def difference(one, other):
    """How far two pictures are apart, 0 to 255, where their sizes agree."""
    size = (min(one.width, other.width), min(one.height, other.height))
    gap = ImageChops.difference(one.crop((0, 0, *size)), other.crop((0, 0, *size)))
    return sum(ImageStat.Stat(gap).mean) / 3


def mean(image):
    return ImageStat.Stat(image.convert("RGB")).mean


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def flat(colour, size=(160, 90), mode="RGB", kind="PNG"):
    return encoded(Image.new(mode, size, colour), kind)


def pixels(ratio, resolution):
    return tuple(int(side * SCALES[resolution]) for side in SIZES[ratio])


# Sizes


@pytest.mark.parametrize(
    "size",
    [
        *[
            pixels(*each)
            for each in (("1:1", "512"), ("21:9", "1K"), ("1:8", "2K"), ("16:9", "4K"))
        ],
        *[(1, 1), (3, 200), (200, 3), (47, 47), (48, 48), (333, 77)],
    ],
)
def test_the_picture_has_exactly_the_size_that_was_asked(size):
    image = opened(paint("pencil sketch of a cat on a beach, pixel art, watercolour", size))
    assert (image.size, image.mode, image.format) == (size, "RGB", "PNG")


@pytest.mark.parametrize("size", [(10, -1), (SIDE + 1, 10)])
def test_an_impossible_size_is_an_error(size):
    with pytest.raises(ValueError, match="The painter paints 1 to"):
        paint("a cat", size)


def test_a_larger_picture_shows_the_same_scene():
    small, large = scene(TREX, (688, 384)), scene(TREX, (1376, 768))
    assert difference(small, large.resize(small.size)) < 8


# What is the same, and what differs


def test_the_same_arguments_give_the_same_bytes():
    reference = shrink(flat("#aa3311"))
    first = paint(TREX, SMALL, [reference], "1")
    assert first == paint(TREX, SMALL, [reference], "1")


def test_another_seed_is_another_take():
    assert difference(scene("a cat", seed="1"), scene("a cat", seed="2")) > 2


def test_prompts_without_a_known_word_differ_by_their_letters_alone():
    assert difference(scene("aaa"), scene("bbb")) > 8


def test_each_place_looks_unlike_a_prompt_without_one():
    words = [row.words.split()[0] for row in BACKDROPS.values() if row.words]
    thought = scene("a thought")
    assert [word for word in words if difference(scene(f"a {word}"), thought) <= 12] == []


def test_each_subject_leaves_its_mark_on_the_backdrop():
    box = (100, 40, 250, 170)
    words = {row.words.split()[0] for row in SUBJECTS.values()}
    empty = {n: scene(f"the forest, {'x' * n}").crop(box) for n in {len(word) for word in words}}
    seen = {
        word
        for word in words
        if difference(scene(f"the forest, {word}").crop(box), empty[len(word)]) > 4
    }
    assert seen == words


def test_each_style_changes_the_whole_picture():
    photo = scene("a cat on a beach, photo")
    alike = [s for s in STYLES if difference(scene(f"a cat on a beach, {s}"), photo) <= 6]
    assert alike == []


def test_night_is_darker_than_day_and_sunset_redder():
    day, night, dusk = (scene(f"a castle on a hill, {w}") for w in ("noon", "night", "sunset"))
    assert sum(mean(night)) < 0.6 * sum(mean(day))
    assert mean(dusk)[0] - mean(dusk)[2] > 40 + mean(day)[0] - mean(day)[2]


def test_a_colour_word_colours_its_subject():
    red, blue = (scene(f"a {w} car in the snow") for w in ("red", "blue"))
    assert mean(red)[0] - mean(red)[2] > mean(blue)[0] - mean(blue)[2] + 1


@pytest.mark.parametrize("trait", ["sunglasses", "a hat"])
def test_what_is_worn_is_seen(trait):
    bare = scene("a fox, xxx xxxxx", (344, 344), seed="1")
    assert difference(scene(f"a fox with {trait}", (344, 344), seed="1"), bare) > 0.5


# Words


def test_the_hero_prompt_is_understood():
    idea = read(TREX)
    assert (idea.place, idea.wishes, idea.traits) == ("beach", (("rex", None),), {"sunglasses"})


@pytest.mark.parametrize(
    ("prompt", "wishes"),
    [
        ("two black cats", [("cat", "black")]),
        ("a red car and a blue car", [("car", "red"), ("car", "blue")]),
        ("a cup of coffee", [("mug", None)]),
        ("no cat, but a fox", [("fox", None)]),
        ("🦖", [("rex", None)]),
        ('a sign "cat" and a catalogue of carpets', []),
    ],
)
def test_subjects_are_read_with_their_colour(prompt, wishes):
    assert read(prompt).wishes == tuple(wishes)


@pytest.mark.parametrize(
    ("prompt", "place"),
    [("a cosy café", "room"), ("mountains by the sea", "mountains"), ("without a beach", None)],
)
def test_the_first_place_named_is_the_backdrop(prompt, place):
    assert read(prompt).place == place


@pytest.mark.parametrize(
    ("prompt", "signs"),
    [
        ("it says “Über uns”", ("Über uns",)),
        ("it says 'Hi' and «Oui»", ("Hi", "Oui")),
        ("the dog's bone isn't the cat's", ()),
    ],
)
def test_quoted_text_is_for_signs_and_an_apostrophe_is_not_a_quote(prompt, signs):
    assert read(prompt).signs == signs


def test_quoted_text_is_painted():
    one, other = (scene(f'a forest sign "{word}"', seed="1") for word in ("MMMM", "iiii"))
    middle = (110, 30, 234, 120)
    assert difference(one.crop(middle), other.crop(middle)) > 3


# The label: on its own paper at the lower edge, the badge at its left


def badge(prompt, size, references=()):
    """The upper left of the label, as much of it as is the badge's own."""
    image = opened(paint(prompt, size, references))
    top = image.height - int(image.info[LABEL_KEY])
    return image.crop((0, top, size[0] // 5, top + size[1] // 16))


def test_the_badge_is_the_same_whatever_is_painted():
    size = (688, 384)
    others = [
        badge("pixel art of a rocket at night, blueprint", size),
        badge("make it watercolour", size, [shrink(flat("#ff0000"))]),
        badge("word " * 600, size),
    ]
    assert {each.tobytes() for each in others} == {badge("a cat", size).tobytes()}


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_the_badge_is_large_enough_to_read_and_the_label_no_larger_than_it_must_be(scale):
    for ratio in SIZES:
        width, height = (int(side * scale) for side in SIZES[ratio])
        strip = label.strip((width, height), TREX)
        pill = [
            x for x in range(width) if strip.getpixel((x, strip.height // 3)) == rgb(label.PILL)
        ]
        assert strip.height < 0.35 * height, ratio
        assert pill[-1] < 0.99 * width, ratio
        assert pill[-1] - pill[0] > 10 * max(12, 0.02 * min(width, height)), ratio


def test_dark_letters_stand_on_a_light_pill():
    def luminance(colour):
        parts = [v / 255 / 12.92 if v < 11 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    ink, pill = luminance(rgb(label.INK)), luminance(rgb(label.PILL))
    assert (pill + 0.05) / (ink + 0.05) > 7
    found = {colour for _, colour in badge("a cat", (1376, 768)).getcolors(1 << 20)}
    assert {rgb(label.INK), rgb(label.PILL)} <= found


def test_the_caption_is_the_prompt():
    one, same, other = (
        opened(paint(prompt, (688, 384))).crop((150, 384 - 20, 688, 384))
        for prompt in ("a fox and a cat", "a  fox\nand a cat", "a cat and a fox")
    )
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_an_edit_of_a_sandbox_picture_carries_one_label():
    size = (1376, 768)
    again = scene("make it watercolour", size, [paint("a cat in the snow", size)])
    expected = scene("make it watercolour", size, [encoded(scene("a cat in the snow", size))])
    assert difference(again, expected) < 3


# Letters


@pytest.mark.parametrize("text", ["Grüße, Привет, мир", "日本語とかな 한국어 עברית", "🦖🏝️👩‍🚀"])
def test_nothing_is_left_that_the_font_draws_as_a_box(text):
    assert plain(text)
    assert set(plain(text)) <= SET


def test_foreign_letters_are_spelled_or_named():
    assert plain("Café — Привет, 🦖 漢字") == "Cafe - Privet, (t-rex) [cjk]"


def test_the_font_has_every_letter_that_it_is_said_to_have():
    box = bytes(font(40).getmask("\uffff"))
    assert all(bytes(font(40).getmask(letter)) != box for letter in SET)


def test_lines_are_no_wider_than_asked_and_what_is_left_out_is_an_ellipsis():
    text = "a banana and anunbelievablylongwordthatnobodyreads"
    assert "".join(wrap(text, 20, 120, 9)).replace(" ", "") == text.replace(" ", "")
    few = wrap(text, 20, 120, 2)
    assert (len(few), few[-1][-1]) == (2, "…")
    assert max(font(20).getlength(line) for line in few + wrap(text, 20, 120, 9)) <= 120


# References


def test_the_first_reference_fills_an_edit():
    red, green, blue = mean(scene("make it bigger and sepia-free", (688, 384), [flat("#d02020")]))
    assert red > 100 > green + 10
    assert red > blue + 40


def test_in_a_named_place_the_first_reference_is_large_and_the_place_is_seen():
    image = scene("Put image 1 in a cosy café", (688, 384), [flat("#00c8ff")])
    share = sum(
        n for n, (r, g, b) in image.getcolors(1 << 20) if b > 180 and g > 140 and r < 90
    ) / (image.width * image.height)
    assert 0.3 < share < 0.85


def test_the_other_references_are_shown_small():
    first, second = flat("#2040c0"), flat("#20e020")
    alone = scene("join them", (688, 384), [first], "1")
    both = scene("join them", (688, 384), [first, second], "1")
    corner = (alone.width - 130, alone.height - 130, alone.width, alone.height)
    assert difference(alone.crop(corner), both.crop(corner)) > 15
    assert difference(alone.crop((0, 0, 300, 150)), both.crop((0, 0, 300, 150))) < 1


@pytest.mark.parametrize("words", ["pencil", "add a cat", "xyz"])
def test_an_edit_is_visibly_an_edit(words):
    picture = scene("a castle", (688, 384))
    assert difference(scene(words, (688, 384), [encoded(picture)]), picture) > 2


def test_night_makes_a_reference_darker():
    picture = scene("a castle", (688, 384))
    edited = scene("make it night", (688, 384), [encoded(picture)])
    assert sum(mean(edited)) < 0.75 * sum(mean(picture))


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (flat((90, 40), mode="LA"), 229),
        (flat(32768, mode="I;16"), 127),
        (flat((0, 0, 0, 0), mode="RGBA"), 253),
        (flat(0.5, mode="F", kind="TIFF"), 0),
        (flat((0, 0, 0, 128), mode="CMYK", kind="JPEG"), 127),
        (flat("#606060", (1, 900)), 142),  # a hair before its own blur
        (flat("#606060", (5000, 3000)), 96),
    ],
)
def test_references_of_every_kind_are_shown_as_they_are(data, shown):
    image = scene("blurred", SMALL, [data])
    assert image.getpixel((172, 60))[0] == pytest.approx(shown, abs=6)


def test_a_photo_is_turned_upright_by_its_exif():
    photo = Image.new("RGB", (160, 90), "#0000ff")
    ImageDraw.Draw(photo).rectangle((0, 0, 80, 90), fill="#ff0000")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: left is up
    image = scene("blurred", (192, 344), [encoded(photo, "JPEG", exif=exif.tobytes())])
    upper, lower = image.getpixel((96, 20)), image.getpixel((96, image.height - 20))
    assert (upper[0] > upper[2], lower[2] > lower[0]) == (True, True)


def test_a_portrait_in_a_landscape_is_shown_whole():
    tall = Image.new("RGB", (100, 300), "#888888")
    ImageDraw.Draw(tall).rectangle((0, 0, 100, 20), fill="#ff0000")
    red, _, blue = scene("blurred", (688, 384), [encoded(tall)]).getpixel((344, 6))
    assert red > blue + 60


# Odd prompts


@pytest.mark.parametrize(
    "prompt",
    ["", "a cat\n" * 1000, "一只猫在海滩上 🦖🌴", "\x00\u202e\ud800", '"' * 50 + "''"],
)
def test_any_text_gives_a_picture(prompt):
    assert opened(paint(prompt, SMALL)).size == SMALL


def test_every_known_word_at_once_gives_a_picture():
    words = " ".join(row.words for row in [*SUBJECTS.values(), *BACKDROPS.values()])
    assert opened(paint(f"{words} hat night blurred", SMALL)).size == SMALL
