"""`agenerate`: the event loop stays free, and a wait that is cancelled loses nothing."""

import asyncio
import threading

import pytest

import nb_banana
from nb_banana._default import client

SLOW = "[trouble: slow 1]"


def library():
    return client().context.places(client().context.kinds()[0])[0]


def test_the_loop_stays_free_while_a_picture_is_made(held):
    async def main():
        ticks = 0
        drawing = asyncio.create_task(
            nb_banana.agenerate(f"a banana {SLOW}", aspect_ratio="16:9", name="fruit")
        )
        while not drawing.done():
            await asyncio.sleep(0.01)
            ticks += 1
            if ticks > 10:
                held.set()
        return ticks, await drawing

    ticks, image = asyncio.run(main())
    assert ticks > 10
    assert image.size == (1376, 768)
    assert image.name == "fruit"


def test_several_are_made_at_the_same_time(service):
    async def main():
        prompts = [f"banana {number} {SLOW}" for number in range(3)]
        return await asyncio.gather(*(nb_banana.agenerate(each) for each in prompts))

    assert [each.prompt[:8] for each in asyncio.run(main())] == ["banana 0", "banana 1", "banana 2"]
    assert len(service.charges) == 3


def test_a_wait_that_is_cancelled_ends_at_once_and_its_picture_is_kept(service, held):
    ended = threading.Event()

    async def main():
        drawing = asyncio.create_task(nb_banana.agenerate(f"a banana {SLOW}"))
        while not service.posts:
            await asyncio.sleep(0.01)
        drawing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await drawing
        assert library().history() == []  # nobody waited for the picture
        held.set()
        ended.set()

    asyncio.run(main())  # the end of the loop waits for its threads
    assert ended.is_set()
    assert [each.request.prompt for each in library().history()] == [f"a banana {SLOW}"]
    assert nb_banana.generate(f"a banana {SLOW}").came == "reused"
    assert len(service.posts) == 1


def test_a_wait_with_a_limit_ends_in_a_timeout_and_its_picture_is_kept(held):
    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(nb_banana.agenerate(f"a banana {SLOW}"), 0.3)
        held.set()

    asyncio.run(main())
    assert len(library().history()) == 1


def test_errors_come_to_who_awaits(service):
    async def main():
        await nb_banana.agenerate("a banana", images="nothing.png")

    with pytest.raises(nb_banana.errors.BadReferenceError, match="is not there"):
        asyncio.run(main())
    assert service.posts == []


def test_a_cancelled_request_that_fails_afterwards_says_nothing_to_nobody(service, capfd):
    async def main():
        drawing = asyncio.create_task(nb_banana.agenerate("a [trouble: drop-after]"))
        await asyncio.sleep(0)
        drawing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await drawing

    asyncio.run(main())
    assert capfd.readouterr() == ("", "")
