"""A batch finds out how many requests a service takes at once, and does not hammer it."""

import threading
import time

import pytest

from nb_banana import configure, errors, generate_many
from nb_banana.wire.rate_limit import AdaptiveLimiter
from tests.support.busy import busy


def prompts(count):
    return [f"a banana {number}" for number in range(count)]


def test_all_are_delivered_though_the_service_takes_fewer_at_once():
    with busy(8, together=8) as service:
        configure(base_url=service.url, concurrency=16)
        gallery = generate_many(prompts(64))
    assert len(gallery.images) == service.charged == 64
    assert service.most == 8
    # Eight too many at the start, and few attempts after that whether there is more room now.
    assert len(service.refused) <= 12


def test_what_retry_after_says_holds_for_all_threads(monkeypatch):
    heard = []

    def slow_down(limiter, seconds):
        before = time.monotonic()
        slower(limiter, seconds)
        heard.append((before, time.monotonic(), limiter._not_before))

    slower = AdaptiveLimiter.slow_down
    monkeypatch.setattr(AdaptiveLimiter, "slow_down", slow_down)
    with busy(2, retry_after=1) as service:
        configure(base_url=service.url, concurrency=4)
        gallery = generate_many(prompts(8))
    assert len(gallery.images) == 8
    before, after, until = heard[0]
    assert until >= before + 1
    # What was under way on the other threads already may still come.
    assert len([when for when in service.began if after < when < until]) <= 3


def test_when_the_service_has_room_again_it_is_used():
    with busy(2, seconds=0.02) as service:
        configure(base_url=service.url, concurrency=8)
        generate_many(prompts(8))
        service.room, service.most = 8, 0
        service.began.clear()
        service.first = threading.Barrier(3, timeout=60)  # the first of these wait for each other
        generate_many([f"a pear {number}" for number in range(80)])
    assert service.most > 2


def test_half_of_the_places_go_where_nothing_else_explains_the_refusal(monkeypatch):
    monkeypatch.setattr("nb_banana.wire.rate_limit.SHORTEST_PAUSE", 0.01)
    limiter = AdaptiveLimiter(8)
    for limit in (4, 2, 1, 1):
        with limiter.place():
            limiter.slow_down(0)
        assert limiter.limit == limit


def test_places_come_back_one_by_one():
    limiter = AdaptiveLimiter(8)
    limiter.limit = 2
    for _ in range(2):
        with limiter.place():
            limiter.speed_up()
    assert limiter.limit == 3


def test_who_waits_for_a_place_when_it_is_stopped_sends_nothing():
    limiter = AdaptiveLimiter(1)
    said = []

    def wait():
        try:
            with limiter.place():
                said.append("began")
        except errors.NotSentError as error:
            said.append(str(error))

    with limiter.place():
        thread = threading.Thread(target=wait)
        thread.start()
        limiter.stop()
        thread.join()
    assert said == ["Stopped before it was sent. Nothing was charged."]
    with pytest.raises(errors.NotSentError), limiter.place():
        pass


def test_a_service_that_refuses_everything_stops_the_batch(monkeypatch):
    monkeypatch.setattr("nb_banana.wire.rate_limit.SHORTEST_PAUSE", 0.001)
    with busy(0) as service:
        configure(base_url=service.url, concurrency=2)
        with pytest.raises(errors.RateLimitError, match="Too many requests"):
            generate_many(prompts(100))
    assert len(service.began) < 60


def test_a_service_that_refuses_everything_and_says_how_long_stops_the_batch_too(monkeypatch):
    # As many attempts as ever, without the second that "Retry-After: 1" asks for.
    monkeypatch.setattr("nb_banana.services.send._asked_pause", lambda *_: 0.001)
    with busy(0, retry_after=1) as service:
        configure(base_url=service.url, concurrency=2)
        with pytest.raises(errors.RateLimitError, match="Too many requests"):
            generate_many(prompts(100))
    assert len(service.began) < 60


def test_a_long_retry_after_is_the_persons_choice():
    with busy(0, retry_after=3600) as service:
        configure(base_url=service.url, concurrency=2)
        with pytest.raises(errors.RateLimitError):
            generate_many(prompts(100))
    assert len(service.began) <= 2
