"""The same request once more: changed, or the next take that nobody has."""

import threading

import numpy as np
import PIL.Image
import pytest

import nb_banana
from nb_banana import Client, configure, errors, generate
from tests.support.kernels import another_kernel


def take_of(image):
    return image.request.take


def test_again_is_the_next_take_each_time(service):
    fox = generate("a fox", aspect_ratio="16:9")
    takes = [fox.again(), fox.again()]
    assert [take_of(each) for each in takes] == [2, 3]
    assert len({fox.digest, *(each.digest for each in takes)}) == len(service.charges) == 3
    assert {each.size for each in takes} == {fox.size}
    assert take_of(takes[0].again()) == 4  # 3 is there


def test_a_take_that_is_there_is_never_paid_again(service):
    fox, *_ = generate("a fox", count=4)
    generate("a fox", take=6)
    another_kernel()
    assert [take_of(nb_banana.load(fox.id).again()) for _ in range(2)] == [5, 7]
    assert len(service.charges) == 7


def test_with_changes_it_is_the_request_with_these_and_free_where_it_is_there(service):
    fox = generate("a {{x}} fox", aspect_ratio="16:9", raw=True, take=2)
    large = fox.again(resolution="2K")
    assert (large.size, take_of(large), large.prompt) == ((2752, 1536), 2, "a {{x}} fox")
    assert fox.again(resolution="2K").came == "reused"
    assert fox.again(take=2).came == "reused"
    cat = fox.again(prompt="a {{colour}} cat", colour="red")
    assert (cat.prompt, cat.size) == ("a red cat", fox.size)
    assert fox.again(aspect_ratio=None).size == (1024, 1024)
    assert len(service.charges) == 4


def test_defaults_of_today_do_not_change_what_was_asked(service):
    fox = generate("a fox")
    configure(resolution="2K", aspect_ratio="9:16", model="lite")
    for changes in ({}, {"web_search": True}, {"prompt": "a cat"}):
        fox.again(**changes)
        body = service.posts[-1].body
        assert (body["model"], body.keys() & {"resolution", "aspect_ratio"}) == (fox.model, set())


def test_several_next_takes_are_a_gallery_and_changed_ones_begin_at_one(service):
    fox = generate("a fox")
    assert [take_of(each) for each in fox.again(count=3)] == [2, 3, 4]
    assert [take_of(each) for each in fox.again(count=2, resolution="2K")] == [1, 2]
    assert [each["take"] for each in fox.again(count=1).variants] == [5]


def test_what_else_is_wished_holds_too(service, tmp_path):
    fox = generate("a fox")
    image = fox.again(name="second", alt="Another", save=tmp_path / "fox.png")
    assert (image.name, image.alt, take_of(image)) == ("second", "Another", 2)
    assert (tmp_path / "fox.png").read_bytes() == image.bytes
    assert take_of(fox.again(fresh=True)) == 3
    assert fox.again(take=1, fresh=True).digest
    assert len(service.charges) == 4


def test_in_the_background_each_has_a_take_of_its_own(service):
    fox = generate("a fox [trouble: slow 0.3]", background=True)
    later = [fox.again(background=True), fox.again(background=True), fox.again()]
    assert [take_of(each) for each in later] == [2, 3, 4]
    gallery = fox.again(count=2, background=True)
    assert take_of(fox.again()) == 7
    assert [take_of(each) for each in gallery] == [5, 6]
    assert take_of(later[0].again()) == 8  # of one that is on its way it waits
    assert len(service.charges) == 8


def test_threads_get_a_take_each(service):
    fox = generate("a fox")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(take_of(fox.again()))) for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [2, 3, 4, 5]


def test_a_take_that_came_to_nothing_is_asked_for_again(service):
    fox = generate("a fox")
    for background in (False, True):
        configure(budget=0.1)
        with pytest.raises(errors.BudgetError):
            fox.again(background=background)
        configure(budget=None)
        assert take_of(fox.again()) == (3 if background else 2)


def photo(red=0):
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:, :, 0] = red
    return PIL.Image.fromarray(pixels)


def test_its_references_are_the_same_bytes_on_another_day_too(service):
    night = generate("image 1 at night", images=[generate("a café"), photo(9)])
    sent = service.posts[-1].body["image_urls"]
    night.again()
    assert service.posts[-1].body["image_urls"] == sent
    another_kernel()
    again = nb_banana.load(night.id).again(resolution="2K")
    assert service.posts[-1].body["image_urls"] == sent
    assert [each.prompt for each in again.parents] == ["a café"]


def test_a_reference_that_can_not_be_had_is_an_error_before_anything_is_sent(service, tmp_path):
    night = generate("image 1 at night", images=photo(9))
    file_of_it = night.save(tmp_path / "night.png", embed=True)
    another_kernel()
    kept = nb_banana.load(night.id)
    (file,) = [each for each in kept.path.parents[3].rglob("*references*/**/*") if each.is_file()]
    file.write_bytes(b"other")
    for change in ({}, {"resolution": "2K"}, {"prompt": "x"}):
        with pytest.raises(errors.LibraryError):
            kept.again(**change)
    assert len(service.posts) == 1
    assert kept.again(images=photo(7)).request.take == 1
    nb_banana.forget(night, ask=False)
    with pytest.raises(errors.NotKeptError, match=r"It was made from .* not in its file.*images="):
        nb_banana.load(file_of_it).again()
    assert len(service.posts) == 2


def test_where_nothing_is_kept_it_goes_on_counting(tmp_path):
    with Client(backend="sandbox", library=tmp_path, keep=False) as client:
        fox = client.generate("a fox")
        assert [take_of(fox.again()), take_of(fox.again())] == [2, 3]


def test_it_goes_where_the_picture_came_from(service, tmp_path):
    with Client(backend="sandbox", library=tmp_path) as client:
        assert client.generate("a fox").again().sandbox
    assert service.posts == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": 3}, "take=2"),
        ({"resolutoin": "2K"}, "Did you mean resolution"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"count": 0}, "count is a whole number"),
        ({"count": 20_000}, "10,000 are the most"),
        ({"count": 2, "take": 3}, "leave out the take"),
        ({"prompt": "a {{x}}"}, "nobody fills it in"),
        ({"prompt": 7}, "The prompt is a text"),
        ({"prompt": " "}, "The prompt is empty"),
        ({"model": "pro", "web_search": True}, "can't search the web"),
        ({"save": "no/such/folder/a.png"}, "folder"),
        ({"values": {"x": 1}}, "no option 'x'"),
    ],
)
def test_a_change_that_means_nothing_is_refused(service, changes, sentence):
    fox = generate("a fox")
    with pytest.raises(errors.BananaError, match=sentence):
        fox.again(**changes)
    assert len(service.posts) == 1
