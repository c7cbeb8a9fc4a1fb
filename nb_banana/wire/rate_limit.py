"""`AdaptiveLimiter`: how many requests may be on their way at once, by the service's refusals."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from nb_banana.errors import NotSentError

STOPPED = "Stopped before it was sent. Nothing was charged."
SHORTEST_PAUSE = 0.5
"""Seconds that all wait after a refusal that nobody else's request explains; doubled each time."""
LONGEST_PAUSE = 30.0
MOST_ROUNDS = 16
TOO_OFTEN = 5
"""Refusals of single requests in a row, some 30 s of waiting: such a limit is not soon over."""


class AdaptiveLimiter:
    """Places for requests on their way, shared by all threads of a batch."""

    # A refusal (429) makes it slower for everybody at once: half as many, but not fewer than the
    # service has just shown that it takes. What goes well makes it faster, one place at a time;
    # after an attempt too many the next one waits twice as long.

    def __init__(self, most: int) -> None:
        self.most = self.limit = most
        self._changed = threading.Condition()
        self.busy = 0  # how many hold a place
        self._queue: deque[object] = deque()
        self._not_before = 0.0
        self._went_well = 0
        self._rounds = 1
        self._refused_in_a_row = 0
        self._stopped = False

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place and hold it while a request is on its way: first come, first served."""
        with self._changed:
            ticket = object()
            self._queue.append(ticket)
            while not self._stopped and (left := self._seconds_left(ticket)) != 0:
                self._changed.wait(left)
            self._queue.remove(ticket)
            self._changed.notify_all()
            if self._stopped:
                raise NotSentError(STOPPED)
            self.busy += 1
        try:
            yield
        finally:
            with self._changed:
                self.busy -= 1
                self._changed.notify_all()

    def _seconds_left(self, ticket: object) -> float | None:
        """Until there may be a place: 0 for now, None for when somebody is back."""
        if self.busy >= self.limit or self._queue[0] is not ticket:
            return None
        return max(self._not_before - time.monotonic(), 0.0)

    def slow_down(self, seconds: float) -> None:
        """The service refused the request of the caller, who still has its place."""
        with self._changed:
            others = self.busy - 1
            self.limit = max(1, self.limit // 2, others)
            self._rounds = min(2 * self._rounds, MOST_ROUNDS)
            self._went_well = 0
            if not others:
                pause = min(SHORTEST_PAUSE * 2**self._refused_in_a_row, LONGEST_PAUSE)
                self._refused_in_a_row += 1
                seconds = seconds or pause
            self._not_before = max(self._not_before, time.monotonic() + seconds)

    @property
    def is_stuck(self) -> bool:
        """Whether the service refuses whatever is sent, also one request alone."""
        return self._refused_in_a_row > TOO_OFTEN

    def speed_up(self) -> None:
        """The service took the request of the caller."""
        with self._changed:
            self._refused_in_a_row = 0
            self._went_well += 1
            if self.limit < self.most and self._went_well >= self.limit * self._rounds:
                self.limit += 1
                self._went_well = 0
                self._changed.notify_all()

    def stop(self) -> None:
        """Nobody begins any more; what is on its way goes on."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
