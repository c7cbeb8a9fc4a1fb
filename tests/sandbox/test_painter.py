"""The sandbox's painter: sizes, words, references, label and odd input."""

import io

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from nb_banana.models import SCALES, SIZES
from nb_banana.sandbox.painter import SIDE, label, paint
from nb_banana.sandbox.painter.backdrops import BACKDROPS
from nb_banana.sandbox.painter.brush import rgb
from nb_banana.sandbox.painter.label import SET, font, plain, wrap
from nb_banana.sandbox.painter.styles import STYLES
from nb_banana.sandbox.painter.subjects import SUBJECTS
from nb_banana.sandbox.painter.words import Wish, read
from nb_banana.sandbox.references import shrink

SMALL = (344, 192)
TREX = "A T-Rex relaxing on a beach, lying on a sun lounger and wearing sunglasses."


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def scene(prompt, size=SMALL, references=(), seed=""):
    """What is painted above the label."""
    image = opened(paint(prompt, size, references, seed))
    plan = label.plan(size, prompt)
    return image.crop((0, 0, image.width, image.height - (plan.height if plan else 0)))


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


class TestSizes:
    @pytest.mark.parametrize("ratio", SIZES)
    @pytest.mark.parametrize("resolution", [name for name in SCALES if name in ("512", "1K")])
    def test_every_ratio_has_exactly_the_size_that_was_asked(self, ratio, resolution):
        size = tuple(int(side * SCALES[resolution]) for side in SIZES[ratio])
        image = opened(paint("a banana on a beach", size))
        assert (image.size, image.mode, image.format) == (size, "RGB", "PNG")

    @pytest.mark.parametrize(("ratio", "resolution"), [("1:8", "2K"), ("16:9", "4K")])
    def test_large_pictures_are_painted_too(self, ratio, resolution):
        size = tuple(int(side * SCALES[resolution]) for side in SIZES[ratio])
        assert opened(paint(TREX, size)).size == size

    @pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (47, 47), (48, 48), (333, 77)])
    def test_a_tiny_or_crooked_size_is_painted(self, size):
        assert opened(paint("pencil sketch of a cat, pixel art, watercolour", size)).size == size

    @pytest.mark.parametrize("size", [(0, 10), (10, -1), (SIDE + 1, 10)])
    def test_an_impossible_size_is_an_error(self, size):
        with pytest.raises(ValueError, match="The painter paints 1 to"):
            paint("a cat", size)

    def test_a_larger_picture_shows_the_same_scene(self):
        small, large = scene(TREX, (688, 384)), scene(TREX, (1376, 768))
        assert difference(small, large.resize(small.size)) < 8


class TestSameAndDifferent:
    def test_the_same_arguments_give_the_same_bytes(self):
        reference = flat("#aa3311")
        first = paint(TREX, SMALL, [reference], "1")
        assert first == paint(TREX, SMALL, [reference], "1")

    def test_another_seed_is_another_take(self):
        assert difference(scene("a cat", seed="1"), scene("a cat", seed="2")) > 2

    def test_prompts_without_a_known_word_differ_by_their_letters_alone(self):
        assert difference(scene("aaa"), scene("bbb")) > 8

    @pytest.mark.parametrize("place", [name for name, row in BACKDROPS.items() if row.words])
    def test_each_place_looks_unlike_a_prompt_without_one(self, place):
        word = BACKDROPS[place].words.split()[0]
        assert difference(scene(f"a {word}"), scene("a thought")) > 12

    @pytest.mark.parametrize("kind", SUBJECTS)
    def test_each_subject_leaves_its_mark_on_the_backdrop(self, kind):
        word = SUBJECTS[kind].words.split()[0]
        with_it = scene(f"the forest, {word}")
        without = scene(f"the forest, {'x' * len(word)}")
        box = (100, 40, 250, 170)
        assert difference(with_it.crop(box), without.crop(box)) > 4

    @pytest.mark.parametrize("style", STYLES)
    def test_each_style_changes_the_whole_picture(self, style):
        word = {"mono": "noir"}.get(style, style)
        assert difference(scene(f"a cat on a beach, {word}"), scene("a cat on a beach, photo")) > 6

    def test_night_is_darker_than_day_and_sunset_redder(self):
        day, night, dusk = (scene(f"a house on a hill, {w}") for w in ("noon", "night", "sunset"))
        assert sum(mean(night)) < 0.6 * sum(mean(day))
        assert mean(dusk)[0] - mean(dusk)[2] > 40 + mean(day)[0] - mean(day)[2]

    def test_a_colour_word_colours_its_subject(self):
        red, blue = (scene(f"a {w} ball in the snow") for w in ("red", "blue"))
        assert mean(red)[0] - mean(red)[2] > mean(blue)[0] - mean(blue)[2] + 1


class TestWords:
    def test_the_hero_prompt_is_understood(self):
        idea = read(TREX)
        assert (idea.place, idea.wishes) == ("beach", (Wish("rex"),))
        assert {"lying", "sunglasses"} <= idea.traits

    @pytest.mark.parametrize(
        ("prompt", "wishes"),
        [
            ("two black cats", (Wish("cat", "black", 2),)),
            ("a red ball and a blue ball", (Wish("ball", "red"), Wish("ball", "blue"))),
            ("a cup of coffee", (Wish("mug"),)),
            ("children", (Wish("person", None, 3),)),
            ("no cat, but a dog", (Wish("dog"),)),
            ("🦊", (Wish("fox"),)),
            ("🦖", (Wish("rex"),)),
            ('a sign "cat"', ()),
            ("a catalogue of carpets", ()),
        ],
    )
    def test_subjects_are_read_with_their_colour_and_number(self, prompt, wishes):
        assert read(prompt).wishes == wishes

    @pytest.mark.parametrize(
        ("prompt", "place"),
        [
            ("a cosy café", "room"),
            ("a fish in the sea", "underwater"),
            ("a boat and a fish in the sea", "sea"),
            ("mountains by the sea", "mountains"),
            ("without a beach", None),
        ],
    )
    def test_the_first_place_named_is_the_backdrop(self, prompt, place):
        assert read(prompt).place == place

    @pytest.mark.parametrize(
        ("prompt", "signs"),
        [
            ('it says "Open now"', ("Open now",)),
            ("it says “Über uns”", ("Über uns",)),
            ("it says 'Hi' and «Oui»", ("Hi", "Oui")),
            ("the dog's bone isn't the cat's", ()),
        ],
    )
    def test_quoted_text_is_for_signs_and_an_apostrophe_is_not_a_quote(self, prompt, signs):
        assert read(prompt).signs == signs

    def test_quoted_text_is_painted(self):
        one, other = (scene(f'a forest sign "{word}"', seed="1") for word in ("MMMM", "iiii"))
        middle = (110, 30, 234, 120)
        assert difference(one.crop(middle), other.crop(middle)) > 3

    @pytest.mark.parametrize(
        "word", sorted({w for r in SUBJECTS.values() for w in r.words.split()})
    )
    def test_every_word_of_a_subject_asks_for_it(self, word):
        idea = read(f"one {word}")
        assert any(word in SUBJECTS[wish.kind].words.split() for wish in idea.wishes)


class TestLabel:
    """The badge is drawn last, at the lower left, on its own paper."""

    def badge(self, prompt, size, references=()):
        plan = label.plan(size, prompt)
        image = opened(paint(prompt, size, references))
        top = image.height - plan.height
        margin = round(0.45 * plan.letter)
        return image.crop(
            (margin, top + margin, margin + plan.pill[0], top + margin + plan.pill[1])
        )

    def test_the_badge_is_the_same_whatever_is_painted(self):
        size = (688, 384)
        plain_one = self.badge("a cat", size)
        others = [
            self.badge("pixel art of a rocket at night, blueprint", size),
            self.badge("make it sepia", size, [flat("#ff0000")]),
            self.badge("word " * 600, size),
        ]
        assert all(plain_one.tobytes() == other.tobytes() for other in others)

    @pytest.mark.parametrize("ratio", SIZES)
    @pytest.mark.parametrize("scale", [0.5, 4.0])
    def test_the_badge_fits_and_its_letters_are_tall_enough_to_read(self, ratio, scale):
        size = tuple(int(side * scale) for side in SIZES[ratio])
        plan = label.plan(size, TREX)
        assert plan.pill[0] <= size[0]
        assert plan.letter >= max(12, 0.02 * min(size))
        assert plan.height < 0.35 * size[1]

    def test_dark_letters_stand_on_a_light_pill(self):
        def luminance(colour):
            parts = [
                v / 255 / 12.92 if v < 11 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour
            ]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

        ink, pill = luminance(rgb(label.INK)), luminance(rgb(label.PILL))
        assert (pill + 0.05) / (ink + 0.05) > 7
        found = {colour for _, colour in self.badge("a cat", (1376, 768)).getcolors(1 << 20)}
        assert {rgb(label.INK), rgb(label.PILL)} <= found

    def test_the_caption_is_the_prompt(self):
        assert " ".join(label.plan((1376, 768), TREX).lines) == TREX

    def test_a_long_caption_ends_in_an_ellipsis_and_stays_inside(self):
        plan = label.plan((1024, 1024), "Bananenschalenrutschgefahr " * 100)
        assert plan.lines[-1].endswith("…")
        assert max(font(plan.letter).getlength(line) * 0.8 for line in plan.lines) < 1024

    def test_an_edit_of_a_sandbox_picture_carries_one_label(self):
        size = (688, 384)
        first = paint("a cat in the snow", size)
        again = scene("make it sepia", size, [first])
        expected = scene("make it sepia", size, [encoded(scene("a cat in the snow", size))])
        assert difference(again, expected) < 1

    def test_the_server_makes_it_small_and_still_knows_its_label(self):
        size = (1376, 768)
        small = shrink(paint("a cat in the snow", size))
        again = scene("make it sepia", size, [small])
        expected = scene("make it sepia", size, [encoded(scene("a cat in the snow", size))])
        assert opened(small).width == 1024
        assert difference(again, expected) < 3


class TestLettering:
    @pytest.mark.parametrize(
        "text", ["Grüße", "Привет, мир", "日本語とかな", "한국어", "🦖🏝️👩‍🚀", "עברית"]
    )
    def test_nothing_is_left_that_the_font_draws_as_a_box(self, text):
        assert plain(text)
        assert set(plain(text)) <= SET

    def test_the_font_has_every_letter_that_it_is_said_to_have(self):
        box = bytes(font(40).getmask("\uffff"))
        assert all(bytes(font(40).getmask(letter)) != box for letter in SET)

    def test_lines_are_no_wider_than_asked(self):
        lines = wrap("a banana and anunbelievablylongwordthatnobodyreads", 20, 120, 9)
        assert max(font(20).getlength(line) for line in lines) <= 120


class TestReferences:
    def test_the_first_reference_fills_an_edit(self):
        image = scene("make it bigger and sepia-free", (688, 384), [flat("#d02020")])
        red, green, blue = mean(image)
        assert red > 100 > green + 10
        assert red > blue + 60

    def test_in_a_named_place_the_first_reference_is_large_and_the_place_is_seen(self):
        image = scene("Put image 1 in a cosy café", (688, 384), [flat("#00c8ff")])
        share = sum(
            n for n, (r, g, b) in image.getcolors(1 << 20) if b > 200 and g > 150 and r < 90
        ) / (image.width * image.height)
        assert 0.3 < share < 0.85

    def test_the_other_references_are_shown_small(self):
        first, second = flat("#2040c0"), flat("#20e020")
        alone = scene("join them", (688, 384), [first], "1")
        both = scene("join them", (688, 384), [first, second], "1")
        corner = (alone.width - 130, alone.height - 130, alone.width, alone.height)
        assert difference(alone.crop(corner), both.crop(corner)) > 15
        assert difference(alone.crop((0, 0, 300, 150)), both.crop((0, 0, 300, 150))) < 1

    @pytest.mark.parametrize(
        "words", ["make it night", "sepia", "pencil", "add a cat", "xyz", "rain"]
    )
    def test_an_edit_is_visibly_an_edit(self, words):
        picture = scene("a house", (688, 384))
        assert difference(scene(words, (688, 384), [encoded(picture)]), picture) > 2

    def test_night_makes_a_reference_darker(self):
        picture = scene("a house", (688, 384))
        edited = scene("make it night", (688, 384), [encoded(picture)])
        assert sum(mean(edited)) < 0.75 * sum(mean(picture))

    @pytest.mark.parametrize("bad", [b"", b"not a picture", flat("#ff0000")[:60]])
    def test_a_reference_that_cannot_be_read_is_left_out(self, bad):
        assert paint("a cat", SMALL, [bad]) == paint("a cat", SMALL)

    @pytest.mark.parametrize(
        "data",
        [
            flat((255, 0, 0, 90), mode="RGBA"),
            flat(120, mode="L"),
            flat((90, 40), mode="LA"),
            flat(1, mode="1"),
            flat(3, mode="P"),
            flat(30000, mode="I;16"),
            flat(0.5, mode="F", kind="TIFF"),
            flat((200, 10, 10, 0), mode="CMYK", kind="JPEG"),
            flat("#102030", kind="WEBP"),
            flat("#102030", (1, 1)),
            flat("#102030", (1, 900)),
            flat("#102030", (5000, 3000)),
        ],
    )
    def test_references_of_every_kind_are_shown(self, data):
        assert paint("look", (344, 192), [data]) != paint("look", (344, 192))

    def test_transparent_parts_are_paper_and_not_black(self):
        image = scene("look, rain", (344, 192), [flat((0, 0, 0, 0), mode="RGBA")])
        assert min(mean(image)) > 150

    def test_a_deep_grey_picture_keeps_its_greys(self):
        image = scene("blurred", (344, 192), [flat(32768, mode="I;16")])
        assert 110 < mean(image)[0] < 145

    def test_a_photo_is_turned_upright_by_its_exif(self):
        photo = Image.new("RGB", (160, 90), "#0000ff")
        ImageDraw.Draw(photo).rectangle((0, 0, 80, 90), fill="#ff0000")
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was turned: left is up
        image = scene("blurred", (192, 344), [encoded(photo, "JPEG", exif=exif.tobytes())])
        upper, lower = image.getpixel((96, 20)), image.getpixel((96, image.height - 20))
        assert (upper[0] > upper[2], lower[2] > lower[0]) == (True, True)

    def test_a_portrait_in_a_landscape_is_shown_whole(self):
        tall = Image.new("RGB", (100, 300), "#888888")
        ImageDraw.Draw(tall).rectangle((0, 0, 100, 20), fill="#ff0000")
        image = scene("blurred", (688, 384), [encoded(tall)])
        red, _, blue = image.getpixel((344, 6))
        assert red > blue + 60


class TestOddPrompts:
    @pytest.mark.parametrize(
        "prompt",
        [
            "",
            " \n\t ",
            "x" * 5000,
            "a cat\n" * 400,
            "一只猫在海滩上 🦖🌴",
            "\x00\u202e\ud800",
            '"' * 50,
            "''",
        ],
    )
    def test_any_text_gives_a_picture(self, prompt):
        assert opened(paint(prompt, SMALL)).size == SMALL

    def test_every_known_word_at_once_gives_a_picture(self):
        words = " ".join(row.words for row in [*SUBJECTS.values(), *BACKDROPS.values()])
        assert opened(paint(f"many {words} hat night snow rain neon lying", SMALL)).size == SMALL
